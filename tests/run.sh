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
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD

names=("$@")
passed=0 failed=0 skipped=0 found=0
bad=()     # names of what failed
child=
work=$(mktemp -d "${TMPDIR:-/tmp}/fwlog-check-XXXXXX") || exit 1
chmod 755 "$work"
mkdir "$work/sanitizer"
chmod 1777 "$work/sanitizer" # daemons under test may run as other users

# Reports go to files: a daemon's own output may be looked at by nobody.
export ASAN_OPTIONS="detect_leaks=1:log_path=$work/sanitizer/report:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:log_path=$work/sanitizer/report:${UBSAN_OPTIONS:-}"
export LSAN_OPTIONS="print_suppressions=0:${LSAN_OPTIONS:-}"
export CK_VERBOSITY=normal

clean_up()
{
	[ -z "$child" ] || { kill "$child" 2>/dev/null; wait "$child" 2>/dev/null; }
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

# run_limited SECONDS COMMAND…: its output in $log, its exit status in $status, seconds in $took.
run_limited()
{
	local limit=$1 start=${EPOCHREALTIME/[.,]/} ms
	shift
	export TMP=$work/tmp
	rm -rf "$TMP"
	mkdir -m 755 "$TMP"
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
	for f in "$work"/sanitizer/*; do
		[ -s "$f" ] || continue
		reports=$((reports + 1))
		cat "$f" >>"$log"
	done
	rm -f "$work"/sanitizer/*
}

# report NAME OK BAD SKIPPED: counts, the progress line, the whole log when something failed.
report()
{
	local word=ok counts=$2
	[ "$2" -gt 0 ] || [ "$4" -eq 0 ] || word=skip
	[ "$3" -eq 0 ] || word=FAIL
	[ "$3" -eq 0 ] || counts="$counts, $3 failed"
	[ "$4" -eq 0 ] || counts="$counts, $4 skipped"
	passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
	printf '%-4s  %-40s %7s s   %s\n' "$word" "$1" "$took" "$counts"
	if [ "$3" -gt 0 ]; then
		bad+=("$1")
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

# run_one KIND NAME FILE: when it is wanted.
run_one()
{
	wanted "$2" || return 0
	found=1
	log=$work/log
	"run_$1" "$2" "$3"
}

for f in tests/lint/*.sh; do
	run_one script "lint/$(basename "$f" .sh)" "$f"
done
# By the sources: a binary that was not built fails, one left over is not run.
for f in tests/unit/*/check_*.c; do
	f=${f#tests/} f=${f%.c}
	run_one unit "$f" "$BUILD/tests/$f"
done
for f in tests/fuzz/fuzz_*.c; do
	f=$(basename "$f" .c)
	run_one fuzz "fuzz/${f#fuzz_}" "$BUILD/tests/fuzz/$f"
done
for f in tests/integration/*.sh; do
	[ -e "$f" ] || continue
	run_one script "integration/$(basename "$f" .sh)" "$f"
done

if [ "$found" -eq 0 ]; then
	echo "no test has a name with: ${names[*]}"
	failed=1
fi
[ ${#bad[@]} -eq 0 ] || printf 'failed: %s\n' "${bad[*]}"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
