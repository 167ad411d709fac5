#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120 150 900
# Strangers in waves: silence, random bytes, other protocols, keys that are wrong, unknown,
# revoked, not for this address, recorded hellos, somebody else's name. No byte is answered
# (but to a hello that opens), each is closed within 5 s and counted, and agents with keys
# are acknowledged as ever.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$TORTURE/collector.sh"

WAVES=$(by_form 1 12 120)
SIZE=$(by_form 40 40 50) # strangers in a wave, below max_connections_per_address

key()
{
	"$BIN/fwlogctl" key "$@" -q --db "$(pg_dsn fwlog_admin)" >>"$T/log/fwlogctl.log" 2>&1 ||
		die "fwlogctl key $*"
}

# What comes, and the bytes it may get: KIND KEY BYTES NAME
STRANGERS=('silence - 0' 'half - 0' 'random - 0' 'tls - 0' 'http - 0' 'unknown - 0'
	'wrong guest 0' 'key revoked 0' 'key elsewhere 0' 'stall guest 50' 'record guest 50'
	'stall here 50')

# field FILE NAME
field()
{
	sed -n "s/.*\"$2\": \"\{0,1\}\([^,\"}]*\).*/\1/p" "$1"
}

# wave NUMBER: its strangers at once; each in $T/wave/I with what it may get.
wave()
{
	local i kind key bytes args jobs=()
	mkdir -p "$T/wave"
	for ((i = 0; i < SIZE; i++)); do
		read -r kind key bytes <<<"${STRANGERS[i < ${#STRANGERS[@]} ? i : RANDOM % ${#STRANGERS[@]}]}"
		args=()
		[ "$key" = - ] || args=(--key "$T/$key.key")
		echo "$kind $key $bytes" >"$T/wave/$i.is"
		"$BIN/stranger" --to "$AT" --kind "$kind" ${args[@]+"${args[@]}"} --seconds 8 \
			>"$T/wave/$i" 2>>"$T/log/stranger.log" &
		jobs+=($!)
	done
	wait "${jobs[@]}"
	for ((i = 0; i < SIZE; i++)); do
		read -r kind key bytes <"$T/wave/$i.is"
		FAULTS=$((FAULTS + 1))
		[ "$(field "$T/wave/$i" bytes)" = "$bytes" ] &&
			[ "$(field "$T/wave/$i" closed)" = true ] &&
			[ "$(field "$T/wave/$i" ms)" -le 5000 ] && continue
		not_ok "stranger $kind with key $key: $(cat "$T/wave/$i")"
	done
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

need_programs stranger
AT=127.0.0.1:$(free_port 7800) || die "no free port"
COLLECTOR_LISTEN=$AT
collector_up
key new revoked guest -d "$T"
key revoke revoked
key new elsewhere -d "$T" --cidr 192.0.2.0/24 --cidr 2001:db8::/32
key new here -d "$T" --cidr 127.0.0.0/8
honest_start $((WAVES * 1000))
must_wait "the collector has the new keys" 10 grep -q ' 9 keys of agents' "$T/log/collector.log"
for ((w = 0; w < WAVES; w++)); do
	wave $w
done
honest_end
is "strangers counted" "$(counter strangers)" "$FAULTS"
is "a key is one host's" "$("$BIN/stranger" --to "$AT" --kind name --key "$T/guest.key" \
	--name victim | grep -o 'says it is victim')" "says it is victim"
is "nobody else is a host" \
	"$(sql "SELECT count(*) FROM fwlog.host WHERE name NOT LIKE 'honest-%'")" 0
collector_verdict 'honest-%' 5 $((HONEST_RECORDS / 5))
SUMMARY_MORE="p99 $P99 ms"
collector_end
summary
finish
