# SPDX-License-Identifier: GPL-2.0-or-later
# For torture tests of the collector alone: no hosts, synthetic agents of fwlog-load. What
# they send is what is logged; each host's events are numbered from 1 without a gap, so a
# record stored twice shows as a number beyond what was sent.
# shellcheck source-path=SCRIPTDIR disable=SC2034
. "$TORTURE/lib.sh"

# collector_up [CONFIG LINE]…: database and collector.
collector_up()
{
	need_programs fwlog-collector fwlog-load fwlogctl
	note "seed $SEED, form $FORM"
	pg_start
	db_init
	start_collector "" "$@"
	FDS[collector]=$(fd_count "$COLLECTOR_PID")
}

# memory FIELD: VmHWM (most so far) or VmRSS of the collector, MiB.
memory()
{
	awk -v field="$1:" '$1 == field { print int($2 / 1024) }' "/proc/$COLLECTOR_PID/status"
}

# json FILE NAME: a number of the last line.
json()
{
	tail -n 1 "$1" | sed -n "s/.*\"$2\": \([0-9.]*\).*/\1/p"
}

# agents_start NAME AGENTS RECORDS [OPTION]…: sealed, in the background, output in
# $T/log/NAME.json.
agents_start()
{
	local name=$1 agents=$2 records=$3
	shift 3
	# shellcheck disable=SC2046 # words
	make_keys $(seq -f "$name-%.0f" "$agents")
	"$BIN/fwlog-load" --collector "unix:$COLLECTOR_SEALED" --keys "$KEYS" --name "$name-" \
		--agents "$agents" --records "$records" "$@" \
		>"$T/log/$name.json" 2>"$T/log/$name.log" &
	AGENTS_JOB=$!
}

# Honest agents that are there all the time. honest_end [P99 MILLISECONDS]: all of theirs is
# acknowledged, in time, over one connection each.
honest_start()
{
	agents_start honest 5 "${1:-20000}" --batch 50 --window 1 --seconds 600
	HONEST_JOB=$AGENTS_JOB
	HONEST_RECORDS=$((5 * ${1:-20000}))
}

honest_runs()
{
	kill -0 "$HONEST_JOB" 2>/dev/null
}

honest_end()
{
	wait "$HONEST_JOB"
	is "honest agents: all is acknowledged" $? 0
	is "honest agents: connections lost" "$(json "$T/log/honest.json" reconnects)" 0
	P99=$(json "$T/log/honest.json" ack_p99_ms)
	check "honest agents: 99 of 100 acknowledgements within $P99 ms, at most ${1:-2000}" \
		[ "${P99:-99999}" -lt "${1:-2000}" ]
}

# collector_verdict HOST-NAMES(LIKE) AGENTS RECORDS: each record of each agent once.
collector_verdict()
{
	LOGGED=$(($2 * $3))
	IFS='|' read -r STORED DUPLICATES < <(sql "SELECT coalesce(sum(c), 0),
		coalesce(sum(greatest(most - $3, c - most, 0)), 0) FROM (
		SELECT count(*) AS c, max(n) AS most FROM fwlog.event JOIN fwlog.host USING (host_id)
		WHERE name LIKE '$1' GROUP BY host_id) h")
	LOST=$((LOGGED - STORED))
	is "O1 duplicates" "$DUPLICATES" 0
	is "O2 stored" "$STORED" "$LOGGED"
}

# collector_end: O5 and SIGTERM.
collector_end()
{
	wait_for 5 fds_within collector "$COLLECTOR_PID" ||
		not_ok "O5 open files of the collector: $(fd_count "$COLLECTOR_PID"), \
${FDS[collector]} at the beginning"
	stop_collector || not_ok "the collector does not end on SIGTERM"
	crash_check
}
