#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 90 240 3600
# The collector is cut off, its end of the cables down, and later healed, under load that
# goes on all the time. The spools take it, give it back at least five times as fast as
# records come, and are small again afterwards.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

CUT=$(by_form 5 20 180)   # seconds
ROUNDS=$(by_form 1 2 5)
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

stored()
{
	sql "SELECT (SELECT coalesce(sum(next_n - 1), 0) FROM fwlog.host_mark)"
}

behind()
{
	BEHIND=$(($(net_logged "${HOSTS[@]}") - $(stored)))
}

# wait_first STORED SECONDS: until more than that is stored; sets FIRST, when that was not
# yet so.
wait_first()
{
	local end=$(($(now_ms) + $2 * 1000)) now
	while now=$(now_ms) && [ "$(stored)" -le "$1" ]; do
		[ "$now" -lt "$end" ] || return 1
		FIRST=$now
		sleep 0.05
	done
}

# Level with the load: what is missing is what two seconds bring.
caught_up()
{
	behind
	[ "$BEHIND" -le $((RATE * 2)) ]
}

segments()
{
	local all=("$T"/spool-*/*.seg)
	echo ${#all[@]}
}

cut_and_heal()
{
	local before backlog healed level rate most
	cables down
	FAULTS=$((FAULTS + 1))
	before=$(now_ms)
	while [ $(($(now_ms) - before)) -lt $((CUT * 1000)) ]; do
		load_goes_on "$RATE" 10
		sleep 0.2
	done
	most=$(segments)
	behind
	backlog=$BEHIND before=$(stored)
	at_least "records waiting after $CUT s" "$backlog" $((RATE * CUT / 2))
	at_least "segments of the spools" "$most" $((${#HOSTS[@]} * SEGMENTS))
	cables up
	healed=$(now_ms)
	FIRST=$healed
	wait_first "$before" 20 || not_ok "O4 nothing arrives within 20 s of the healing"
	wait_for 60 caught_up || not_ok "not level after 60 s: $BEHIND behind"
	level=$(now_ms)
	rate=$(((backlog - BEHIND + RATE * (level - healed) / 1000) * 1000 / (level - FIRST + 1)))
	note "first after $((FIRST - healed)) ms, level after $((level - healed)) ms, $most segments"
	check "O4 records arrive within 10 s of the healing ($((FIRST - healed)) ms)" \
		[ $((FIRST - healed)) -le 10000 ]
	at_least "drained records/s, $RATIO times the load" "$rate" $((RATE * RATIO))
}

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
