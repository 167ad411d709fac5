# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The site of the browser tests: a database with planted events behind lighttpd, chromium and
# the packages of package.json. Needs common.sh, pg.sh and web.sh of tests/lib.

NOISE=${NOISE:-24000} # events of noise that are planted

# Packages of the browser tests, once for each package-lock.json.
web_packages()
{
	local here=$ROOT/tests/web
	FWLOG_NODE=$(dirname "$BIN")/web
	FWLOG_CHROMIUM=$(command -v chromium || command -v chromium-browser)
	export FWLOG_NODE FWLOG_CHROMIUM
	need_programs node
	[ -n "$FWLOG_CHROMIUM" ] || skip_all "chromium is missing"
	mkdir -p "$FWLOG_NODE"
	! cmp -s "$here/package-lock.json" "$FWLOG_NODE/node_modules/lock" || return 0
	need_programs npm
	cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$FWLOG_NODE/"
	(cd "$FWLOG_NODE" && timeout 120 npm ci --no-audit --no-fund \
		--fetch-retries=1 --fetch-timeout=20000) >"$T/log/npm.log" 2>&1 ||
		skip_all "npm cannot install playwright-core and axe-core: $(tail -n 1 "$T/log/npm.log")"
	cp "$here/package-lock.json" "$FWLOG_NODE/node_modules/lock"
}

# Events, and agents that go on reporting.
web_site()
{
	pg_start --fast
	settings "db_changes = $(pg_dsn fwlog_web)" "operators = alice"
	site
	printf 'bob:fwlog:%s\n' "$(printf bob:fwlog:secret | sha256sum | cut -d ' ' -f 1)" >>"$T/web.users"
	sql "CREATE DATABASE fwlog" >/dev/null
	"$BIN/fwlogctl" db init -q --db "$(pg_dsn postgres)" >"$T/log/init.log" 2>&1 ||
		die "fwlogctl db init failed"
	export PGDATABASE=fwlog FWLOG_URL=$URL
	psql -X -q -v ON_ERROR_STOP=1 -v noise="$NOISE" -f "$ROOT/tests/web/plant.sql" >"$T/log/plant.log" 2>&1 ||
		die "planting failed"
	spawn contact "${WITH_PARENT[@]}" psql -X -q -f "$ROOT/tests/web/contact.sql"
}

# The same program an hour later, at $FWLOG_URL_LATER.
web_site_later()
{
	local port preload
	port=$(free_port $((PORT + 1))) || die "no free port"
	preload=$(faketime -f +0 sh -c 'echo "$LD_PRELOAD"')
	sed -e "s/^server.port = .*/server.port = $port/" \
		-e "s#\"FWLOG_CONF\" =>#\"LD_PRELOAD\" => \"$preload\", \"FAKETIME\" => \"+1h\", &#" \
		"$T/lighttpd.conf" >"$T/later.conf"
	spawn later "${WITH_PARENT[@]}" lighttpd -D -f "$T/later.conf"
	must_wait "lighttpd of an hour later listens" 20 port_taken "$port"
	export FWLOG_URL_LATER=http://127.0.0.1:$port/fwlog
}
