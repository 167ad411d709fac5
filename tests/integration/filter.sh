#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
# The filter language: memory and PostgreSQL select the same events, for thousands of
# filters over events of every shape; a fault planted into the SQL is seen; and what
# fwlogctl filter parse prints.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/fleet.sh"
need_programs fwlogctl filter-equiv
pg_start --fast
db_init

# ---- equivalence
dsn=$(pg_dsn postgres)
# Verdicts that a host decides, beside those that are the same everywhere.
sql "SELECT fwlog.host_enter('web1'); SELECT fwlog.prefix_set('*drop*', 'drop', NULL, NULL, NULL),
	fwlog.prefix_set('*s*', 'reject', NULL, 'web1', NULL)" >/dev/null
found=$("$BIN/filter-equiv" "$dsn" 5000 2000 7514 2>&1)
rc=$?
note "$(tail -n 1 <<<"$found")"
if [ "$rc" -eq 0 ] && grep -q '^5000 filters, 2000 events: 0 differences' <<<"$found"; then
	ok "memory and PostgreSQL select the same"
else
	not_ok "memory and PostgreSQL differ: $found"
fi
is "verdicts of all kinds are there" "$(sql "SELECT array_position(v, NULL) IS NOT NULL,
	2 = ANY (v), 4 = ANY (v) FROM fwlog.verdicts() v")" 't|t|t'
at_least "filters that select some events, not all" \
	"$(sed -n 's/.* \([0-9]*\) filters select some.*/\1/p' <<<"$found")" 2500
at_least "filters that use the field used least" \
	"$(sed -n 's/.* at least \([0-9]*\) times.*/\1/p' <<<"$found")" 100
found=$("$BIN/filter-equiv" "$dsn" 300 500 99 plant 2>&1)
is "a planted difference fails" $? 1
at_least "planted differences seen" \
	"$(sed -n 's/.*events: \([0-9]*\) differences.*/\1/p' <<<"$found")" 30

# ---- fwlogctl filter parse
# parse WORD…: output in $OUT, what it complains of in $ERR, status in $RC.
parse()
{
	OUT=$("$BIN/fwlogctl" filter parse "$@" 2>"$T/err")
	RC=$?
	ERR=$(<"$T/err")
}

query='src:10.0.0.0/8 dport:22 -host:web1 prefix:/DROP/'
parse "$query"
is "canonical form" "$OUT" "$query"
parse -host:web1 ip.src==10.1.2.3/8 OR '(tcp)' 'udp.port > 53'
is "canonical form of another spelling" "$OUT" "-host:web1 src:10.0.0.0/8 OR proto:tcp port:>53"
parse --sql "$query"
is "statement" "$(sed -n 2p <<<"$OUT")" "SELECT e.* FROM fwlog.event e WHERE \
e.src <<= \$1::inet AND e.dport = \$2::int AND (e.host_id = ANY (\$3::int[])) IS NOT TRUE \
AND e.prefix_id = ANY (\$4::int[])"
is "values without a database" "$(tail -n +3 <<<"$OUT" | tr '\n' ';')" \
	'$1 = 10.0.0.0/8;$2 = 22;$3 = <host ids matching web1>;$4 = <prefix ids matching /DROP/>;'
ids=$(sql "SELECT array_agg(prefix_id) FROM (SELECT prefix_id FROM fwlog.dict_prefix
	WHERE prefix ~ 'DROP' ORDER BY 1) p")
web1=$(sql "SELECT host_id FROM fwlog.host WHERE name = 'web1'")
parse --sql --db "$(pg_dsn fwlog_report)" "$query"
is "values with a database" "$(tail -n 2 <<<"$OUT" | tr '\n' ';')" \
	"\$3 = {$web1};\$4 = $ids;"
parse --json --sql dport:22
is "JSON" "$OUT" \
	'{"filter": "dport:22", "condition": "e.dport = $1::int", "values": ["22"]}'
sql "INSERT INTO fwlog.list (name, kind) VALUES ('scanners', 'address');
	SELECT fwlog.list_put(list_id, v) FROM fwlog.list, unnest('{10.0.0.1,192.0.2.0/24}'::text[]) v" \
	>"$T/log/list.log" 2>&1
parse --sql --db "$dsn" src:@scanners
is "values of a list" "$(tail -n 2 <<<"$OUT" | tr '\n' ';')" \
	'$1 = 10.0.0.1;$2 = 192.0.2.0/24;'
parse --sql --db "$dsn" src:@none
is "a list that is none" "$RC" 1
check "a list that is none: where" grep -q '@none' <<<"$ERR"
parse dprt:22
is "an unknown field ends with 2" "$RC" 2
is "an unknown field: the nearest, and where" "$ERR" \
	"fwlogctl: filter: unknown field dprt; did you mean dport?
  dprt:22
  ^"
parse tcp host:10.0.0.1
is "an address for host" "$(sed -n '1s/.*\(write ip:10.0.0.1\).*/\1/p; 3p' <<<"$ERR")" \
	"write ip:10.0.0.1
           ^"
finish
