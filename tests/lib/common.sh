# SPDX-License-Identifier: GPL-2.0-or-later
# What every test and the demo begin with: results as lines, waiting with a deadline,
# processes that never outlive the script, a temporary folder, programs of the build.
# Source it from bash: . "$(dirname "$0")/../lib/common.sh"
#
# Result lines as tests/run.sh counts them: "ok WHAT", "not ok WHAT: why", "skip WHAT: why".
# A script ends by `finish`: exit status 0 passed, 1 failed, 77 skipped.
# FWLOG_KEEP=1 keeps the temporary folder, FWLOG_TRACE=1 shows the commands.

# shellcheck disable=SC2034 # much of this is for those who source it
set -u
[ -z "${FWLOG_TRACE:-}" ] || set -x
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
case ${BUILD:-build} in
/*) BIN=$BUILD/bin ;;
*) BIN=$ROOT/${BUILD:-build}/bin ;;
esac
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL=C
FAILED=0
PASSED=0
SKIPPED=0
CLEANED=
SPAWN_PIDS=()  # leaders of the process groups this script started, oldest first
SPAWN_NAMES=()
declare -A STOP_SIGNAL=() # by process id, where it is not TERM

ok()
{
	PASSED=$((PASSED + 1))
	printf 'ok %s\n' "$*"
}

not_ok()
{
	FAILED=$((FAILED + 1))
	printf 'not ok %s\n' "$*"
}

skip()
{
	SKIPPED=$((SKIPPED + 1))
	printf 'skip %s\n' "$*"
}

note()
{
	printf '# %s\n' "$*"
}

# check WHAT COMMAND…: one result line from a command's exit status.
check()
{
	local what=$1
	shift
	if "$@"; then ok "$what"; else not_ok "$what"; fi
}

# is WHAT FOUND EXPECTED
is()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1: found '$2', expected '$3'"
	fi
}

# at_least WHAT FOUND LEAST
at_least()
{
	if [ "${2:-0}" -ge "$3" ]; then ok "$1 ($2)"; else not_ok "$1: $2, expected at least $3"; fi
}

# The script cannot go on.
die()
{
	not_ok "$*"
	exit 1
}

skip_all()
{
	skip "$*"
	exit 77
}

finish()
{
	[ "$FAILED" -eq 0 ] || exit 1
	[ "$PASSED" -gt 0 ] || exit 77
	exit 0
}

now_ms()
{
	local t=${EPOCHREALTIME/[.,]/}
	echo $((t / 1000))
}

# wait_for SECONDS COMMAND…: until the command succeeds; 1 when the time is over.
wait_for()
{
	local end=$(($(now_ms) + $1 * 1000))
	shift
	until "$@"; do
		[ "$(now_ms)" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# must_wait WHAT SECONDS COMMAND…
must_wait()
{
	local what=$1
	shift
	wait_for "$@" || die "$what: not within $1 s"
}

need_programs()
{
	local p
	for p in "$@"; do
		command -v "$p" >/dev/null || [ -x "$BIN/$p" ] || skip_all "$p is missing"
	done
}

# ---- temporary folder: readable by other users (PostgreSQL runs as one), short path for
# Unix sockets (sun_path holds 107 bytes)
T=$(mktemp -d "${TMPDIR:-/tmp}/fwlog-XXXXXX") || exit 1
[ ${#T} -le 60 ] || {
	rmdir "$T"
	T=$(mktemp -d /tmp/fwlog-XXXXXX) || exit 1
}
chmod 755 "$T"
mkdir "$T/log"

# ---- processes
# The signal this process gets when the script dies, by whatever cause.
if setpriv --pdeathsig KILL true 2>/dev/null; then
	WITH_PARENT=(setpriv --pdeathsig TERM)
	WITH_PARENT_KILL=(setpriv --pdeathsig KILL)
else
	WITH_PARENT=(env)
	WITH_PARENT_KILL=(env)
fi

# spawn NAME COMMAND…: in the background as the leader of its own session (Ctrl-C at the
# terminal does not reach it), output to $T/log/NAME.log; its process id in $SPAWNED.
# Give namespaces and users as part of COMMAND, with "${WITH_PARENT[@]}" behind them: the
# kernel forgets the death signal when credentials change.
spawn()
{
	local name=$1
	shift
	setsid "$@" >>"$T/log/$name.log" 2>&1 </dev/null &
	SPAWNED=$!
	disown "$SPAWNED" # bash would report its end by itself
	SPAWN_PIDS+=("$SPAWNED")
	SPAWN_NAMES+=("$name")
}

alive()
{
	kill -0 "$1" 2>/dev/null
}

# stop PID [SIGNAL [SECONDS]]: the whole group of a spawned process; KILL when it does
# not end in time (then 1).
stop()
{
	local pid=$1 rc=0
	kill "-${2:-TERM}" "$pid" 2>/dev/null
	if ! wait_for "${3:-10}" gone "$pid"; then
		rc=1
	fi
	kill -KILL -- "-$pid" 2>/dev/null
	forget "$pid"
	return $rc
}

# A process has ended (a zombie has too).
gone()
{
	local stat
	{ stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
	stat=${stat##*) }
	[ "${stat%% *}" = Z ]
}

forget()
{
	local i
	for i in "${!SPAWN_PIDS[@]}"; do
		if [ "${SPAWN_PIDS[i]}" = "$1" ]; then
			unset "SPAWN_PIDS[i]" "SPAWN_NAMES[i]"
		fi
	done
}

# Children of a process, one a line.
children_of()
{
	pgrep -P "$1"
}

all_gone()
{
	local pid
	for pid in "$@"; do
		gone "$pid" || return 1
	done
}

show_logs()
{
	local f
	for f in "$T"/log/*.log; do
		[ -s "$f" ] || continue
		printf -- '--- %s\n' "$(basename "$f")"
		tail -n "${FWLOG_LOG_LINES:-40}" "$f"
	done >&2
}

# says WHAT STATUS PATTERN: of the command that left its output in $OUT, its status in $RC.
says()
{
	if [ "$RC" -eq "$2" ] && grep -Eq -- "$3" <<<"$OUT"; then
		ok "$1"
	else
		not_ok "$1: status $RC, said: $OUT"
	fi
}

# Functions to call first when the script ends; the newest first.
AT_EXIT=()
at_exit()
{
	AT_EXIT=("$1" ${AT_EXIT[@]+"${AT_EXIT[@]}"})
}

cleanup()
{
	local rc=$? i pids=()
	trap '' INT TERM HUP PIPE
	[ -z "$CLEANED" ] || return
	CLEANED=1
	for i in ${AT_EXIT[@]+"${AT_EXIT[@]}"}; do
		"$i"
	done
	for i in "${!SPAWN_PIDS[@]}"; do
		pids=("${SPAWN_PIDS[i]}" ${pids[@]+"${pids[@]}"})
	done
	for i in ${pids[@]+"${pids[@]}"}; do
		kill "-${STOP_SIGNAL[$i]:-TERM}" "$i" 2>/dev/null
	done
	wait_for 5 all_gone ${pids[@]+"${pids[@]}"} || :
	for i in ${pids[@]+"${pids[@]}"}; do
		kill -KILL -- "-$i" 2>/dev/null
		kill -KILL "$i" 2>/dev/null
	done
	# shellcheck disable=SC2046 # a list of numbers
	kill -KILL $(jobs -p) 2>/dev/null
	wait 2>/dev/null
	[ "$rc" -eq 0 ] || [ "$rc" -ge 77 ] || show_logs
	if [ -n "${FWLOG_KEEP:-}" ]; then
		note "kept: $T" >&2
	else
		rm -rf "$T"
	fi
	exit "$rc"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
trap 'exit 141' PIPE # nobody reads any more

# ---- ports
port_taken()
{
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# free_port FROM: the first of 200 ports from there on that nobody listens on.
free_port()
{
	local p
	for ((p = $1; p < $1 + 200 && p < 65536; p++)); do
		port_taken "$p" || {
			echo "$p"
			return 0
		}
	done
	return 1
}
