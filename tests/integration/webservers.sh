#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 90
# The page behind each web server with the shipped snippet, and as FastCGI: who is let in,
# what pages answer; one FastCGI process answers hundreds of requests like as many CGI processes.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
need_programs fwlog.cgi fwlogctl curl
pg_start --fast
sql "CREATE DATABASE fwlog" >/dev/null
"$BIN/fwlogctl" db init -q --db "$(pg_dsn postgres)" >"$T/log/init.log" 2>&1 ||
	die "fwlogctl db init failed"
export PGDATABASE=fwlog
psql -X -q -v ON_ERROR_STOP=1 -v noise=900 -f "$here/../web/plant.sql" >"$T/log/plant.log" 2>&1 ||
	die "planting failed"

# ---- a place that an unprivileged user can read, as whom the servers run
W=$T/web
CGI=$W/fwlog.cgi
mkdir "$W"
install -m 755 "$BIN/fwlog.cgi" "$CGI"
echo "db = $(pg_dsn fwlog_report)" >"$T/fwlog.cgi.conf"
AS=()
if [ "$(id -u)" -eq 0 ]; then
	AS=(setpriv --reuid "$(id -u nobody)" --regid "$(id -g nobody)" --clear-groups)
	chown nobody "$W"
fi
# alice with "secret", for Basic and for Digest.
# shellcheck disable=SC2016 # a hash
printf 'alice:{SHA}%s\n' "$(printf secret | openssl dgst -sha1 -binary | base64)" >"$W/htpasswd"
printf 'alice:fwlog:%s\n' "$(printf alice:fwlog:secret | sha256sum | cut -d ' ' -f 1)" >"$W/htdigest"

# snippet NAME: as shipped, with the paths of this test.
snippet()
{
	sed -e "s#/usr/local/lib/fwlog/cgi-bin/fwlog.cgi#$CGI#g" \
		-e "s#/etc/fwlog/web.htpasswd#$W/htpasswd#g" -e "s#/etc/fwlog/web.users#$W/htdigest#g" \
		-e "s#/etc/nginx/#$W/#g" -e "s#/run/lighttpd/#$W/#g" \
		-e "s#/run/fcgiwrap.socket#$W/cgi.socket#g" "$ROOT/packaging/web/$1"
}

# as NAME COMMAND…: a server in the background as that user.
as()
{
	spawn "$1" env "FWLOG_CONF=$T/fwlog.cgi.conf" ${AS[@]+"${AS[@]}"} "${WITH_PARENT[@]}" "${@:2}"
}

# listens NAME: its port answers.
listens()
{
	must_wait "$1 listens" 20 port_taken "$PORT"
}

next_port()
{
	PORT=$(free_port 18900) || die "no free port"
	URL=http://127.0.0.1:$PORT/fwlog
}

# get PATH [CURL OPTION]…: status in $STATUS, headers in $T/head, body in $T/body.
get()
{
	STATUS=$(curl -sS --path-as-is -o "$T/body" -D "$T/head" -w '%{http_code}' --max-time 30 \
		"${@:2}" "$URL$1" 2>>"$T/log/curl.log")
}
USER_ALICE=(--anyauth -u alice:secret)

# shows WHAT STATUS [TEXT]
shows()
{
	is "$1: status" "$STATUS" "$2"
	[ -z "${3:-}" ] || grep -qF -- "$3" "$T/body" || not_ok "$1: '$3' is not there"
}

# smoke SERVER: who is let in, and each kind of answer.
smoke()
{
	local s=$1 asset path
	get /healthz
	shows "$s: health without a login" 200
	get /
	shows "$s: no login" 401
	for path in /events "/?p=/events" //events /record/1-1 /asset/../events; do
		get "$path"
		case $STATUS in 401 | 403 | 404) ;; *) not_ok "$s: $path without a login: $STATUS" ;; esac
	done
	get / "${USER_ALICE[@]/secret/wrong}"
	shows "$s: a wrong password" 401
	# Where no login is asked for, a name that nobody looked at must not count.
	for path in '/healthz?p=/events' '/asset/x?p=/events' '/healthz/../events' '/asset/..%2fevents'; do
		get "$path" -u alice:wrong
		! grep -q '<tr><td><a href="/fwlog/record/' "$T/body" || not_ok "$s: $path is open to all"
	done
	get / "${USER_ALICE[@]}"
	shows "$s: the overview" 200 "203.0.113.77"
	asset=$(grep -oE '/asset/[^"]+\.css' "$T/body" | head -n 1)
	get "$asset"
	shows "$s: the style sheet" 200 "color-scheme"
	get '/events?q=src:203.0.113.77%20dport:3389' "${USER_ALICE[@]}"
	shows "$s: events" 200 "1 of 1 events"
	path=$(grep -oE '/record/[0-9-]+' "$T/body" | head -n 1)
	get "$path" "${USER_ALICE[@]}"
	shows "$s: a record" 200 "Around it"
	get '/events?q=srce:1' "${USER_ALICE[@]}"
	shows "$s: a mistake keeps its page" 400 'class="caret"'
	get /nothing "${USER_ALICE[@]}"
	shows "$s: no such page" 404 "no such page"
	get /events -X POST --data x=1 "${USER_ALICE[@]}"
	shows "$s: POST" 405
	get '/export.pcap?q=src:203.0.113.77' "${USER_ALICE[@]}"
	is "$s: packets, all of them" "$(tr -d '\r' <"$T/head" | awk 'tolower($1) ~ /fwlog-rows:/ { r = $2 }
		tolower($1) ~ /fwlog-skipped:/ { s = $2 } END { print r + s }')" 1499
	get / -I "${USER_ALICE[@]}"
	shows "$s: HEAD" 200
}

# ---- the servers

apache()
{
	local modules=/usr/lib/apache2/modules program m
	program=$(command -v apache2 || command -v httpd) || { skip "Apache is missing"; return; }
	[ -d "$modules" ] || modules=/usr/lib64/httpd/modules
	[ -e "$modules/mod_cgid.so" ] || { skip "Apache's mod_cgid is missing"; return; }
	next_port
	{
		for m in mpm_event authn_core authz_core authz_user auth_basic authn_file alias env cgid \
			filter deflate unixd log_config; do
			[ ! -e "$modules/mod_$m.so" ] || echo "LoadModule ${m}_module $modules/mod_$m.so"
		done
		cat <<-END
			ServerRoot "$W"
			ServerName localhost
			Listen 127.0.0.1:$PORT
			PidFile "$W/apache.pid"
			Mutex file:$W
			ErrorLog "$W/apache-error.log"
			ScriptSock "$W/cgid.sock"
			SetEnv FWLOG_CONF "$T/fwlog.cgi.conf"
		END
		snippet apache.conf
	} >"$W/apache.conf"
	as apache "$program" -D FOREGROUND -f "$W/apache.conf"
	listens Apache
	smoke "Apache"
	get / "${USER_ALICE[@]}" -H 'Accept-Encoding: gzip'
	check "Apache: pages are compressed" grep -qi '^content-encoding: gzip' "$T/head"
	stop "$SPAWNED"
}

# nginx before whatever answers FastCGI at $W/cgi.socket.
nginx_site()
{
	next_port
	snippet nginx.conf >"$W/nginx-fwlog.conf"
	{
		snippet fwlog-cgi.conf
		echo "fastcgi_param FWLOG_CONF $T/fwlog.cgi.conf;"
	} >"$W/fwlog-cgi.conf"
	cat >"$W/nginx.conf" <<-END
		daemon off;
		pid $W/nginx.pid;
		error_log stderr;
		events { }
		http {
			access_log off;
			client_body_temp_path $W/tmp-body;
			proxy_temp_path $W/tmp-proxy;
			fastcgi_temp_path $W/tmp-fastcgi;
			uwsgi_temp_path $W/tmp-uwsgi;
			scgi_temp_path $W/tmp-scgi;
			server {
				listen 127.0.0.1:$PORT;
				root $W/empty;
				include $W/nginx-fwlog.conf;
			}
		}
	END
	as nginx nginx -e stderr -c "$W/nginx.conf"
	NGINX=$SPAWNED
	listens nginx
}

nginx_fcgiwrap()
{
	local wrap
	command -v nginx >/dev/null || { skip "nginx is missing"; return; }
	wrap=$(command -v fcgiwrap) || { skip "fcgiwrap is missing"; return; }
	as fcgiwrap "$wrap" -c 2 -s "unix:$W/cgi.socket"
	wrap=$SPAWNED
	must_wait "fcgiwrap listens" 10 test -S "$W/cgi.socket"
	nginx_site
	smoke "nginx with fcgiwrap"
	get / "${USER_ALICE[@]}" -H 'Accept-Encoding: gzip'
	check "nginx: pages are compressed" grep -qi '^content-encoding: gzip' "$T/head"
	stop "$NGINX" QUIT
	stop "$wrap"
	rm -f "$W/cgi.socket"
}

has_fastcgi()
{
	ldd "$CGI" 2>/dev/null | grep -q libfcgi
}

nginx_fastcgi()
{
	local pid
	command -v nginx >/dev/null || { skip "nginx is missing"; return; }
	command -v spawn-fcgi >/dev/null || { skip "spawn-fcgi is missing"; return; }
	as fastcgi spawn-fcgi -n -s "$W/cgi.socket" -- "$CGI"
	pid=$SPAWNED
	must_wait "the FastCGI program listens" 10 test -S "$W/cgi.socket"
	nginx_site
	smoke "nginx with FastCGI"
	mixed "$pid"
	stop "$NGINX" QUIT
	stop "$pid"
}

lighttpd_fastcgi()
{
	command -v lighttpd >/dev/null || { skip "lighttpd is missing"; return; }
	next_port
	{
		cat <<-END
			server.document-root = "$W"
			server.port = $PORT
			server.bind = "127.0.0.1"
		END
		snippet lighttpd-fastcgi.conf
	} >"$W/lighttpd.conf"
	as lighttpd lighttpd -D -f "$W/lighttpd.conf"
	listens lighttpd
	smoke "lighttpd with FastCGI"
	stop "$SPAWNED"
}

# ---- nothing of a request is there in the next one

# Requests that differ in all that a request can leave behind, one a line: method, path.
mixture()
{
	local span
	span="from=$(date -u -d '-2 hours' +%FT%H:00:00Z)&to=$(date -u -d '-5 minutes' +%FT%TZ)"
	cat <<-END
		GET /events?$span&q=src:203.0.113.77
		GET /events?$span&tz=Asia/Kolkata&sort=time
		GET /events?$span&q=srce:1
		GET /nothing
		GET /api/events?$span&q=dport:22&n=100
		GET /api/top/dport?$span
		GET /api/timeline?$span&by=host&scale=log
		GET /export.csv?$span&q=dport:443
		GET /export.pcap?$span&q=src:203.0.113.77
		GET /record/1-99999999
		GET /events?tz=Nowhere
		GET /events?n=1000
		HEAD /events?$span
		POST /events
		GET /healthz
		GET /events?$span&q=prefix:/(a|b)+/
	END
}

# answer FILE VARIABLE…: of the plain CGI program.
answer()
{
	printf x=1 | env -i "FWLOG_CONF=$T/fwlog.cgi.conf" SCRIPT_NAME=/fwlog "${@:2}" "$CGI" \
		2>/dev/null | sed '1,/^\r$/d' >"$1"
}

# One process: PROCESS and the socket behind nginx.
mixed()
{
	local pid=$1 method path i=0 wrong=0 fds rss
	mixture >"$T/mixture"
	mkdir -p "$T/want"
	while read -r method path; do
		i=$((i + 1))
		answer "$T/want/$i" REQUEST_METHOD="$method" PATH_INFO="${path%%\?*}" REMOTE_USER=alice \
			QUERY_STRING="$(case $path in *\?*) echo "${path#*\?}" ;; esac)" \
			CONTENT_LENGTH=3 CONTENT_TYPE=application/x-www-form-urlencoded
	done <"$T/mixture"
	for ((round = 0; round < 16; round++)); do
		i=0
		while read -r method path; do
			i=$((i + 1))
			case $method in
			HEAD) get "$path" -I "${USER_ALICE[@]}" && : >"$T/body" ;;
			POST) get "$path" -X POST --data x=1 "${USER_ALICE[@]}" ;;
			*) get "$path" -u alice:secret ;;
			esac
			timeless "$T/body" | cmp -s - <(timeless "$T/want/$i") || {
				wrong=$((wrong + 1))
				[ "$wrong" -gt 1 ] || note "first: $method $path: $STATUS: $(diff "$T/body" "$T/want/$i" | head -n 5)"
			}
		done <"$T/mixture"
		# After the first rounds all that is kept is kept.
		[ "$round" -ne 4 ] || { fds=$(descriptors "$pid") rss=$(memory "$pid"); }
	done
	is "256 mixed requests to one process: other answers than CGI's" "$wrong" 0
	check "it is the same process" alive "$pid"
	is "it has no more files open" "$(descriptors "$pid")" "$fds"
	at_least "its memory grew by less than 512 KiB in 176 requests: KiB left" \
		$((512 - $(memory "$pid") + rss)) 0
}

# What is the same at any time: not tokens of forms, not ages.
timeless()
{
	sed -E 's/name="token" value="[^"]*"//g; s/[0-9]+ (s|min) ago//g; s/value="20[0-9TZ:-]+"//g' "$1"
}

descriptors()
{
	find "/proc/$1/fd" -mindepth 1 | wc -l
}

memory()
{
	awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

apache
nginx_fcgiwrap
if has_fastcgi; then
	nginx_fastcgi
	lighttpd_fastcgi
else
	skip "fwlog.cgi was built without libfcgi"
fi
finish
