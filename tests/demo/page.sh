# SPDX-License-Identifier: GPL-2.0-or-later
# The web page of fwlog by lighttpd on loopback. Needs common.sh and pg.sh.

# page_start PORT: sets PAGE, the address in the browser. As root lighttpd and the CGI run
# as nobody, who may not be able to read the build folder.
page_start()
{
	local as=()
	PAGE=http://127.0.0.1:$1/
	need_programs lighttpd curl
	[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid "$(id -u nobody)" --regid \
		"$(id -g nobody)" --clear-groups)
	cat >"$T/lighttpd.conf" <<-EOT
	server.modules = ("mod_setenv", "mod_alias", "mod_cgi")
	server.document-root = "$T/www"
	server.bind = "127.0.0.1"
	server.port = $1
	setenv.set-environment = ("FWLOG_CONF" => "$T/fwlog.cgi.conf")
	alias.url = ("" => "$T/www/fwlog.cgi")
	cgi.assign = ("" => "")
	EOT
	mkdir -p "$T/www"
	install -m 755 "$BIN/fwlog.cgi" "$T/www/fwlog.cgi"
	printf '%s\n' "db = $(pg_dsn fwlog_report)" "allow_anonymous = yes" >"$T/fwlog.cgi.conf"
	spawn lighttpd ${as[@]+"${as[@]}"} "${WITH_PARENT[@]}" lighttpd -D -f "$T/lighttpd.conf"
	PAGE_PID=$SPAWNED
	must_wait "the web page answers" 15 page_answers
}

page_answers()
{
	alive "$PAGE_PID" || die "lighttpd ended at once"
	page_get >/dev/null
}

# page_get [PATH]
page_get()
{
	curl -sf --max-time 10 --noproxy '*' "$PAGE${1:-}"
}
