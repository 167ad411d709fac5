#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How fast kernel LOG lines come in: fwlogctl import log of N lines of a day of three
# firewalls, and of the same file once more. Every line is an event, one of others, or in
# the reject file. N=1000000.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
need_programs fwlogctl python3

N=${N:-1000000}
LEAST=200000 # lines a second
pg_start
"$BIN/fwlogctl" db init -q --db "$(pg_dsn postgres)" || die "fwlogctl db init failed"
export PGDATABASE=fwlog
python3 - "$N" >"$T/kern.log" <<'END'
import random, sys, time
random.seed(7)
n = int(sys.argv[1])
start = 1795132800
for i in range(n):
    at = start + i * 86400 // n
    head = time.strftime("%b %d %H:%M:%S", time.gmtime(at)) + " fw%d " % (i % 3)
    src = "%d.%d.%d.%d" % (random.choice((45, 80, 91, 185, 193)), random.randrange(4), random.randrange(20), random.randrange(256))
    ip = "SRC=%s DST=198.51.100.%d LEN=%d TOS=0x00 PREC=0x00 TTL=%d ID=%d DF " % (src, i % 16, 40 + i % 20, 40 + i % 20, random.randrange(65536))
    kind = i % 20
    if kind == 19:
        print(head + "sshd[7]: Failed password for root from " + src)
    elif kind == 18 and i % 1000 == 18:
        print(head + "kernel: [1.5] [UFW BLOCK] IN=eth0 OUT= " + ip[:30])
    elif kind < 14:
        print(head + "kernel: [1.5] [UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56:52:54:00:65:43:21:08:00 " + ip +
            "PROTO=TCP SPT=%d DPT=%d WINDOW=64240 RES=0x00 SYN URGP=0 " % (random.randrange(1024, 65536),
            random.choice((22, 23, 80, 443, 445, 3389, 8080, random.randrange(65536)))))
    else:
        print(head + "kernel: [1.5] [UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56:52:54:00:65:43:21:08:00 " + ip +
            "PROTO=UDP SPT=%d DPT=%d LEN=40 " % (random.randrange(1024, 65536), random.choice((53, 123, 161, 1900))))
END

# import WHAT LEAST
import()
{
	local rate
	"$BIN/fwlogctl" import log "$T/kern.log" --tz UTC --year 2026 \
		--db "$(pg_dsn fwlog_ingest)" 2>"$T/said" || die "import failed: $(<"$T/said")"
	note "$(sed "s|$T/||g" "$T/said")"
	rate=$(sed -n 's|.*(\([0-9]*\)/s).*|\1|p' "$T/said")
	at_least "$1, lines a second" "$rate" "$2"
}
import "imported" "$LEAST"
import "imported again" "$LEAST"
is "each line is an event, one of others, or rejected" \
	"$(sql "SELECT read = stored + other + rejected AND stored > 0 FROM fwlog.import
		ORDER BY started LIMIT 1")" t
is "twice is once" "$(sql "SELECT (SELECT count(*) FROM fwlog.event) = (SELECT sum(stored) FROM fwlog.import)
	AND (SELECT min(stored) FROM fwlog.import) = 0")" t
finish
