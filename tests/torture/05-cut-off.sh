#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 90 240 3600
# The collector is cut off, its end of the cables down, and later healed, under load that
# goes on all the time. The spools take it, give it back at least five times as fast as
# records come, and are small again afterwards.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# Seconds: from short on longer than an agent's patience of 30 s, so that it dials in vain.
CUT=$(by_form 5 60 180)
ROUNDS=$(by_form 1 1 5)
RATE=$(by_form 1000 1500 1500)
RATIO=5
SEGMENTS=$(by_form 1 2 3) # each spool has at least
PACKET_BYTES=200

cables()
{
	local host
	for host in "${HOSTS[@]}"; do
		on coll ip link set "to-$host" "$1" || die "cable $1"
		# Taking an interface down takes the routes over it.
		[ "$1" = down ] || on coll ip route replace "${HOST_ADDR[$host]/10.50/10.60}/32" \
			dev "to-$host"
	done
}

# Sets STORED_BY by host.
look()
{
	local name n
	while IFS='|' read -r name n; do
		STORED_BY[$name]=$n
	done < <(sql "SELECT name, next_n - 1 FROM fwlog.host JOIN fwlog.host_mark USING (host_id)")
}

# behind HOST: sets BEHIND, after look.
behind()
{
	BEHIND=$(($(net_logged "$1") - STORED_BY[$1]))
}

segments()
{
	local all=("$T"/spool-*/*.seg)
	echo ${#all[@]}
}

# drain HEALED: until each host is level with its load, a second's records behind. Each has
# its own connection, which comes back when TCP next tries: its drain begins with the last
# look that found nothing new and ends with the look that finds it level.
drain()
{
	local host now left=${#HOSTS[@]}
	local -A first=() level=()
	while [ "$left" -gt 0 ]; do
		now=$(now_ms)
		[ $((now - $1)) -lt 60000 ] || {
			not_ok "not level after 60 s"
			return
		}
		look
		for host in "${HOSTS[@]}"; do
			[ -z "${level[$host]:-}" ] || continue
			if [ "${STORED_BY[$host]}" -eq "${BEFORE[$host]}" ]; then
				first[$host]=$now
				continue
			fi
			behind "$host"
			[ "$BEHIND" -le $((RATE / ${#HOSTS[@]})) ] || continue
			level[$host]=1
			left=$((left - 1))
			drained "$host" $((${first[$host]:-$1} - $1)) $(($(now_ms) - $1))
		done
		sleep 0.05
	done
}

# drained HOST FROM TO: milliseconds after the healing.
drained()
{
	check "O4 $1: records arrive within 10 s of the healing ($2 ms)" [ "$2" -le 10000 ]
	at_least "$1: drained records/s from $2 to $3 ms, $RATIO times the load" \
		$(((STORED_BY[$1] - BEFORE[$1]) * 1000 / ($3 - $2 + 1))) \
		$((RATE / ${#HOSTS[@]} * RATIO))
}

cut_and_heal()
{
	local start host most
	cables down
	FAULTS=$((FAULTS + 1))
	start=$(now_ms)
	while [ $(($(now_ms) - start)) -lt $((CUT * 1000)) ]; do
		load_goes_on "$RATE" 10
		sleep 0.2
	done
	most=$(segments)
	look
	for host in "${HOSTS[@]}"; do
		BEFORE[$host]=${STORED_BY[$host]}
		behind "$host"
		at_least "$host: records waiting after $CUT s" "$BEHIND" \
			$((RATE / ${#HOSTS[@]} * CUT / 2))
	done
	at_least "segments of the spools" "$most" $((${#HOSTS[@]} * SEGMENTS))
	cables up
	drain "$(now_ms)"
}

declare -A STORED_BY=() BEFORE=()
COLLECTOR_LINES+=("idle_timeout = 10s")
AGENT_LINES=("segment_size = 2M" "spool_size = 1G" "snaplen = 256" "zstd_level = 0")
torture_up_network fw1 fw2
for ((round = 0; round < ROUNDS; round++)); do
	cut_and_heal
done
load_wait
fresh_all
torture_end
no_losses
finish
