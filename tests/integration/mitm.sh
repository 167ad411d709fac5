#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 150
# A man in the middle of sealed streams flips bits, drops, repeats, swaps, reflects and cuts:
# each time the end he lied to closes, the database never has anything of it, and afterwards
# everything is stored exactly once. He reads nothing.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"

PREFIX=SECRET-PREFIX
SEED=${SEED:-7514}
note "seed $SEED"

hosts_up()
{
	net_host out fw
	net_link out to-fw fw eth0
	net_addr out to-fw 10.50.1.1/24
	net_addr fw eth0 10.50.1.2/24
	net_rules fw <<-EOT
	table ip fw {
		counter logged { }
		chain input {
			type filter hook input priority 0; policy accept;
			meta l4proto udp counter name logged log prefix "$PREFIX " group 5 drop
		}
	}
	EOT
}

# counters NAME…: of the collector, now, added up.
counters()
{
	local before line name sum=0
	before=$(grep -c 'counters:' "$T/log/collector.log")
	kill -USR1 "$COLLECTOR_PID"
	wait_for 5 more_counters "$before"
	line=$(grep 'counters:' "$T/log/collector.log" | tail -n 1)
	for name; do
		sum=$((sum + $(sed -n "s/.* $name=\([0-9]*\).*/\1/p" <<<"$line")))
	done
	echo $sum
}

more_counters()
{
	[ "$(grep -c 'counters:' "$T/log/collector.log")" -gt "$1" ]
}

# mitm NAME OPTION…: between $T/NAME.socket and the collector; its process in $MITM.
mitm()
{
	local name=$1
	shift
	spawn "$name" "${WITH_PARENT_KILL[@]}" "$BIN/mitm" --listen "unix:$T/$name.socket" \
		--dump "$T/$name.dump" --seed "$SEED" "$@"
	MITM=$SPAWNED
	must_wait "$name" 5 test -S "$T/$name.socket"
	chmod 666 "$T/$name.socket" # for workers without rights
}

# attacked NAME LEAST: so many attacks there were, and each was noticed by the end that it was
# aimed at, with the next record at the latest, which comes within 10 s.
attacked()
{
	local log=$T/log/$1.log bad
	stop "$MITM"
	at_least "$1: attacks" "$(grep -c '^attack ' "$log")" "$2"
	bad=$(grep '^attack ' "$log" | awk '!/, noticed$/ || $(NF - 2) > 12000')
	is "$1: not noticed, or late" "$bad" ""
	is "$1: still open at the end" "$(sed -n 's/.*"open": \([0-9]*\).*/\1/p' "$log")" 0
	sed -n 's/^attack \([a-z]*\) from \(the [a-z]*\) .*/\1 from \2/p' "$log" | sort |
		uniq -c | sed 's/^ */# /'
}

# What the collector has to count for the attacks it noticed.
NOTICED="tampered stranger_unconfirmed stranger_not_sealed stranger_unknown_key
	stranger_wrong_key"

check_load()
{
	local i names=()
	for i in 1 2 3 4 5 6; do
		names+=("mid$i")
	done
	make_keys "${names[@]}"
	mitm attack --to "$AT" --attacks 60
	"$BIN/fwlog-load" --collector "unix:$T/attack.socket" --keys "$KEYS" --name mid \
		--agents 6 --records 30000 --batch 50 --window 32 --zstd 0 --seconds 60 \
		>"$T/load.json" 2>>"$T/log/load.log"
	is "all is acknowledged in the end" $? 0
	attacked attack 50
	is "each record is stored exactly once" "$(sql "SELECT count(*),
		count(DISTINCT (host_id, n)), min(c), max(c) FROM (SELECT host_id, n,
		count(*) OVER (PARTITION BY host_id) AS c FROM fwlog.event) e")" \
		"180000|180000|30000|30000"
	is "no host came into being" "$(sql "SELECT count(*) FROM fwlog.host")" 6
	is "nothing is lost or in quarantine" "$(sql "SELECT (SELECT count(*)
		FROM fwlog.quarantine) + (SELECT count(*) FROM fwlog.loss)")" 0
	# shellcheck disable=SC2086 # words
	is "what the collector noticed is counted" "$(counters $NOTICED)" \
		"$(grep -c 'closed by the collector .*noticed$' "$T/log/attack.log")"
}

check_agent()
{
	local ON
	mitm middle --to "unix:$COLLECTOR_SEALED" --attacks 8
	start_agent fw "collector = unix:$T/middle.socket" "zstd_level = 0" \
		"flush_timeout = 10ms" "sync_interval = 10ms" "[group 5]"
	in_host out
	spawn load "${ON[@]}" "${WITH_PARENT_KILL[@]}" "$BIN/pktgen" -n 12000 -r 1000 10.50.1.2
	check "packets are sent" wait_for 30 gone "$SPAWNED"
	wait_quiet fw
	wait_for 30 arrived || note "not everything arrived"
	is "the agent's records are stored, each once" "$STORED" \
		"$(net_logged fw)|$(net_logged fw)|12000"
	attacked middle 6
}

# Sets STORED: rows of the agent, different ones, different packets.
arrived()
{
	STORED=$(sql "SELECT count(*), count(DISTINCT n),
		count(DISTINCT substring(payload FROM 29 FOR 12)) FROM fwlog.event
		JOIN fwlog.host USING (host_id) WHERE name = 'fw'")
	[ "${STORED%%|*}" -ge "$(net_logged fw)" ]
}

# The control: the same in the clear can be read.
check_dump()
{
	local text
	mitm clear --to "unix:$COLLECTOR_SOCKET" --plain
	"$BIN/fwlog-load" --collector "unix:$T/clear.socket" --name mid --records 1000 \
		--zstd 0 >/dev/null 2>>"$T/log/load.log" || not_ok "plain load"
	stop "$MITM"
	for text in DROP-FWD BRUTE-SSH mid1 fwlog-load eth0; do
		check "in clear '$text' is on the wire" grep -qa "$text" "$T/clear.dump"
		check "sealed it is not" sh -c '! grep -qa "$1" "$2" "$3"' sh "$text" \
			"$T/attack.dump" "$T/middle.dump"
	done
	for text in "$PREFIX" FWID; do
		check "nor is '$text' of the agent's packets" sh -c '! grep -qa "$1" "$2"' sh \
			"$text" "$T/middle.dump"
	done
	at_least "bytes looked at" "$(cat "$T/attack.dump" "$T/middle.dump" | wc -c)" 1000000
}

need_programs fwlog-agent fwlog-collector fwlogctl fwlog-load pktgen mitm
net_init
pg_start --fast
db_init
hosts_up
port=$(free_port 7700) || die "no free port"
AT=127.0.0.1:$port
COLLECTOR_LISTEN=$AT
start_collector "" "commit_interval = 20ms"
check_load
check_agent
check_dump
stop_agent fw || not_ok "the agent does not end on SIGTERM"
stop_collector || not_ok "the collector does not end on SIGTERM"
finish
