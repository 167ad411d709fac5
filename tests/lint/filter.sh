#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The table of the filter language's fields (common/filter_field.c) and its manual agree:
# ".It Ic name" for each field, in the same order, all its aliases, and no others.
cd "$(dirname "$0")/../.." || exit 1

# "name alias alias …", a line for each field.
table()
{
	tr -d '\n\t' <common/filter_field.c | sed 's/, *"")/)/g; s/" *"//g' | grep -o 'NAMES("[^)]*")' |
		sed 's/NAMES("//; s/", *"/ /; s/")$//; s/  */ /g; s/ $//'
}

manual()
{
	sed -n '/^\.Ss Fields/,/^\.Ss Limits/p' docs/man/fwlog-filter.7 | awk '
		/^\.It Ic / { if (line != "") print line; line = $3; next }
		/^Also / { sub(/^Also /, ""); sub(/\.$/, ""); gsub(/,/, ""); line = line " " $0 }
		END { print line }'
}

fields=$(table | wc -l)
if [ "$fields" -lt 40 ]; then
	echo "not ok common/filter_field.c: only $fields fields found"
elif found=$(diff <(table) <(manual)); then
	echo "ok $fields fields and their manual agree"
else
	sed -n 's/^< /not ok docs\/man\/fwlog-filter.7: is missing: /p
		s/^> /not ok docs\/man\/fwlog-filter.7: no such field: /p' <<<"$found"
fi
