#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One table of metrics for each daemon (--print-metrics), many readers: its manual
# (".It Li name" in METRICS, STATISTICS of the agent), the alerting rules and the dashboard
# of packaging/ name what is in it; the names are as Prometheus wants them.
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
rules=packaging/prometheus/fwlog.rules.yml
dashboard=packaging/grafana/fwlog.json
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
faults=0

fault()
{
	faults=$((faults + 1))
	echo "not ok $1: $2"
}

check_names()
{
	local name why
	while read -r name why; do
		fault "$1" "$name: $why"
	done < <(awk -F '\t' '
		$5 == "" { print $1, "has no help" }
		$2 == "counter" && $1 !~ /_total$/ { print $1, "is a counter without _total" }
		$2 != "counter" && $1 ~ /_total$/ { print $1, "is no counter: no _total" }
		$2 == "histogram" && $1 !~ /_seconds$/ { print $1, "has no unit" }
		$1 !~ /^fwlog_[a-z0-9_]*$/ { print $1, "is no name" }' "$scratch/table")
	while read -r name; do
		fault "$1" "$name: its lines are not in a row"
	done < <(cut -f 1 "$scratch/table" | uniq | sort | uniq -d)
	while read -r name; do
		fault "$1" "twice: $name"
	done < <(cut -f 1,3 "$scratch/table" | sort | uniq -d)
}

check_manual()
{
	local name
	cut -f 1 "$scratch/table" | sort -u >"$scratch/names"
	sed -n '/^\.Sh METRICS/,/^\.Sh FILES/s/^\.It Li \(fwlog_[a-z0-9_]*\).*/\1/p' "$1" |
		sort -u >"$scratch/manual"
	for name in $(comm -23 "$scratch/names" "$scratch/manual"); do
		fault "$1" "$name is not described (.It Li $name)"
	done
	for name in $(comm -13 "$scratch/names" "$scratch/manual"); do
		fault "$1" "$name is no metric"
	done
	sed -n '/^\.Sh STATISTICS/,/^\.Sh METRICS/p' "$1" >"$scratch/statistics"
	while read -r name; do
		grep -qw -e "$name" "$scratch/statistics" ||
			fault "$1" "$name is not in STATISTICS"
	done < <(cut -f 4 "$scratch/table" | sed 's/group_N//' | grep . | sort -u)
}

: >"$scratch/all"
for program in fwlog-agent fwlog-collector; do
	before=$faults
	if ! "$build/bin/$program" --print-metrics >"$scratch/table" || [ ! -s "$scratch/table" ]; then
		fault "$program" "--print-metrics fails"
		continue
	fi
	check_names "$program"
	check_manual "docs/man/$program.8"
	cut -f 1,2 "$scratch/table" >>"$scratch/all"
	[ "$faults" -gt "$before" ] || echo "ok $program: metrics and manual agree"
done

# What a histogram is made of has names, too.
awk -F '\t' '{ print $1 }
	$2 == "histogram" { print $1 "_bucket"; print $1 "_sum"; print $1 "_count" }' \
	"$scratch/all" | sort -u >"$scratch/known"
before=$faults
for file in "$rules" "$dashboard"; do
	[ -s "$file" ] || fault "$file" "is missing"
	while read -r name; do
		grep -qxF "$name" "$scratch/known" || fault "$file" "$name is no metric"
	done < <(grep -o '\bfwlog_\(agent\|collector\)_[a-z0-9_]*' "$file" | sort -u)
done
python3 -m json.tool "$dashboard" >/dev/null || fault "$dashboard" "is no JSON"
[ "$faults" -gt "$before" ] || echo "ok rules and dashboard name metrics there are"
if ! command -v promtool >/dev/null; then
	echo "skip $rules: promtool is missing (Debian: prometheus)"
elif found=$(promtool check rules "$rules" 2>&1); then
	echo "ok $rules passes promtool"
else
	fault "$rules" "$found"
fi
