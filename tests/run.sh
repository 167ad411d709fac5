#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [NAME...]: the ladder behind "make check": lint, unit, fuzz replay, integration.
# With names, only tests whose name (lint/style, unit/common/check_conf, fuzz/conf,
# integration/kill …) contains one of them. BUILD is the build folder.
#
# A script of tests/lint or tests/integration says on stdout, a line for each thing tested:
#   ok WHAT      not ok WHAT: why      skip WHAT: why
# Everything else it prints is shown when it fails. Besides, it fails when it says nothing,
# when it ends with a status other than 0 (or 77: all skipped) without a "not ok", when it is
# not done in time (a comment "# timeout: SECONDS", else 300), or when a sanitizer reports.
# TMP is an empty folder of its own.
#
# Lint, unit and fuzz run as many at once as there are processors; integration tests, which
# wait for things to happen in time, one after the other, or JOBS at once.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD

names=("$@")
found=0
work=$(mktemp -d "${TMPDIR:-/tmp}/fwlog-check-XXXXXX") || exit 1
chmod 755 "$work"

export UBSAN_BASE=${UBSAN_OPTIONS:-} ASAN_BASE=${ASAN_OPTIONS:-}
export LSAN_OPTIONS="print_suppressions=0:${LSAN_OPTIONS:-}"
export CK_VERBOSITY=normal

clean_up()
{
	local p
	for p in $(jobs -p); do
		kill "$p" 2>/dev/null
	done
	wait
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

wanted()
{
	local n
	[ ${#names[@]} -gt 0 ] || return 0
	for n in "${names[@]}"; do
		case $1 in *"$n"*) return 0 ;; esac
	done
	return 1
}

# ---- one test, in a process and a folder ($at) of its own

# run_limited SECONDS COMMAND…: its output in $log, its exit status in $status, seconds in $took.
run_limited()
{
	local limit=$1 start=${EPOCHREALTIME/[.,]/} ms
	shift
	export TMP=$at/tmp
	mkdir -m 755 "$TMP" "$at/sanitizer"
	chmod 1777 "$at/sanitizer" # daemons under test may run as other users
	# Reports go to files: a daemon's own output may be looked at by nobody.
	export ASAN_OPTIONS="detect_leaks=1:log_path=$at/sanitizer/report:$ASAN_BASE"
	export UBSAN_OPTIONS="print_stacktrace=1:log_path=$at/sanitizer/report:$UBSAN_BASE"
	timeout -k 10 "$limit" "$@" >"$log" 2>&1 </dev/null &
	child=$!
	wait "$child"
	status=$?
	child=
	ms=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
	took=$((ms / 1000)).$((ms % 1000 / 100))
	[ "$status" -ne 124 ] && [ "$status" -ne 137 ] ||
		echo "not ok in time: ended after $limit s" >>"$log"
}

# Adds reports of the last test to its log; how many in $reports.
gather_reports()
{
	local f
	reports=0
	for f in "$at"/sanitizer/*; do
		[ -s "$f" ] || continue
		reports=$((reports + 1))
		cat "$f" >>"$log"
	done
}

# report NAME OK BAD SKIPPED: the progress line, the whole log when something failed; the
# numbers go to the file `counts`.
report()
{
	local word=ok counts=$2
	[ "$2" -gt 0 ] || [ "$4" -eq 0 ] || word=skip
	[ "$3" -eq 0 ] || word=FAIL
	[ "$3" -eq 0 ] || counts="$counts, $3 failed"
	[ "$4" -eq 0 ] || counts="$counts, $4 skipped"
	echo "$2 $3 $4 $1" >"$at/counts"
	printf '%-4s  %-40s %7s s   %s\n' "$word" "$1" "$took" "$counts"
	if [ "$3" -gt 0 ]; then
		echo "---- $1, exit status $status:"
		cat "$log"
		echo "---- end of $1"
	else
		grep -a '^skip ' "$log" | sed 's/^/      /'
	fi
}

count_lines()
{
	grep -ac "$1" "$log"
}

# Scripts that say their results line by line.
run_script()
{
	local name=$1 script=$2 limit good wrong left
	limit=$(sed -n 's/^# timeout: *\([0-9][0-9]*\).*/\1/p' "$script" | head -n 1)
	run_limited "${limit:-300}" "$script"
	gather_reports
	good=$(count_lines '^ok ') wrong=$(count_lines '^not ok ') left=$(count_lines '^skip ')
	if [ "$wrong" -eq 0 ]; then
		case $status in
		0) [ $((good + left)) -gt 0 ] || wrong=1 ;;
		77) [ "$left" -gt 0 ] || wrong=1 ;;
		*) wrong=1 ;;
		esac
	fi
	report "$name" "$good" $((wrong + reports)) "$left"
}

# Binaries of the check library: "100%: Checks: 5, Failures: 0, Errors: 0".
run_unit()
{
	local name=$1 all wrong
	run_limited 180 "$2"
	gather_reports
	read -r all wrong < <(sed -n \
		's/^.*Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2 \3/p' \
		"$log" | awk '{ a += $1; b += $2 + $3 } END { print a + 0, b + 0 }')
	if [ "$wrong" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$all" -eq 0 ]; }; then
		report "$name" "$all" $((1 + reports)) 0
	elif [ "$wrong" -eq 0 ]; then
		report "$name" "$all" "$reports" 0
	else
		report "$name" $((all - wrong)) "$wrong" 0
	fi
}

run_fuzz()
{
	run_limited 300 "$2" "tests/fuzz/corpus/${1#fuzz/}"
	gather_reports
	if [ "$status" -eq 0 ] && [ "$reports" -eq 0 ]; then
		report "$1" 1 0 0
	else
		report "$1" 0 1 0
	fi
}

# run_one KIND NAME FILE
run_one()
{
	child=
	trap '[ -z "$child" ] || { kill "$child" 2>/dev/null; wait "$child" 2>/dev/null; }' EXIT
	trap 'exit 143' TERM
	log=$at/log
	"run_$1" "$2" "$3" >"$at/report"
	cat "$at/report"
	rm -rf "$at/tmp" "$at/sanitizer"
}

# ---- all of them

running=0

# start AT-ONCE KIND NAME FILE: when it is wanted, as soon as fewer than that many run.
start()
{
	wanted "$3" || return 0
	while [ "$running" -ge "$1" ]; do
		wait -n
		running=$((running - 1))
	done
	found=$((found + 1))
	running=$((running + 1))
	at=$work/$found
	mkdir -m 755 "$at"
	run_one "$2" "$3" "$4" &
}

finish_all()
{
	wait
	running=0
}

at_once=$(nproc 2>/dev/null || echo 1)
for f in tests/lint/*.sh; do
	start "$at_once" script "lint/$(basename "$f" .sh)" "$f"
done
# By the sources: a binary that was not built fails, one left over is not run.
for f in tests/unit/*/check_*.c; do
	f=${f#tests/} f=${f%.c}
	start "$at_once" unit "$f" "$BUILD/tests/$f"
done
for f in tests/fuzz/fuzz_*.c; do
	f=$(basename "$f" .c)
	start "$at_once" fuzz "fuzz/${f#fuzz_}" "$BUILD/tests/fuzz/$f"
done
finish_all
for f in tests/integration/*.sh; do
	[ -e "$f" ] || continue
	start "${JOBS:-1}" script "integration/$(basename "$f" .sh)" "$f"
done
finish_all

passed=0 failed=0 skipped=0 bad=()
for ((i = 1; i <= found; i++)); do
	if read -r good wrong left name <"$work/$i/counts"; then
		passed=$((passed + good)) failed=$((failed + wrong)) skipped=$((skipped + left))
		[ "$wrong" -eq 0 ] || bad+=("$name")
	else
		failed=$((failed + 1)) bad+=("the ${i}th test ended without a report")
	fi
done 2>/dev/null
if [ "$found" -eq 0 ]; then
	echo "no test has a name with: ${names[*]}"
	failed=1
fi
[ ${#bad[@]} -eq 0 ] || printf 'failed: %s\n' "${bad[*]}"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
