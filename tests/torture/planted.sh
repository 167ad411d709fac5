#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# planted.sh [BUG...]: make check-planted. The programs were built with FWLOG_PLANTED. With
# each planted fault (common/planted.h) one of the tests named for it must fail; without a
# fault the same tests must pass. Prints which test caught what.
set -u
here=$(cd "$(dirname "$0")" && pwd)
export FORM=smoke
passed=0 failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/fwlog-planted-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The bugs, and the tests that are to notice, the likeliest first.
catchers='
ack_before_commit 18-reconnect 03-kill-collector
skip_mark         04-kill-database 01-kill-worker 03-kill-collector
ignore_crc        10-damaged-spool 15-tampering
reuse_epoch       01-kill-worker 02-kill-agent 09-power-failure
skip_auth         14-strangers
'

# run TEST: 0 passed, 1 failed, 77 skipped.
run()
{
	timeout -k 20 120 "$here/$1.sh" >"$work/log" 2>&1 </dev/null
	case $? in
	0) ! grep -aq '^not ok ' "$work/log" ;;
	77) return 77 ;;
	*) return 1 ;;
	esac
}

declare -A clean=() # by test: it passes without a bug

# passes_without TEST: asked once.
passes_without()
{
	if [ -z "${clean[$1]:-}" ]; then
		FWLOG_BUG='' run "$1" && clean[$1]=yes || clean[$1]=no
		[ "${clean[$1]}" = yes ] || {
			echo "$1: fails without a planted fault:"
			grep -a '^\(not ok\|skip\)' "$work/log"
		}
	fi
	[ "${clean[$1]}" = yes ]
}

# caught BUG TEST…
caught()
{
	local bug=$1 test status
	shift
	for test; do
		[ -e "$here/$test.sh" ] || continue
		FWLOG_BUG=$bug run "$test"
		status=$?
		[ $status -eq 1 ] || continue
		cp "$work/log" "$work/bad"
		passes_without "$test" || continue
		echo "$bug: caught by $test ($(sed -n 's/^not ok //p' "$work/bad" | head -n 1))"
		return 0
	done
	echo "$bug: not noticed by $*"
	return 1
}

while read -r bug tests; do
	[ -n "$bug" ] || continue
	[ $# -eq 0 ] || [[ " $* " == *" $bug "* ]] || continue
	# shellcheck disable=SC2086 # a list
	if caught "$bug" $tests; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done <<<"$catchers"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
