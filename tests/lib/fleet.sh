# SPDX-License-Identifier: GPL-2.0-or-later
# The programs of fwlog put together: database, collector, an agent in each host, and the
# balance of what was logged against what was stored. Needs common.sh, pg.sh, net.sh.
#
#   pg_start; db_init; start_collector HOST [CONFIG LINE]…; start_agent HOST [CONFIG LINE]…
#   wait_balanced SECONDS HOST…; balance HOST…; echo "$BALANCE"
#
# Agents come sealed, each with a key of its own; "transport = plain" as a line makes one
# plain. Synthetic agents (fwlog-load) are plain unless given keys.
# shellcheck disable=SC2034 # much of this is for those who source it

COLLECTOR_SOCKET=$T/collector.socket        # plain
COLLECTOR_SEALED=$T/collector.socket.sealed # what agents connect to by themselves
COLLECTOR_LISTEN= # further sealed addresses
COLLECTOR_PLAIN=  # further plain ones
KEYS=$T/keys      # HOST.key each
COLLECTOR_PID=
COLLECTOR_HOST=
COLLECTOR_ENV=() # for instance (env NAME=value)
AGENT_ENV=()     # the same
declare -A AGENT_PID=()
EXPECT_UNKNOWN=0 # losses of unknown size that the script itself brought about

db_init()
{
	"$BIN/fwlogctl" db init --db "$(pg_dsn postgres)" >"$T/log/fwlogctl.log" 2>&1 ||
		die "fwlogctl db init failed"
	PGDATABASE=fwlog
}

# start_collector HOST [CONFIG LINE]…: HOST "" is here. It always listens on
# $COLLECTOR_SOCKET and $COLLECTOR_SEALED. The configuration is written on the first call
# and kept when no line is given.
start_collector()
{
	local ON
	COLLECTOR_HOST=$1
	shift
	if [ ! -e "$T/collector.conf" ] || [ $# -gt 0 ]; then
		printf '%s\n' "database = $(pg_dsn fwlog_ingest)" \
			"listen = unix:$COLLECTOR_SEALED $COLLECTOR_LISTEN" \
			"listen_plain = unix:$COLLECTOR_SOCKET $COLLECTOR_PLAIN" \
			"listen_mode = 0666" "$@" \
			>"$T/collector.conf"
	fi
	in_host "$COLLECTOR_HOST"
	spawn collector ${ON[@]+"${ON[@]}"} "${WITH_PARENT[@]}" \
		${COLLECTOR_ENV[@]+"${COLLECTOR_ENV[@]}"} "$BIN/fwlog-collector" \
		-c "$T/collector.conf"
	COLLECTOR_PID=$SPAWNED
	must_wait "the collector listens" 20 collector_listens
}

# The kernel says so: flags 00010000 of a listening Unix socket.
collector_listens()
{
	alive "$COLLECTOR_PID" || die "the collector ended at once"
	on "$COLLECTOR_HOST" cat /proc/net/unix | awk -v path="$COLLECTOR_SOCKET" '
		$4 == "00010000" && $8 == path { found = 1 } END { exit !found }'
}

stop_collector()
{
	stop "$COLLECTOR_PID" TERM 20
}

# make_keys NAME…: for those that have none. The collector learns of them at once.
make_keys()
{
	local name missing=()
	mkdir -p "$KEYS"
	for name in "$@"; do
		[ -e "$KEYS/$name.key" ] || missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	"$BIN/fwlogctl" key new -q -d "$KEYS" --db "$(pg_dsn postgres)" "${missing[@]}" \
		>>"$T/log/fwlogctl.log" 2>&1 || die "no keys for ${missing[*]}"
	if [ -n "$COLLECTOR_PID" ] && kill -HUP "$COLLECTOR_PID" 2>/dev/null; then
		wait_for 10 keys_read || note "the collector has not read the new keys yet"
	fi
	return 0
}

# Before that an agent with a new key is a stranger, closed and counted.
keys_read()
{
	[ "$(sed -n 's/.* \([0-9]*\) keys of agents read.*/\1/p' "$T/log/collector.log" |
		tail -n 1)" = \
		"$(sql "SELECT count(*) FROM fwlog.agent_key WHERE state <> 'revoked'")" ]
}

# start_agent HOST [CONFIG LINE]…: waits until the kernel says that its groups are bound.
# A line "collector = …" replaces the Unix socket. Kept when no line is given.
start_agent()
{
	local host=$1 ON conf=$T/agent-$1.conf
	shift
	if [ ! -e "$conf" ] || [ $# -gt 0 ]; then
		agent_conf "$host" "$@" >"$conf"
	fi
	grep -q '^transport *= *plain' "$conf" || make_keys "$host"
	mkdir -p "$T/spool-$host"
	chmod 700 "$T/spool-$host"
	if grep -q '^user *=' "$conf"; then
		chown "$(sed -n 's/^user *= *//p' "$conf")" "$T/spool-$host"
	fi
	in_host "$host"
	spawn "agent-$host" "${ON[@]}" "${WITH_PARENT[@]}" ${AGENT_ENV[@]+"${AGENT_ENV[@]}"} \
		"$BIN/fwlog-agent" -c "$conf"
	AGENT_PID[$host]=$SPAWNED
	must_wait "the agent of $host binds its groups" 20 agent_bound "$host"
}

agent_conf()
{
	local host=$1 line collector="collector = unix:$COLLECTOR_SEALED"
	local key="key_file = $KEYS/$1.key" lines=()
	shift
	for line in "$@"; do
		case $line in
		transport\ =\ plain) collector="collector = unix:$COLLECTOR_SOCKET" ;;
		esac
	done
	for line in "$@"; do
		case $line in
		collector\ =*) collector=$line ;;
		key_file\ =*) key=$line ;;
		*) lines+=("$line") ;;
		esac
	done
	printf '%s\n' "name = $host" "$collector" "$key" "spool_dir = $T/spool-$host" \
		"${lines[@]}"
}

# Lines of nfnetlink_log: group, port id of the owner, queue, …
agent_bound()
{
	local groups bound g
	alive "${AGENT_PID[$1]}" || die "the agent of $1 ended at once"
	groups=$(sed -n 's/^\[group \([0-9]*\)\]/\1/p' "$T/agent-$1.conf")
	bound=$(on "$1" cat /proc/net/netfilter/nfnetlink_log | awk '{ print $1 }')
	for g in $groups; do
		grep -qx "$g" <<<"$bound" || return 1
	done
}

stop_agent()
{
	stop "${AGENT_PID[$1]}" TERM 20
}

# The process that captures: child of the one we started.
agent_worker()
{
	children_of "${AGENT_PID[$1]}" | head -n 1
}

# hosts_connected COUNT: that many agents have a session open, says the database.
hosts_connected()
{
	[ "$(sql "SELECT count(*) FROM fwlog.host_status WHERE connected")" -ge "$1" ]
}

# ---- the balance

# One line of numbers: events, rows of the same (host, n) beyond the first, packets of
# pktgen, those beyond the first of the same number, records in losses, losses of unknown
# size. pktgen's mark lies behind the IPv4 (28 bytes) or IPv6 (48) and UDP headers.
BALANCE_SQL="WITH e AS (SELECT host_id, n, CASE
		WHEN octet_length(payload) < 40 THEN NULL
		WHEN get_byte(payload, 0) >> 4 = 4 THEN substring(payload FROM 29 FOR 12)
		ELSE substring(payload FROM 49 FOR 12) END AS mark FROM fwlog.event),
	m AS (SELECT * FROM e WHERE substring(mark FOR 4) = 'FWID')
	SELECT (SELECT count(*) FROM e),
	(SELECT count(*) - count(DISTINCT (host_id, n)) FROM e),
	(SELECT count(*) FROM m), (SELECT count(*) - count(DISTINCT mark) FROM m),
	(SELECT coalesce(sum(records), 0) FROM fwlog.loss),
	(SELECT count(*) FROM fwlog.loss WHERE records IS NULL)"

# balance HOST…: sets LOGGED (nft counters), STORED, LOST, UNKNOWN (losses of unknown
# size), DUPLICATES (by event number or by pktgen's), MARKED (pktgen's packets stored) and
# BALANCE, the line that says it. 1 when it does not balance.
balance()
{
	local numbers by_n by_mark
	LOGGED=$(net_logged "$@")
	numbers=$(sql "$BALANCE_SQL") || return 1
	IFS='|' read -r STORED by_n MARKED by_mark LOST UNKNOWN <<<"$numbers"
	DUPLICATES=$((by_n > by_mark ? by_n : by_mark))
	BALANCE="balance: logged $LOGGED = stored $STORED + lost $LOST, duplicates $DUPLICATES"
	[ "$LOGGED" -eq $((STORED + LOST)) ] && [ "$DUPLICATES" -eq 0 ] &&
		[ "$UNKNOWN" -eq "$EXPECT_UNKNOWN" ] && return 0
	BALANCE="${BALANCE/=/!=}"
	[ "$UNKNOWN" -eq "$EXPECT_UNKNOWN" ] || BALANCE="$BALANCE, losses of unknown size $UNKNOWN"
	return 1
}

# Cheap: without looking for duplicates.
level()
{
	local stored
	stored=$(sql "SELECT (SELECT count(*) FROM fwlog.event) +
		(SELECT coalesce(sum(records), 0) FROM fwlog.loss)" 2>/dev/null) || return 1
	[ "$stored" -ge "$(net_logged "$@")" ]
}

# wait_balanced SECONDS HOST…: until everything logged has arrived. 1 when it has not.
wait_balanced()
{
	local seconds=$1
	shift
	wait_for "$seconds" level "$@"
}

# The counters of these hosts stand still: nothing is on its way any more.
wait_quiet()
{
	local before=-1 now
	now=$(net_logged "$@")
	while [ "$before" != "$now" ]; do
		before=$now
		sleep 0.3
		now=$(net_logged "$@")
	done
}

# final_balance HOST…: after the last packet: everything arrives, then agents and
# collector end, then it must still be so (a late duplicate shows now). Result lines.
final_balance()
{
	local host
	wait_quiet "$@"
	wait_balanced "${BALANCE_SECONDS:-30}" "$@" || note "not everything arrived in time"
	for host in "$@"; do
		stop_agent "$host" || not_ok "the agent of $host does not end on SIGTERM"
	done
	stop_collector || not_ok "the collector does not end on SIGTERM"
	if balance "$@"; then ok "$BALANCE"; else not_ok "$BALANCE"; fi
}
