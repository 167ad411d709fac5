#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 150 240 2400
# The database fails under load: sessions ended, a backend killed, the postmaster killed,
# restart -m immediate; at random, in the middle of a COPY, before COMMIT, and in a COMMIT
# that is on disk and not answered. The collector stays: the same process stores everything
# exactly once when the database is back.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

ROUNDS=$(by_form 1 2 30)
RATE=$(by_form 2000 3000 3000)
WAYS=(sessions backend postmaster restart)
POINTS=(copying commit-next commit-sent)

# ---- how it fails

end_sessions()
{
	pg_terminate fwlog_ingest >/dev/null
}

kill_backend()
{
	pg_kill_backend fwlog_ingest
}

# Its children see that it is gone by themselves; the next one waits for them.
kill_postmaster()
{
	local children
	mapfile -t children < <(children_of "$PG_PID")
	kill -KILL "$PG_PID"
	wait_for 20 all_gone "${children[@]}" || die "backends outlive the postmaster"
	stop "$PG_PID" KILL
	pg_run
}

fail_by()
{
	case $1 in
	sessions) end_sessions ;;
	backend) kill_backend ;;
	postmaster) kill_postmaster ;;
	restart) pg_restart_immediate ;;
	esac || note "nothing to strike: $1"
	must_wait "the database is back" 60 pg_ready
	FAULTS=$((FAULTS + 1))
}

# ---- when

stopped()
{
	[ ! -e "$STRIKE" ] && grep -q '^State:.*T (stopped)' "/proc/$COLLECTOR_PID/status"
}

# fail_at POINT WAY: while the collector stands still there.
fail_at()
{
	strike_arm "$1" STOP
	wait_for 10 stopped || die "the collector does not come to $1"
	fail_by "$2"
	kill -CONT "$COLLECTOR_PID"
}

committing()
{
	[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'fwlog_ingest'
		AND wait_event = 'SyncRep'" 2>/dev/null)" -gt 0 ]
}

# In the middle of a COMMIT: it is on disk and waits for a standby that never comes.
fail_committing()
{
	sql "ALTER SYSTEM SET synchronous_standby_names = nobody"
	sql "SELECT pg_reload_conf()" >/dev/null
	wait_for 10 committing || die "no COMMIT waits for the standby"
	sql "ALTER SYSTEM RESET synchronous_standby_names"
	fail_by "$1"
	sql "SELECT pg_reload_conf()" >/dev/null
}

strike_preload
torture_up fw1 fw2
collector=$COLLECTOR_PID
for ((round = 0; round < ROUNDS; round++)); do
	for way in "${WAYS[@]}"; do
		load_goes_on "$RATE" 2
		case $FORM in
		smoke) points=("${POINTS[RANDOM % 3]}") ;;
		*) points=("${POINTS[@]}") ;;
		esac
		for point in "${points[@]}"; do
			load_goes_on "$RATE" 2
			fail_at "$point" "$way"
		done
		pause 300
		[ "$FORM" = smoke ] || fail_by "$way"
	done
	load_goes_on "$RATE" 2
	fail_committing "${WAYS[round % 4]}"
done
fresh_all 15
check "the collector is the same process" [ "$COLLECTOR_PID" = "$collector" ]
check "the collector lives" alive "$collector"
torture_end
no_losses
finish
