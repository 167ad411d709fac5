#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120 180 1800
# Calls fail under load, the k-th and some after it: the spool's writes (EIO, ENOSPC,
# EINTR, half written), its syncs, room for new segments, open files, the collector's
# accept, memory. What is logged is stored or counted.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

ROUNDS=$(by_form 14 80 800)
RATE=$(by_form 2000 4000 4000)
EIO=5 EINTR=4 ENOMEM=12 EMFILE=24 ENOSPC=28 SHORT=-1
CALLS=(pwrite fdatasync fallocate openat accept memory) # as in preload_faults.c

# The plan file: of the agent and of the collector.
plan_file()
{
	head -c $((16 * ${#CALLS[@]})) /dev/zero >"$1"
	chmod 666 "$1"
}

# le NUMBER…: as printf wants 32-bit integers.
le()
{
	local n
	for n; do
		printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((n & 255)) $((n >> 8 & 255)) \
			$((n >> 16 & 255)) $((n >> 24 & 255))
	done
}

index_of()
{
	local i
	for i in "${!CALLS[@]}"; do
		[ "${CALLS[i]}" != "$1" ] || echo "$i"
	done
}

# plan FILE CALL PASS FAIL ERROR: the error first, the number that arms it last.
plan()
{
	local at=$(($(index_of "$2") * 16))
	# shellcheck disable=SC2059 # the bytes are the format
	{
		printf "$(le "$5" 0)" | dd of="$1" bs=1 seek=$((at + 8)) conv=notrunc
		printf "$(le "$3" "$4")" | dd of="$1" bs=1 seek="$at" conv=notrunc
	} 2>/dev/null
}

# failed FILE CALL: how many calls of this plan were failed.
failed()
{
	od -An -t d4 -j $(($(index_of "$2") * 16 + 12)) -N 4 "$1" | tr -d ' '
}

struck()
{
	[ "$(failed "$1" "$2")" -ge "$3" ]
}

# strike FILE CALL ERROR MOST: the error, so often, some calls from now on.
strike()
{
	local times=$((RANDOM % $4 + 1)) n
	plan "$1" "$2" $((RANDOM % ${5:-4})) $times "$3"
	wait_for 3 struck "$1" "$2" $times
	n=$(failed "$1" "$2")
	plan "$1" "$2" 0 0 0
	FAULTS=$((FAULTS + n))
	COUNT[$2]=$((${COUNT[$2]:-0} + n))
}
declare -A COUNT=()

# A write fails, so that a segment has to be begun; then that fails too.
strike_segment()
{
	plan "$T/agent.faults" pwrite 0 1 $EIO
	strike "$T/agent.faults" "$@" 1
}

# A worker that died connects anew.
strike_accept()
{
	kill_worker fw1
	strike "$T/collector.faults" accept $EMFILE 1 1
}

round()
{
	local f=$T/agent.faults
	case $((r < 10 ? r : RANDOM % 10)) in
	0) strike "$f" pwrite $EIO 3 ;;
	1) strike "$f" pwrite $ENOSPC 3 ;;
	2) strike "$f" pwrite $EINTR 20 ;;
	3) strike "$f" pwrite $SHORT 20 ;;
	4 | 5) strike "$f" fdatasync $EIO 4 ;;
	6) strike_segment fallocate $ENOSPC 2 ;;
	7) strike_segment openat $EMFILE 2 ;;
	8) strike "$T/collector.faults" memory $ENOMEM 2 ;;
	9) strike_accept ;;
	esac
}

need_programs fwlog-agent fwlog-collector fwlogctl pktgen
! sanitized || skip_all "memory of the sanitizers cannot be made to fail"
FAULTS_LIB=${BIN%/bin}/lib/preload_faults.so
[ -e "$FAULTS_LIB" ] || die "$FAULTS_LIB is missing: make torture builds it"
plan_file "$T/agent.faults"
plan_file "$T/collector.faults"

note "seed $SEED, form $FORM"
site_up fw1
pg_start
db_init
LD_PRELOAD=$FAULTS_LIB FWLOG_FAULTS=$T/collector.faults start_collector ""
LD_PRELOAD=$FAULTS_LIB FWLOG_FAULTS=$T/agent.faults start_agent fw1 "${AGENT_LINES[@]}" \
	"zstd_level = 0" "[group 5]"
must_wait "the agent connects" 20 hosts_connected 1
fresh fw1
fds_note
load_start "$RATE" 4 fw1
for ((r = 0; r < ROUNDS; r++)); do
	load_runs || { load_wait; load_start "$RATE" 4 fw1; }
	round
done
fresh fw1 20
note "failed:$(for c in "${!COUNT[@]}"; do printf ' %s %s' "$c" "${COUNT[$c]}"; done)"
at_least "calls failed" "$FAULTS" "$ROUNDS"
SUMMARY_MORE="$(grep -c 'sync failed' "$T/log/agent-fw1.log") syncs failed"
torture_end
finish
