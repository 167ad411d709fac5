# SPDX-License-Identifier: GPL-2.0-or-later
# A private PostgreSQL under $T/pg on a Unix socket, as an unprivileged user, everything
# trusted on that socket. Needs common.sh. After pg_start psql and libpq find it by the
# exported PGHOST, PGPORT, PGUSER (superuser), PGDATABASE; pg_dsn USER makes an option value.
# PG_BIN chooses an installation, for instance /usr/lib/postgresql/13/bin.

PG_DIR=$T/pg
PG_SOCKET=$T/pg/s
PG_PID=

pg_find()
{
	local d
	for d in "${PG_BIN:-}" "$(dirname "$(command -v initdb 2>/dev/null)" 2>/dev/null)" \
		$(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort -Vr); do
		if [ -x "$d/initdb" ] && [ -x "$d/postgres" ]; then
			PG_BIN=$d
			return 0
		fi
	done
	return 1
}

# PostgreSQL refuses to run as root: as root it gets a user that surely is there.
pg_user()
{
	local u
	PG_AS=()
	[ "$(id -u)" -eq 0 ] || return 0
	for u in postgres nobody; do
		id "$u" >/dev/null 2>&1 || continue
		PG_OWNER=$(id -u "$u"):$(id -g "$u")
		PG_AS=(setpriv --reuid "${PG_OWNER%:*}" --regid "${PG_OWNER#*:}" --clear-groups)
		return 0
	done
	return 1
}

# pg_start [--fast]: initdb on the first call, then start and wait. --fast: without fsync,
# for tests that prove nothing about crashes of the database.
pg_start()
{
	PG_MORE=(-c fsync=on)
	[ "${1:-}" != --fast ] || PG_MORE=(-c fsync=off -c full_page_writes=off)
	pg_find || skip_all "PostgreSQL's server programs are missing"
	pg_user || skip_all "no unprivileged user to run PostgreSQL as"
	command -v psql >/dev/null || PATH=$PATH:$PG_BIN
	if [ ! -d "$PG_DIR/data" ]; then
		pg_init || die "initdb failed"
	fi
	export PGHOST=$PG_SOCKET PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
	unset PGPASSWORD PGSERVICE PGOPTIONS PGSSLMODE
	pg_run
}

pg_init()
{
	mkdir -p "$PG_DIR" "$PG_SOCKET"
	[ -z "${PG_OWNER:-}" ] || chown -R "$PG_OWNER" "$PG_DIR"
	(cd / && ${PG_AS[@]+"${PG_AS[@]}"} "$PG_BIN/initdb" -D "$PG_DIR/data" -U postgres \
		-A trust -E UTF8 --locale=C --no-sync) >"$T/log/initdb.log" 2>&1
}

# SIGINT is PostgreSQL's fast shutdown.
pg_run()
{
	local die_with=("${WITH_PARENT[@]/TERM/INT}")
	spawn postgres ${PG_AS[@]+"${PG_AS[@]}"} "${die_with[@]}" "$PG_BIN/postgres" \
		-D "$PG_DIR/data" -k "$PG_SOCKET" -c listen_addresses= \
		-c max_connections=60 -c shared_buffers=64MB -c max_wal_size=512MB \
		-c log_min_messages=warning -c unix_socket_permissions=0777 "${PG_MORE[@]}"
	PG_PID=$SPAWNED
	STOP_SIGNAL[$PG_PID]=INT
	must_wait "PostgreSQL starts" 60 pg_ready
}

pg_ready()
{
	alive "$PG_PID" || die "PostgreSQL ended at once"
	psql -X -q -A -t -c 'SELECT 1' >/dev/null 2>&1
}

pg_stop()
{
	stop "$PG_PID" INT 30
	PG_PID=
}

# As after a crash of the machine: the next start recovers from the log.
pg_restart_immediate()
{
	stop "$PG_PID" QUIT 30
	pg_run
}

# pg_kill_backend [USER]: SIGKILL to one backend of that user (fwlog_ingest); the server
# then ends all sessions and recovers. 1 when there is none.
pg_kill_backend()
{
	local pid
	pid=$(sql "SELECT pid FROM pg_stat_activity WHERE usename = '${1:-fwlog_ingest}'
		ORDER BY backend_start DESC LIMIT 1") || return 1
	[ -n "$pid" ] && kill -KILL "$pid"
}

# pg_terminate [USER]: ends that user's sessions, the polite way; prints how many.
pg_terminate()
{
	sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE usename = '${1:-fwlog_ingest}'"
}

# sql TEXT: as superuser in the database fwlog once it is there; unaligned, tuples only.
sql()
{
	psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"
}

# pg_dsn USER [DATABASE]: a libpq connection string.
pg_dsn()
{
	echo "host=$PG_SOCKET port=5432 user=$1 dbname=${2:-fwlog}"
}
