#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How fast the page is with N events over 30 days: 200 requests of overview and events each,
# then 50 at a time; the bytes of a first view. Prints figures and the bound each is held to.
# N=20000000 REQUESTS=200 PARALLEL=50; needs about 400 bytes of disk for each event.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/web.sh"
. "$here/fill.sh"
need_programs fwlog.cgi fwlogctl lighttpd curl gzip xargs

N=${N:-5000000}
REQUESTS=${REQUESTS:-200}
PARALLEL=${PARALLEL:-50}
ALICE=(--digest -u alice:secret)

# at NAME-OF-PERCENTILE: that part of the numbers on stdin, in ms.
at()
{
	sort -n | awk -v p="$1" '{ v[NR] = $1 } END { i = int(NR * p / 100 + 0.999999)
		printf "%.0f\n", v[i < 1 ? 1 : i] * 1000 }'
}

# requests PATH HOW-MANY PARALLEL: a line "status seconds" each, until the first byte. Digest
# asks twice; time_starttransfer is that of the second.
requests()
{
	seq "$2" | xargs -P "$3" -I{} curl -s -o /dev/null "${ALICE[@]}" --max-time 60 \
		-w '%{http_code} %{time_starttransfer}\n' "$URL$1"
}

# page WHAT PATH MOST: its p95 may be MOST ms.
page()
{
	local p95
	requests "$2" 3 1 >/dev/null
	requests "$2" "$REQUESTS" 1 >"$T/times"
	p95=$(cut -d ' ' -f 2 "$T/times" | at 95)
	note "$1: p50 $(cut -d ' ' -f 2 "$T/times" | at 50) ms, p95 $p95 ms, at most $(cut -d ' ' -f 2 \
		"$T/times" | at 100) ms of $REQUESTS requests"
	[ -z "${3:-}" ] || bound "$1: p95" "$p95" "$3"
	is "$1: all are answered" "$(grep -vc '^200 ' "$T/times")" 0
}

many()
{
	requests "$1" $((4 * PARALLEL)) "$PARALLEL" >"$T/times"
	note "$1, $PARALLEL at a time: p95 $(cut -d ' ' -f 2 "$T/times" | at 95) ms"
	is "$1, $PARALLEL at a time: all are answered" "$(grep -vc '^200 ' "$T/times")" 0
}

first_view()
{
	local total=0 size path
	get /
	cp "$T/body" "$T/home"
	for path in / $(grep -oE '/asset/[^"]+' "$T/home" | sort -u); do
		get "$path"
		size=$(gzip -9 -c "$T/body" | wc -c)
		note "$path: $size bytes with gzip"
		total=$((total + size))
	done
	bound "the first view with gzip" "$total" 25600 bytes
}

pg_start
settings "timeout = 60s"
site
sql "CREATE DATABASE fwlog" >/dev/null
"$BIN/fwlogctl" db init -q --db "$(pg_dsn postgres)" >"$T/log/init.log" 2>&1 ||
	die "fwlogctl db init failed"
export PGDATABASE=fwlog
sql "SELECT fwlog.prefix_enter(raw) FROM unnest('{in-drop: ,in-accept: ,fwd-drop: ,ssh: ,web: }'::bytea[])
	raw; SELECT fwlog.iface_enter(raw) FROM unnest('{eth0,eth1,eth2,wg0}'::bytea[]) raw;
	SELECT fwlog.prefix_set('in-drop', 'drop', NULL, NULL, NULL),
	fwlog.prefix_set('in-accept', 'accept', NULL, NULL, NULL)" >/dev/null
note "filling $N events"
fill_names
fill_days
fill_rollups
fill_seal
sql "INSERT INTO fwlog.host_status (host_id, connected) SELECT host_id, true FROM fwlog.host
	ON CONFLICT (host_id) DO UPDATE SET connected = true, last_contact = now() + interval '1 day';
	INSERT INTO fwlog.host_mark (host_id, next_n, newest) SELECT host_id, $N, now() FROM fwlog.host
	ON CONFLICT (host_id) DO UPDATE SET newest = now()" >/dev/null
sql "VACUUM ANALYZE" >/dev/null
first_view
page "overview, 1 h" / 150
page "overview, 24 h" '/?range=24h' 150
page "overview, 30 days" '/?range=30d' 150
page "events, 1 h" /events 300
page "events, 24 h" '/events?range=24h' 300
source=$(sql "SELECT src FROM fwlog.event WHERE ts > now() - interval '1 day' AND src > '11.0.200.0' LIMIT 1")
page "events, 24 h, a source" "/events?range=24h&q=src:$source" 300
page "events, 30 days, a source" "/events?range=30d&q=src:$source" 300
page "events, 24 h, a port" '/events?range=24h&q=dport:31007' 300
page "ports, 24 h" '/top/dport?range=24h'
page "hosts" /hosts
many /
many /events
finish
