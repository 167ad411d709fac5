#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 150 240 1200
# A man in the middle of sealed streams: bits flipped, lengths changed, records dropped, sent
# twice, swapped, replayed, reflected, forged; in both directions, so acknowledgements too.
# The end that is lied to closes; in database and spool nothing of it is found, and in the
# end everything is stored once.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

ATTACKS=$(by_form 30 200 3000)
AGENT_ATTACKS=$(by_form 3 12 60)
RATE=$(by_form 1000 2000 2000)
RECORDS=$((ATTACKS * 500)) # of each of 6 agents, to last

# mitm NAME OPTION…: between $T/NAME.socket and the collector; its process in $MITM.
mitm()
{
	local name=$1
	shift
	spawn "$name" "${WITH_PARENT_KILL[@]}" "$BIN/mitm" --listen "unix:$T/$name.socket" \
		--to "unix:$COLLECTOR_SEALED" --seed "$SEED" "$@"
	MITM=$SPAWNED
	must_wait "$name" 5 test -S "$T/$name.socket"
	chmod 666 "$T/$name.socket" # for workers without rights
}

# attacked NAME LEAST: so many, and each was noticed by the end it was aimed at.
attacked()
{
	local log=$T/log/$1.log n
	n=$(grep -c '^attack ' "$log")
	FAULTS=$((FAULTS + n))
	at_least "$1: attacks" "$n" "$2"
	is "$1: not noticed, or late" \
		"$(awk '/^attack / && (!/, noticed$/ || $(NF - 2) > 12000)' "$log")" ""
}

# Synthetic agents: fast, many connections. They stop at an acknowledgement of what they
# did not send, or when the collector forgets.
check_synthetic()
{
	local names
	mapfile -t names < <(seq -f 'mid%g' 6)
	make_keys "${names[@]}"
	mitm many --attacks "$ATTACKS"
	"$BIN/fwlog-load" --collector "unix:$T/many.socket" --keys "$KEYS" --name mid \
		--agents 6 --records "$RECORDS" --batch 50 --window 32 --zstd 0 --seconds 900 \
		>"$T/log/load.json" 2>>"$T/log/load.log"
	is "all is acknowledged in the end" $? 0
	stop "$MITM"
	attacked many $((ATTACKS * 8 / 10))
	is "each record once" "$(sql "SELECT count(*), count(DISTINCT (host_id, n)), min(c), max(c)
		FROM (SELECT host_id, n, count(*) OVER (PARTITION BY host_id) AS c FROM fwlog.event
		JOIN fwlog.host USING (host_id) WHERE name LIKE 'mid%') e")" \
		"$((6 * RECORDS))|$((6 * RECORDS))|$RECORDS|$RECORDS"
	is "nobody else is a host" \
		"$(sql "SELECT count(*) FROM fwlog.host WHERE name NOT LIKE 'mid%' AND name <> 'fw1'")" 0
	is "nothing is in quarantine" "$(sql "SELECT count(*) FROM fwlog.quarantine")" 0
	sql "DELETE FROM fwlog.event USING fwlog.host h
		WHERE h.host_id = event.host_id AND h.name LIKE 'mid%'" >/dev/null
}

# attacks_over NAME COUNT
attacks_over()
{
	[ "$(grep -c '^attack ' "$T/log/$1.log")" -ge "$2" ]
}

need_programs fwlog-agent fwlog-collector fwlogctl pktgen mitm fwlog-load
note "seed $SEED, form $FORM"
site_up fw1
pg_start
db_init
mitm one --attacks "$AGENT_ATTACKS"
one=$MITM
COLLECTOR_LINES+=("commit_interval = 20ms")
AGENT_LINES+=("collector = unix:$T/one.socket" "flush_timeout = 10ms" "sync_interval = 10ms"
	"zstd_level = 0")
start_all
fds_note
start=$(now_ms)
until attacks_over one "$AGENT_ATTACKS"; do
	load_goes_on "$RATE" 2
	sleep 0.2
	[ $(($(now_ms) - start)) -lt $((AGENT_ATTACKS * 15000)) ] ||
		die "only $(grep -c '^attack ' "$T/log/one.log") attacks on the agent"
done
load_wait
fresh_all 15
is "the spool has no damage" "$(ls "$T/spool-fw1/damaged" 2>/dev/null)" ""
attacked one "$AGENT_ATTACKS"
check_synthetic
torture_end
stop "$one"
no_losses
finish
