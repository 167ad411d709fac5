#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 150 180 1800
# The spool's disk fills up while no collector is there, and is freed later; then the
# collector comes back. The agent goes on all the time, the same process; what it could not
# keep it counts to the record, and the loss arrives.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

ROUNDS=$(by_form 1 3 30)
RATE=$(by_form 4000 4000 4000)
FULL=$(by_form 2 5 10) # seconds of load on a full disk
DISK=12                # MiB
PACKET_BYTES=200

[ "$(id -u)" -eq 0 ] || skip_all "only root may mount a disk of its own"

disk_up()
{
	mkdir -p "$T/spool-fw1"
	mount -t tmpfs -o "size=${DISK}M,mode=700" none "$T/spool-fw1" ||
		skip_all "no tmpfs can be mounted"
	at_exit disk_down
}

# After the agents: what still has files there is killed by then.
disk_down()
{
	local pid
	for pid in ${AGENT_PID[@]+"${AGENT_PID[@]}"}; do
		kill -KILL -- "-$pid" 2>/dev/null
	done
	wait_for 5 umount "$T/spool-fw1" 2>/dev/null || umount -l "$T/spool-fw1"
}

disk_left()
{
	df --output=avail -k "$T/spool-fw1" | tail -n 1
}

# The rest of the disk but for so many MiB belongs to somebody else.
ballast()
{
	head -c "$((DISK - $1))M" /dev/zero >"$T/spool-fw1/ballast" 2>/dev/null
}

free_disk()
{
	rm -f "$T/spool-fw1/ballast"
}

spool_full()
{
	[ "$(disk_left)" -lt 2048 ]
}

lost_in_database()
{
	sql "SELECT coalesce(sum(records), 0) FROM fwlog.loss WHERE cause = 'spool_full'"
}

has_lost_more()
{
	[ "$(lost_in_database)" -gt "$1" ]
}

fill_and_free()
{
	local before
	before=$(lost_in_database)
	ballast 5
	kill_collector
	load_start "$RATE" $((FULL + 4)) fw1
	check "the disk fills up" wait_for $((FULL + 4)) spool_full
	FAULTS=$((FAULTS + 1))
	load_wait
	free_disk
	load_start "$RATE" 1 fw1
	load_wait
	start_collector "$COLLECTOR_AT"
	fresh fw1 20
	check "the loss arrives" wait_for 10 has_lost_more "$before"
	wait_quiet fw1
	wait_balanced 20 fw1 || note "not everything arrived"
	balance fw1
	is "dropped exactly, round $((round + 1))" $((STORED + LOST)) "$LOGGED"
}

AGENT_LINES=("segment_size = 2M" "snaplen = 256" "zstd_level = 0" "spool_size = 1G")
disk_up
torture_up fw1
worker_of fw1
worker=$WORKER
for ((round = 0; round < ROUNDS; round++)); do
	fill_and_free
done
fresh_all
worker_of fw1
is "the worker is the same process" "$WORKER" "$worker"
torture_end
is "losses of other causes" "$(sql "SELECT count(*) FROM fwlog.loss WHERE cause <> 'spool_full'")" 0
finish
