#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 150 240 2400
# The power of the agent's host fails at random moments under load: monitor and worker are
# dead in the same instant, and of what was not synced anything may be missing. Either all
# steps on the spool's folder were noted, and what is left is made of them: each step that
# no sync covers is kept, lost or torn, in any order. Or the file system, ext4 on a loop
# device, stops without its cache. Half of the time no collector is there either, and the
# disk is all there is. Lost is what was logged in the last sync_interval and while nobody
# listened; a loss tells of it; and nothing logged afterwards is taken for what was known
# before.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

NOTED=$(by_form 3 6 100)  # failures of each kind
MOUNTED=$(by_form 0 6 80)
RATE=2000
SYNC=200                   # ms: sync_interval
FLUSH=50                   # ms: flush_timeout, the kernel's part of the delay
BOUND=$((SYNC + FLUSH + 250)) # and the sync itself, on a busy machine
PACKET_BYTES=100

# ---- a folder whose steps are noted

notes_begin()
{
	rm -rf "$T/before" "$T/journal"
	cp -a "$T/spool-fw1" "$T/before" || die "no copy of the spool"
}

noted_begin()
{
	local lib=${BIN%/bin}/lib/preload_journal.so
	[ -e "$lib" ] || return 1
	mkdir -p "$T/spool-fw1"
	notes_begin
	AGENT_ENV=(env "LD_PRELOAD=$lib" "FWLOG_JOURNAL=$T/journal"
		"FWLOG_JOURNAL_OF=$T/spool-fw1")
}

noted_failure()
{
	kill_agent fw1
	note "$("$BIN/afterpower" "$T/before" "$T/journal" "$T/spool-fw1" $RANDOM)" ||
		die "what is left of the spool cannot be made"
	notes_begin
}

# ---- a disk

disk_make()
{
	[ "$(id -u)" -eq 0 ] || return 1
	truncate -s 64M "$T/disk" && mkfs.ext4 -q -F "$T/disk" >"$T/log/mkfs.log" 2>&1 ||
		return 1
	disk_up || return 1
	at_exit disk_end
}

# The spool moves to a disk of its own: all of it was delivered.
mounted_begin()
{
	wait_for 20 spool_is_clean fw1 || note "the spool is not delivered"
	stop_agent fw1
	AGENT_ENV=()
	rm -f "$T/spool-fw1"/*.seg "$T/spool-fw1"/acked "$T/spool-fw1"/lock
	disk_make || {
		start_agent fw1
		return 1
	}
	start_agent fw1
}

disk_up()
{
	mount -t ext4 -o loop "$T/disk" "$T/spool-fw1" 2>>"$T/log/mkfs.log"
}

disk_down()
{
	umount "$T/spool-fw1" 2>/dev/null
}

disk_end()
{
	[ -z "${AGENT_PID[fw1]:-}" ] || kill -KILL -- "-${AGENT_PID[fw1]}" 2>/dev/null
	mountpoint -q "$T/spool-fw1" || return 0
	wait_for 5 disk_down || umount -l "$T/spool-fw1"
}

# Files written while the processes die, or processes that see a dead disk: both happen.
mounted_failure()
{
	if [ $((RANDOM % 2)) -eq 0 ]; then
		"$BIN/powerfail" "$T/spool-fw1" || die "the file system cannot be stopped"
		kill_agent fw1
	else
		kill_agent fw1
		"$BIN/powerfail" "$T/spool-fw1" || die "the file system cannot be stopped"
	fi
	must_wait "the dead disk is let go" 10 disk_down
	disk_up || die "the disk cannot be mounted again"
}

# power_failure noted|mounted
power_failure()
{
	local at=${EPOCHREALTIME/[.,]/}
	"$1_failure"
	FAILED_AT+="${FAILED_AT:+, }($at)"
	FAULTS=$((FAULTS + 1))
}

# One line a failure: ms between the last record that survived and the failure, and between
# the start of the next run and its first record.
failures()
{
	sql "WITH f (at) AS (VALUES $FAILED_AT),
		t AS (SELECT timestamptz 'epoch' + at * interval '1 us' AS at FROM f)
		SELECT round(extract(epoch FROM t.at - g.from_ts) * 1000),
		round(extract(epoch FROM g.to_ts - l.to_ts) * 1000)
		FROM t LEFT JOIN ($GAPS_SQL) g ON g.from_ts <= t.at AND g.to_ts >= t.at
		LEFT JOIN fwlog.loss l ON l.cause = 'agent_down' AND l.from_ts <= t.at
		AND l.to_ts >= t.at ORDER BY t.at"
}

check_failures()
{
	local before after worst=0 late=0 n=0
	while IFS='|' read -r before after; do
		[ -n "$before" ] && [ -n "$after" ] || {
			not_ok "a failure without a gap or without a loss: '$before' '$after'"
			continue
		}
		n=$((n + 1))
		[ "$before" -le "$worst" ] || worst=$before
		[ "$after" -le "$late" ] || late=$after
	done < <(failures)
	is "failures with their loss" "$n" "$FAULTS"
	check "records lost before a failure: of $worst ms, at most $BOUND" [ "$worst" -le "$BOUND" ]
	check "records lost after a start: of $late ms, at most 100" [ "$late" -le 100 ]
	# Steps are lost in any order: one failure may make several.
	is "stretches of missing packets that no failure made" "$(sql "
		WITH f (at) AS (VALUES $FAILED_AT),
		t AS (SELECT timestamptz 'epoch' + at * interval '1 us' AS at FROM f)
		SELECT count(*) FROM ($GAPS_SQL) g WHERE NOT EXISTS (SELECT FROM t
		WHERE g.from_ts BETWEEN t.at - interval '$BOUND ms' AND t.at)")" 0
	SUMMARY_MORE="at most $worst ms before a failure"
}

EXPECT_ALL=covered
SPOOL_DAMAGED=1 # what was lost before something that was kept looks like damage
FAILED_AT=
AGENT_LINES=("segment_size = 2M" "snaplen = 128" "zstd_level = 0"
	"sync_interval = ${SYNC}ms" "flush_timeout = ${FLUSH}ms")
# fail_often KIND COUNT
fail_often()
{
	local round away
	for ((round = 0; round < $2; round++)); do
		away=$((RANDOM % 2))
		[ $away -eq 0 ] || kill_collector
		load_start "$RATE" 3 fw1
		pause 1200 300
		power_failure "$1"
		start_agent fw1
		[ $away -eq 0 ] || start_collector "$COLLECTOR_AT"
		load_wait
	done
	fresh_all
}

need_programs afterpower powerfail
if noted_begin; then
	torture_up fw1
	fail_often noted "$NOTED"
else
	sanitized || die "preload_journal.so is missing: make torture builds it"
	torture_up fw1
	[ "$MOUNTED" -gt 0 ] || MOUNTED=2
fi
if [ "$MOUNTED" -eq 0 ]; then
	note "no failures of a mounted disk in this form"
elif mounted_begin; then
	fail_often mounted "$MOUNTED"
else
	skip "failures of a mounted disk: no ext4 on a loop device here"
fi
[ "$FAULTS" -gt 0 ] || skip_all "neither a preloaded library nor a disk to mount"
check_failures
torture_end
finish
