#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# The sealed stream with real programs: events arrive; nobody gets in without a key that may
# be used, or a byte in answer; a key is one host's; keys are replaced under load without a
# lost record; a revoked key's session ends.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"

SENT=0

hosts_up()
{
	net_host out fw
	net_link out to-fw fw eth0
	net_addr out to-fw 10.50.1.1/24
	net_addr fw eth0 10.50.1.2/24
	net_log_udp fw
}

AGENT=("zstd_level = 0" "flush_timeout = 10ms" "sync_interval = 10ms" "[group 5]")

# packets N RATE: numbered, to the host; in the background as $LOAD.
packets()
{
	local ON
	in_host out
	spawn load "${ON[@]}" "${WITH_PARENT_KILL[@]}" "$BIN/pktgen" -n "$1" -r "$2" -i $SENT \
		10.50.1.2
	LOAD=$SPAWNED
	SENT=$((SENT + $1))
}

# all_there WHAT: what the rules logged is stored, once each.
all_there()
{
	wait_for 30 gone "$LOAD"
	wait_quiet fw
	wait_balanced 30 fw || note "not everything arrived in time"
	if balance fw && [ "$LOST" -eq 0 ]; then ok "$1: $BALANCE"; else not_ok "$1: $BALANCE"; fi
}

connected()
{
	[ "$(sql "SELECT connected FROM fwlog.host_status JOIN fwlog.host USING (host_id)
		WHERE name = 'fw'")" = "$1" ]
}

# counter NAME: of the collector, now.
counter()
{
	local before
	before=$(grep -c 'counters:' "$T/log/collector.log")
	kill -USR1 "$COLLECTOR_PID"
	wait_for 5 more_counters "$before"
	sed -n "s/.*counters:.* $1=\([0-9]*\).*/\1/p" "$T/log/collector.log" | tail -n 1
}

more_counters()
{
	[ "$(grep -c 'counters:' "$T/log/collector.log")" -gt "$1" ]
}

key()
{
	"$BIN/fwlogctl" key "$@" -q --db "$(pg_dsn fwlog_admin)" >>"$T/log/fwlogctl.log" 2>&1 ||
		die "fwlogctl key $*"
}

# state_of FILE: of the key in it.
state_of()
{
	sql "SELECT state FROM fwlog.agent_key WHERE encode(key_id, 'hex') = '$(id_of "$1")'"
}

id_of()
{
	cut -d ' ' -f 3 "$1"
}

is_state()
{
	[ "$(state_of "$1")" = "$2" ]
}

# field FILE NAME: of a line of JSON.
field()
{
	sed -n "s/.*\"$2\": \"\{0,1\}\([^,\"}]*\).*/\1/p" "$1"
}

# ---- strangers: all at once, for each takes as long as it is let

STRANGERS=()

# stranger NAME KIND [OPTION]…
stranger()
{
	local name=$1 kind=$2
	shift 2
	"$BIN/stranger" --to "$AT" --kind "$kind" "$@" >"$T/stranger-$name" \
		2>>"$T/log/stranger.log" &
	STRANGERS+=("$name $!")
}

# turned_away NAME BYTES: it got so many bytes and was closed within 5 s.
turned_away()
{
	local f=$T/stranger-$1
	if [ "$(field "$f" bytes)" = "$2" ] && [ "$(field "$f" closed)" = true ] &&
		[ "$(field "$f" ms)" -le 5000 ]; then
		ok "$1: $2 bytes, closed after $(field "$f" ms) ms"
	else
		not_ok "$1: $(cat "$f")"
	fi
}

check_strangers()
{
	local s name accepted left
	key new revoked forbidden guest -d "$T"
	key revoke revoked
	key new elsewhere -d "$T" --cidr 192.0.2.0/24 --cidr 2001:db8::/32
	key new here -d "$T" --cidr 192.0.2.0/24 --cidr 127.0.0.0/8
	kill -HUP "$COLLECTOR_PID"
	must_wait "the collector has the new keys" 10 grep -q ' 6 keys of agents' \
		"$T/log/collector.log"
	accepted=$(counter accepted)
	stranger silence silence
	stranger half half
	stranger random random
	stranger tls tls
	stranger http http
	stranger unknown unknown
	stranger wrong wrong --key "$T/guest.key"
	stranger revoked key --key "$T/revoked.key"
	stranger elsewhere key --key "$T/elsewhere.key"
	# These have a key that holds: one answer, the hello's, and no more.
	stranger here stall --key "$T/here.key"
	stranger garbage record --key "$T/guest.key"
	stranger fw stall --key "$KEYS/fw.key"
	stranger name name --key "$T/guest.key" --name victim
	for s in "${STRANGERS[@]}"; do
		wait "${s#* }"
	done
	for name in silence half random tls http unknown wrong revoked elsewhere; do
		turned_away "$name" 0
	done
	for name in here garbage fw; do
		turned_away "$name" 50
	done
	is "each was accepted" "$(counter accepted)" $((accepted + 13))
	is "another host's name is refused after the key" "$(field "$T/stranger-name" said)" \
		"says it is victim"
	is "and nothing is stored of it" \
		"$(sql "SELECT count(*) FROM fwlog.host WHERE name <> 'fw'")" 0
	is "counted: no sealed stream" "$(counter stranger_not_sealed)" 3
	is "counted: proved nothing in time" "$(counter stranger_late)" 2
	is "counted: unknown key" "$(counter stranger_unknown_key)" 1
	is "counted: revoked key" "$(counter stranger_revoked_key)" 1
	is "counted: forbidden address" "$(counter stranger_forbidden)" 1
	is "counted: wrong secret" "$(counter stranger_wrong_key)" 1
	is "counted: nothing behind the hello" "$(counter stranger_unconfirmed)" 3
	check "a line tells address, reason and whose key" grep -Eq \
		"127.0.0.1:[0-9]+: stranger turned away: this key is revoked \(key $(id_of "$T/revoked.key") of revoked\)" \
		"$T/log/collector.log"
	left=$(grep -c superseded "$T/log/collector.log")
	is "a stranger with the agent's key fences nobody" "$left $(connected t; echo $?)" "0 0"
	check "no secret is in the log" sh -c '! grep -q "$(cut -d " " -f 4 "$1")" "$2"' sh \
		"$KEYS/fw.key" "$T/log/collector.log"
}

# ---- rotation and revocation

check_rotation()
{
	cp -p "$KEYS/fw.key" "$T/first.key"
	packets 20000 4000
	must_wait "load" 10 grew 3000
	key new fw -o "$T/second.key"
	is "the second key waits" "$(state_of "$T/second.key")" next
	cp -p "$T/second.key" "$KEYS/fw.key"
	kill -HUP "${AGENT_PID[fw]}"
	check "the new key becomes active when it is used" wait_for 15 is_state "$T/second.key" active
	is "the old one is retiring" "$(state_of "$T/first.key")" retiring
	key revoke "$(id_of "$T/first.key")"
	all_there "rotation under load"
	is "the agent goes on with the new key" "$(counter revoked) $(connected t; echo $?)" "0 0"
}

grew()
{
	[ "$(sql "SELECT count(*) FROM fwlog.event")" -ge "$1" ]
}

check_fallback()
{
	local lines
	"$BIN/fwlogctl" key new -q fw -o "$T/third.key" --db "$(pg_dsn fwlog_admin)"
	key revoke "$(id_of "$T/third.key")"
	cat "$T/second.key" "$T/third.key" >"$KEYS/fw.key"
	lines=$(grep -c 'fw .*: connected' "$T/log/collector.log")
	kill -HUP "${AGENT_PID[fw]}"
	more_sessions()
	{
		[ "$(grep -c 'fw .*: connected' "$T/log/collector.log")" -gt "$lines" ]
	}
	check "a key that is refused is followed by the one before" wait_for 10 more_sessions
}

check_revocation()
{
	local start
	connected t || not_ok "the agent is not connected"
	packets 8000 1000
	start=$(now_ms)
	key revoke fw
	if wait_for 10 connected f; then
		ok "revocation ends a live session ($(($(now_ms) - start)) ms)"
	else
		not_ok "revocation ends a live session: not within 10 s"
	fi
	check "the agent says what to look at" wait_for 10 grep -q \
		'without an answer: this key is unknown there, revoked' "$T/log/agent-fw.log"
	rm "$KEYS/fw.key"
	make_keys fw
	kill -HUP "${AGENT_PID[fw]}"
	check "a new key lets it in again" wait_for 20 connected t
	all_there "after the revocation"
}

need_programs fwlog-agent fwlog-collector fwlogctl pktgen stranger
net_init
pg_start --fast
db_init
hosts_up
port=$(free_port 7700) || die "no free port"
AT=127.0.0.1:$port
COLLECTOR_LISTEN=$AT
start_collector "" "commit_interval = 20ms"
start_agent fw "${AGENT[@]}"
packets 2000 4000
all_there "sealed events"
is "none came in clear" "$(counter authenticated)" 1
check_strangers
check_rotation
check_fallback
check_revocation
stop_agent fw || not_ok "the agent does not end on SIGTERM"
stop_collector || not_ok "the collector does not end on SIGTERM"
finish
