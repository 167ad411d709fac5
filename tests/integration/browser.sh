#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# The page in a browser: tests/web/scenarios over a planted day.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/web.sh"
. "$here/../web/site.sh"
need_programs fwlog.cgi fwlogctl lighttpd tshark faketime
web_packages
web_site
web_site_later
node "$ROOT/tests/web/run.mjs" ${SCENARIO:+"$SCENARIO"} 2>"$T/log/node.log" | tee "$T/results"
[ "${PIPESTATUS[0]}" -eq 0 ] || {
	grep -q '^not ok' "$T/results" || not_ok "the scenarios end: $(tail -n 3 "$T/log/node.log")"
	exit 1
}
[ -s "$T/results" ] || die "no scenario was run"
exit 0
