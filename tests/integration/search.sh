#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# fwlogctl search, count, top, pcap and tail as fwlog_report against SQL: same events, same
# counts, all formats; capture files as tshark and tcpdump read them; tail sees what comes,
# early, late and after the database was away; wrong filters, hostile prefixes, broken
# pipes, timeouts; the completion of bash and zsh.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
need_programs fwlogctl python3
pg_start --fast
"$BIN/fwlogctl" db init --db "$(pg_dsn postgres)" >"$T/log/fwlogctl.log" 2>&1 ||
	die "fwlogctl db init failed"
export PGDATABASE=fwlog

# ---- events: two hosts, three days, packets with bytes that are true
# Prefixes: a plain one, one that would write on a terminal, one that is a formula.
sql "SELECT fwlog.host_enter('web1'), fwlog.host_enter('web2'),
	fwlog.prefix_enter('DROP in: '), fwlog.prefix_enter('\\x1b5b33316d5245440aE280AE'::bytea),
	fwlog.prefix_enter('=1+1'), fwlog.prefix_enter('say \"a,b\"'),
	fwlog.iface_enter('eth0'), fwlog.iface_enter('eth1');
	SELECT fwlog.make_partition(d::date)
	FROM generate_series(now() - interval '3 days', now() + interval '1 day', '1 day') d" \
	>/dev/null || die "no dictionaries"

# events HOST FIRST COUNT FROM STEP: rows of a host, the collector's way: marks as well.
events()
{
	sql "BEGIN;
	INSERT INTO fwlog.event (ts, host_id, n, prefix_id, in_id, out_id, nflog_group, len,
		sport, dport, flags, family, hook, proto, tcp_flags, ttl, mark, uid, gid, src,
		dst, ethertype, hw_type, src_mac, dst_mac, payload)
	SELECT $4 + i * $5, $1, i, 1 + i % 4, 1, CASE WHEN i % 3 = 0 THEN 2 END, 5, 60,
		1024 + i, (ARRAY[22, 80, 443])[1 + i % 3], 2, 2, 1, 6, 2, 64,
		CASE WHEN i % 5 = 0 THEN 4096 + i END, CASE WHEN i % 7 = 0 THEN 1000 END,
		CASE WHEN i % 7 = 0 THEN 100 END, host(('10.0.$1.' || i % 250)::inet)::inet,
		'192.0.2.1', 2048, 1, '02:00:00:00:00:01', '02:00:00:00:00:02',
		CASE WHEN i % 10 <> 9 THEN decode('4500003c1c46400040060000' || '0a000' || $1 ||
			lpad(to_hex(i % 250), 2, '0') || 'c0000201' ||
			lpad(to_hex(1024 + i), 4, '0') ||
			lpad(to_hex((ARRAY[22, 80, 443])[1 + i % 3]), 4, '0') ||
			'00000001000000005002ffff00000000', 'hex') END
	FROM generate_series($2::int, $2 + $3 - 1) i;
	UPDATE fwlog.host_mark SET next_n = $2 + $3, newest = greatest(newest,
		$4 + ($2 + $3 - 1) * $5) WHERE host_id = $1;
	COMMIT" >/dev/null || die "no events"
}
NOW=$(sql "SELECT now()")
events 1 1 2000 "timestamptz '$NOW' - interval '2000 min'" "interval '1 min'"
events 2 1 1000 "timestamptz '$NOW' - interval '3000 min' + interval '1 s'" "interval '3 min'"

# ctl COMMAND…: output in $OUT, messages in $T/err, status in $RC.
ctl()
{
	OUT=$("$BIN/fwlogctl" "$@" --db "$(pg_dsn "${AS:-fwlog_report}")" 2>"$T/err")
	RC=$?
}

# status WHAT STATUS
status()
{
	if [ "$RC" -eq "$2" ]; then ok "$1"; else not_ok "$1: status $RC, said: $(<"$T/err")"; fi
}

# says WHAT STATUS PATTERN…: messages on standard error.
says()
{
	local what=$1 wanted=$2 p
	shift 2
	for p in "$@"; do
		if [ "$RC" -ne "$wanted" ] || ! grep -Eq -- "$p" "$T/err"; then
			not_ok "$what: status $RC, said: $(<"$T/err")"
			return
		fi
	done
	ok "$what"
}

# json EXPRESSION: of the document on standard input, which is d.
json()
{
	python3 -c "import json, sys; d = json.load(sys.stdin); print($1)"
}

# in_sql CONDITION: how many events of the last 24 hours fulfil it.
in_sql()
{
	sql "SELECT count(*) FROM fwlog.event_full e
		WHERE time >= timestamptz '$NOW' - interval '24 h' AND time < '$NOW' AND ($1)"
}
RANGE=(--from "$(sql "SELECT to_char(timestamptz '$NOW' AT TIME ZONE 'UTC' - interval '24 h',
	'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")" --to "$(sql "SELECT to_char(timestamptz '$NOW'
	AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")")

# ---- count: as SQL says
# counts FILTER CONDITION
counts()
{
	ctl count "$1" "${RANGE[@]}"
	is "count $1" "$RC $OUT" "0 $(in_sql "$2")"
}
counts "" "true"
counts "dport:22" "dst_port = 22"
counts "dport:22,443 -host:web1" "dst_port IN (22, 443) AND host <> 'web1'"
counts "src:10.0.1.0/24 prefix:/^DROP/" "src_ip <<= '10.0.1.0/24' AND prefix LIKE 'DROP%'"
counts "has:uid OR out:eth1" "uid IS NOT NULL OR out_iface = 'eth1'"
counts "-uid:1000" "uid IS DISTINCT FROM 1000"
ctl count -dport:22 "${RANGE[@]}"
is "a negated term is no option" "$RC $OUT" "0 $(in_sql "dst_port <> 22")"
ctl count dport:1
is "nothing found" "$RC $OUT" "1 0"
ctl count --json dport:22 "${RANGE[@]}"
is "count --json" "$(json "d['events']" <<<"$OUT")" "$(in_sql "dst_port = 22")"
"$BIN/fwlogctl" prefix set 'DROP in' --verdict drop --db "$(pg_dsn fwlog_admin)" >/dev/null
counts "verdict:drop" "verdict = 'drop'"

# ---- search: the same events in each format, oldest first
EVENTS=$(in_sql "true")
ctl search "${RANGE[@]}" --format csv
is "CSV has all, and titles" "$RC $(wc -l <<<"$OUT")" "0 $((EVENTS + 1))"
says "how many is said, and in what range" 0 "^fwlogctl: from ${RANGE[1]} to ${RANGE[3]}$" \
	"^fwlogctl: $EVENTS events$"
is "a CSV parser reads it; a formula is none" "$(python3 -c 'import csv, sys
rows = list(csv.DictReader(sys.stdin))
print(len(rows), sum(r["prefix"] == "\x27=1+1" for r in rows),
	sum(r["prefix"] == "say \"a,b\"" for r in rows))' <<<"$OUT")" \
	"$EVENTS $(in_sql "prefix = '=1+1'") $(in_sql "prefix LIKE 'say%'")"
ctl search "${RANGE[@]}" --json
is "JSON has all, in order of time" "$(python3 -c 'import json, sys
rows = [json.loads(line) for line in sys.stdin]
times = [r["time"] for r in rows]
print(len(rows), times == sorted(times), len({(r["host"], r["n"]) for r in rows}),
	sum(r["src_port"] for r in rows))' <<<"$OUT")" \
	"$EVENTS True $EVENTS $(sql "SELECT sum(src_port) FROM fwlog.event_full
		WHERE time >= '${RANGE[1]}' AND time < '${RANGE[3]}'")"
ctl search "${RANGE[@]}" --format ecs verdict:drop
is "ECS has the fields of the schema" "$(python3 -c 'import json, sys
rows = [json.loads(line) for line in sys.stdin]
print(len(rows), all(r["event"]["type"] == ["connection", "denied"] and
	r["event"]["action"] == "drop" and r["network"]["transport"] == "tcp" and
	r["source"]["mac"] == "02-00-00-00-00-01" and r["rule"]["name"] == "DROP in: " and
	r["observer"]["ingress"]["interface"]["name"] == "eth0" for r in rows))' <<<"$OUT")" \
	"$(in_sql "verdict = 'drop'") True"
ctl search "${RANGE[@]}" --limit 3 --json
is "--limit keeps the newest, oldest first" "$(python3 -c 'import json, sys
print([r["time"] for r in map(json.loads, sys.stdin)])' <<<"$OUT")" \
	"$(sql "SELECT json_agg(to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
		ORDER BY time, host_id, n) FROM (SELECT * FROM fwlog.event_full WHERE time < '${RANGE[3]}'
		ORDER BY time DESC, host_id DESC, n DESC LIMIT 3) x" | tr '"' "'")"
ctl search --from -3650d "${RANGE[@]:2}" host:web2 --json -q
is "years back, slice by slice" "$RC $(wc -l <<<"$OUT") $(wc -c <"$T/err")" \
	"0 $(sql "SELECT count(*) FROM fwlog.event WHERE host_id = 2 AND ts < '$NOW'") 0"
ctl search "${RANGE[@]}" --limit 40
is "no byte of a prefix reaches the terminal" \
	"$(LC_ALL=C grep -c $'[\x01-\x09\x0b-\x1f\x7f-\xff]' <<<"$OUT")" 0
check "they are shown instead" grep -qF '\x1b[31mRED\x0a\xe2\x80\xae' <<<"$OUT"
is "columns stand below each other" "$(awk '{ print index($0, "192.0.2.1:") }' <<<"$OUT" |
	sort -u | wc -l)" 2
ctl search dport:1
says "nothing found" 1 "^fwlogctl: 0 events$"

# On a terminal: colours, unless NO_COLOR says otherwise.
on_terminal()
{
	TERM=xterm script -qec "$* $BIN/fwlogctl search -q verdict:drop --limit 2 \
		--db '$(pg_dsn fwlog_report)'" /dev/null </dev/null
}
if command -v script >/dev/null; then
	check "colours on a terminal" grep -q $'\e\[31mdrop\e\[0m' <<<"$(on_terminal)"
	is "not with NO_COLOR" "$(on_terminal env NO_COLOR=1 | grep -c $'\e')" 0
else
	skip "colours: script is missing"
fi

# ---- top
ctl top dport "${RANGE[@]}" --json --limit 2
is "top --json" "$(json "([(v['value'], v['events']) for v in d['values']], d['distinct'], d['events'])" \
	<<<"$OUT")" "([('22', $(in_sql "dst_port = 22")), ('443', $(in_sql "dst_port = 443"))], 3, $EVENTS)"
ctl top prefix host:web2 "${RANGE[@]}"
is "top with a filter, names for numbers" "$(grep -c . <<<"$OUT")" 5
check "share" grep -Eq '^DROP in: +[0-9]+ +[0-9.]+ %$' <<<"$OUT"
ctl top ip "${RANGE[@]}" --limit 1
is "either end counts" "$(tail -n 1 <<<"$OUT" | tr -s ' ')" "192.0.2.1 $EVENTS 100.0 %"
ctl count --by host "${RANGE[@]}"
is "count --by" "$(tail -n +2 <<<"$OUT" | awk '{ print $1, $2 }' | sort)" \
	"web1 $(in_sql "host = 'web1'")
web2 $(in_sql "host = 'web2'")"
fields=$("$BIN/fwlogctl" top - 2>&1 | sed -n 's/.*the fields are //p' | tr -d ,)
wrong=
for f in $fields; do
	ctl top "$f" "${RANGE[@]}"
	[ "$RC" -eq 0 ] || wrong+=" $f: $(<"$T/err")"
done
is "each field can be counted by" "$wrong" ""

# ---- pcap
for tool in tshark tcpdump; do
	command -v $tool >/dev/null || skip "capture files: $tool is missing"
done
ctl pcap -o "$T/all.pcap" "${RANGE[@]}"
PACKETS=$(in_sql "payload IS NOT NULL")
says "pcap says what it skipped" 0 \
	"^fwlogctl: $PACKETS packets; skipped $((EVENTS - PACKETS)) events without payload$" \
	"interfaces by number: 1 eth0, 2 eth1"
"$BIN/fwlogctl" pcap --raw -o - -q "${RANGE[@]}" --db "$(pg_dsn fwlog_report)" >"$T/raw.pcap"
if command -v tcpdump >/dev/null; then
	is "tcpdump reads every packet" "$(tcpdump -nr "$T/all.pcap" 2>/dev/null | wc -l)" "$PACKETS"
	is "and raw ones" "$(tcpdump -nr "$T/raw.pcap" 2>/dev/null | grep -c 'IP 10\.0\.')" "$PACKETS"
fi
if command -v tshark >/dev/null; then
	# What a terminal would obey tshark shows in its own way: such prefixes become "?".
	tshark -n -r "$T/all.pcap" -T fields -E separator=, -E occurrence=f \
		-e frame.time_epoch -e nflog.prefix -e nflog.family -e nflog.res_id \
		-e nflog.hook -e nflog.uid -e nflog.gid -e nflog.ifindex_indev \
		-e nflog.ifindex_outdev -e ip.src -e tcp.srcport -e tcp.dstport \
		2>"$T/log/tshark.log" | sed 's/000,/,/; s/,[^,]*RED[^,]*,/,?,/; s/say "a,b"/say/' \
		>"$T/found"
	sql "SELECT concat_ws(',', extract(epoch FROM e.ts)::numeric(20, 6),
		CASE e.prefix_id WHEN 2 THEN '?' WHEN 4 THEN 'say' ELSE p.prefix END, e.family,
		e.nflog_group, e.hook, coalesce(e.uid::text, ''), coalesce(e.gid::text, ''),
		e.in_id, coalesce(e.out_id::text, ''), host(e.src), e.sport, e.dport)
		FROM fwlog.event e JOIN fwlog.dict_prefix p USING (prefix_id)
		WHERE e.payload IS NOT NULL AND e.ts >= '${RANGE[1]}' AND e.ts < '${RANGE[3]}'
		ORDER BY e.ts, e.host_id, e.n" >"$T/wanted"
	if cmp -s "$T/found" "$T/wanted"; then
		ok "tshark reads every packet, its fields are those in the database"
	else
		not_ok "tshark reads something else: $(diff "$T/found" "$T/wanted" | head -n 4)"
	fi
	is "marks and link-layer headers" "$(tshark -n -r "$T/all.pcap" -c 1 -T fields \
		-e nflog.tlv_value 2>/dev/null | tr ',' '\n' | grep -cxE \
		"$(sql "SELECT lpad(to_hex(mark), 8, '0') FROM fwlog.event
			WHERE ts >= '${RANGE[1]}' AND payload IS NOT NULL
			ORDER BY ts, host_id, n LIMIT 1")|0200000000020200000000010800")" 2
	is "raw IP" "$(tshark -n -r "$T/raw.pcap" -T fields -e ip.src 2>/dev/null | grep -c '^10\.')" \
		"$PACKETS"
fi
ctl pcap "${RANGE[@]}" -uid:1000 dport:80
says "pcap wants a file" 2 'pcap: -o FILE is missing'
ctl pcap -o "$T/none/x.pcap"
says "a file that cannot be made" 4 'none/x.pcap: No such file'
if [ -e /dev/full ]; then
	ctl pcap -o /dev/full "${RANGE[@]}"
	says "a full disk" 4 '/dev/full: No space left on device; not complete'
fi
ctl pcap -o "$T/empty.pcap" dport:1
is "no packets: an empty capture file" "$RC $(wc -c <"$T/empty.pcap")" "1 24"

# ---- what is wrong
ctl search 'src:10.0.0.0/8 dprt:22'
says "a wrong filter: what and where" 2 'unknown field dprt; did you mean dport\?' \
	'^  src:10.0.0.0/8 dprt:22$' '^                 \^$'
ctl search src:@nobody
says "a list that is not there" 2 '@nobody'
ctl search $'prefix:"\e[31m' dport:1
is "the filter's own bytes are neutralised" "$(grep -c $'\e' "$T/err")" 0
for wrong in "--from x" "--to 2026-13-01" "--from -1h --to -2h" "--limit 0" "--limit 1x" \
	"--format xml" "--json --format csv" "--timeout -1"; do
	# shellcheck disable=SC2086 # words
	ctl search dport:22 $wrong
	is "search $wrong" "$RC" 2
done
ctl search -tcp
says "a filter that looks like options" 2 'a filter that begins with - goes behind --'
is "and does so behind --" "$("$BIN/fwlogctl" count -q "${RANGE[@]}" \
	--db "$(pg_dsn fwlog_report)" -- -udp)" "$EVENTS"
ctl top dprt
says "top with an unknown field" 2 'did you mean dport\?' 'the fields are src, dst'
AS=nobody_at_all ctl search dport:22
says "no such role" 4 'cannot connect: .*nobody_at_all.*; connect as another role'
AS=fwlog_ingest ctl search dport:22
says "a role without the right" 4 'permission denied.*; connect as fwlog_report or fwlog_admin'

# One that waits for a lock longer than it may.
lock()
{
	sql "BEGIN; LOCK fwlog.event; SELECT 'locked'; SELECT pg_sleep(60)" >"$T/lock" 2>&1 &
	LOCKER=$!
	must_wait "the lock" 10 locked
}
locked()
{
	[ "$(sql "SELECT count(*) FROM pg_locks WHERE relation = 'fwlog.event'::regclass
		AND mode = 'AccessExclusiveLock' AND granted")" = 1 ]
}
unlock()
{
	sql "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE granted
		AND relation = 'fwlog.event'::regclass AND mode = 'AccessExclusiveLock'" >/dev/null
	wait "$LOCKER" 2>/dev/null
}
lock
ctl search dport:22 --timeout 1
says "--timeout" 4 'statement timeout; a shorter range .*--timeout SECONDS'
spawn waiting "$BIN/fwlogctl" count --db "$(pg_dsn fwlog_report)"
WAITING=$SPAWNED
waits()
{
	[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'fwlog_report'
		AND wait_event_type = 'Lock'")" = "$1" ]
}
must_wait "a count waits" 10 waits 1
kill -INT "$WAITING"
check "Ctrl-C ends it" wait_for 3 gone "$WAITING"
check "on the server, too" wait_for 3 waits 0
unlock

# ---- pipes: the reader went away
quiet_pipe()
{
	"$BIN/fwlogctl" "$@" "${RANGE[@]}" --db "$(pg_dsn fwlog_report)" -q 2>"$T/err" |
		head -n 1 >/dev/null
	[ ! -s "$T/err" ]
}
check "a broken pipe says nothing" quiet_pipe search --json
check "nor where SIGPIPE is ignored" eval "(trap '' PIPE; quiet_pipe search --json)"

# The server waits for no reader: what it has to do is done in portions.
is "a slow reader meets no timeout" "$("$BIN/fwlogctl" search --json --timeout 1 -q \
	"${RANGE[@]}" --db "$(pg_dsn fwlog_report)" | (sleep 2; wc -l))" "$EVENTS"

# ---- tail
# tail_start NAME ARGUMENT…: output in $T/NAME.out, messages in $T/NAME.err.
tail_start()
{
	local name=$1
	shift
	# shellcheck disable=SC2016 # for the other shell
	spawn "$name" "${WITH_PARENT[@]}" sh -c 'exec "$0" "$@" >"$OUT" 2>"$ERR"' \
		env "$BIN/fwlogctl" tail "$@" --db "$(pg_dsn fwlog_report)"
	TAIL=$SPAWNED
	must_wait "tail starts" 10 grep -q waiting "$ERR"
}
follow()
{
	export OUT=$T/$1.out ERR=$T/$1.err
	: >"$OUT"
	: >"$ERR"
	tail_start "$@"
}
lines()
{
	[ "$(wc -l <"$OUT")" -ge "$1" ]
}
follow tail dport:22,443 --json
events 1 2001 3 "now() - interval '2004 s'" "interval '1 s'"
check "tail shows a new event within 2 s" wait_for 2 lines 2
is "those the filter selects" "$(python3 -c 'import json, sys
print([json.loads(line)["n"] for line in sys.stdin])' <"$OUT")" "[2001, 2003]"
# Far older than what came before: the clock of the host was set back, or an old spool.
events 2 1001 3 "now() - interval '2 days'" "interval '1 s'"
check "and one that is days late" wait_for 3 lines 4
check "which is said" wait_for 15 grep -Eq 'events of web2 arrive [0-9]+ s late' "$ERR"
# A prefix that did not exist when the filter was resolved, of a host that did not.
follow new 'prefix:/^NEW/ host:web*'
sql "SELECT fwlog.host_enter('web3'), fwlog.prefix_enter('NEW ' || '\x1b5d30'::bytea)" >/dev/null
sql "BEGIN; INSERT INTO fwlog.event (ts, host_id, n, prefix_id)
	SELECT now(), 3, 1, prefix_id FROM fwlog.dict_prefix WHERE prefix LIKE 'NEW%';
	UPDATE fwlog.host_mark SET next_n = 2, newest = now() WHERE host_id = 3; COMMIT" >/dev/null
check "new names are seen" wait_for 3 grep -q 'web3.*NEW' "$OUT"
is "and neutralised" "$(grep -c $'\e' "$OUT") $(grep -cF '\x1b]0' "$OUT")" "0 1"
# More at once than it looks at in one go.
follow backlog dport:9 --json
sql "BEGIN; INSERT INTO fwlog.event (ts, host_id, n, dport) SELECT now(), 3, i, 9
	FROM generate_series(2, 120001) i;
	UPDATE fwlog.host_mark SET next_n = 120002, newest = now() WHERE host_id = 3; COMMIT" >/dev/null
check "a lag is said" wait_for 15 grep -Eq 'lagging: [0-9]+ events' "$ERR"
check "nothing of it is left out" wait_for 30 lines 120000
is "nor shown twice" "$(grep -o '"n":[0-9]*' "$OUT" | sort | uniq -d | wc -l)" 0
stop "$TAIL" INT 5

follow restart host:web1 --json
pg_restart_immediate
check "the database went away" wait_for 10 grep -q 'trying again' "$ERR"
check "and came back" wait_for 10 grep -q 'connected again' "$ERR"
events 1 2004 2 "now() - interval '2006 s'" "interval '1 s'"
check "tail goes on" wait_for 5 lines 2
is "without repeating" "$(grep -o '"n":[0-9]*' "$OUT" | tr '\n' ' ')" '"n":2004 "n":2005 '
kill -INT "$TAIL"
check "Ctrl-C ends it" wait_for 3 gone "$TAIL"
timeout --preserve-status -s INT 1 "$BIN/fwlogctl" tail -q --db "$(pg_dsn fwlog_report)"
is "with 0" "$?" 0
ctl tail --since "${RANGE[1]}" --count 7 host:web2 --json
is "--since looks back, --count ends it" "$RC $(python3 -c 'import json, sys
print([json.loads(line)["n"] for line in sys.stdin])' <<<"$OUT")" \
	"0 $(sql "SELECT json_agg(n) FROM (SELECT n FROM fwlog.event WHERE host_id = 2
		AND ts >= '${RANGE[1]}' ORDER BY ts LIMIT 7) x")"
reader_leaves()
{
	timeout 10 "$BIN/fwlogctl" tail -q --db "$(pg_dsn fwlog_report)" 2>"$T/err" | true
	[ "${PIPESTATUS[0]}" -ne 124 ] && [ ! -s "$T/err" ]
}
check "tail ends when nobody reads, though nothing comes" reader_leaves
ctl tail --since yesterday
says "a wrong time" 2 "--since yesterday: a time is expected"

# ---- completion: all commands of the program, all options
"$BIN/fwlogctl" --print-commands >"$T/commands"
is "--print-commands has what --help has" "$(sed 's/:.*//' "$T/commands" | sort)" \
	"$("$BIN/fwlogctl" --help | grep '^  ' | cut -c 3-17 | sed 's/ *$//' | sort)"

# in_bash WORD…: what is offered for the last one.
in_bash()
{
	PATH=$BIN:$PATH bash -c '. "$0"; COMP_WORDS=(fwlogctl "$@"); COMP_CWORD=$#
		_fwlogctl; printf "%s\n" "${COMPREPLY[@]% }"' \
		"$ROOT/packaging/completion/fwlogctl.bash" "$@"
}
is "bash: commands" "$(in_bash "" | grep -v '^--' | sort)" \
	"$(sed 's/[ :].*//' "$T/commands" | sort -u)"
wrong=
while IFS=: read -r command options; do
	# shellcheck disable=SC2086 # words
	[ "$(in_bash $command --)" = "$(printf '%s\n' $options | sed 's/=$//')" ] ||
		wrong+=" '$command'"
	case $command in
	*" "*) in_bash "${command% *}" "" | grep -qx -- "${command#* }" || wrong+=" ${command#* }" ;;
	esac
done <"$T/commands"
is "bash: commands in groups, and options of each" "$wrong" ""
is "bash: values" "$(in_bash search --format "" | paste -sd ' ')" "table json csv ecs"
is "bash: fields" "$(in_bash top sr | paste -sd ' ')" "src"
if command -v zsh >/dev/null; then
	# compadd tells what it was given instead of offering it.
	in_zsh()
	{
		PATH=$BIN:$PATH zsh -fc 'compadd() {
				while [[ $1 == -* && $1 != --?* ]]; do
					[[ $1 == -a ]] && { print -l -- ${(P)2}; return }
					shift
				done
				print -l -- $@
			}
			_files() { }
			words=(fwlogctl "${@:2}") CURRENT=$#
			source $1' zsh "$ROOT/packaging/completion/_fwlogctl" "$@"
	}
	is "zsh: commands" "$(in_zsh "" | grep -v '^--' | sort)" \
		"$(sed 's/[ :].*//' "$T/commands" | sort -u)"
	is "zsh: commands in a group" "$(in_zsh key "" | grep -v '^--' | sort)" \
		"$(sed -n 's/^key \(.*\):.*/\1/p' "$T/commands" | sort)"
	is "zsh: options" "$(in_zsh key new --)" "$(sed -n 's/^key new: //p' "$T/commands" |
		tr ' ' '\n' | sed 's/=$//')"
	is "zsh: values" "$(in_zsh search --format "" | paste -sd ' ')" "table json csv ecs"
else
	skip "completion of zsh: zsh is missing"
fi
finish
