#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# The database is restored from a backup while agent and collector go on: what the agent
# retained is sent again, that of a run which was killed since included. Everything logged
# is stored once, nothing is lost.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"

SENT=0
LOST=0

host_up()
{
	net_host out fw
	net_link out to-fw fw eth0
	net_addr out to-fw 10.61.0.1/24
	net_addr fw eth0 10.61.0.2/24
	net_log_udp fw
}

# flood PACKETS: numbered as no others of this run.
flood()
{
	on out "$BIN/pktgen" -n "$1" -r 5000 -b 300 -i "$SENT" 10.61.0.2 >/dev/null ||
		die "pktgen"
	SENT=$((SENT + $1))
}

# flood_stored PACKETS: and wait until they are in the database.
flood_stored()
{
	flood "$1"
	wait_quiet fw
	check "$SENT packets are stored" wait_balanced 20 fw
}

stored()
{
	sql "SELECT count(*) FROM fwlog.event"
}

# Of the server that stands still, as a backup made at that time.
backup_make()
{
	pg_stop || not_ok "PostgreSQL does not end"
	cp -a "$PG_DIR/data" "$PG_DIR/backup" || die "no backup"
	pg_run
}

backup_restore()
{
	pg_stop || not_ok "PostgreSQL does not end"
	rm -rf "$PG_DIR/data"
	cp -a "$PG_DIR/backup" "$PG_DIR/data" || die "no way back"
	pg_run
}

worker_killed()
{
	local worker
	worker=$(agent_worker fw)
	kill -KILL "$worker" || die "no worker"
	wait_for 10 worker_other "$worker"
}

worker_other()
{
	local now
	now=$(agent_worker fw)
	[ -n "$now" ] && [ "$now" != "$1" ]
}

segments()
{
	find "$T/spool-fw" -name '*.seg' | wc -l
}

need_programs fwlog-agent fwlog-collector fwlogctl pktgen
net_init
pg_start --fast
db_init
host_up
start_collector ""
start_agent fw "segment_size = 2M" "spool_size = 64M" "zstd_level = 0" "snaplen = 256" \
	"flush_timeout = 10ms" "retain_after_ack = ${RETAIN:-1h}" "[group 5]"
flood_stored 3000
before=$(stored)
backup_make
flood_stored 6000
check "the worker is killed and comes back" worker_killed
flood_stored 6000
at_least "segments kept although all is stored" "$(segments)" 3

backup_restore
is "the backup lacks what came since" "$(stored)" "$before"
flood_stored 1000

# Again, and now nothing new is logged: the collector is started anew and asks.
backup_restore
stop_collector || not_ok "the collector does not end on SIGTERM"
start_collector ""
check "sent again without a new packet" wait_balanced 20 fw
check "the other worker is killed too" worker_killed
flood 500
final_balance fw
is "nothing lost" "$LOST" 0
is "each numbered packet is there" "$MARKED" "$SENT"
finish
