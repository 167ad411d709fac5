#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# Actions: each way of telling people, against receivers that take, refuse, hang and close.
# Alerts are put into the database as the collector does it; nothing here needs the engine.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
need_programs fwlog-collector fwlogctl python3
if [ "$(id -u)" -ne 0 ]; then
	skip_all "programs of root's cannot be made without being root"
fi
pg_start --fast
db_init
mkdir -m 755 "$T/bin"
mkdir -m 777 "$T/out"

# fire RULE GROUP-VALUE ACTIONS [CHANGE [LEVEL]]: as the collector stores it.
fire()
{
	local resolved=
	[ "${4:-}" != resolved ] || resolved=', "resolved": "2026-11-23T10:05:00Z"'
	PGUSER=fwlog_ingest sql "SELECT fwlog.alert_store('[{\"change\": \"${4:-fired}\",
		\"delivery\": \"notify\", \"actions\": [$3], \"rule_id\": \"$1\",
		\"logic_hash\": \"0123456789abcdef\", \"group_key\": \"$(printf %s "$2" | od -An -tx1 |
			tr -d ' \n')\", \"window_start\": \"2026-11-23T10:00:00Z\",
		\"title\": \"Vertical \\\"port\\\" scan, größer\", \"level\": \"${5:-high}\",
		\"type\": \"value_count\", \"author\": \"fwlog\", \"license\": \"GPL-2.0-or-later\",
		\"description\": \"One source, many ports\", \"refs\": [\"https://example.org/x\"],
		\"fields\": \"{\\\"src_ip\\\": \\\"$2\\\", \\\"source.zone\\\": \\\"a]b\\\"}\",
		\"filter\": \"src:$2\", \"first_ts\": \"2026-11-23T10:00:00Z\",
		\"last_ts\": \"2026-11-23T10:01:00Z\", \"events\": 25, \"amount\": 25
		$resolved}]'::jsonb)" >/dev/null
}

# state ACTION: of its deliveries, oldest first.
state()
{
	sql "SELECT string_agg(what || ' ' || state, ', ' ORDER BY delivery_id)
		FROM fwlog.alert_delivery WHERE action = '$1'"
}

state_is()
{
	[ "$(state "$1")" = "$2" ]
}

# tells WHAT ACTION STATES [SECONDS]
tells()
{
	if wait_for "${4:-10}" state_is "$2" "$3"; then
		ok "$1"
	else
		not_ok "$1: found '$(state "$2")', expected '$3': $(sql "SELECT max(last_error)
			FROM fwlog.alert_delivery WHERE action = '$2'")"
	fi
}

# json FILE EXPRESSION: of what a receiver wrote, r the list of its requests.
json()
{
	python3 -c 'import json, sys
r = [json.loads(l) for l in open(sys.argv[1])]
print(eval(sys.argv[2].replace(chr(10), " ")))' "$@" 2>&1
}

# ---- receivers
cat >"$T/bin/receive.py" <<'END'
"""receive.py PORT FILE: HTTP on PORT; each request becomes a line of FILE. What it answers
stands in FILE.how: ok, fail (503), bad (400), redirect, big, hang, close."""
import http.server, json, os, sys, time
port, path = int(sys.argv[1]), sys.argv[2]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        how = open(path + '.how').read().strip()
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        with open(path, 'a') as f:
            f.write(json.dumps({'path': self.path, 'body': body.decode(), 'how': how,
                'headers': {k.lower(): v for k, v in self.headers.items()}}) + '\n')
        if how == 'hang':
            time.sleep(600)
        if how == 'close':
            self.close_connection = True
            return
        status = {'fail': 503, 'bad': 400, 'redirect': 302}.get(how, 200)
        self.send_response(status)
        if how == 'redirect':
            self.send_header('Location', 'file:///etc/passwd')
        answer = b'x' * (10 << 20 if how == 'big' else 9)
        self.send_header('Content-Length', str(len(answer)))
        self.end_headers()
        try:
            self.wfile.write(answer)
        except OSError:
            pass
    def log_message(self, *a):
        pass
http.server.ThreadingHTTPServer(('127.0.0.1', port), Handler).serve_forever()
END
cat >"$T/bin/syslogs.py" <<'END'
"""syslogs.py UNIX-PATH UDP-PORT TCP-PORT FOLDER: each message becomes a line of
FOLDER/unix, udp, tcp."""
import select, socket, sys, os
path, udp, tcp, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
u = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); u.bind(path)
d = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); d.bind(('127.0.0.1', udp))
t = socket.socket(); t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
t.bind(('127.0.0.1', tcp)); t.listen()
def note(kind, b):
    with open(folder + '/' + kind, 'ab') as f:
        f.write(b + b'\n')
streams = {}
while True:
    for s in select.select([u, d, t] + list(streams), [], [])[0]:
        if s is u: note('unix', s.recv(65536))
        elif s is d: note('udp', s.recv(65536))
        elif s is t: streams[s.accept()[0]] = b''
        else:
            b = s.recv(65536)
            if not b: del streams[s]; continue
            streams[s] += b
            while b' ' in streams[s]:
                n, rest = streams[s].split(b' ', 1)
                if len(rest) < int(n): break
                note('tcp', rest[:int(n)]); streams[s] = rest[int(n):]
END
hook=$(free_port 18080)
udp=$(free_port 18300)
tcp=$(free_port 18500)
am=$(free_port 19100)
hang=$(free_port 18700)
echo ok >"$T/hook.how"
echo hang >"$T/hang.how"
spawn hook "${WITH_PARENT[@]}" python3 "$T/bin/receive.py" "$hook" "$T/hook"
HOOK_PID=$SPAWNED
spawn hang "${WITH_PARENT[@]}" python3 "$T/bin/receive.py" "$hang" "$T/hang"
start_syslogs()
{
	rm -f "$T/log.sock"
	spawn syslogs "${WITH_PARENT[@]}" python3 "$T/bin/syslogs.py" "$T/log.sock" "$udp" "$tcp" "$T"
	SYSLOGS_PID=$SPAWNED
	must_wait "the syslog servers listen" 10 port_taken "$tcp"
}
start_syslogs
must_wait "the webhook listens" 10 port_taken "$hook"
must_wait "the hanging one listens" 10 port_taken "$hang"

cat >"$T/bin/page" <<'END'
#!/bin/sh
{ id -un; grep NoNewPrivs /proc/self/status; echo "$FWLOG_ACTION $FWLOG_CHANGE $FWLOG_DELIVERY"
  env | grep -c PG; cat; echo; } >>OUT/page
END
sed -i "s,OUT,$T/out," "$T/bin/page"
printf '#!/bin/sh\nsleep 60 &\necho too slow\nwait\n' >"$T/bin/slow"
cp "$T/bin/page" "$T/bin/foreign"
cp "$T/bin/page" "$T/bin/open"
cat >"$T/bin/sendmail" <<END
#!/bin/sh
{ echo "ARGS \$*"; cat; echo "END"; } >>$T/out/mail
END
chmod 755 "$T"/bin/*
chown nobody "$T/bin/foreign"
chmod 777 "$T/bin/open"
printf 'a secret of many letters\n' >"$T/secret"
chmod 600 "$T/secret"

action()
{
	printf '%s\n' "[action $1]" "type = $2" "${@:3}"
}
actions=$(
	action hook webhook "url = http://127.0.0.1:$hook/in" "secret_file = $T/secret" \
		"page = https://fw.example/fwlog.cgi" "timeout = 3s"
	action hang webhook "url = http://127.0.0.1:$hang/in" "timeout = 60s"
	action unix syslog "address = unix:$T/log.sock" "facility = local3"
	action udp syslog "address = udp:127.0.0.1:$udp"
	action tcp syslog "address = tcp:localhost:$tcp"
	action page exec "command = $T/bin/page"
	action slow exec "command = $T/bin/slow" "timeout = 1s"
	action foreign exec "command = $T/bin/foreign"
	action open exec "command = $T/bin/open"
	action mail mail "to = soc@example.org boss@example.org" "from = fwlog@example.org" \
		"sendmail = $T/bin/sendmail" "digest = 2s"
	action am alertmanager "url = http://127.0.0.1:$am/"
)
mapfile -t lines <<<"$actions"
start_collector "" "${lines[@]}"

# ---- all at once; one hangs
fire scan 192.0.2.1 '"hang", "hook", "unix", "udp", "tcp", "page"'
tells "webhook" hook "fired sent"
tells "syslog on a Unix socket" unix "fired sent"
tells "syslog by UDP" udp "fired sent"
tells "syslog by TCP" tcp "fired sent"
tells "exec" page "fired sent"
is "while another one hangs" "$(state hang)" "fired waiting"

id=$(sql "SELECT delivery_id FROM fwlog.alert_delivery WHERE action = 'hook'")
is "JSON: what, whose, which" "$(json "$T/hook" \
	'[(b["change"], b["rule"]["title"], b["rule"]["author"], b["group"]["src_ip"], b["link"])
	for b in [json.loads(r[0]["body"])]]')" \
	"[('fired', 'Vertical \"port\" scan, größer', 'fwlog', '192.0.2.1', 'https://fw.example/fwlog.cgi/alerts/1')]"
is "its number stands in a header" "$(json "$T/hook" 'r[0]["headers"]["x-fwlog-delivery"]')" "$id"
is "it is signed" "$(json "$T/hook" '__import__("hmac").new(b"a secret of many letters",
	(r[0]["headers"]["x-fwlog-timestamp"] + "." + r[0]["body"]).encode(), "sha256").hexdigest()
	== r[0]["headers"]["x-fwlog-signature"][7:]')" True
is "RFC 5424: header, data, text" "$(sed 's/^\(<[0-9]*>1\) [^ ]* [^ ]* /\1 /; s/delivery="[0-9]*"/delivery="N"/' \
	"$T/unix")" "<155>1 fwlog - fired [fwlog@32473 delivery=\"N\" change=\"fired\" rule=\"scan\"\
 level=\"high\" events=\"25\" first=\"2026-11-23T10:00:00.000000Z\"\
 last=\"2026-11-23T10:01:00.000000Z\"][group@32473 src_ip=\"192.0.2.1\" source.zone=\"a\\]b\"]\
 "$'\xef\xbb\xbf'"[high] Vertical \"port\" scan, größer: src_ip=192.0.2.1 source.zone=a]b"
is "the same by UDP" "$(grep -c 'src_ip="192.0.2.1"' "$T/udp")" 1
is "the same by TCP, octets counted" "$(grep -c 'src_ip="192.0.2.1"' "$T/tcp")" 1
is "exec: user, no new rights, environment" "$(head -n 4 "$T/out/page" | tr '\n' ' ' | sed 's/ [0-9]* 0 $//; s/\t/ /')" \
	"nobody NoNewPrivs: 1 page fired"
is "exec: JSON on its input" "$(sed -n 5p "$T/out/page" | python3 -c 'import json, sys
print(json.load(sys.stdin)["group"]["src_ip"])')" 192.0.2.1

# ---- programs that may not, or do not end
fire scan 192.0.2.2 '"foreign", "open", "slow"'
error_of()
{
	sql "SELECT last_error FROM fwlog.alert_delivery WHERE action = '$1'"
}
must_wait "foreign is tried" 10 eval '[ -n "$(error_of foreign)" ]'
must_wait "open is tried" 10 eval '[ -n "$(error_of open)" ]'
is "not root's" "$(error_of foreign)" "$T/bin/foreign: does not belong to root: chown root"
is "anybody's" "$(error_of open)" "$T/bin/open: others than root may write it: chmod go-w"
must_wait "slow is tried" 10 eval '[ -n "$(error_of slow)" ]'
is "one that does not end is killed" "$(error_of slow)" \
	"$T/bin/slow: killed after 1 s: too slow"
check "with what it started" wait_for 5 eval '! pgrep -f "^sleep 60" >/dev/null'
chown root "$T/bin/foreign"
tells "what failed is tried again" foreign "fired sent" 20

# ---- a webhook with moods
for how in fail close redirect; do
	echo "$how" >"$T/hook.how"
	fire "mood-$how" 192.0.2.3 '"hook"'
	failed_so()
	{
		[ "$(sql "SELECT count(*) FROM fwlog.alert_delivery JOIN fwlog.alert USING (alert_id)
			WHERE action = 'hook' AND rule_id = 'mood-$how' AND tries > 0
			AND alert_delivery.state = 'waiting'")" = 1 ]
	}
	check "webhook: $how is a failure" wait_for 10 failed_so
	echo ok >"$T/hook.how"
	works_so()
	{
		[ "$(sql "SELECT d.state FROM fwlog.alert_delivery d JOIN fwlog.alert USING (alert_id)
			WHERE action = 'hook' AND rule_id = 'mood-$how'")" = sent ]
	}
	check "webhook: then it works" wait_for 20 works_so
	is "webhook: under the same number" "$(json "$T/hook" \
		"len({q['headers']['x-fwlog-delivery'] for q in r if 'mood-$how' in q['body']})")" 1
done
echo big >"$T/hook.how"
fire big 192.0.2.4 '"hook"'
check "webhook: an endless answer is cut" wait_for 10 eval \
	'[ "$(sql "SELECT count(*) FROM fwlog.alert_delivery WHERE action = '"'hook'"'
	AND state <> '"'sent'"'")" = 0 ]'
echo bad >"$T/hook.how"
fire old 192.0.2.5 '"hook"'
sql "UPDATE fwlog.alert_delivery SET made = now() - interval '25 hours', next_try = now()
	WHERE action = 'hook' AND state = 'waiting'" >/dev/null
check "after 24 hours it is given up" wait_for 10 eval \
	'[ "$(sql "SELECT max(last_error) FROM fwlog.alert_delivery WHERE action = '"'hook'"'
	AND state = '"'failed'"'")" = "HTTP status 400: xxxxxxxxx" ]'
echo ok >"$T/hook.how"

# ---- in order: the end of an alert never before its begin
stop "$HOOK_PID" KILL
fire order 192.0.2.6 '"hook"'
fire order 192.0.2.6 '"hook"' resolved
sql "UPDATE fwlog.alert_delivery SET next_try = now() + interval '3 seconds'
	WHERE action = 'hook' AND what = 'fired' AND state = 'waiting'" >/dev/null
stop_collector || not_ok "the collector ends in time"
spawn hook "${WITH_PARENT[@]}" python3 "$T/bin/receive.py" "$hook" "$T/hook"
stop "$SYSLOGS_PID" KILL
fire scan 192.0.2.7 '"tcp", "unix", "mail"'
fire scan 192.0.2.8 '"mail"'
start_collector ""
check "what waited is sent after a restart, in order" wait_for 20 eval \
	'[ "$(json "$T/hook" "[json.loads(q[\"body\"])[\"change\"] for q in r
	if \"order\" in q[\"body\"]]")" = "['"'fired', 'resolved'"']" ]'

# ---- mail
tells "mail" mail "fired sent, fired sent"
is "both in one message" "$(grep -c ^END "$T/out/mail")" 1
is "to whom" "$(head -n 1 "$T/out/mail")" "ARGS -oi -f fwlog@example.org -- soc@example.org boss@example.org"
is "the subject is encoded, and decodes" "$(sed '1d; /^END/,$d' "$T/out/mail" | python3 -c '
import email, email.policy, sys
raw = sys.stdin.buffer.read()
m = email.message_from_bytes(raw, policy=email.policy.default)
assert all(b < 127 for b in raw) and max(map(len, raw.split(b"\n"))) < 80
print(m["subject"])
body = m.get_content()
assert "192.0.2.7" in body and "192.0.2.8" in body and "größer" in body, body')" \
	'fwlog: [high] Vertical "port" scan, größer: src_ip=192.0.2.7 source.zone=a]b and 1 more'

# ---- syslog servers that were away
tells "syslog waits for its server" tcp "fired sent, fired waiting"
start_syslogs
tells "and tells it then" tcp "fired sent, fired sent" 20
tells "so it does on a Unix socket" unix "fired sent, fired sent" 20

# ---- Alertmanager, a real one
if command -v prometheus-alertmanager >/dev/null; then
	printf '%s\n' 'route: {receiver: hook, group_wait: 0s, group_interval: 1s}' \
		"receivers: [{name: hook, webhook_configs: [{url: 'http://127.0.0.1:$hook/am'}]}]" \
		>"$T/am.yml"
	spawn alertmanager "${WITH_PARENT[@]}" prometheus-alertmanager --config.file="$T/am.yml" \
		--storage.path="$T/am" --web.listen-address="127.0.0.1:$am" --cluster.listen-address=
	must_wait "Alertmanager listens" 20 port_taken "$am"
	fire am 192.0.2.9 '"am"'
	tells "Alertmanager" am "fired sent"
	curl -s "http://127.0.0.1:$am/api/v2/alerts" | tr -d '\n' >"$T/alerts"
	is "one alert, with stable labels" "$(json "$T/alerts" '[(a["labels"], a["status"]["state"],
		a["startsAt"]) for a in r[0]]')" "[({'alertname': 'Vertical \"port\" scan, größer',\
 'level': 'high', 'rule_id': 'am', 'source_zone': 'a]b', 'src_ip': '192.0.2.9'}, 'active',\
 '2026-11-23T10:00:00.000Z')]"
	fire am 192.0.2.9 '"am"' resolved
	tells "its end" am "fired sent, resolved sent"
	told_am()
	{
		[ "$(json "$T/hook" '[json.loads(q["body"])["status"] for q in r
			if q["path"] == "/am"]')" = "['firing', 'resolved']" ]
	}
	check "Alertmanager tells of one alert and of its end" wait_for 20 told_am
	is "it has none any more" "$(curl -s "http://127.0.0.1:$am/api/v2/alerts" | tr -d '\n ')" "[]"
else
	skip "Alertmanager: prometheus-alertmanager is missing"
fi

# ---- a digest
PGUSER=fwlog_ingest sql "SELECT fwlog.alert_digest_store('{\"from_ts\": \"2026-11-23T10:00:00Z\",
	\"to_ts\": \"2026-11-23T10:01:00Z\", \"backfill\": false, \"alerts\": 170, \"entries\":
	[{\"rule_id\": \"a\", \"title\": \"Scan\", \"level\": \"high\", \"alerts\": 170, \"example\":
	\"src_ip=192.0.2.1\"}], \"actions\": [\"unix\", \"hook\", \"page\"]}'::jsonb)" >/dev/null
check "a digest is told" wait_for 10 grep -q \
	'170 alerts that were not told singly: 170x \[high\] Scan, such as src_ip=192.0.2.1$' "$T/unix"

# ---- processes
keeper=$(pgrep -P "$COLLECTOR_PID" | head -n 1)
worker=$(children_of "$keeper" | head -n 1)
kill -KILL "$worker"
check "a process that died is started again" wait_for 10 eval \
	'[ "$(children_of "$keeper" | wc -l)" = 11 ]'
kill -KILL "$keeper"
check "so is the one that keeps them" wait_for 10 eval \
	'k=$(pgrep -P "$COLLECTOR_PID" | head -n 1) && [ -n "$k" ] && [ "$k" != "$keeper" ] &&
	[ "$(children_of "$k" | wc -l)" = 11 ]'
fire last 192.0.2.10 '"hook"'
check "and they go on" wait_for 10 eval 'json "$T/hook" "str(r)" | grep -q "192.0.2.10"'
is "the one that hangs hung all the time" "$(state hang)" "fired waiting"
stop_collector || not_ok "the collector ends in time"
check "nothing is left behind" wait_for 5 eval '! pgrep -f "collector -c $T/collector.conf" >/dev/null'
finish
