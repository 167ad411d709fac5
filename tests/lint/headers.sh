#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each header compiles alone, and twice in a row.
cd "$(dirname "$0")/../.." || exit 1

packages="libevent_core libpq libzstd inih libnetfilter_log libmnl libnfnetlink check"
# shellcheck disable=SC2046,SC2086 # lists of words
flags="-std=c11 -D_GNU_SOURCE -I. -Wall -Wextra -Wstrict-prototypes -Werror
	$(pkg-config --cflags $packages)"
faults=0 n=0
for h in common/*.h agent/*.h collector/*.h web-cgi/*.h ctl/*.h tests/*/*.h tests/unit/*/*.h; do
	[ -e "$h" ] || continue
	n=$((n + 1))
	# shellcheck disable=SC2086
	if ! printf '#include "%s"\n#include "%s"\n' "$h" "$h" |
		${CC:-gcc} $flags -fsyntax-only -x c -; then
		faults=$((faults + 1))
		echo "not ok $h: does not compile alone"
	fi
done
[ "$faults" -gt 0 ] || echo "ok $n headers compile alone"
