#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input on the wire costs the session that sent it, is said with peer, name and reason,
# and nobody else notices. Frames are made here, byte by byte, from docs/protocol.md.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
need_programs fwlog-collector fwlog-load fwlogctl

# ---- frames as hexadecimal digits
hex()
{
	printf "%0$((2 * $1))x" "$2"
}

hex_text()
{
	hex 1 ${#1}
	printf %s "$1" | od -An -v -tx1 | tr -d ' \n'
}

# crc32c DIGITS: reflected Castagnoli polynomial, as in RFC 3720.
crc32c()
{
	local crc=$((0xffffffff)) i bit
	for ((i = 0; i < ${#1}; i += 2)); do
		crc=$((crc ^ 0x${1:i:2}))
		for ((bit = 0; bit < 8; bit++)); do
			crc=$(((crc >> 1) ^ (crc & 1 ? 0x82f63b78 : 0)))
		done
	done
	hex 4 $((crc ^ 0xffffffff))
}

# frame TYPE PAYLOAD; sealed TYPE PAYLOAD: with the CRC behind it.
frame()
{
	echo "$(hex 4 $((${#2} / 2 + 1)))$(hex 1 "$1")$2"
}

sealed()
{
	local f
	f=$(frame "$1" "$2"00000000)
	f=${f%00000000}
	echo "$f$(crc32c "$f")"
}

# hello NAME EPOCH
hello()
{
	frame 1 "0001$(hex_text "$1")$(hex_text test)$(hex_text none)$(hex 8 0)0001$(hex 8 "$2")$(hex 8 1)"
}

# batch VERSION EPOCH FIRST COUNT BODY
batch()
{
	sealed 3 "$(hex 1 "$1")00$(hex 8 "$2")$(hex 8 "$3")$(hex 4 "$4")$(hex 8 1)0005$(hex 4 1)$(
		hex 8 1700000000000000)$(hex 8 1700000000000000)$(hex 4 $((${#5} / 2)))$5"
}

# One record with a time and a mark, no strings.
record=$(hex 4 $((1 | 1 << 13)))$(hex 8 1700000000000000)$(hex 4 7)

# ---- a peer: sends DIGITS on the open connection; reads what comes until it is closed
peer_open()
{
	exec 7<>"/dev/tcp/127.0.0.1/$port" || die "cannot connect"
}

peer_send()
{
	# shellcheck disable=SC2059 # the digits are the format
	printf "$(sed 's/../\\x&/g' <<<"$1")" >&7
}

peer_rest()
{
	timeout 8 cat <&7 | tr -d '\000' | tr -c '[:print:]' ' '
	exec 7>&-
}

# refused WHAT PATTERN DIGITS…: the session ends with a BYE of that text, the log has it.
refused()
{
	local what=$1 pattern=$2 answer digits
	shift 2
	: >"$T/log/collector.log"
	peer_open
	for digits; do
		peer_send "$digits"
		# HELLO wants its WELCOME first.
		[ $# -eq 1 ] || wait_for 5 grep -q connected "$T/log/collector.log"
	done
	answer=$(peer_rest)
	case $answer in
	*$pattern*) ok "$what: told why" ;;
	*) not_ok "$what: '$answer' does not say '$pattern'" ;;
	esac
	check "$what: in the log" grep -q "127.0.0.1.*$pattern" "$T/log/collector.log"
}

pg_start --fast
db_init
port=$(free_port 7650) || die "no free port"
COLLECTOR_PLAIN="127.0.0.1:$port"
start_collector "" "hello_timeout = 1s"

# Honest agents, all the time.
"$BIN/fwlog-load" --collector "unix:$COLLECTOR_SOCKET" --agents 3 --batch 20 --window 1 \
	--records 4000 --seconds 60 --name honest >"$T/log/load.log" 2>&1 &
honest=$!

refused "oversized frame" "length out of bounds" "$(hello bad1 5)" 7fffffff03
refused "oversized HELLO" "too long" 0001000101
refused "unknown frame type" "unknown frame type" 0000000263ff
refused "HTTP" "" "$(printf 'GET / HTTP/1.1\r\n\r\n' | od -An -v -tx1 | tr -d ' \n')"
refused "unknown batch version" "version" "$(hello bad2 5)" "$(batch 9 5 1 1 "0000$record")"
damaged=$(batch 1 5 1 1 "0000$record")
refused "damaged batch" "checksum" "$(hello bad3 5)" "${damaged%??}00"
refused "gap in the numbers" "gap" "$(hello bad4 5)" "$(batch 1 5 2 1 "0000$record")"
refused "foreign epoch" "epoch" "$(hello bad5 5)" "$(batch 1 6 1 1 "0000$record")"
refused "bad name" "agent name" "$(hello 'a/b' 5)"
refused "no HELLO at all" "no HELLO in time" 00
wait "$honest"
is "honest agents are not touched" "$? $(grep -c '"reconnects": 0' "$T/log/load.log")" "0 1"
is "nothing bad is stored, nothing good is missing" \
	"$(sql 'SELECT count(*) FROM fwlog.event')" 12000

# ---- what is whole but does not unpack is kept aside, and the stream goes on behind it
peer_open
peer_send "$(hello odd 5)$(:)"
must_wait "odd is connected" 5 grep -q 'odd .*connected' "$T/log/collector.log"
peer_send "$(batch 1 5 1 1 "0000$record")$(batch 1 5 2 3 0000ffffffff)$(batch 1 5 5 1 "0000$record")"
stored()
{
	[ "$(sql "SELECT seq FROM fwlog.stream JOIN fwlog.host USING (host_id)
		WHERE name = 'odd'")" = 5 ]
}
must_wait "the mark moves on" 10 stored
exec 7>&-
is "its neighbours are stored" "$(sql "SELECT string_agg(mark::text, ' ' ORDER BY n)
	FROM fwlog.event JOIN fwlog.host USING (host_id) WHERE name = 'odd'")" "7 7"
is "it is in quarantine, whole" "$(sql "SELECT first_seq, records, get_byte(raw, 4)
	FROM fwlog.quarantine")" "2|3|3"
is "and counted" "$(sql "SELECT cause, records, seq, nflog_group FROM fwlog.loss")" \
	"quarantined|3|2|5"
check "SIGTERM ends it" stop_collector
finish
