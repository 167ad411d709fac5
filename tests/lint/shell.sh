#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The scripts stand before shellcheck's warnings; those about names that only a sourced
# or sourcing script gives or uses are left out. Those that are run can be.
cd "$(dirname "$0")/../.." || exit 1
if ! command -v shellcheck >/dev/null; then
	echo "skip scripts: shellcheck is missing"
	exit 77
fi
faults=0
while IFS= read -r f; do
	shellcheck -S warning -e SC1090,SC1091,SC2034,SC2120,SC2154 -f gcc -s "$(sed -n '1s/.*bash.*/bash/p' "$f" |
		grep . || case $f in tests/*) echo bash ;; *) echo sh ;; esac)" "$f" && continue
	faults=$((faults + 1))
	echo "not ok $f: shellcheck"
done < <(find tests packaging sql .ci -type f \( -name '*.sh' -o -path .ci/run \) | sort)
for f in tests/integration/*.sh tests/lint/*.sh tests/torture/[0-9]*.sh; do
	[ -x "$f" ] && continue
	faults=$((faults + 1))
	echo "not ok $f: cannot be run: chmod +x"
done
[ "$faults" -gt 0 ] || echo "ok scripts"
