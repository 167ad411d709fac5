#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# fuzz.sh TARGET [SECONDS]: fuzzes tests/fuzz/fuzz_TARGET.c with libFuzzer under the address
# and undefined-behaviour sanitizers. New inputs stay in build/fuzz/TARGET.corpus, a
# crashing one is kept as build/fuzz/TARGET-crash-*.
set -eu

target=${1:-}
seconds=${2:-60}
[ -n "$seconds" ] || seconds=60
cd "$(dirname "$0")/../.."

targets=$(for f in tests/fuzz/fuzz_*.c; do f=${f##*/fuzz_}; echo "${f%.c}"; done | tr '\n' ' ')
case " $targets" in
*" $target "*) [ -n "$target" ] || target=' ' ;;
*) target=' ' ;;
esac
if [ "$target" = ' ' ]; then
	echo "fuzz: make fuzz T=name [S=seconds]; the names are: $targets" >&2
	exit 2
fi
case $seconds in
*[!0-9]*)
	echo "fuzz: S=$seconds is not a number of seconds" >&2
	exit 2
	;;
esac
packaging/deps.sh fuzz

out=build/fuzz
mkdir -p "$out/$target.corpus"
packages="libzstd inih libsodium libnetfilter_log libmnl libnfnetlink libevent_core"
sources=$(find common agent -name '*.c' ! -name main.c)
echo "fuzz: building $target"
# shellcheck disable=SC2046,SC2086 # lists of words
clang -g -O1 -std=c11 -D_GNU_SOURCE -DFUZZ_LIBFUZZER -DFWLOG_VERSION='"fuzz"' \
	-DFWLOG_SYSCONFDIR='"/etc"' -I. \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	$(pkg-config --cflags $packages) -o "$out/$target" \
	"tests/fuzz/fuzz_$target.c" tests/fuzz/replay.c $sources \
	$(pkg-config --libs $packages) -lpthread
exec "$out/$target" -max_total_time="$seconds" -max_len=65536 -timeout=10 \
	-rss_limit_mb=1024 -artifact_prefix="$out/$target-" -print_final_stats=1 \
	"$out/$target.corpus" "tests/fuzz/corpus/$target"
