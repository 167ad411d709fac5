# SPDX-License-Identifier: GPL-2.0-or-later
# What each torture test begins with. A test is a script NN-name.sh that breaks one thing,
# again and again, and then asks the oracle:
#   O1 each packet is stored at most once    O2 logged = stored + counted losses
#   O3 nothing is stored that was not sent   O4 a fresh packet is stored 10 s after the fault
#   O5 no crash, no sanitizer report, no file descriptor and no file left over
# It has three forms: smoke (seconds), short (a minute), long. Everything random comes from
# one seed, which is printed; SEED=… repeats a run.
#
#   . "$(dirname "$0")/lib.sh"
#   RATE=$(by_form 1000 5000 5000)
#   torture_up fw1 fw2; load_start $RATE 10 fw1 fw2
#   while load_runs; do pause 300; …; FAULTS=$((FAULTS + 1)); done
#   fresh_all; torture_end
#
# The first comment "# timeout: SMOKE SHORT LONG" of a test bounds its forms, in seconds.
# shellcheck source-path=SCRIPTDIR disable=SC2034
TORTURE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$TORTURE/../lib/common.sh"
. "$TORTURE/../lib/pg.sh"
. "$TORTURE/../lib/net.sh"
. "$TORTURE/../lib/fleet.sh"

FORM=${FORM:-smoke}
NAME=$(basename "$0" .sh)
SEED=${SEED:-$((7500 + 10#${NAME%%-*}))}
RANDOM=$SEED
HOSTS=()          # the firewalls, in the order given
FAULTS=0          # injected so far
EXPECT_ALL=exact  # or covered: some losses have no number, see uncovered_gaps
LOADS=()
# By host, number of its next packet: host number i sends i << 32 and upwards.
declare -A FIRST_ID=() NEXT_ID=()
declare -A FDS=() # open files at the beginning, by "collector", "worker HOST", …
declare -A HOST_ADDR=()

ulimit -c unlimited 2>/dev/null
cd "$T" || exit 1 # a core file of whatever crashes lies here

# by_form SMOKE SHORT LONG
by_form()
{
	case $FORM in
	smoke) echo "$1" ;;
	short) echo "$2" ;;
	long) echo "$3" ;;
	*) die "no form '$FORM': smoke, short or long" ;;
	esac
}

# pause MILLISECONDS [LEAST]: a random time below it.
pause()
{
	local ms=$((RANDOM % $1 + ${2:-0}))
	sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
}

# The programs were built with the sanitizers, which want memory for themselves.
sanitized()
{
	grep -q __asan_init "$BIN/fwlog-collector"
}

# ---- the site

# site_up HOST…: each host has a cable to `out`, where the packets come from, and logs every
# UDP packet to group 5.
site_up()
{
	local host i=0
	net_init
	HOSTS=("$@")
	net_host out "$@"
	for host in "$@"; do
		i=$((i + 1))
		HOST_ADDR[$host]=10.50.$i.2
		FIRST_ID[$host]=$((i << 32))
		NEXT_ID[$host]=${FIRST_ID[$host]}
		net_link out "to-$host" "$host" eth0
		net_addr out "to-$host" 10.50.$i.1/24
		net_addr "$host" eth0 10.50.$i.2/24
		net_log_udp "$host"
	done
}

# cable_up HOST…: a host `coll` for the collector and a cable from each host to it, for what
# is done to the network between them. Host number i is 10.60.i.2 there, the collector
# listens on 10.60.0.1. Between site_up and start_all.
cable_up()
{
	local host i=0
	net_host coll
	on coll ip link add home type veth peer name home-peer || die "no veth pair in coll"
	on coll ip link set home up
	net_addr coll home 10.60.0.1/32
	for host in "$@"; do
		i=$((i + 1))
		net_link coll "to-$host" "$host" up0
		net_addr coll "to-$host" 10.60.$i.1/24
		net_addr "$host" up0 10.60.$i.2/24
		on "$host" ip route add 10.60.0.1/32 via 10.60.$i.1
	done
	COLLECTOR_AT=coll
	COLLECTOR_LISTEN=10.60.0.1:7514
	AGENT_LINES+=("collector = 10.60.0.1:7514")
}

# Options the test adds; small segments, so that acknowledged ones go while it runs.
COLLECTOR_AT=
COLLECTOR_LINES=()
AGENT_LINES=("segment_size = 2M" "snaplen = 64")
declare -A HOST_LINES=() # one more for this host alone

# agent_knows OPTION, says its manual.
agent_knows()
{
	grep -qx "\.It Ic $1" "$ROOT/docs/man/fwlog-agent.conf.5"
}

start_all()
{
	local host
	start_collector "$COLLECTOR_AT" ${COLLECTOR_LINES[@]+"${COLLECTOR_LINES[@]}"}
	for host in "${HOSTS[@]}"; do
		start_agent "$host" "${AGENT_LINES[@]}" ${HOST_LINES[$host]+"${HOST_LINES[$host]}"} \
			"[group 5]"
	done
	must_wait "all agents connect" 20 hosts_connected ${#HOSTS[@]}
	for host in "${HOSTS[@]}"; do
		fresh "$host" || die "$host: not even the first packet arrives"
	done
	fds_note
}

# torture_up HOST…: database, site, collector, agents; ready. torture_up_network: and a
# network between agents and collector.
torture_up()
{
	need_programs fwlog-agent fwlog-collector fwlogctl pktgen
	note "seed $SEED, form $FORM"
	site_up "$@"
	torture_begin
}

torture_up_network()
{
	need_programs fwlog-agent fwlog-collector fwlogctl pktgen
	note "seed $SEED, form $FORM"
	site_up "$@"
	cable_up "$@"
	torture_begin
}

torture_begin()
{
	pg_start
	db_init
	start_all
}

# ---- the load

PACKET_BYTES=32 # of UDP data in each packet

# load_start RATE SECONDS HOST…: numbered packets in the background, RATE for all hosts
# together, as so many loads.
load_start()
{
	local ON host rate=$(($1 / ($# - 2))) n
	n=$((rate * $2))
	shift 2
	LOADS=()
	for host in "$@"; do
		packets_start "$host" "$n" "$rate"
		LOADS+=("$SPAWNED")
	done
}

# packets_start HOST COUNT RATE
packets_start()
{
	local ON
	in_host out
	spawn "load-$1" "${ON[@]}" "${WITH_PARENT_KILL[@]}" "$BIN/pktgen" -n "$2" -r "$3" \
		-s 4 -b "$PACKET_BYTES" -i "${NEXT_ID[$1]}" "${HOST_ADDR[$1]}"
	NEXT_ID[$1]=$((NEXT_ID[$1] + $2))
}

load_runs()
{
	! all_gone "${LOADS[@]}"
}

# load_goes_on RATE SECONDS: to all hosts, anew whenever the last one is out. One load after
# the other, so that each host's ids are in the order of time.
load_goes_on()
{
	load_runs && return
	load_wait
	load_start "$1" "$2" "${HOSTS[@]}"
}

# load_wait: until the packets of this load are out.
load_wait()
{
	local pid
	while load_runs; do
		sleep 0.1
	done
	for pid in "${LOADS[@]}"; do
		forget "$pid"
	done
}

# ---- killing

# worker_of HOST: sets WORKER to the process id of its worker, without starting a process
# for it; 1 when there is none now. Only a child of our own monitor is one.
worker_of()
{
	local kids
	WORKER=
	{ read -r kids <"/proc/${AGENT_PID[$1]}/task/${AGENT_PID[$1]}/children"; } 2>/dev/null
	WORKER=${kids%% *}
	[ -n "$WORKER" ]
}

kill_worker()
{
	worker_of "$1" && kill -KILL "$WORKER" 2>/dev/null
}

# kill_agent HOST: monitor and worker at once; the group of both is of our making.
kill_agent()
{
	kill -KILL -- "-${AGENT_PID[$1]}"
	stop "${AGENT_PID[$1]}" KILL
}

# kill_collector: and it stays down.
kill_collector()
{
	stop "$COLLECTOR_PID" KILL
}

# strike_preload: from now on collectors stop or die where strike_arm says. $STRIKE is the
# file preload_strike.c looks at.
strike_preload()
{
	local lib=${BIN%/bin}/lib/preload_strike.so
	[ -e "$lib" ] || die "$lib is missing: make torture builds it"
	STRIKE=$T/strike
	COLLECTOR_ENV=(env "LD_PRELOAD=$lib" "FWLOG_STRIKE=$STRIKE"
		"ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0")
}

# strike_arm POINT KILL|STOP: at once whole.
strike_arm()
{
	echo "$1 $2" >"$STRIKE.new"
	mv "$STRIKE.new" "$STRIKE"
}

# ---- the oracle

# With the names of the columns: packets with pktgen's number as id, -1 for any other.
EVENTS_SQL="SELECT host_id, n, ts, CASE WHEN octet_length(payload) >= 40 AND
		substring(payload FROM 29 FOR 4) = 'FWID'::bytea
	THEN ('x' || encode(substring(payload FROM 33 FOR 8), 'hex'))::bit(64)::bigint
	ELSE -1 END AS id FROM fwlog.event"

# id_stored ID: among the events of the last minutes.
id_stored()
{
	local mark
	mark=46574944$(printf %016x "$1")
	[ "$(sql "SELECT count(*) FROM fwlog.event WHERE ts > now() - interval '5 minutes'
		AND substring(payload FROM 29 FOR 12) = '\\x$mark'" 2>/dev/null)" = 1 ]
}

# fresh HOST [SECONDS]: O4. What the host logs now is stored in time, and so is all it
# spooled before. Sets FRESH_MS.
fresh()
{
	local id=${NEXT_ID[$1]} start ON
	start=$(now_ms)
	in_host out
	NEXT_ID[$1]=$((id + 1))
	"${ON[@]}" "$BIN/pktgen" -n 1 -i "$id" "${HOST_ADDR[$1]}" >/dev/null || die "pktgen"
	wait_for "${2:-10}" id_stored "$id" || {
		not_ok "O4 a fresh packet of $1 is stored: not within ${2:-10} s"
		FRESH_MS=-1
		return 1
	}
	FRESH_MS=$(($(now_ms) - start))
}

# fresh_all [SECONDS]: each host, and says how long it took.
fresh_all()
{
	local host longest=0
	for host in "${HOSTS[@]}"; do
		fresh "$host" "${1:-10}" || return 1
		[ "$FRESH_MS" -le "$longest" ] || longest=$FRESH_MS
	done
	ok "O4 fresh packets are stored ($longest ms)"
}

# verdict: O1, O2, O3 from the database and the counters; sets the numbers.
verdict()
{
	local twice again host sent=
	for host in "${HOSTS[@]}"; do
		sent+="${sent:+, }('$host', ${FIRST_ID[$host]}, ${NEXT_ID[$host]})"
	done
	LOGGED=$(net_logged "${HOSTS[@]}")
	IFS='|' read -r STORED twice again STRANGE LOST UNKNOWN < <(sql "WITH e AS ($EVENTS_SQL),
		sent (name, first, next) AS (VALUES $sent)
		SELECT count(*), count(*) - count(DISTINCT (host_id, n)),
		count(*) - count(DISTINCT id),
		count(*) FILTER (WHERE (id >= first AND id < next) IS NOT TRUE),
		(SELECT coalesce(sum(records), 0) FROM fwlog.loss),
		(SELECT count(*) FROM fwlog.loss WHERE records IS NULL)
		FROM e JOIN fwlog.host USING (host_id) LEFT JOIN sent USING (name)")
	DUPLICATES=$((twice > again ? twice : again))
	is "O1 duplicates" "$DUPLICATES" 0
	is "O3 packets nobody sent" "$STRANGE" 0
	if [ "$EXPECT_ALL" = exact ]; then
		is "O2 logged = stored + lost" $((STORED + LOST)) "$LOGGED"
		is "O2 losses without a number" "$UNKNOWN" "$EXPECT_UNKNOWN"
	else
		check "O2 stored + lost = $((STORED + LOST)), no more than $LOGGED logged" \
			[ $((STORED + LOST)) -le "$LOGGED" ]
		is "O2 gaps that no loss tells of" "$(uncovered_gaps)" 0
	fi
}

# no_losses: for tests that may not lose anything.
no_losses()
{
	is "records lost" "$LOST" 0
}

# Of each host the stretches of ids that are not stored, between the events before and after:
# host_id, from_id, to_id, from_ts, to_ts. A host's ids are in the order of time.
GAPS_SQL="SELECT * FROM (SELECT host_id, id AS from_id, ts AS from_ts,
	lead(id) OVER w AS to_id, lead(ts) OVER w AS to_ts
	FROM ($EVENTS_SQL) e WINDOW w AS (PARTITION BY host_id ORDER BY id)) g
	WHERE to_id > from_id + 1"

# Gaps for which no loss says: from the last event on, and not later, something is missing.
uncovered_gaps()
{
	sql "SELECT count(*) FROM ($GAPS_SQL) g WHERE NOT EXISTS (SELECT FROM fwlog.loss l
		WHERE l.host_id = g.host_id AND l.to_ts >= g.from_ts
		AND l.from_ts <= least(g.to_ts, g.from_ts + interval '50 ms'))"
}

# ---- O5

# fd_count PID
fd_count()
{
	local n=("/proc/$1/fd"/*)
	[ -e "${n[0]}" ] || [ -L "${n[0]}" ] || {
		echo 0
		return
	}
	echo ${#n[@]}
}

# Open files of everything that runs, once all are connected and have begun a segment.
fds_note()
{
	local host
	FDS[collector]=$(fd_count "$COLLECTOR_PID")
	for host in "${HOSTS[@]}"; do
		FDS["monitor $host"]=$(fd_count "${AGENT_PID[$host]}")
		worker_of "$host" && FDS["worker $host"]=$(fd_count "$WORKER")
	done
}

# fds_within NAME PID: no more than at the beginning, but for one that is in passing: a
# segment just begun, a connection just closed.
fds_within()
{
	[ "$(fd_count "$2")" -le $((FDS[$1] + 1)) ]
}

fds_check()
{
	local host bad=0
	wait_for 5 fds_within collector "$COLLECTOR_PID" || fds_bad collector "$COLLECTOR_PID"
	for host in "${HOSTS[@]}"; do
		wait_for 5 fds_within "monitor $host" "${AGENT_PID[$host]}" ||
			fds_bad "monitor $host" "${AGENT_PID[$host]}"
		worker_of "$host" || continue
		wait_for 5 fds_within "worker $host" "$WORKER" ||
			fds_bad "worker $host" "$WORKER"
	done
	[ "$bad" -ne 0 ] || ok "O5 no file descriptor is left over"
}

fds_bad()
{
	bad=1
	not_ok "O5 open files of $1: $(fd_count "$2"), ${FDS[$1]} at the beginning"
	ls -l "/proc/$2/fd" 2>/dev/null | sed 's/^/# /'
}

# SPOOL_DAMAGED=1: the test damages spools, and copies of that are kept aside.
SPOOL_DAMAGED=

# Of a spool that was delivered: its lock, the hint, at most two segments.
spool_is_clean()
{
	local dir=$T/spool-$1 f segments=0
	for f in "$dir"/*; do
		case ${f##*/} in
		lock | acked | reconcile | filters | lost+found) ;;
		*.seg) segments=$((segments + 1)) ;;
		damaged) [ -n "$SPOOL_DAMAGED" ] || rmdir "$f" 2>/dev/null || return 1 ;;
		*) return 1 ;;
		esac
	done
	[ "$segments" -le 2 ]
}

files_check()
{
	local host bad=0
	for host in "${HOSTS[@]}"; do
		wait_for 5 spool_is_clean "$host" && continue
		bad=1
		not_ok "O5 the spool of $host: more than two segments or files left over"
		ls -lR "$T/spool-$host" | sed 's/^/# /'
	done
	[ "$bad" -ne 0 ] || ok "O5 no file is left over"
}

# No core, and no worker that ended by a signal of its own.
crash_check()
{
	local found
	found=$(find "$T" -maxdepth 2 -name 'core*' -type f | head -n 3)
	found+=$(grep -hE 'killed by signal (4|6|7|8|11|31) ' "$T"/log/agent-*.log 2>/dev/null |
		head -n 3)
	found+=$(grep -hE 'ended with code [1-9]' "$T"/log/agent-*.log 2>/dev/null | head -n 3)
	is "O5 crashes" "$found" ""
}

# torture_end: everything has to arrive, all ends in peace, the oracle speaks, and one line
# tells the numbers.
torture_end()
{
	local host
	load_wait
	wait_quiet "${HOSTS[@]}"
	[ "$EXPECT_ALL" != exact ] || wait_balanced "${BALANCE_SECONDS:-30}" "${HOSTS[@]}" ||
		note "not everything arrived in ${BALANCE_SECONDS:-30} s"
	fds_check
	files_check
	for host in "${HOSTS[@]}"; do
		stop_agent "$host" || not_ok "the agent of $host does not end on SIGTERM"
	done
	stop_collector || not_ok "the collector does not end on SIGTERM"
	verdict
	crash_check
	summary
}

# summary: the line the runner shows.
summary()
{
	echo "= seed $SEED, faults $FAULTS, logged $LOGGED, stored $STORED, lost $LOST," \
		"duplicates $DUPLICATES${SUMMARY_MORE:+, $SUMMARY_MORE}"
}
