#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120 240 2400
# Bad lines to the collector: one packet in five lost, 256 kbit/s, and a line that hands over
# one byte at a time, so that every frame is split everywhere. Everything arrives over the
# line as it is, and neither end needs more memory for it.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

RATE=$(by_form 500 1000 1000)
LASTS=$(by_form 3 12 120)
WORKER_MEMORY=$(by_form 64 64 64)       # MiB
COLLECTOR_MEMORY=$(by_form 128 128 256) # MiB

lossy()
{
	on coll nft -f - <<-EOT || die "rules of coll"
	table ip lossy {
		chain in {
			type filter hook input priority 0;
			tcp dport 7514 numgen random mod 100 < 20 drop
		}
		chain out {
			type filter hook output priority 0;
			tcp sport 7514 numgen random mod 100 < 20 drop
		}
	}
	EOT
}

not_lossy()
{
	on coll nft delete table ip lossy
}

# Both directions; at the ends of the cable, where a queue may form.
narrow()
{
	local of
	for of in "coll to-fw1" "fw1 up0"; do
		# shellcheck disable=SC2086 # a host and its interface
		set -- $of
		on "$1" tc qdisc replace dev "$2" root tbf rate 256kbit burst 8k latency 500ms \
			2>/dev/null || return 1
	done
}

wide()
{
	on coll tc qdisc del dev to-fw1 root
	on fw1 tc qdisc del dev up0 root
}

# over WHAT SECONDS HOST RATE: a load over the line, all of which has to arrive over it.
over()
{
	local start
	load_start "$4" "$LASTS" "$3"
	load_wait
	start=$(now_ms)
	FAULTS=$((FAULTS + 1))
	wait_quiet "${HOSTS[@]}"
	if wait_balanced "$2" "${HOSTS[@]}"; then
		ok "$1: all arrives, $(($(now_ms) - start)) ms after the last"
	else
		not_ok "$1: not all arrived within $2 s"
	fi
}

# most_memory WHAT PID LIMIT
most_memory()
{
	local most
	most=$(awk '/^VmHWM:/ { print int($2 / 1024) }' "/proc/$2/status")
	check "memory of $1: $most MiB, at most $3" [ "$most" -le "$3" ]
	SUMMARY_MORE="${SUMMARY_MORE:+$SUMMARY_MORE, }$1 $most MiB"
}

need_programs choke tc
spawn choke "${WITH_PARENT_KILL[@]}" "$BIN/choke" -c 1 "$T/choke.socket" "$COLLECTOR_SEALED"
spawn slow "${WITH_PARENT_KILL[@]}" "$BIN/choke" -r 32000 "$T/slow.socket" "$COLLECTOR_SEALED"
HOST_LINES[fw2]="collector = unix:$T/choke.socket"
HOST_LINES[fw3]="collector = unix:$T/slow.socket"
torture_up_network fw1 fw2 fw3
lossy
over "20 % of the packets lost" $((30 + LASTS)) fw1 "$RATE"
not_lossy
if narrow; then
	over "256 kbit/s" $((30 + LASTS * 3)) fw1 $((RATE * 4))
	wide
else
	over "256 kbit/s, by a proxy" $((30 + LASTS * 3)) fw3 $((RATE * 4))
fi
over "one byte at a time" $((30 + LASTS * 3)) fw2 "$RATE"
fresh_all
worker_of fw1
most_memory "worker" "$WORKER" "$WORKER_MEMORY"
most_memory "collector" "$COLLECTOR_PID" "$COLLECTOR_MEMORY"
torture_end
no_losses
finish
