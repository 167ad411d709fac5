# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A site for tests of the page: lighttpd with the shipped snippet and this build's paths, a
# user alice; questions to it and what is expected of the answers. Needs common.sh, pg.sh.

PORT=$(free_port 18600) || die "no free port"
URL=http://127.0.0.1:$PORT/fwlog
site()
{
	sed -e "s#/usr/local/lib/fwlog/cgi-bin/fwlog.cgi#$BIN/fwlog.cgi#" \
		-e "s#/etc/fwlog/web.users#$T/web.users#" \
		"$ROOT/packaging/web/lighttpd.conf" >"$T/snippet.conf"
	printf 'alice:fwlog:%s\n' \
		"$(printf alice:fwlog:secret | sha256sum | cut -d ' ' -f 1)" >"$T/web.users"
	cat >"$T/lighttpd.conf" <<-END
		server.document-root = "$T"
		server.port = $PORT
		server.bind = "127.0.0.1"
		server.breakagelog = "$T/log/cgi.log"
		server.modules = ( "mod_setenv" )
		setenv.set-environment = ( "FWLOG_CONF" => "$T/fwlog.cgi.conf" )
		include "$T/snippet.conf"
	END
	spawn lighttpd "${WITH_PARENT[@]}" lighttpd -D -f "$T/lighttpd.conf"
	must_wait "lighttpd listens" 20 port_taken "$PORT"
}

# settings LINE…: of the page, from the next request on.
settings()
{
	printf '%s\n' "db = $(pg_dsn fwlog_report)" "$@" >"$T/fwlog.cgi.conf"
}

# get PATH [CURL OPTION]…: as alice; status in $STATUS, headers in $T/head, body in $T/body.
get()
{
	STATUS=$(curl -sS --digest -u alice:secret -o "$T/body" -D "$T/head" \
		-w '%{http_code}' --max-time 60 "${@:2}" "$URL$1")
}

# The last answer's header, without the name.
header()
{
	tr -d '\r' <"$T/head" | grep -i "^$1: " | tail -n 1 | cut -d ' ' -f 2-
}

# shows WHAT STATUS TEXT…: the last answer.
shows()
{
	local what=$1 status=$2 text
	is "$what: status" "$STATUS" "$status"
	shift 2
	for text in "$@"; do
		grep -qF -- "$text" "$T/body" || not_ok "$what: '$text' is not there"
	done
}

hides()
{
	if grep -qiE -- "$2" "$T/body"; then
		not_ok "$1: $(grep -iEo -m 1 -- ".{0,20}($2).{0,20}" "$T/body")"
	else
		ok "$1"
	fi
}

# Roll-ups of events that no collector wrote.
roll_up()
{
	sql "TRUNCATE fwlog.rollup_minute, fwlog.rollup_hour, fwlog.rollup_hour_port,
		fwlog.rollup_hour_src, fwlog.rollup_hour_dst;
	INSERT INTO fwlog.rollup_minute SELECT host_id, date_trunc('minute', ts, 'UTC'),
		coalesce(prefix_id, 0), coalesce(proto, -1), coalesce(dport, -1), count(*), sum(len)
		FROM fwlog.event GROUP BY 1, 2, 3, 4, 5;
	INSERT INTO fwlog.rollup_hour SELECT host_id, date_trunc('hour', minute, 'UTC'), prefix_id,
		proto, sum(events), sum(bytes) FROM fwlog.rollup_minute GROUP BY 1, 2, 3, 4;
	INSERT INTO fwlog.rollup_hour_port SELECT host_id, date_trunc('hour', minute, 'UTC'), proto,
		dport, sum(events), sum(bytes) FROM fwlog.rollup_minute GROUP BY 1, 2, 3, 4;
	INSERT INTO fwlog.rollup_hour_src SELECT host_id, date_trunc('hour', ts, 'UTC'),
		coalesce(src, '::/0'), count(*), sum(len) FROM fwlog.event GROUP BY 1, 2, 3;
	INSERT INTO fwlog.rollup_hour_dst SELECT host_id, date_trunc('hour', ts, 'UTC'),
		coalesce(dst, '::/0'), count(*), sum(len) FROM fwlog.event GROUP BY 1, 2, 3" >/dev/null
}
