#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120 240 3600
# A spool as a killed agent left it is damaged in all ways, a copy each: torn at an offset,
# zeros from there on, a bit flipped, a header spoilt, names exchanged, segments gone or
# there twice, the hint gone or nonsense. Each time an agent of another name starts on it.
# It starts; nothing damaged is stored; exactly the rest is; what is missing is counted,
# unless it was the tail of a run, which a crash may tear; and a fresh packet comes through.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

CASES=$(by_form 1 5 120) # of each kind
KINDS=(torn zeroed torn-inside flip flip-tail flip-header flip-unused torn-header swapped
	removed doubled nonsense acked-gone acked-nonsense)
LAST=                    # the newest segment, which the killed run was writing
PACKET_BYTES=1200

TOTAL=0 # records in the spool
STORED_ALL=0 LOST_ALL=0 LOGGED_ALL=0 TWICE_ALL=0 CUT_ALL=0

# ---- the spool that is damaged: two short runs around one of three segments

spool_make()
{
	kill_collector
	load_part 200
	kill_worker fw1
	load_part 4200
	kill_worker fw1
	load_part 300
	kill_agent fw1
	cp -a "$T/spool-fw1" "$T/spool"
	(cd "$T/spool" && "$BIN/spoolmap" ./*.seg) >"$T/map" || die "spoolmap"
	TOTAL=$(awk '$1 == "frame" { n += $7 } END { print n }' "$T/map")
	mapfile -t SEGMENTS < <(awk '$1 == "segment" { print $2 }' "$T/map")
	LAST=${SEGMENTS[-1]}
	note "${#SEGMENTS[@]} segments, $(grep -c ^frame "$T/map") frames, $TOTAL records"
	[ ${#SEGMENTS[@]} -ge 5 ] || die "too few segments for this test"
}

# load_part PACKETS: and they are in the spool.
load_part()
{
	packets_start fw1 "$1" 2000
	LOADS=("$SPAWNED")
	load_wait
	wait_quiet fw1
	wait_for 10 spooled || die "the packets do not get into the spool"
}

spooled()
{
	(cd "$T/spool-fw1" && "$BIN/spoolmap" ./*.seg) >"$T/map" 2>/dev/null &&
		[ "$(awk '$1 == "frame" { n += $7 } END { print n + 0 }' "$T/map")" -ge \
			"$(($(net_logged fw1) - ACKED))" ]
}

# ---- damage: each changes $DIR and sets CUT (records that are silently gone, as torn),
# MISSING (those counted as corrupt) and UNKNOWN_MORE (losses of unknown size)

# random BELOW: sets R. Not in $(…): bash draws a new seed there.
random()
{
	R=$(((RANDOM << 15 | RANDOM) % $1))
}

# random_bytes COUNT: on standard output, from R.
random_bytes()
{
	openssl enc -aes-128-ctr -K "$(printf %032x "$R")" -iv 0 -nosalt </dev/zero 2>/dev/null |
		head -c "$1"
}

# A line of the map: frame_of FILE-PATTERN [last]: sets FILE, AT, LENGTH, COUNT.
frame_of()
{
	local lines
	mapfile -t lines < <(awk -v file="$1" '$1 == "frame" && $2 ~ file' "$T/map")
	R=$((${#lines[@]} - 1))
	[ "${2:-}" = last ] || random $R
	read -r _ FILE AT LENGTH _ _ COUNT <<<"${lines[R]}"
}

# records_in FILE [FROM-BYTE]: of frames that end behind it.
records_in()
{
	awk -v file="$1" -v from="${2:-0}" '$1 == "frame" && $2 == file && $3 + $4 > from {
		n += $7 } END { print n + 0 }' "$T/map"
}

end_of()
{
	awk -v file="$1" '$1 == "segment" && $2 == file { print $5 }' "$T/map"
}

# A segment in the middle of its epoch: others of the same epoch before and behind.
inner_segment()
{
	awk '$1 == "segment" { if ($3 == e2 && $3 == e1) print f1
		e2 = e1; e1 = $3; f1 = $2 }' "$T/map" | head -n 1
}

flip_bit()
{
	local byte
	byte=$(od -An -tu1 -j "$2" -N1 "$DIR/$1")
	random 8
	# shellcheck disable=SC2059 # the octal number is the format
	printf "\\$(printf %03o $((byte ^ 1 << R)))" |
		dd of="$DIR/$1" bs=1 seek="$2" conv=notrunc status=none
}

damage_torn()
{
	local end at
	end=$(end_of "$LAST")
	random $((end - 4096))
	at=$((4096 + R))
	truncate -s "$at" "$DIR/$LAST"
	CUT=$(records_in "$LAST" "$at")
	DETAIL="at $at of $end"
}

damage_zeroed()
{
	local size
	size=$(stat -c %s "$DIR/$LAST")
	damage_torn
	truncate -s "$size" "$DIR/$LAST"
}

damage_torn_inside()
{
	local file at
	file=$(inner_segment)
	random $(($(end_of "$file") - 4096))
	at=$((4096 + R))
	truncate -s "$at" "$DIR/$file"
	MISSING=$(records_in "$file" "$at")
	DETAIL="$file at $at"
}

# Not of a run's last frame: that would be torn.
damage_flip()
{
	local at
	random ${#SEGMENTS[@]}
	frame_of "${SEGMENTS[R]}"
	random "$LENGTH"
	at=$((AT + R))
	flip_bit "$FILE" "$at"
	MISSING=$COUNT
	DETAIL="$FILE byte $((at - AT)) of the frame at $AT"
}

damage_flip_tail()
{
	local at
	frame_of "$LAST" last
	random "$LENGTH"
	at=$((AT + R))
	flip_bit "$FILE" "$at"
	CUT=$COUNT
	DETAIL="byte $((at - AT)) of the last frame"
}

# Magic, format, epoch, first number, time: the checksum covers them all.
damage_flip_header()
{
	local at
	FILE=$(inner_segment)
	random 36
	at=$R
	flip_bit "$FILE" "$at"
	MISSING=$(records_in "$FILE")
	UNKNOWN_MORE=1
	DETAIL="$FILE byte $at"
}

# Behind the header's checksum and in the room that was not yet written to.
damage_flip_unused()
{
	random 800
	flip_bit "$(inner_segment)" $((3200 + R))
}

damage_torn_header()
{
	random 4096
	truncate -s "$R" "$DIR/$LAST"
	CUT=$(records_in "$LAST")
}

damage_swapped()
{
	local one two
	random ${#SEGMENTS[@]}
	one=${SEGMENTS[R]} two=${SEGMENTS[(R + 1 + RANDOM % (${#SEGMENTS[@]} - 1)) % ${#SEGMENTS[@]}]}
	mv "$DIR/$one" "$DIR/swap"
	mv "$DIR/$two" "$DIR/$one"
	mv "$DIR/swap" "$DIR/$two"
	DETAIL="$one $two"
}

damage_removed()
{
	FILE=$(inner_segment)
	rm "$DIR/$FILE"
	MISSING=$(records_in "$FILE")
}

damage_doubled()
{
	random ${#SEGMENTS[@]}
	FILE=${SEGMENTS[R]}
	cp "$DIR/$FILE" "$DIR/0000000000009999.seg"
	DETAIL=$FILE
}

damage_nonsense()
{
	random 100000
	random_bytes $((5000 + R)) >"$DIR/0000000000009999.seg"
	UNKNOWN_MORE=1
}

damage_acked_gone()
{
	rm -f "$DIR/acked"
}

damage_acked_nonsense()
{
	random 3000
	random_bytes "$R" >"$DIR/acked"
}

# ---- one case

# What is compared with: the undamaged spool, delivered. It has to be what was sent.
reference_make()
{
	empty
	deliver reference
	sql "CREATE TABLE reference AS SELECT e.* FROM ($EVENTS_SQL) e" >/dev/null
	sql "CREATE INDEX ON reference (id)" >/dev/null
	is "the undamaged spool is delivered" \
		"$(sql "SELECT count(*) || ' ' || count(DISTINCT id) FROM reference
			WHERE id < ${NEXT_ID[fw1]} - 1")" "$TOTAL $TOTAL"
	empty
}

empty()
{
	sql "TRUNCATE fwlog.event, fwlog.loss" >/dev/null
}

# deliver NAME: an agent of that name on $T/spool-NAME or, without it, on the whole spool.
deliver()
{
	NET_PID[$1]=${NET_PID[fw1]}
	[ -e "$T/spool-$1" ] || cp -a "$T/spool" "$T/spool-$1"
	start_agent "$1" "${AGENT_LINES[@]}" "[group 5]"
	fresh fw1 || not_ok "$1: ${DETAIL:-}"
	stop_agent "$1" || not_ok "$1: the agent does not end on SIGTERM"
	rm -rf "$T/spool-$1" "$T/agent-$1.conf"
}

# one_case NAME KIND
one_case()
{
	local stored twice strange lost unknown expected
	DIR=$T/spool-$1 CUT=0 MISSING=0 UNKNOWN_MORE=0 DETAIL=
	cp -a "$T/spool" "$DIR"
	"damage_${2//-/_}"
	deliver "$1"
	IFS='|' read -r stored twice strange lost unknown < <(sql "WITH e AS ($EVENTS_SQL)
		SELECT count(*) - 1, count(*) - count(DISTINCT e.id),
		count(*) FILTER (WHERE r.id IS NULL) - 1,
		(SELECT coalesce(sum(records), 0) FROM fwlog.loss WHERE cause = 'corrupt'),
		(SELECT count(*) FROM fwlog.loss WHERE cause = 'corrupt' AND records IS NULL)
		FROM e LEFT JOIN reference r ON r.id = e.id AND r.ts = e.ts")
	expected="$((TOTAL - CUT - MISSING)) stored, 0 twice, 0 strange, $MISSING lost, $UNKNOWN_MORE unknown"
	is "$2 $DETAIL" "$stored stored, $twice twice, $strange strange, $lost lost, $unknown unknown" \
		"$expected"
	FAULTS=$((FAULTS + 1))
	LOGGED_ALL=$((LOGGED_ALL + TOTAL)) STORED_ALL=$((STORED_ALL + stored))
	LOST_ALL=$((LOST_ALL + lost)) TWICE_ALL=$((TWICE_ALL + twice))
	CUT_ALL=$((CUT_ALL + CUT))
	empty
}

AGENT_LINES=("segment_size = 2M" "snaplen = 1500" "zstd_level = 0" "queue_threshold = 20")
need_programs spoolmap openssl
torture_up fw1
ACKED=$(net_logged fw1)
spool_make
start_collector "$COLLECTOR_AT"
reference_make
for ((n = 0; n < CASES; n++)); do
	for kind in "${KINDS[@]}"; do
		one_case "c$n-$kind" "$kind"
	done
done
stop_collector || not_ok "the collector does not end on SIGTERM"
crash_check
LOGGED=$LOGGED_ALL STORED=$STORED_ALL LOST=$LOST_ALL DUPLICATES=$TWICE_ALL
SUMMARY_MORE="torn off $CUT_ALL"
is "O2 all of it" $((STORED + LOST + CUT_ALL)) "$LOGGED"
summary
finish
