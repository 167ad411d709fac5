#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
# The metrics of an agent and a collector that work: what promtool thinks of them, that
# they count what happened, each name of --print-metrics is there; /healthz, /readyz with
# and without a database; and clients that are slow, greedy or talk nonsense, while
# records go on.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
need_programs fwlog-agent fwlog-collector fwlogctl pktgen
need_commands=(curl python3)
for c in "${need_commands[@]}"; do
	command -v "$c" >/dev/null || skip_all "$c is missing"
done

AGENT=127.0.0.1:9751        # in its host's namespace
COLLECTOR=$T/metrics.socket # here
SENT=0

agent_get()
{
	on web curl -s -m 10 "http://$AGENT/$1"
}

collector_get()
{
	curl -s -m 10 --unix-socket "$COLLECTOR" "http://localhost/$1"
}

# value TEXT NAME: of a metric, with its labels.
value()
{
	awk -v name="$2" '$1 == name { print $2 }' <<<"$1"
}

flood()
{
	on web "$BIN/pktgen" -n "$1" -r 4000 -i "$SENT" 127.0.0.2 >/dev/null || die pktgen
	SENT=$((SENT + $1))
}

stored()
{
	[ "$(sql 'SELECT count(*) FROM fwlog.event')" -eq "$1" ]
}

acknowledged()
{
	[ "$(value "$(agent_get metrics)" fwlog_agent_spool_waiting_records)" = 0 ]
}

ready()
{
	[ "$(collector_get readyz)" = ok ]
}

not_ready()
{
	case $(collector_get readyz) in
	"database: "*) return 0 ;;
	esac
	return 1
}

# exposition WHAT PROGRAM TEXT
exposition()
{
	local found
	if ! command -v promtool >/dev/null; then
		skip "$1: promtool is missing (Debian: prometheus)"
	elif found=$(promtool check metrics <<<"$3" 2>&1); then
		ok "$1: promtool check metrics"
	else
		not_ok "$1: promtool check metrics"
		note "$found"
	fi
	is "$1: names" "$(awk '$2 == "TYPE" { print $3, $4 }' <<<"$3")" \
		"$("$BIN/$2" --print-metrics | cut -f 1,2 --output-delimiter ' ' | uniq)"
}

check_expositions()
{
	local agent collector
	agent=$(agent_get metrics)
	collector=$(collector_get metrics)
	exposition agent fwlog-agent "$agent"
	exposition collector fwlog-collector "$collector"
	is "agent: captured" "$(value "$agent" fwlog_agent_captured_records_total)" $SENT
	is "agent: of the group" \
		"$(value "$agent" 'fwlog_agent_group_captured_records_total{group="5"}')" $SENT
	is "agent: acknowledged" "$(value "$agent" fwlog_agent_acknowledged_records_total)" $SENT
	is "agent: connected" "$(value "$agent" fwlog_agent_connected)" 1
	at_least "agent: receive buffer" \
		"$(value "$agent" 'fwlog_agent_group_receive_buffer_bytes{group="5"}')" 65536
	is "collector: committed" \
		"$(value "$collector" fwlog_collector_committed_records_total)" $SENT
	is "collector: agents" "$(value "$collector" fwlog_collector_agents_connected)" 1
	is "collector: commits are timed" \
		"$(value "$collector" fwlog_collector_commit_duration_seconds_count)" \
		"$(value "$collector" fwlog_collector_commits_total)"
	is "collector: the worst bucket has all" \
		"$(value "$collector" 'fwlog_collector_batch_duration_seconds_bucket{le="+Inf"}')" \
		"$(value "$collector" fwlog_collector_batch_duration_seconds_count)"
	at_least "collector: rules of alerts" \
		"$(value "$collector" fwlog_collector_alert_engine_active)" 1
}

status()
{
	on web curl -s -m 10 -o /dev/null -w '%{http_code}' "$@"
}

check_requests()
{
	local long
	long=$(printf 'a%.0s' $(seq 6000))
	is "healthz" "$(agent_get healthz)" ok
	is "readyz" "$(agent_get readyz)" ok
	is "HEAD" "$(status -I "http://$AGENT/metrics")" 200
	is "POST" "$(status -d x "http://$AGENT/metrics")" 501
	is "another path" "$(status "http://$AGENT/etc/passwd")" 404
	is "a request that is too long" "$(status "http://$AGENT/$long")" 400
}

# Many that send nothing, or a byte now and then, or ask all the time.
hostile()
{
	spawn hostile nsenter -t "${NET_PID[web]}" -n "${WITH_PARENT[@]}" python3 - <<-'END'
		import socket, time
		held = []
		while True:
		    for i in range(4):
		        try:
		            s = socket.create_connection(("127.0.0.1", 9751), 0.2)
		            s.setblocking(False)
		            s.send((b"", b"GET /met", b"GET /metrics HTTP/1.1\r\n\r\n" * 50,
		                b"\0" * 9000)[i])
		            held.append(s)
		        except OSError:
		            pass
		    for s in held:
		        try:
		            s.send(b"x")
		        except OSError:
		            pass
		    if len(held) > 200:
		        for s in held[:100]:
		            s.close()
		        held = held[100:]
		    time.sleep(0.01)
	END
	HOSTILE=$SPAWNED
}

answers_again()
{
	[ "$(agent_get healthz)" = ok ]
}

check_hostile()
{
	local worker
	worker=$(agent_worker web)
	hostile
	flood 4000
	check "records are stored while the port is under attack" \
		wait_for 15 stored $SENT
	at_least "connections the worker has, at most 8 and its own: room" \
		$((80 - $(find "/proc/$worker/fd" | wc -l))) 1
	stop "$HOSTILE" KILL
	check "the port answers afterwards" wait_for 12 answers_again
	is "the worker is the same" "$(agent_worker web)" "$worker"
	is "nothing was lost" \
		"$(value "$(agent_get metrics)" 'fwlog_agent_lost_records_total{cause="kernel"}')" 0
}

check_restart()
{
	local worker
	worker=$(agent_worker web)
	kill -KILL "$worker"
	check "another worker answers" wait_for 10 answers_again
	is "restarts of the worker" \
		"$(value "$(agent_get metrics)" fwlog_agent_worker_restarts_total)" 1
}

net_init
net_host web
pg_start --fast
db_init
start_collector "" "metrics = unix:$COLLECTOR" "alerts = yes"
check "the collector is ready" wait_for 10 ready
start_agent web "metrics = $AGENT" "[group 5]"
net_rules web <<-'END'
	table inet t {
		counter logged { }
		chain in {
			type filter hook input priority 0;
			ip daddr 127.0.0.2 udp dport 1-65535 counter name logged log prefix "in " group 5
		}
	}
END
must_wait "the agent is connected" 15 hosts_connected 1
flood 3000
must_wait "all is stored" 20 stored $SENT
must_wait "all is acknowledged" 10 acknowledged
engine_tells()
{
	[ "$(value "$(collector_get metrics)" fwlog_collector_alert_engine_active)" = 1 ]
}
check "the alert engine tells of itself" wait_for 10 engine_tells
check_expositions
check_requests
check_hostile
check_restart
"$BIN/fwlogctl" health --db "$(pg_dsn fwlog_report)" >"$T/health" 2>&1
is "fwlogctl health: all is well" $? 0
"$BIN/fwlogctl" agents --db "$(pg_dsn fwlog_report)" | grep -q '^web ' ||
	not_ok "fwlogctl agents names the host"
stop_agent web
must_wait "the host is seen to be gone" 15 eval '! hosts_connected 1'
sql "UPDATE fwlog.host_status SET last_contact = now() - interval '1 hour'" >/dev/null
"$BIN/fwlogctl" health --json --db "$(pg_dsn fwlog_report)" >"$T/health" 2>&1
is "fwlogctl health: a silent host" $? 1
check "fwlogctl health --json is JSON" python3 -m json.tool "$T/health" "$T/health.out"
pg_stop
check "without a database the collector is not ready" wait_for 15 not_ready
is "it answers nevertheless" "$(collector_get healthz)" ok
is "metrics say so, too" "$(value "$(collector_get metrics)" fwlog_collector_ready)" 0
stop_collector
check "the socket is gone" test ! -e "$COLLECTOR"
finish
