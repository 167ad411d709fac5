#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
# One agent reads the same group in its own and in other network namespaces, which come and
# go as containers do: every packet arrives with the name of its namespace and with the
# interface names of there.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"

# container_up NAME ADDRESS-BYTE IFACE: with a cable to `out` and rules as the agent's host
# has them; $T/ns-NAME leads to it.
container_up()
{
	net_host "$1"
	net_link out "to-$1-$2" "$1" "$3"
	net_addr out "to-$1-$2" "10.51.$2.1/24"
	net_addr "$1" "$3" "10.51.$2.2/24"
	log_rules "$1"
	ln -sfn "/proc/${NET_PID[$1]}/ns/net" "$T/ns-$1"
}

# The last process of it ends.
container_down()
{
	stop "${NET_PID[$1]}" KILL
}

log_rules()
{
	net_rules "$1" <<-EOT
	table ip fw {
		counter logged { }
		chain input {
			type filter hook input priority 0; policy accept;
			meta l4proto udp counter name logged log prefix "in $1" group 5 drop
		}
	}
	EOT
}

# packets ADDRESS-BYTE COUNT
packets()
{
	on out "$BIN/pktgen" -n "$2" -r 2000 -s 4 -i $SENT "10.51.$1.2" >/dev/null ||
		die "packets to 10.51.$1.2"
	SENT=$((SENT + $2))
}

# seen: "namespace:prefix:interface count" for all events, sorted.
seen()
{
	sql "SELECT coalesce(netns, '-') || ':' || prefix || ':' || in_iface || ' ' || count(*)
		FROM fwlog.event_full GROUP BY netns, prefix, in_iface ORDER BY 1" | paste -sd,
}

# sees TEXT: within 10 s.
sees()
{
	wait_for 10 shows "$1" || note "seen: $(seen)"
	is "events by namespace, prefix, interface" "$(seen)" "$1"
}

shows()
{
	[ "$(seen)" = "$1" ]
}

said()
{
	grep -qE -- "$1" "$T/log/agent-fw.log"
}

no_link()
{
	! on out ip link show "$1" >/dev/null 2>&1
}

# Losses of unknown size: one a namespace that came back.
unknown_losses()
{
	[ "$(sql "SELECT count(*) FROM fwlog.loss
		WHERE cause = 'agent_down' AND records IS NULL")" -eq "$1" ]
}

# How often the kernel has group 5 bound in a namespace.
bound_in()
{
	on "$1" grep -cE '^ *5 ' /proc/net/netfilter/nfnetlink_log
}

SENT=0
need_programs fwlog-agent fwlog-collector fwlogctl pktgen
net_init
net_host out fw
net_link out to-fw fw eth0
net_addr out to-fw 10.51.1.1/24
net_addr fw eth0 10.51.1.2/24
log_rules fw
container_up web 2 web0
pg_start
db_init
start_collector ""
start_agent fw "segment_size = 2M" "[group 5]" "[group 5 web]" "netns = $T/ns-web" \
	"[group 5 db]" "netns = $T/ns-db"

# The same group in two namespaces; the third is not there yet.
check "a namespace that is not there is named" said 'group 5 in db: .*no network namespace.*ns-db'
must_wait "group 5 in web" 10 said 'group 5 in web bound'
is "its own socket in each" "$(bound_in fw) $(bound_in web)" "1 1"
packets 1 100
packets 2 200
sees "-:in fw:eth0 100,web:in web:web0 200"

# One begins.
container_up db 3 db0
check "a namespace that comes is bound" wait_for 10 said 'group 5 in db bound'
packets 3 300
sees "-:in fw:eth0 100,db:in db:db0 300,web:in web:web0 200"

# Names change there, not here.
on db ip link set db0 down && on db ip link set db0 name inner && on db ip link set inner up
packets 3 10
sees "-:in fw:eth0 100,db:in db:db0 300,db:in db:inner 10,web:in web:web0 200"

# The worker's successor gets all of it again.
kill -KILL "$(agent_worker fw)"
packets 1 1
packets 2 1
packets 3 1
sees "-:in fw:eth0 101,db:in db:db0 300,db:in db:inner 11,web:in web:web0 201"

# One ends, and another of its name begins: not the same place, nor the same interface.
container_down web
check "a namespace that goes is let go of" wait_for 10 said 'group 5 in web: .* is gone'
check "which ends its last interface" wait_for 10 no_link to-web-2
packets 1 1
container_up web 4 web1
check "and bound again when it is back" wait_for 10 eval \
	'[ "$(grep -c "group 5 in web bound" "$T/log/agent-fw.log")" -eq 2 ]'
packets 4 50
sees "-:in fw:eth0 102,db:in db:db0 300,db:in db:inner 11,web:in web:web0 201,web:in web:web1 50"
check "the time between is a loss of unknown size" wait_for 10 unknown_losses 1
EXPECT_UNKNOWN=1

# One takes the place of another without a pause.
old=${NET_PID[db]}
container_up db 5 db0
check "one in the place of another is noticed" wait_for 10 said 'group 5 in db: .* is another one now'
must_wait "group 5 in the other db" 10 eval \
	'[ "$(grep -c "group 5 in db bound" "$T/log/agent-fw.log")" -eq 2 ]'
packets 5 20
sees "-:in fw:eth0 102,db:in db:db0 320,db:in db:inner 11,web:in web:web0 201,web:in web:web1 50"
check "and told likewise" wait_for 10 unknown_losses 2
NET_PID[old]=$old
is "the old one is let go of" "$(bound_in old)" 0

is "duplicates" "$(sql "SELECT count(*) - count(DISTINCT (host_id, n)) FROM fwlog.event")" 0
is "all packets are stored" "$(sql "SELECT count(*) FROM fwlog.event")" "$SENT"
is "losses of known size" "$(sql "SELECT coalesce(sum(records), 0) FROM fwlog.loss")" 0
stop_agent fw || not_ok "the agent does not end on SIGTERM"
stop_collector || not_ok "the collector does not end on SIGTERM"
finish
