#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Licence line, layout by .clang-format, no function over 80 lines, nothing left to do.
cd "$(dirname "$0")/../.." || exit 1
faults=0

fault()
{
	faults=$((faults + 1))
	echo "not ok $1: $2"
}

# done_with WHAT: ok when it brought no fault.
before=0
done_with()
{
	[ "$faults" -gt "$before" ] || echo "ok $1"
	before=$faults
}

mapfile -t all < <(find . \( -name .git -o -path ./build \) -prune -o -type f \
	\( -name '*.[ch]' -o -name '*.sh' -o -name '*.sql' -o -name '*.css' -o -name '*.js' \
	-o -name '*.[1-8]' -o -name Makefile -o -path './.ci/run' -o -path './packaging/*.conf' \) \
	-printf '%P\n' | sort)
mapfile -t sources < <(printf '%s\n' "${all[@]}" | grep '\.[ch]$')

for f in "${all[@]}"; do
	head -n 3 "$f" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' ||
		fault "$f" "no SPDX line on top"
done
done_with "licence lines"

# The words are put together here so that this file may stay in the list.
while IFS=: read -r f line text; do
	fault "$f:$line" "something is left to do: $text"
done < <(grep -nE "\b(TO""DO|FIX""ME|X""XX|HA""CK)\b" "${all[@]}")
done_with "nothing left to do"

if command -v ctags >/dev/null && ctags --version | grep -q Universal; then
	while read -r f name from to; do
		[ $((to - from + 1)) -le 80 ] ||
			fault "$f:$from" "$name has $((to - from + 1)) lines; 80 are allowed"
	done < <(ctags -x --languages=C --langmap=C:+.h --kinds-C=f \
		--_xformat='%F %N %n %e' "${sources[@]}")
	done_with "no function over 80 lines"
else
	echo "skip function lengths: universal-ctags is missing"
fi

# Other versions of clang-format lay some constructs out differently.
formatter=
for c in clang-format-14 clang-format; do
	"$c" --version 2>/dev/null | grep -q 'version 14\.' && formatter=$c && break
done
if [ -n "$formatter" ]; then
	for f in "${sources[@]}"; do
		"$formatter" --dry-run -Werror "$f" >/dev/null 2>&1 ||
			fault "$f" "is not laid out by .clang-format: make format"
	done
	done_with "layout"
else
	echo "skip layout: clang-format 14 is missing"
fi
