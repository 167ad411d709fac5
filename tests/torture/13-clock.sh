#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 150 240 1200
# The wall clocks of agent and collector jump: an hour back, ten years ahead, to 1970, each
# for itself and both. Nothing stalls, no day without a partition stops anything, and the
# skew is shown. Then records that come from such times themselves.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

MORE=$(by_form 0 6 60)
RATE=$(by_form 1000 2000 2000)
JUMPS=("-3600" "+315360000" "@1970-01-02 00:00:00" "+0")

faketime_find()
{
	local f
	for f in /usr/lib/*/faketime/libfaketimeMT.so.1 /usr/lib64/faketime/libfaketimeMT.so.1; do
		[ -e "$f" ] && FAKETIME_LIB=$f && return 0
	done
	return 1
}

# clock WHO JUMP: that program's clock from now on (libfaketime looks every second).
clock()
{
	echo "$2" >"$T/clock.$1.new"
	chmod 644 "$T/clock.$1.new"
	mv "$T/clock.$1.new" "$T/clock.$1"
	CLOCK[$1]=$2
}
declare -A CLOCK=()

# with_clock WHO COMMAND…: runs a start function under that clock; monotonic time is left.
with_clock()
{
	local who=$1
	shift
	LD_PRELOAD=$FAKETIME_LIB FAKETIME_TIMESTAMP_FILE=$T/clock.$who FAKETIME_CACHE_DURATION=1 \
		FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 \
		ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" "$@"
}

# offset WHO: seconds its clock is ahead.
offset()
{
	case ${CLOCK[$1]} in
	@*) echo $((86400 - $(date +%s))) ;;
	*) echo $((${CLOCK[$1]})) ;;
	esac
}

SKEW_SQL="SELECT skew_ms / 1000 FROM fwlog.host_status JOIN fwlog.host USING (host_id)
	WHERE name = 'fw1'"

# The skew shown is the agent's clock less the collector's, within ten minutes.
skew_shown()
{
	local shown expected
	shown=$(sql "$SKEW_SQL") || return 1
	expected=$(($(offset agent) - $(offset collector)))
	[ -n "$shown" ] && [ $((shown - expected)) -lt 600 ] && [ $((expected - shown)) -lt 600 ]
}

# jump AGENT COLLECTOR: both clocks. A status is written every ten seconds.
jump()
{
	load_goes_on "$RATE" 2
	clock agent "$1"
	clock collector "$2"
	FAULTS=$((FAULTS + 1))
	wait_for 15 skew_shown || not_ok "agent $1, collector $2: the skew shown is $(sql "$SKEW_SQL") s"
	fresh fw1
}

# Records that bear a wrong time: synthetic agents under a clock that is wrong.
odd_records()
{
	local i=0 jump
	for jump in "${JUMPS[@]}"; do
		i=$((i + 1))
		clock load "$jump"
		with_clock load "$BIN/fwlog-load" --collector "unix:$COLLECTOR_SOCKET" \
			--name "odd$i-" --agents 2 --records 1000 --batch 100 --seconds 20 \
			>/dev/null 2>&1
		is "records of the time $jump: all is acknowledged" $? 0
		FAULTS=$((FAULTS + 1))
	done
	is "records of odd times are stored" "$(sql "SELECT count(*) FROM fwlog.event
		JOIN fwlog.host USING (host_id) WHERE name LIKE 'odd%'")" $((2000 * ${#JUMPS[@]}))
	sql "DELETE FROM fwlog.event USING fwlog.host h
		WHERE h.host_id = event.host_id AND h.name LIKE 'odd%'" >/dev/null
}

need_programs fwlog-agent fwlog-collector fwlogctl pktgen fwlog-load
faketime_find || skip_all "libfaketime is missing"
note "seed $SEED, form $FORM"
clock agent "-3600"
clock collector "+0"
site_up fw1
pg_start
db_init
with_clock collector start_collector "" "commit_interval = 50ms"
# libfaketime's own files and calls are none a sandbox knows.
with_clock agent start_agent fw1 "${AGENT_LINES[@]}" "sandbox = no" "stats_interval = 1s" \
	"[group 5]"
must_wait "the agent connects" 20 hosts_connected 1
fresh fw1
fds_note
check "an agent's clock an hour behind is shown" wait_for 15 skew_shown
jump "+315360000" "@1970-01-02 00:00:00"
for ((i = 0; i < MORE; i++)); do
	jump "${JUMPS[RANDOM % 4]}" "${JUMPS[RANDOM % 4]}"
done
clock agent "+0"
clock collector "+0"
is "no partition was missed" "$(grep -c 'partition' "$T/log/collector.log")" 0
load_wait
odd_records
fresh_all
torture_end
no_losses
finish
