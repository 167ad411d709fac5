# SPDX-License-Identifier: GPL-2.0-or-later
# A small site of three firewalls, for the demo and the tests of the whole pipeline.
# Needs tests/lib/{common,pg,net,fleet}.sh.
#
#   out   the rest of the world: attackers with many addresses
#   web   a server, IPv4:            agent by TCP over IPv4
#   kvm   a host of virtual machines, its bridge filters: agent by the Unix socket, plain
#   vm1, vm2  its guests
#   v6    a server, IPv6:            agent by TCP over IPv6
#   coll  the collector
#
# Rules that log count first: named counter `logged`. They are loaded after the agents
# hold their groups, for what nobody listens to no one can count.
# shellcheck disable=SC2034 # for those who source it

SITE_HOSTS=(web kvm v6)
WEB=192.0.2.10
VM1=198.51.100.11
VM2=198.51.100.12
V6=2001:db8:6::10

site_up()
{
	net_host out coll web kvm v6 vm1 vm2
	net_link out to-web web eth0
	net_link out to-kvm kvm eth0
	net_link out to-v6 v6 eth0
	net_link kvm vnet0 vm1 eth0
	net_link kvm vnet1 vm2 eth0
	net_link coll to-web web mgmt0
	net_link coll to-v6 v6 mgmt0
	net_bridge kvm br0 eth0 vnet0 vnet1
	net_addr coll to-web 10.77.1.1/24
	net_addr coll to-v6 fd77::1/64
	net_addr web mgmt0 10.77.1.2/24
	net_addr v6 mgmt0 fd77::2/64
	net_addr web eth0 $WEB/24
	net_addr kvm br0 198.51.100.10/24
	net_addr vm1 eth0 $VM1/24
	net_addr vm2 eth0 $VM2/24
	net_addr v6 eth0 $V6/64
	net_addr out to-web 192.0.2.{1,101,102,103,104,105,106,107}/24
	net_addr out to-kvm 198.51.100.{1,101,102,103,104}/24
	net_addr out to-v6 2001:db8:6::{1,a1,a2,a3,a4}/64
	site_bridge_netfilter
}

# Where the kernel can, IPv4 of the guests also passes the rules of the inet family,
# which then know the bridge's ports (br_netfilter).
site_bridge_netfilter()
{
	BRIDGE_NETFILTER=
	# shellcheck disable=SC2016 # for the other shell
	on kvm sh -c 'echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables' 2>/dev/null &&
		BRIDGE_NETFILTER=yes
}

site_collector()
{
	COLLECTOR_LISTEN="10.77.1.1:7514 [fd77::1]:7514"
	start_collector coll "$@"
}

# site_agents [CONFIG LINE]…: the same further lines for all.
site_agents()
{
	start_agent web "collector = 10.77.1.1:7514" "$@" "[group 5]" "[group 7]"
	start_agent kvm "transport = plain" "$@" "[group 5]" "[group 6]"
	start_agent v6 "collector = [fd77::1]:7514" "$@" "[group 5]"
}

site_rules()
{
	local log='counter name logged log prefix'
	net_rules web <<-EOT
	table inet fw {
		counter logged { }
		chain input {
			type filter hook input priority 0; policy accept;
			iifname != "eth0" accept
			meta nfproto ipv6 accept
			tcp dport 22 $log "SSH-BRUTE " group 5 reject with tcp reset
			tcp flags & (syn | ack) == syn $log "SCAN " group 5 drop
			udp dport 53 $log "DNS " group 5 drop
			meta l4proto udp $log "UDP " group 5 drop
			icmp type echo-request $log "PING " group 5 accept
		}
		chain output {
			type filter hook output priority 0; policy accept;
			oifname "eth0" udp dport 123 $log "NTP-OUT " group 7 drop
		}
	}
	EOT
	net_rules v6 <<-EOT
	table ip6 fw {
		counter logged { }
		chain input {
			type filter hook input priority 0; policy accept;
			iifname != "eth0" accept
			tcp dport 22 $log "SSH6-BRUTE " group 5 reject with tcp reset
			tcp flags & (syn | ack) == syn $log "SCAN6 " group 5 drop
			meta l4proto udp $log "UDP6 " group 5 drop
			icmpv6 type echo-request $log "PING6 " group 5 accept
		}
	}
	EOT
	site_rules_kvm
}

site_rules_kvm()
{
	local log='counter name logged log prefix'
	local ping="ip protocol icmp $log \"GUEST-PING \" group 6 accept"
	net_rules kvm <<-EOT
	table bridge fw {
		counter logged { }
		chain forward {
			type filter hook forward priority 0; policy accept;
			iifname "eth0" tcp flags & (syn | ack) == syn $log "GUEST-SCAN " group 5 drop
			iifname "eth0" meta l4proto udp $log "GUEST-UDP " group 5 drop
			${BRIDGE_NETFILTER:+#} $ping
		}
	}
	EOT
	[ -z "$BRIDGE_NETFILTER" ] || net_rules kvm <<-EOT
	table ip fw {
		counter logged { }
		chain forward {
			type filter hook forward priority 0; policy accept;
			$ping
		}
	}
	EOT
}

# What the rules above do, for the verdicts of their events.
site_verdicts()
{
	local db
	db=$(pg_dsn fwlog_admin)
	"$BIN/fwlogctl" prefix set -q --db "$db" --verdict reject SSH-BRUTE SSH6-BRUTE &&
		"$BIN/fwlogctl" prefix set -q --db "$db" --verdict accept '*PING' PING6 &&
		"$BIN/fwlogctl" prefix set -q --db "$db" --verdict drop '*SCAN' SCAN6 \
			DNS '*UDP' UDP6 NTP-OUT
}

# ---- traffic

TRAFFIC=()

# traffic HOST NAME KIND ADDRESS ID [SOURCE…]: tests/demo/traffic.sh in that host.
traffic()
{
	local ON host=$1 name=$2
	shift 2
	in_host "$host"
	spawn "traffic-$name" "${ON[@]}" env BIN="$BIN" "${WITH_PARENT[@]}" \
		bash "$ROOT/tests/demo/traffic.sh" "$@"
	TRAFFIC+=("$SPAWNED")
}

site_traffic()
{
	traffic out web-scan scan $WEB 0 192.0.2.101 192.0.2.102 192.0.2.103
	traffic out web-ssh brute $WEB 0
	traffic out web-dns dns $WEB 1 192.0.2.10{4,5,6,7}
	traffic out web-udp udp $WEB 2 192.0.2.10{1,2,3}
	traffic out web-ping ping $WEB 0
	traffic web web-ntp ntp 192.0.2.1 3 $WEB
	traffic out kvm-scan scan $VM1 0 198.51.100.101 198.51.100.102
	traffic out kvm-udp udp $VM2 4 198.51.100.10{1,2,3,4}
	traffic out kvm-ping ping $VM1 0
	traffic vm1 vm-ping ping $VM2 0
	traffic out v6-ssh brute $V6 0
	traffic out v6-scan scan $V6 0
	traffic out v6-udp udp $V6 5 2001:db8:6::a{1,2,3,4}
	traffic out v6-ping ping $V6 0
}

site_traffic_stop()
{
	local pid
	for pid in ${TRAFFIC[@]+"${TRAFFIC[@]}"}; do
		stop "$pid" KILL
	done
	TRAFFIC=()
}
