#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [FORM] [NAME...]: the torture tests NN-name.sh beside this file, in the form smoke
# (seconds), short (a minute each) or long (the default). With names or numbers only those
# tests: "run.sh short 03", "run.sh 1-10", "run.sh kill". SEED=… is handed to the tests.
#
# Each test is one: a line with its verdict and its numbers. It fails when it says "not ok",
# when a sanitizer reports, when it is not done in the time its comment "# timeout: SMOKE
# SHORT LONG" allows; then all it said is shown. The last line is "N passed, N failed,
# N skipped". TORTURE_LINES=1: results as tests/run.sh counts them instead.
set -u
here=$(cd "$(dirname "$0")" && pwd)
export FORM=long
names=()
for word in "$@"; do
	case $word in
	smoke | short | long) FORM=$word ;;
	*) names+=("$word") ;;
	esac
done
passed=0 failed=0 skipped=0 child=
bad=()
work=$(mktemp -d "${TMPDIR:-/tmp}/fwlog-torture-XXXXXX") || exit 1
chmod 755 "$work"
mkdir "$work/sanitizer"
chmod 1777 "$work/sanitizer"
export ASAN_OPTIONS="detect_leaks=1:log_path=$work/sanitizer/report:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:log_path=$work/sanitizer/report:${UBSAN_OPTIONS:-}"

clean_up()
{
	[ -z "$child" ] || {
		kill "$child" 2>/dev/null
		wait "$child" 2>/dev/null
	}
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# wanted NAME: its number, with or without the zero, a range, or a part of its name.
wanted()
{
	local n number=$((10#${1%%-*}))
	[ ${#names[@]} -gt 0 ] || return 0
	for n in "${names[@]}"; do
		case $n in
		*[!0-9-]* | *-*-* | -* | *-) case $1 in *"$n"*) return 0 ;; esac ;;
		*) [ "$number" -lt $((10#${n%-*})) ] || [ "$number" -gt $((10#${n#*-})) ] ||
			return 0 ;;
		esac
	done
	return 1
}

# limit_of SCRIPT: seconds for this form; under sanitizers three times as long.
limit_of()
{
	local smoke short long slow=${ASAN:+3}
	read -r smoke short long < <(sed -n 's/^# timeout: *//p' "$1" | head -n 1)
	case $FORM in
	smoke) echo $((${smoke:-60} * ${slow:-1})) ;;
	short) echo $((${short:-180} * ${slow:-1})) ;;
	long) echo $((${long:-1800} * ${slow:-1})) ;;
	esac
}

run_one()
{
	local limit start status
	limit=$(limit_of "$1")
	start=$(date +%s)
	timeout -k 20 "$limit" "$1" >"$work/log" 2>&1 </dev/null &
	child=$!
	wait "$child"
	status=$?
	child=
	took=$(($(date +%s) - start))
	[ "$status" -ne 124 ] && [ "$status" -ne 137 ] ||
		echo "not ok in time: ended after $limit s" >>"$work/log"
	for f in "$work"/sanitizer/*; do
		[ -s "$f" ] || continue
		echo "not ok sanitizer" >>"$work/log"
		cat "$f" >>"$work/log"
	done
	rm -f "$work"/sanitizer/*
	judge "$status"
}

# judge STATUS: sets word.
judge()
{
	if grep -aq '^not ok ' "$work/log"; then
		word=FAIL
	elif [ "$1" -eq 77 ]; then
		word=skip
	elif [ "$1" -eq 0 ] && grep -aq '^= ' "$work/log"; then
		word=ok
	else
		word=FAIL
		echo "not ok ended with status $1 and without its line" >>"$work/log"
	fi
}

report()
{
	local line why
	line=$(sed -n 's/^= //p' "$work/log" | tail -n 1)
	why=$(grep -a '^skip ' "$work/log" | sed 's/^skip //' | paste -sd ';')
	case $word in
	ok) passed=$((passed + 1)) ;;
	skip) skipped=$((skipped + 1)) line=$why ;;
	*) failed=$((failed + 1)) && bad+=("$1") ;;
	esac
	if [ -n "${TORTURE_LINES:-}" ]; then
		[ "$word" != FAIL ] || word="not ok"
		printf '%s torture %s (%s s): %s\n' "$word" "$1" "$took" "$line"
	else
		printf '%-4s  %-28s %4s s   %s\n' "$word" "$1" "$took" "$line"
		[ "$word" != ok ] || [ -z "$why" ] || printf '      skip %s\n' "$why"
	fi
	[ "$word" != FAIL ] && [ "$word" != "not ok" ] && return
	echo "---- $1, $FORM:"
	sed 's/^\(not ok\|ok\|skip\) /  \1 /' "$work/log"
	echo "---- end of $1"
}

[ -n "${TORTURE_LINES:-}" ] || echo "torture, form $FORM"
for script in "$here"/[0-9][0-9]-*.sh; do
	name=$(basename "$script" .sh)
	wanted "$name" || continue
	run_one "$script"
	report "$name"
done
if [ $((passed + failed + skipped)) -eq 0 ]; then
	echo "no torture test is called: ${names[*]}"
	failed=1
fi
if [ -z "${TORTURE_LINES:-}" ]; then
	[ ${#bad[@]} -eq 0 ] || printf 'failed: %s\n' "${bad[*]}"
	echo "$passed passed, $failed failed, $skipped skipped"
fi
[ "$failed" -eq 0 ]
