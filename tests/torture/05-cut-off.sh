#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 150 240 3600
# The collector is cut off and later healed, under load that goes on all the time: its end
# of the cables down; or packets vanish without a word, for so long that TCP would try
# again only after a pause longer than we have. The spools take it, give it back at least
# five times as fast as records come, and are small again afterwards. A collector that
# reads nothing, because its database is away and its queue full, is not taken for one
# that is cut off.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# Seconds: from short on longer than an agent's patience, so that it dials in vain.
CUT=$(by_form 5 60 180)
ROUNDS=$(by_form 1 1 5)
read -ra SILENT < <(by_form "14" "14 20" "13 14 15 17 20 23 26 14 20 25")
AWAY=$(by_form 0 15 45) # the database
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

# silence down|up: no error, no reset; each end only hears nothing.
silence()
{
	if [ "$1" = up ]; then
		on coll nft delete table ip cut
		return
	fi
	on coll nft -f - <<-EOT || die "rules of coll"
	table ip cut {
		chain in { type filter hook input priority 0; policy drop; }
		chain out { type filter hook output priority 0; policy drop; }
	}
	EOT
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

# cut_and_heal cables|silence SECONDS SEGMENTS: spools have at least so many then.
cut_and_heal()
{
	local start host most seconds=$2
	note "$1, $2 s"
	"$1" down
	FAULTS=$((FAULTS + 1))
	start=$(now_ms)
	while [ $(($(now_ms) - start)) -lt $((seconds * 1000)) ]; do
		load_goes_on "$RATE" 10
		sleep 0.2
	done
	most=$(segments)
	look
	for host in "${HOSTS[@]}"; do
		BEFORE[$host]=${STORED_BY[$host]}
		behind "$host"
		at_least "$host: records waiting after $seconds s" "$BEHIND" \
			$((RATE / ${#HOSTS[@]} * seconds / 2))
	done
	at_least "segments of the spools" "$most" $((${#HOSTS[@]} * $3))
	"$1" up
	drain "$(now_ms)"
}

# Sessions that ended by anything but a goodbye, as the agents say.
torn()
{
	cat "$T"/log/agent-*.log | grep -c 'collector .*: .*records wait'
}

paused()
{
	kill -USR1 "$COLLECTOR_PID"
	sleep 0.2
	grep -o '[^a-z_]paused[= ][0-9]*' "$T/log/collector.log" | tail -n 1 | tr -dc 0-9
}

# database_away SECONDS
database_away()
{
	local start before
	note "no database, $1 s"
	before=$(torn)
	pg_stop
	FAULTS=$((FAULTS + 1))
	start=$(now_ms)
	while [ $(($(now_ms) - start)) -lt $(($1 * 1000)) ]; do
		load_goes_on $((RATE * 2)) 10
		sleep 0.2
	done
	at_least "sessions that were not read for a while" "$(paused)" 1
	pg_run
	fresh_all
	is "sessions torn meanwhile" "$(torn)" "$before"
}

declare -A STORED_BY=() BEFORE=()
COLLECTOR_LINES+=("queue_size = 4M" "session_queue = 1M")
AGENT_LINES=("segment_size = 2M" "spool_size = 1G" "snaplen = 256" "zstd_level = 0")
torture_up_network fw1 fw2
for ((round = 0; round < ROUNDS; round++)); do
	cut_and_heal cables "$CUT" "$SEGMENTS"
done
for seconds in "${SILENT[@]}"; do
	cut_and_heal silence "$seconds" 1
done
[ "$AWAY" -eq 0 ] || database_away "$AWAY"
load_wait
fresh_all
torture_end
no_losses
finish
