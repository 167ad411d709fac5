# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts as network namespaces: each is held by one sleeping process, nothing is mounted or
# named, so they vanish with the script. Serves root and ordinary users alike: for the
# latter all hosts belong to one user namespace, entered for each command; the script
# itself stays outside. Needs common.sh.
#
#   net_init; net_host web; net_host out; net_link out to_web web eth0
#   net_addr web eth0 10.1.0.2/24; on web ping -c1 10.1.0.1; spawn x "${ON[@]}" …

declare -A NET_PID=()
NET_ENTER=()  # how to come into the user namespace of the hosts; empty for root

net_init()
{
	need_programs ip nft unshare nsenter
	if [ "$(id -u)" -eq 0 ]; then
		net_possible || skip_all "no right to make network namespaces (CAP_SYS_ADMIN)"
		return 0
	fi
	spawn netroot unshare -Urn "${WITH_PARENT_KILL[@]}" sleep 100000
	wait_for 5 net_separate "$SPAWNED" user ||
		skip_all "unprivileged user namespaces are switched off here"
	NET_ENTER=(nsenter -t "$SPAWNED" -U --preserve-credentials)
	"${NET_ENTER[@]}" id >/dev/null 2>&1 || wait_for 5 "${NET_ENTER[@]}" true
	net_possible || skip_all "no network namespaces inside a user namespace here"
}

net_possible()
{
	${NET_ENTER[@]+"${NET_ENTER[@]}"} unshare -n ip link set lo up 2>"$T/log/net.log"
}

# net_separate PID KIND: that process is in a namespace of its own.
net_separate()
{
	local mine theirs
	mine=$(readlink "/proc/self/ns/$2")
	theirs=$(readlink "/proc/$1/ns/$2" 2>/dev/null) || return 1
	[ "$mine" != "$theirs" ] && [ "$(cat "/proc/$1/comm")" = sleep ]
}

# net_host NAME…
net_host()
{
	local name
	for name in "$@"; do
		spawn "host-$name" ${NET_ENTER[@]+"${NET_ENTER[@]}"} unshare -n \
			"${WITH_PARENT_KILL[@]}" sleep 100000
		NET_PID[$name]=$SPAWNED
		must_wait "namespace $name" 5 net_separate "$SPAWNED" net
		on "$name" ip link set lo up
	done
}

# in_host NAME: sets ON to the words that run a command in that host; "" is here.
in_host()
{
	ON=()
	[ -n "$1" ] || return 0
	ON=(nsenter -t "${NET_PID[$1]}" -n)
	[ ${#NET_ENTER[@]} -eq 0 ] ||
		ON=(nsenter -t "${NET_PID[$1]}" -U --preserve-credentials -n)
}

# on NAME COMMAND…
on()
{
	local ON
	in_host "$1"
	shift
	"${ON[@]}" "$@"
}

# net_link HOST IFACE HOST2 IFACE2: a cable between two hosts.
net_link()
{
	on "$1" ip link add "$2" type veth peer name "$4" netns "${NET_PID[$3]}" ||
		die "no veth pair $1:$2 - $3:$4"
	on "$1" ip link set "$2" up
	on "$3" ip link set "$4" up
}

# net_addr HOST IFACE ADDRESS/PREFIX…: IPv6 is usable at once (no address detection).
net_addr()
{
	local host=$1 iface=$2 a
	shift 2
	for a in "$@"; do
		case $a in
		*:*) on "$host" ip addr add "$a" dev "$iface" nodad ;;
		*) on "$host" ip addr add "$a" dev "$iface" ;;
		esac || die "address $a on $host:$iface"
	done
}

# net_bridge HOST BRIDGE PORT…: ports become ports of a new bridge.
net_bridge()
{
	local host=$1 bridge=$2 port
	shift 2
	on "$host" ip link add "$bridge" type bridge || skip_all "the kernel has no bridge"
	for port in "$@"; do
		on "$host" ip link set "$port" master "$bridge"
	done
	on "$host" ip link set "$bridge" up
}

# net_rules HOST: nft rules from standard input. Rules that log hit the named counter
# `logged` first: the truth everything is balanced against.
net_rules()
{
	on "$1" nft -f - || die "nft rules of $1"
}

# net_log_udp HOST: logs every UDP packet that comes in to group 5.
net_log_udp()
{
	net_rules "$1" <<-EOT
	table ip fw {
		counter logged { }
		chain input {
			type filter hook input priority 0; policy accept;
			meta l4proto udp counter name logged log prefix "UDP " group 5 drop
		}
	}
	EOT
}

# net_logged HOST…: packets the counters `logged` of these hosts have seen.
net_logged()
{
	local host
	for host in "$@"; do
		on "$host" nft list counters
	done | awk '/counter logged/ { f = 1 } f && /packets/ { s += $2; f = 0 }
		END { print s + 0 }'
}
