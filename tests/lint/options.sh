#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One table of options, three readers: what a daemon's --print-options says, its manual
# docs/man/PROGRAM.conf.5 (".It Ic name" for each option) and the sample
# packaging/conf/PROGRAM.conf ("name = value" or "#name = default", in its section) agree.
# fwlog.cgi, which takes no arguments, is held to the table in its source.
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
faults=0

fault()
{
	faults=$((faults + 1))
	echo "not ok $1: $2"
}

# Names in $1 that are not in $2.
missing()
{
	comm -23 <(sort -u "$1") <(sort -u "$2")
}

# The sample as lines "section, name, value, set or default", commented settings too.
read_sample()
{
	awk '
	/^#?\[/ { sub(/^#/, ""); sub(/^\[/, ""); sub(/[] ].*/, ""); section = $0; next }
	/^#?[a-z0-9_]+ *=/ {
		state = /^#/ ? "default" : "set"
		sub(/^#/, "")
		name = $0; sub(/ *=.*/, "", name)
		value = $0; sub(/^[^=]*= */, "", value)
		printf "%s\t%s\t%s\t%s\n", section, name, value, state
	}' "$1"
}

# "section, name" as text.
in_words()
{
	awk -F '\t' '{ print $2 ($1 != "" ? " in [" $1 "]" : "") }'
}

# The table of common/conf.h in source $1 as --print-options has it: the strings of an entry
# are section, name, default, help.
table_of_source()
{
	tr -d '\n\t' <"$1" | grep -o '{"[^}]*},' | awk -F '"' '
		{ printf "%s\t%s\t\t%s\t\t%s\n", $2, $4, $6, $8 }'
}

check_manual()
{
	local manual=$1 name
	cut -f 2 "$scratch/table" >"$scratch/names"
	if [ ! -e "$manual" ]; then
		fault "$manual" "is missing"
		return
	fi
	sed -n 's/^\.It Ic \([a-z0-9_]*\).*/\1/p' "$manual" >"$scratch/manual"
	for name in $(missing "$scratch/names" "$scratch/manual"); do
		fault "$manual" "$name is not described (.It Ic $name)"
	done
	for name in $(missing "$scratch/manual" "$scratch/names"); do
		fault "$manual" "$name is no option"
	done
}

check_sample()
{
	local sample=$1 name
	if [ ! -e "$sample" ]; then
		fault "$sample" "is missing"
		return
	fi
	read_sample "$sample" >"$scratch/sample"
	cut -f 1,2 "$scratch/sample" | sort -u >"$scratch/given"
	cut -f 1,2 "$scratch/table" | sort -u >"$scratch/wanted"
	while IFS= read -r name; do
		fault "$sample" "missing: $name"
	done < <(comm -13 "$scratch/given" "$scratch/wanted" | in_words)
	while IFS= read -r name; do
		fault "$sample" "no such option: $name"
	done < <(comm -23 "$scratch/given" "$scratch/wanted" | in_words)
	# What is commented out shows the default, where there is one.
	while IFS= read -r name; do
		fault "$sample" "$name"
	done < <(awk -F '\t' '
		NR == FNR { def[$1 "\t" $2] = $4; next }
		$4 == "default" && def[$1 "\t" $2] != "" && def[$1 "\t" $2] != $3 {
			printf "the default of %s is %s, not %s\n", $2, def[$1 "\t" $2], $3
		}' "$scratch/table" "$scratch/sample")
}

for program in fwlog-agent fwlog-collector; do
	before=$faults
	if ! "$build/bin/$program" --print-options >"$scratch/table" || [ ! -s "$scratch/table" ]; then
		fault "$program" "--print-options fails"
		continue
	fi
	check_manual "docs/man/$program.conf.5"
	check_sample "packaging/conf/$program.conf"
	"$build/bin/$program" -c "packaging/conf/$program.conf" --check >/dev/null ||
		fault "$program" "the sample does not pass --check"
	[ "$faults" -gt "$before" ] || echo "ok $program: options, manual and sample agree"
done

before=$faults
table_of_source web-cgi/settings.c >"$scratch/table"
[ -s "$scratch/table" ] || fault web-cgi/settings.c "no table of options found"
check_manual docs/man/fwlog.cgi.8
check_sample packaging/conf/fwlog.cgi.conf
[ "$faults" -gt "$before" ] || echo "ok fwlog.cgi: options, manual and sample agree"
