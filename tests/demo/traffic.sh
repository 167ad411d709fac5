#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# traffic.sh KIND ADDRESS ID [SOURCE…]: one kind of unwanted traffic against an address,
# without an end. ID keeps the numbers of pktgen's packets apart from other runs'.
# BIN: where pktgen is.
set -u
kind=$1
to=$2
id=$(($3 << 40))
shift 3
sources=("$@")
round=0
exec {never}<> <(:)
trap 'trap "" TERM; kill -KILL 0' TERM # with all its children; it leads a group

# Waits without a process.
nap()
{
	read -r -t "$1" -u "$never"
}

source_of_round()
{
	from=
	[ ${#sources[@]} -eq 0 ] || from=${sources[round % ${#sources[@]}]}
	round=$((round + 1))
}

# From now on connections to the target come from that address.
use_source()
{
	local dev
	[ -n "$from" ] || return 0
	dev=$(ip -o route get "$to" | sed -n 's/.* dev \([^ ]*\).*/\1/p')
	ip route replace "$to/32" dev "$dev" src "$from"
}

# Half-open connections to many ports at once; the target drops them.
scan()
{
	while :; do
		source_of_round
		use_source
		for _ in {1..20}; do
			(exec 3<>"/dev/tcp/$to/$((RANDOM % 10000 + 23))") 2>/dev/null &
		done
		nap 0.3
		# shellcheck disable=SC2046 # a list of numbers
		kill $(jobs -p) 2>/dev/null
		wait 2>/dev/null
	done
}

# The target refuses at once.
brute()
{
	while :; do
		{ : <>"/dev/tcp/$to/22"; } 2>/dev/null
		nap 0.04
	done
}

# packets RATE PORTS: by pktgen, each second from another source.
packets()
{
	while :; do
		source_of_round
		"$BIN/pktgen" -n "$1" -r "$1" -p "$2" -s 8 -i "$id" ${from:+-f "$from"} \
			"$to" >/dev/null || nap 1
		id=$((id + $1))
	done
}

case $kind in
scan) scan ;;
brute) brute ;;
dns) packets 40 53 ;;
udp) packets 80 1000-60000 ;;
ntp) packets 10 123 ;;
ping) exec ping -n -q -i 0.25 "$to" ;;
*)
	echo "traffic.sh: $kind: unknown kind" >&2
	exit 2
	;;
esac
