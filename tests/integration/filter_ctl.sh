#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
# fwlogctl filter: what is refused and what it says then, versions, lists in use, going
# back, the preview against counts made by hand, changes made at once, the balance.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
need_programs fwlogctl
pg_start --fast

# ctl COMMAND…: output in $OUT, status in $RC.
ctl()
{
	OUT=$("$BIN/fwlogctl" "$@" --db "$(pg_dsn "${AS:-fwlog_admin}")" 2>&1)
	RC=$?
}

# says WHAT STATUS PATTERN: of the last one, in one line.
says()
{
	local line
	line=$(tr '\n' '~' <<<"$OUT")
	if [ "$RC" -eq "$2" ] && grep -Eq -- "$3" <<<"$line"; then
		ok "$1"
	else
		not_ok "$1: status $RC, said: $OUT"
	fi
}

add()
{
	ctl filter add "$@" --why "a reason"
}

newest()
{
	sql "SELECT max(version) FROM fwlog.filter_set"
}

"$BIN/fwlogctl" db init -q --db "$(pg_dsn postgres)" || die "db init"
export PGDATABASE=fwlog
sql "SELECT fwlog.host_enter('web1'), fwlog.host_enter('web2'),
	fwlog.prefix_enter('DROP: '), fwlog.prefix_enter('other')" >/dev/null
sql "INSERT INTO fwlog.event (ts, host_id, n, prefix_id, proto, src, dport)
	SELECT now() - g * interval '10 s', 1 + g % 2, g, 1 + g / 2 % 2, 17, '10.0.0.1', g % 50
	FROM generate_series(1, 1000) g" >/dev/null

# ---- what is refused
add noise 'dprt:53'
says "a field that is none: place and remedy" 2 'did you mean dport\?~  dprt:53~  \^~'
add noise 'dport:53 verdict:drop'
says "a verdict: agents know none" 2 'verdict is not known to agents.*~           \^~'
add noise 'id:1-7'
says "the number of an event" 2 'id is not known to agents'
add noise 'alert:scan'
says "an alert" 2 'alert is not known to agents'
add noise 'dport:53 src:@bad'
says "a list that is not there" 2 'list @bad: there is none of that name.*~ {15}\^~'
ctl list set bad 10.0.0.0/8
add noise 'dport:@bad'
says "a list of another kind" 2 '"10.0.0.0/8" is no value of dport'
add noise 'dport:53' --hosts web1,web9
says "a host nobody knows" 2 'no host is known by the name web9; a host is known when'
add noise 'dport:53' --hosts 'web1, web2'
says "hosts with blanks" 2 'names of hosts with commas'
add 'no ise' 'dport:53'
says "a name with a blank" 2 'a name has 1 to 64'
add noise 'dport:53' --sample 10
says "a sample that is none" 2 '1/N is expected'
add noise 'dport:53' --sample 1/1
says "a sample that keeps all" 2 '1/N is expected'
add noise 'dport:53' --expires -1h
says "an end that is past" 2 'a time to come is expected'
ctl filter add noise dport:53
says "no reason" 2 '--why is missing'
ctl filter add noise dport:53 --why ' '
says "an empty reason" 2 '--why is missing'
for q in '' '-host:web1' 'len:>0' 'proto:* OR -proto:*' 'src:0.0.0.0/0 OR -src:*'; do
	add noise "$q"
	says "what selects everything: '$q'" 2 'leaves out everything, or all but what it names'
done
is "nothing of that made a version" "$(newest)" 1
AS=fwlog_report ctl filter add noise dport:53 --why x
says "the report's role may not" 1 'connect as fwlog_admin'
AS=fwlog_ingest ctl filter remove noise --why x
says "nor the collector's" 1 'permission denied'

# ---- versions
add noise 'dport:53 host:web*' --hosts web2,web1,web2 --sample 1/100 --expires +2h
says "a filter is added" 0 'version 2 leaves out dport:53 host:web\* on .*, save one of 100, until 20'
is "as it is stored" "$(sql "SELECT name, query, hosts, lists, sample, why, who, added_in
	FROM fwlog.filter")" 'noise|dport:53 host:web*|{web1,web2}|{}|100|a reason|fwlog_admin|2'
add noise dport:54
says "one of a name at a time" 1 'a filter of the name noise is in force; take another'
add scans 'src:@bad' --json
says "JSON" 0 '^\{"name": "scans", "version": 3, "query": "src:@bad"\}~$'
ctl list add bad 192.0.2.0/24
is "a change to a list in use is a version" "$(newest)" 4
ctl list set ports 1-3 --kind port
is "a change to one that is not in use is none" "$(newest)" 4
ctl list remove bad
says "a list in use stays" 1 'the list bad is used by scans; fwlogctl filter remove scans'
add all '' --yes
says "everything, when it is meant" 0 'version 5 leaves out everything on all hosts'
ctl filter remove all --why "too much"
says "removed" 0 'all: removed, version 6 is without it'
ctl filter remove all --why "too much"
says "once" 1 'no filter of the name all is in force; fwlogctl filter list'
AS=fwlog_report ctl filter list
says "the list" 0 '~noise +in force +web1,web2 +1/100 .*~scans +in force +all +- .*never'
AS=fwlog_report ctl filter list --all --json
is "all of them as JSON" "$(sql "SELECT count(*) FROM json_array_elements(\$json\$$OUT\$json\$)")" 3
AS=fwlog_report ctl filter history
says "the history" 0 '~4 +[0-9: -]+ +fwlog_admin +- +- +list bad has changed~5 .* all +- .*~6 .* - +all +too much~'

# ---- back
ctl filter rollback 2 --why "back"
says "back to an earlier version" 0 'version 7 has the filters of version 2; removed: scans'
ctl filter rollback 2 --why "back"
says "nothing to change" 2 'nothing was changed'
ctl list remove bad
says "a list no longer in use goes" 0 'removed with 2'
ctl filter rollback 4 --why "forth"
says "not back to a list that is gone" 1 'no list has the name bad; fwlogctl list set'
ctl filter rollback 99 --why "forth"
says "nor to a version that never was" 1 'no version 99; fwlogctl filter history'
ctl filter rollback 1 --why "none"
says "back to none" 0 'version 8 has the filters of version 1; removed: noise'
sql "UPDATE fwlog.filter SET expires = now() - interval '1 s'
	WHERE name = 'noise'" >/dev/null
ctl filter rollback 2 --why "late"
says "what expired does not come back" 2 'nothing was changed'
add noise dport:1
sql "UPDATE fwlog.filter SET expires = now() - interval '1 s' WHERE removed IS NULL" >/dev/null
add noise dport:2
says "its name is free when it has expired" 0 'version 10'

# ---- changes at once: each a version of its own, without gaps
for i in 1 2 3 4 5 6; do
	ctl filter add "at-once-$i" "dport:$i" --why "race" &
done
wait
is "six at once" "$(sql "SELECT count(*), count(DISTINCT added_in), max(added_in)
	FROM fwlog.filter WHERE why = 'race'")" "6|6|16"
is "versions without gaps" "$(sql "SELECT count(*) = max(version) FROM fwlog.filter_set")" t

# ---- the preview
ctl filter preview 'dport:7' --last 3h
says "what would have been hidden" 0 \
	'~web2 +other +- +unknown +250 +10 +4.0 %~would have left out 20 of 1000 events, on 1 host~alerts'
ctl filter preview 'dport:0-9' --last 3h --hosts web1
says "on one host, a row for each prefix" 0 \
	'web1 +(DROP: |other) .*~web1 +(DROP: |other) .*~would have left out 100 of 500 events'
ctl filter preview 'dport:7' --last 100s
says "of the last seconds only" 0 'of 1?[0-9] events'
ctl filter preview 'dport:999'
says "nothing is status 1" 1 'would have left out 0 of 1000'
ctl filter preview 'verdict:drop'
says "what cannot be added cannot be previewed" 2 'not known to agents'
ctl filter preview 'dport:1' --hosts nobody
says "unknown hosts neither" 2 'no host is known'
ctl filter preview 'dport:1' --last soon
says "a span that is none" 2 'a span of time is expected: 90m, 24h, 7d'
AS=fwlog_report ctl filter preview dport:7 --last 3h --json -q
is "JSON adds up" "$(sql "SELECT j->'events', j->'hidden', (SELECT sum((r->>'hidden')::int)
	FROM jsonb_array_elements(j->'rows') r) FROM (SELECT \$json\$$OUT\$json\$::jsonb) x (j)")" \
	"1000|20|20"
is "the preview changes nothing" "$(newest)" 16

# ---- filtered is no loss
sql "INSERT INTO fwlog.filtered_minute VALUES
	(1, date_trunc('minute', now() - interval '1 hour'), 1, 1, 70),
	(1, date_trunc('minute', now() - interval '1 hour'), 0, 0, 30)" >/dev/null
AS=fwlog_report ctl balance --by host
says "filtered has a column and is no loss" 0 \
	'~web1 +600 +500 +100 +0 .*~complete: logged 1100 = stored 1000 \+ filtered 100 \+ lost 0~'
sql "INSERT INTO fwlog.loss (host_id, epoch, seq, from_ts, to_ts, cause, records) VALUES
	(1, 1, 1, now(), now(), 'kernel', 5), (1, 1, 2, now(), now(), 'rate_limited', 9)" >/dev/null
AS=fwlog_report ctl balance --by host --host web1
says "what a full spool left of it is filtered, too" 1 \
	'~web1 +614 +500 +109 +5 .* kernel 5~INCOMPLETE: logged 614 = stored 500 \+ filtered 109 \+ lost 5~'

# ---- what a list holds must fit the filters in force: agents take all of a set or nothing
ctl list set words tcp --kind name
add words 'proto:@words'
ctl list add words sctp nonsense
says "an entry that does not fit" 1 'the filter words could not be applied any more: .*nonsense.*; fwlogctl filter remove words comes first~fwlogctl: list words is left as it was'
is "nothing of it is there" "$(sql "SELECT string_agg(v, ' ') FROM fwlog.list_values('words') v")" tcp
ctl list set words nonsense
says "nor instead of the others" 1 'list words is left as it was'
ctl list add words sctp
says "one that fits" 0 'words: 2 entries'
before=$(newest)
ctl filter remove words --why test
ctl list add words nonsense
says "nobody uses it now" 0 'words: 3 entries'
ctl filter rollback "$before" --why test
says "a filter that would need it as it was" 1 'the filter words could not be applied any more'
is "does not come back" "$(newest)" $((before + 1))
finish
