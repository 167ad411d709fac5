#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
# The filter language: memory and PostgreSQL select the same events, for thousands of
# filters over events of every shape; a fault planted into the SQL is seen; and what
# fwlogctl filter parse prints.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/fleet.sh"
need_programs fwlogctl filter-equiv
pg_start --fast
db_init

# ---- equivalence
dsn=$(pg_dsn postgres)
found=$("$BIN/filter-equiv" "$dsn" 5000 2000 7514 2>&1)
rc=$?
note "$(tail -n 1 <<<"$found")"
if [ "$rc" -eq 0 ] && grep -q '^5000 filters, 2000 events: 0 differences' <<<"$found"; then
	ok "memory and PostgreSQL select the same"
else
	not_ok "memory and PostgreSQL differ: $found"
fi
at_least "filters that select some events, not all" \
	"$(sed -n 's/.* \([0-9]*\) filters select some.*/\1/p' <<<"$found")" 2500
at_least "filters that use the field used least" \
	"$(sed -n 's/.* at least \([0-9]*\) times.*/\1/p' <<<"$found")" 100
found=$("$BIN/filter-equiv" "$dsn" 300 500 99 plant 2>&1)
is "a planted difference fails" $? 1
at_least "planted differences seen" \
	"$(sed -n 's/.*events: \([0-9]*\) differences.*/\1/p' <<<"$found")" 30
finish
