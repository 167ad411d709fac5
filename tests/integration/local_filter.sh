#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
# An agent filters before its spool, by its own configuration and by central filters: what
# it keeps out is counted, and the counts are those of nftables, also when its worker is
# killed in the middle and when there is no collector.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"

SENT=0

rules()
{
	net_rules fw <<-EOT
	table ip fw {
		counter logged { }
		counter kept { }
		counter noise { }
		counter dns { }
		counter other { }
		counter fast { }
		chain input {
			type filter hook input priority 0; policy accept;
			udp dport 1000-1999 counter name logged counter name kept log prefix "KEPT " group 5 drop
			udp dport 2000 counter name logged counter name noise log prefix "NOISE " group 5 drop
			udp dport 53 counter name logged counter name dns log prefix "DNS " group 5 drop
			udp dport 3000 counter name logged counter name other log prefix "OTHER " group 5 drop
			udp dport 4000 counter name logged counter name fast log prefix "FAST " group 6 drop
		}
	}
	EOT
}

# packets PORTS COUNT [RATE]
packets()
{
	on out "$BIN/pktgen" -n "$2" -r "${3:-4000}" -p "$1" -i $SENT 10.52.1.2 >/dev/null ||
		die "packets to port $1"
	SENT=$((SENT + $2))
}

# counted NAME…: packets of these counters.
counted()
{
	local name sum=0 n
	for name in "$@"; do
		n=$(on fw nft list counter ip fw "$name" | awk '/packets/ { print $2 }')
		sum=$((sum + n))
	done
	echo "$sum"
}

stored()
{
	sql "SELECT count(*) FROM fwlog.event_full WHERE prefix LIKE '$1%'"
}

# filtered FILTER [PREFIX]: records that this filter kept out.
filtered()
{
	sql "SELECT coalesce(sum(records), 0) FROM fwlog.filtered_full
		WHERE filter_id = $1 AND prefix LIKE '${2-}%'"
}

# All that nftables counted is stored, filtered or lost.
everything()
{
	local n
	n=$(sql "SELECT (SELECT count(*) FROM fwlog.event) +
		(SELECT coalesce(sum(records), 0) FROM fwlog.loss) +
		(SELECT coalesce(sum(records), 0) FROM fwlog.filtered_minute)") || return 1
	[ "$n" -eq "$(counted logged)" ]
}

# settled WHAT: waits for it.
settled()
{
	wait_quiet fw
	check "$1: stored + filtered + lost = logged" wait_for 20 everything ||
		note "$(sql "SELECT filter_id, prefix, sum(records) FROM fwlog.filtered_full
			GROUP BY 1, 2") $(on fw nft list counters | paste -sd' ')"
}

# No central filter here is about these.
own_counts()
{
	is "$1: drop" "$(filtered 0 NOISE) $(filtered 0 DNS)" "$(counted noise) $(counted dns)"
	is "$1: only" "$(filtered 0 OTHER)" "$(counted other)"
	is "$1: nothing else of them is stored" \
		"$(sql "SELECT count(*) FROM fwlog.event_full WHERE prefix ~ 'NOISE|DNS|OTHER'")" 0
	is "$1: rate" $(($(stored FAST) + $(filtered -1 FAST))) "$(counted fast)"
}

# in_force VERSION: that is what the agent says it filters by.
in_force()
{
	[ "$(sql "SELECT version FROM fwlog.filter_host WHERE host = 'fw'")" = "$1" ]
}

# The agent has compared all that was logged.
sees_rules()
{
	wait_for 10 eval '[ "$(counter rules_counted)" = "$(counter rules_settled)" ] &&
		[ "$(counter rules_counted)" -gt 0 ]'
}

# counter NAME: as the agent last told it.
counter()
{
	sql "SELECT stats ->> '$1' FROM fwlog.host_status"
}

fwlogctl()
{
	"$BIN/fwlogctl" "$@" --db "$(pg_dsn postgres)" >>"$T/log/fwlogctl.log" 2>&1
}

need_programs fwlog-agent fwlog-collector fwlogctl pktgen
net_init
net_host out fw
net_link out to-fw fw eth0
net_addr out to-fw 10.52.1.1/24
net_addr fw eth0 10.52.1.2/24
pg_start --fast
db_init
start_collector ""
start_agent fw "segment_size = 2M" "stats_interval = 1s" \
	"sandbox = yes" "reconcile = yes" "reconcile_interval = 1s" \
	"only = prefix:/^(KEPT|noise) /i" "only = prefix:DNS" \
	"drop = prefix:/^NOISE/" "drop = dport:domain src:10.52.1.0/24" "drop = tcp" \
	"[group 5]" "[group 6]" "only = udp" "drop = tcp" "rate = 50/h per dport"
rules

packets 1000-1999 500
packets 2000 400
packets 53 300
packets 3000 200
packets 4000 250
settled "at rest"
own_counts "at rest"
is "all others are stored" "$(stored KEPT)" 500
is "as many as the rate allows" "$(stored FAST) $(filtered -1)" "50 200"

# The same with a worker that is killed again and again.
(
	packets 1000-1999 6000 &
	packets 2000 6000 &
	packets 3000 6000 &
	wait
) &
flood=$!
kills=0
while kill -0 "$flood" 2>/dev/null; do
	worker=$(agent_worker fw)
	[ -n "$worker" ] && kill -KILL "$worker" 2>/dev/null && kills=$((kills + 1))
	sleep 0.3
done
wait "$flood"
at_least "times the worker was killed" "$kills" 3
settled "kills"
own_counts "kills"
is "kills: kept and stored" "$(stored KEPT)" "$(counted kept)"
is "no duplicates" "$(sql "SELECT count(*) - count(DISTINCT (host_id, n)) FROM fwlog.event")" 0
is "nothing lost" "$(sql "SELECT count(*) FROM fwlog.loss")" 0

# A central filter comes before all that; the agent keeps it without a collector.
check "a central filter is made" fwlogctl filter add ports "dport:1000-1099 prefix:/^KEPT/" \
	--why "test"
check "and in force within 5 s" wait_for 5 in_force 2
before=$(stored KEPT)
packets 1000-1099 300
packets 1100-1999 100
settled "central filter"
is "it keeps out what it selects" "$(filtered 1) $(($(stored KEPT) - before))" "300 100"
stop_collector || not_ok "the collector does not end on SIGTERM"
stop_agent fw || not_ok "the agent does not end on SIGTERM"
start_agent fw
check "the agent filters before it has a collector" wait_for 5 grep -q \
	"central filters: version 2, as kept" "$T/log/agent-fw.log"
packets 1000-1099 200
wait_quiet fw
start_collector ""
settled "without a collector"
is "what it kept out meanwhile" "$(filtered 1)" 500
check "the filter is taken away" fwlogctl filter remove ports --why "test"
check "and out of force within 5 s" wait_for 5 in_force 3
packets 1000-1099 50
settled "no central filter"
is "everything flows again" "$(filtered 1) $(($(stored KEPT) - before))" "500 150"
own_counts "at the end"
# Reconciling counts what is kept out as captured: it finds nothing missing, also of the
# moment when nobody held the groups.
check "the rules' counters were compared" sees_rules
is "losses, of known size and of unknown" "$(sql "SELECT coalesce(sum(records), 0),
	count(*) FILTER (WHERE records IS NULL) FROM fwlog.loss")" "0|0"

stop_agent fw || not_ok "the agent does not end on SIGTERM"
stop_collector || not_ok "the collector does not end on SIGTERM"
finish
