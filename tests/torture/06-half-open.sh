#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 150 240 1800
# Connections that are open at one end only. Packets vanish without a word: both ends notice
# within 30 s, within 10 s who has sent something. The agent's address changes, and the collector still holds the old session:
# the newer one takes its place at once.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

RATE=$(by_form 500 1000 1000)
CHANGES=$(by_form 2 5 50)
SILENCES=$(by_form 1 1 5)
# The agent's patience is fixed; smoke tests the collector's alone, with less of it.
IDLE=$(by_form 3 30 30)
NOTICE=$((IDLE + 2)) # a second to write it down, one to look

# silence HOST: whatever goes between it and the collector vanishes; heard HOST ends that.
silence()
{
	on coll nft -f - <<-EOT || die "rules of coll"
	table ip silence {
		chain in { type filter hook input priority 0; iifname "to-$1" drop; }
		chain out { type filter hook output priority 0; oifname "to-$1" drop; }
	}
	EOT
}

heard()
{
	on coll nft delete table ip silence
}

collector_noticed()
{
	[ "$(sql "SELECT connected FROM fwlog.host_status JOIN fwlog.host USING (host_id)
		WHERE name = '$1'")" = f ]
}

agent_noticed()
{
	[ "$(grep -c 'collector .*: .*records wait' "$T/log/agent-$1.log")" -gt "$2" ]
}

# An agent with nothing to say and one under load: fw1 is silent.
check_silence()
{
	local start told
	told=$(grep -c 'collector .*: .*records wait' "$T/log/agent-fw1.log")
	silence fw1
	FAULTS=$((FAULTS + 1))
	start=$(now_ms)
	if wait_for $NOTICE collector_noticed fw1; then
		ok "the collector notices after $(($(now_ms) - start)) ms"
	else
		not_ok "the collector does not notice within $NOTICE s"
	fi
	if [ "$FORM" != smoke ]; then
		wait_for $((NOTICE - ($(now_ms) - start) / 1000)) agent_noticed fw1 "$told"
		check "the agent notices within $NOTICE s ($(($(now_ms) - start)) ms)" \
			agent_noticed fw1 "$told"
	fi
	heard
	fresh_all 10
}

# change_address HOST LAST: its address is another now, the old one is dead at both ends.
change_address()
{
	local old net
	net=$(on "$1" ip -o -4 addr show dev up0 | awk '{ print $4 }')
	old=${net%/*}
	on "$1" ip addr del "$net" dev up0
	net_addr "$1" up0 "${old%.*}.$2/24"
	on "$1" ip route replace 10.60.0.1/32 via "${old%.*}.1"
	on coll nft add rule ip fence in ip saddr "$old" drop
	on coll nft add rule ip fence out ip daddr "$old" drop
}

superseded()
{
	[ "$(grep -c 'superseded by a newer connection' "$T/log/collector.log")" -ge "$1" ]
}

# Its worker starts anew at the same time, so the old session is not given up by anyone.
check_change()
{
	local i start before
	on coll nft -f - <<-EOT || die "rules of coll"
	table ip fence {
		chain in { type filter hook input priority 0; }
		chain out { type filter hook output priority 0; }
	}
	EOT
	before=$(grep -c superseded "$T/log/collector.log")
	for ((i = 1; i <= CHANGES; i++)); do
		load_goes_on "$RATE" 3
		pause 500 500
		change_address fw1 $((100 + i))
		kill_worker fw1 || not_ok "fw1 has no worker"
		FAULTS=$((FAULTS + 1))
		start=$(now_ms)
		wait_for 10 superseded $((before + i)) ||
			not_ok "the newer session does not take the place of the older"
		note "superseded after $(($(now_ms) - start)) ms"
	done
	load_wait
	on coll nft delete table ip fence
	fresh_all 10
}

# Without a new worker: the agent has to notice by itself that nothing answers.
check_change_unaided()
{
	local start
	on coll nft add table ip fence
	on coll nft -f - <<-EOT || die "rules of coll"
	table ip fence {
		chain in { type filter hook input priority 0; }
		chain out { type filter hook output priority 0; }
	}
	EOT
	load_start "$RATE" 25 fw1
	change_address fw1 240
	FAULTS=$((FAULTS + 1))
	start=$(now_ms)
	fresh fw1 25 && note "the agent came from its new address after $FRESH_MS ms"
	check "back within 10 s and a connection's time ($FRESH_MS ms)" \
		[ "$FRESH_MS" -le 20000 ]
	load_wait
	on coll nft delete table ip fence
}

COLLECTOR_LINES+=("idle_timeout = ${IDLE}s")
AGENT_LINES+=("stats_interval = 1s")
torture_up_network fw1 fw2
for ((n = 0; n < SILENCES; n++)); do
	load_start "$RATE" 2 fw2
	check_silence
	load_wait
done
check_change
[ "$FORM" = smoke ] || check_change_unaided
torture_end
no_losses
finish
