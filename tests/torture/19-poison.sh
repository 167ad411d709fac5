#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120 120 900
# Prefixes and interface names that would like to be SQL, markup, a terminal's command or a
# formula, and ones that are no text at all: stored byte by byte, shown as text. Then the
# same in the parameters of the page.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

RANDOM_STRINGS=$(by_form 200 2000 4000)
QUERIES=$(by_form 40 300 5000)
PACKETS=20 # of each prefix
IFACE=$'x\'"<b>&;$\\\xff'
PREFIXES=("'; DROP TABLE fwlog.event; --" '"); DELETE FROM fwlog.loss; --' '\'\''\\' '$1 $$ ${HOME}'
	'<script>alert(1)</script>' '"><img src=x onerror=alert(1)>' '&lt;b&gt; &#x3c;' '{{7*7}}'
	$'\x1b[2J\x1b]0;owned\x07' $'a\rb\tc\x7f' '%n%s%x' "=cmd|' /C calc'!A0" '../../../etc/passwd'
	$'\xe2\x80\xaetxt.exe' $'\xc3\x9cml\xc3\xa4ut \xe2\x98\x83' $'\xc0\xaf\xff\xfe' 'javascript:alert(1)'
	"$(printf '%0127d' 0)")

hex_of()
{
	printf %s "$1" | od -An -v -tx1 | tr -d ' \n'
}

# json_of BYTES: as a JSON string.
json_of()
{
	local i c text=
	for ((i = 0; i < ${#1}; i++)); do
		c=${1:i:1}
		case $c in
		\" | \\) text+=\\$c ;;
		[$'\x01'-$'\x1f'$'\x7f']) text+=$(printf '\\u%04x' "'$c") ;;
		*) text+=$c ;;
		esac
	done
	printf '"%s"' "$text"
}

# log_rule PORT PREFIX: as JSON, which takes any text, or as nft's own language, which takes
# bytes that are no text.
log_rule()
{
	case $2 in
	*$'\xff'*)
		on fw1 nft insert rule ip fw input udp dport "$1" counter name logged \
			log prefix "\"$2\"" group 5 drop
		;;
	*)
		printf '{"nftables": [{"insert": {"rule": {"family": "ip", "table": "fw", "chain": "input",
			"expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "udp",
			"field": "dport"}}, "right": %d}}, {"counter": "logged"}, {"log": {"prefix": %s,
			"group": 5}}, {"drop": null}]}}}]}' "$1" "$(json_of "$2")" | on fw1 nft -j -f -
		;;
	esac 2>>"$T/log/nft.log"
}


poison_packets()
{
	local i
	for i in "${!PREFIXES[@]}"; do
		log_rule $((9000 + i)) "${PREFIXES[i]}" || not_ok "nft does not take prefix $i"
		on out "$BIN/pktgen" -n $PACKETS -r 2000 -p $((9000 + i)) -i "${NEXT_ID[fw1]}" 10.51.1.2 \
			>/dev/null || die "pktgen"
		NEXT_ID[fw1]=$((NEXT_ID[fw1] + PACKETS))
		FAULTS=$((FAULTS + 1))
	done
}

# Lines of hexadecimal digits: every byte by itself, the list, then chance.
strings()
{
	local i j n
	for ((i = 1; i < 256; i++)); do
		printf '%02x\n' $i
	done
	for i in "${PREFIXES[@]}"; do
		hex_of "$i"
		echo
	done
	for ((i = 0; i < RANDOM_STRINGS; i++)); do
		n=$((RANDOM % 32 + 2))
		for ((j = 0; j < n; j++)); do
			printf '%02x' $((RANDOM % 255 + 1))
		done
		echo
	done
}

# Strings of the file that a dictionary does not have exactly.
missing_in()
{
	sort -u "$T/strings" | comm -23 - <(sql "SELECT encode(raw, 'hex') FROM fwlog.$1" | sort -u) |
		wc -l
}

# No control character, no direction override, all UTF-8: in a text form of a dictionary.
bad_texts()
{
	sql "SELECT count(*) FROM fwlog.$1 WHERE $2 ~ '[\\x01-\\x1f\\x7f-\\x9f]'"
}

# page QUERY: the answer of the page, as a web server would ask for it.
page()
{
	env -i GATEWAY_INTERFACE=CGI/1.1 FWLOG_CONF="$T/fwlog.cgi.conf" REQUEST_METHOD=GET \
		SCRIPT_NAME=/fwlog PATH_INFO="${2:-/}" REMOTE_USER=alice QUERY_STRING="$1" \
		"$BIN/fwlog.cgi" 2>>"$T/log/cgi.log" >"$T/page"
}

# page_is_safe: no markup of theirs, no control character, no override, a status we give.
page_is_safe()
{
	head -n 1 "$T/page" | grep -qE '^Status: (200|400|404|414) ' || return 1
	! tr -d '\r\n\t' <"$T/page" | grep -qE \
		$'<script>alert|<img src=x|[\x01-\x1f\x7f]|\xe2\x80\xae'
}

# A query of pieces that are known, hostile, or chance.
query()
{
	local pieces=('range=' 'from=' 'to=' 'p=' '&' '=' 1h 15m 2026-01-01T00:00:00Z "'" '%27' '%00' '%0d%0a'
		'--' '%3Cscript%3Ealert(1)%3C/script%3E' '<script>alert(1)' '%e2%80%ae' '%ff' '%' '+' ';'
		'../..' '$1' \\ '"' '%u0041' $'\xff' '9999999999999999999' '-1' 'NULL') n text='' i
	n=$((RANDOM % 8 + 1))
	for ((i = 0; i < n; i++)); do
		text+=${pieces[RANDOM % ${#pieces[@]}]}
	done
	printf %s "$text"
}

# ---- through kernel, agent and collector
need_programs hostile fwlog.cgi
torture_up fw1
net_link out to-poison fw1 "$IFACE"
net_addr out to-poison 10.51.1.1/24
net_addr fw1 "$IFACE" 10.51.1.2/24
poison_packets
wait_quiet fw1
check "all of them arrive" wait_balanced 20 fw1
for i in "${!PREFIXES[@]}"; do
	n=$(sql "SELECT count(*) FROM fwlog.event JOIN fwlog.dict_prefix USING (prefix_id)
		WHERE raw = '\\x$(hex_of "${PREFIXES[i]}")'")
	[ "$n" = $PACKETS ] || not_ok "prefix $i is stored exactly: $n of $PACKETS"
done
is "the interface is stored exactly" "$(sql "SELECT DISTINCT encode(raw, 'hex') FROM fwlog.event e
	JOIN fwlog.dict_iface d ON d.iface_id = e.in_id WHERE dport >= 9000")" "$(hex_of "$IFACE")"

# ---- bytes of all kinds
strings >"$T/strings"
"$BIN/hostile" --collector "unix:$COLLECTOR_SOCKET" --mode poison --seconds 30 \
	<"$T/strings" >"$T/log/poison.json"
is "a batch of poison is acknowledged" $? 0
for d in dict_prefix dict_iface dict_netns; do
	is "$d has every string exactly" "$(missing_in $d)" 0
done
is "prefixes as text: no control character" "$(bad_texts dict_prefix prefix)" 0
is "nothing was put aside" "$(sql "SELECT count(*) FROM fwlog.quarantine")" 0
sql "DELETE FROM fwlog.event USING fwlog.host h
	WHERE h.host_id = event.host_id AND h.name LIKE 'hostile%'" >/dev/null

# ---- the page
echo "db = $(pg_dsn fwlog_report)" >"$T/fwlog.cgi.conf"
before=$(sql "SELECT count(*) FROM fwlog.event")
page ""
check "the page shows them as text" page_is_safe
at_least "of them" "$(grep -cE '&lt;(script|img src)|; DROP TABLE' "$T/page")" 1
for ((i = 0; i < QUERIES; i++)); do
	q=$(query)
	page "$q" "/$([ $((RANDOM % 4)) -ne 0 ] || query)"
	page_is_safe || not_ok "?$q: $(head -n 1 "$T/page")"
	FAULTS=$((FAULTS + 1))
done
ok "$QUERIES hostile queries"
is "no statement went wrong in the database" "$(grep -c 'ERROR:' "$T/log/postgres.log")" 0
is "nothing is gone" "$(sql "SELECT count(*) FROM fwlog.event")" "$before"
torture_end
no_losses
finish
