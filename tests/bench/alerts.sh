#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the shipped alert rules take from the collector's throughput: the same load without
# and with them, in turns, and the medians. Says how far behind the stream they end, too.
# LOAD=1000000 events each, RUNS=3.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
need_programs fwlog-collector fwlog-load fwlogctl

LOAD=${LOAD:-1000000}
RUNS=${RUNS:-3}
AGENTS=10
MOST=15 # percent

median()
{
	printf '%s\n' "$@" | sort -n | sed -n $((($# + 1) / 2))p
}

evaluates()
{
	grep -q 'alert rules are evaluated' "$T/log/collector.log"
}

settled()
{
	[ "$(sql "SELECT sum(next_n) FROM fwlog.alert_mark")" = \
		"$(sql "SELECT sum(next_n) FROM fwlog.host_mark")" ]
}

# load NAME: events a second.
load()
{
	"$BIN/fwlog-load" --collector "unix:$COLLECTOR_SOCKET" --agents "$AGENTS" \
		--records $((LOAD / AGENTS)) --seconds 600 --name "$1-" |
		sed 's/.*"records_per_second": \([0-9]*\).*/\1/'
}

# cpu_ms: processor time of the collector so far.
cpu_ms()
{
	awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / hz) }' \
		"/proc/$COLLECTOR_PID/stat"
}

# run NAME yes|no: sets RATE.
run()
{
	local behind
	sql "TRUNCATE fwlog.event, fwlog.alert, fwlog.alert_digest CASCADE" >/dev/null 2>&1
	sql "CHECKPOINT" >/dev/null
	rm -f "$T/log/collector.log"
	if [ "$2" = yes ]; then
		start_collector "" "sinks = 2" "maintain = no" "alerts = yes" \
			"rules = $ROOT/packaging/sigma" "host_silent_after = 0s"
	else
		start_collector "" "sinks = 2" "maintain = no"
	fi
	[ "$2" = no ] || must_wait "rules are evaluated" 60 evaluates
	RATE=$(load "$1")
	behind=$(date +%s%3N)
	if [ "$2" = yes ]; then
		must_wait "all events are evaluated" 120 settled
	fi
	note "$1: $RATE events/s; the collector's processor time: $(cpu_ms) ms;" \
		"all was evaluated $(($(date +%s%3N) - behind)) ms later"
	stop_collector
}

pg_start
db_init
off=() on=()
for ((i = 1; i <= RUNS; i++)); do
	run "off$i" no
	off+=("$RATE")
	run "on$i" yes
	on+=("$RATE")
done
without=$(median "${off[@]}") with=$(median "${on[@]}")
note "without rules: ${off[*]}; with the shipped rules: ${on[*]} events/s"
at_least "$with of $without events/s: percent, $((100 - MOST)) at least" \
	$((100 * with / without)) $((100 - MOST))
finish
