#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
# The store spread over a Citus cluster, a coordinator and two workers: the collector stores
# exactly once, roll-ups are what their events sum up to, days are made, sealed, archived,
# restored and dropped, every view and every query of docs/forensics.md answers.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"

# ---- the cluster
pg_find || skip_all "PostgreSQL's server programs are missing"
[ -e "$PG_BIN/../../../../share/postgresql/$(basename "$(dirname "$PG_BIN")")/extension/citus.control" ] ||
	[ -e "$("$PG_BIN/pg_config" --sharedir 2>/dev/null)/extension/citus.control" ] ||
	skip_all "a Citus cluster because the extension is not installed"
need_programs fwlog-collector fwlog-load fwlogctl
pg_user || skip_all "no unprivileged user to run PostgreSQL as"

answers()
{
	psql -X -q -h "$1" -U postgres -d postgres -c 'SELECT 1' >/dev/null 2>&1
}

# node NAME: a server of its own, its socket in $T/NAME/s.
node()
{
	local dir=$T/$1
	mkdir -p "$dir/s"
	[ -z "${PG_OWNER:-}" ] || chown -R "$PG_OWNER" "$dir"
	(cd / && ${PG_AS[@]+"${PG_AS[@]}"} "$PG_BIN/initdb" -D "$dir/data" -U postgres \
		-A trust -E UTF8 --locale=C --no-sync) >"$T/log/initdb.log" 2>&1 || die "initdb failed"
	(
		export HOME=$dir
		cd / && spawn "$1" ${PG_AS[@]+"${PG_AS[@]}"} "${WITH_PARENT[@]/TERM/INT}" \
			"$PG_BIN/postgres" -D "$dir/data" -k "$dir/s" -c listen_addresses= \
			-c shared_preload_libraries=citus -c citus.node_conninfo=sslmode=disable \
			-c shared_buffers=64MB -c max_connections=100 \
			-c max_prepared_transactions=100 -c log_min_messages=warning \
			-c unix_socket_permissions=0777
		echo "$SPAWNED" >"$dir.pid"
	)
	SPAWN_PIDS+=("$(cat "$dir.pid")")
	SPAWN_NAMES+=("$1")
	must_wait "$1 starts" 60 answers "$dir/s"
	psql -X -q -h "$dir/s" -U postgres -d postgres -c 'CREATE DATABASE fwlog' >/dev/null 2>&1
	psql -X -q -h "$dir/s" -U postgres -d fwlog -c 'CREATE EXTENSION citus' >/dev/null ||
		die "no extension"
}

command -v psql >/dev/null || PATH=$PATH:$PG_BIN
unset PGPASSWORD PGSERVICE PGOPTIONS PGSSLMODE
for name in coordinator worker1 worker2; do
	node $name
done
PG_SOCKET=$T/coordinator/s
export PGHOST=$PG_SOCKET PGPORT=5432 PGUSER=postgres PGDATABASE=fwlog
out=$("$BIN/fwlogctl" db init --citus --db "$(pg_dsn postgres)" 2>&1)
is "without a worker it says what to do" "$? $(grep -o 'citus_add_node' <<<"$out")" "1 citus_add_node"
sql "SELECT citus_set_coordinator_host('$PG_SOCKET', 5432)" >/dev/null
for name in worker1 worker2; do
	sql "SELECT citus_add_node('$T/$name/s', 5432)" >/dev/null
done
check "db init --citus" "$BIN/fwlogctl" db init --citus -q --db "$(pg_dsn postgres)"
check "and again" "$BIN/fwlogctl" db init --citus -q --db "$(pg_dsn postgres)"
is "events are on the workers alone" "$(sql "SELECT count(DISTINCT nodename) FROM citus_shards
	WHERE table_name = 'fwlog.event'::regclass AND nodename <> '$PG_SOCKET'")" 2

# ---- the collector, killed amid of it
AGENTS=3
RECORDS=20000
stored()
{
	[ "$(sql 'SELECT count(*) FROM fwlog.event' 2>/dev/null || echo 0)" -ge "$1" ]
}
start_collector "" "commit_interval = 20ms" "commit_rows = 5000" "maintain = no"
"$BIN/fwlog-load" --collector "unix:$COLLECTOR_SOCKET" --agents $AGENTS --batch 250 \
	--window 4 --records "$RECORDS" --seconds 90 --name citus- >>"$T/log/load.log" 2>&1 &
LOAD=$!
must_wait "load" 60 stored $((AGENTS * RECORDS / 3))
stop "$COLLECTOR_PID" KILL
start_collector ""
wait "$LOAD"
is "all is acknowledged" $? 0
is "each record is stored once" "$(sql "SELECT count(*), count(DISTINCT (host_id, n))
	FROM fwlog.event")" "$((AGENTS * RECORDS))|$((AGENTS * RECORDS))"
for rel in minute hour hour_port hour_src hour_dst; do
	is "rollup_$rel has their sums" "$(sql "SELECT sum(events), sum(bytes) FROM fwlog.rollup_$rel")" \
		"$(sql 'SELECT count(*), sum(coalesce(len, 0)) FROM fwlog.event')"
done
check "the collector ends" stop_collector

# ---- days
DAY=$(date -u -d '3 days ago' +%Y-%m-%d)
PART=event_p${DAY//-/}
content()
{
	sql "SELECT count(*), md5(string_agg(e::text, '|' ORDER BY host, n)) FROM
		(SELECT time, host, prefix, in_iface, src_ip, dst_ip, dst_port, protocol, length, payload, n
		FROM fwlog.event_full WHERE time >= '$DAY 00:00+00'
		AND time < timestamptz '$DAY 00:00+00' + interval '1 day') e"
}
# ctl COMMAND…: fwlogctl db as the superuser; output in $OUT, status in $RC.
ctl()
{
	OUT=$("$BIN/fwlogctl" db "$@" --db "$(pg_dsn postgres)" 2>&1)
	RC=$?
}
sql "INSERT INTO fwlog.event (ts, host_id, n, prefix_id, in_id, src, dst, dport, proto, len)
	SELECT timestamptz '$DAY 00:00+00' + g * interval '8 s', 1 + g % 3, 1000000 + g, 1, 1,
		inet '10.1.0.0' + g % 500, '2001:db8::1', g % 1000, 6, 60
	FROM generate_series(0, 9999) g;
	INSERT INTO fwlog.rollup_hour SELECT host_id, date_trunc('hour', ts), 1, 6, count(*), sum(len)
		FROM fwlog.event WHERE n >= 1000000 GROUP BY 1, 2;
	INSERT INTO fwlog.rollup_hour_port SELECT host_id, hour, 6, -2, events, bytes
		FROM fwlog.rollup_hour WHERE hour < '$DAY 00:00+00'::timestamptz + interval '1 day'" >/dev/null
for rel in src dst; do
	sql "INSERT INTO fwlog.rollup_hour_$rel SELECT host_id, date_trunc('hour', ts), src, count(*),
		sum(len) FROM fwlog.event WHERE n >= 1000000 GROUP BY 1, 2, 3" >/dev/null
done
ctl maintain
says "events go from the default partition to their day" 0 "moves 10000 events .*: $PART"
ctl maintain
says "a day that is over is sealed" 0 "seals $PART: index by src"
is "nothing fails" "$RC" 0
is "what is over is summed up over all hosts" "$(sql "SELECT sum(events) FROM
	fwlog.rollup_day_src_full WHERE time = '$DAY 00:00+00'")" 10000
kept=$(content)
mkdir "$T/archive"
ctl archive "$DAY" --drop -d "$T/archive"
says "it is archived and dropped" 0 'dropped'
is "it is gone" "$(content)" "0|"
ctl restore "$T/archive/$PART.fwlog.zst"
says "it is restored" 0 '10000 events'
is "as it was" "$(content)" "$kept"
sql "DELETE FROM fwlog.kept_day" >/dev/null
ctl maintain --retain 2d --retain-rollups 2d
says "days go by age" 0 "drops $PART"
is "roll-ups too" "$(sql "SELECT count(*) FROM fwlog.rollup_hour WHERE hour < '$DAY 23:59+00'")" 0
ctl check
says "check is content" 0 'partitions'

# ---- readers
for view in $(sql "SELECT relname FROM pg_class WHERE relkind = 'v'
	AND relnamespace = 'fwlog'::regnamespace AND has_table_privilege('fwlog_report', oid, 'SELECT')"); do
	out=$(PGUSER=fwlog_report sql "SELECT * FROM fwlog.$view LIMIT 5" 2>&1 >/dev/null)
	is "the view $view answers" "$out" ""
done
mkdir "$T/q"
awk -v dir="$T/q" '/^### / { name = tolower(substr($0, 5)); gsub(/[^a-z0-9]+/, "-", name); next }
	/^```sql$/ { file = dir "/" name; inside = 1; next }
	/^```$/ { inside = 0 }
	inside { print > file }' "$ROOT/docs/forensics.md"
for file in "$T"/q/*; do
	out=$(psql -X -q -A -t -v ON_ERROR_STOP=1 -v since="$DAY 00:00Z" -v until="$(date -u -d tomorrow +%F) 00:00Z" \
		-v at="$DAY 00:00Z" -v address=10.1.0.7 -v host=citus-1 -v moment="$DAY 12:00Z" \
		-d "$(pg_dsn fwlog_report)" -f "$file" 2>&1 >/dev/null)
	is "${file##*/} of docs/forensics.md answers" "$out" ""
done
finish
