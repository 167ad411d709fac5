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
sanitize=address,undefined
mkdir -p "$out/$target.corpus"
env CPPFLAGS=-DFUZZ_LIBFUZZER make --no-print-directory B="$out" CC=clang HARDEN=-fPIE \
	HARDEN_LD=-pie LDFLAGS=-fsanitize=fuzzer,$sanitize \
	CFLAGS="-g -O1 -fsanitize=fuzzer-no-link,$sanitize -fno-sanitize-recover=undefined" \
	"$out/tests/fuzz/fuzz_$target"
exec "$out/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -max_len=65536 -timeout=10 \
	-rss_limit_mb=1024 -artifact_prefix="$out/$target-" -print_final_stats=1 \
	"$out/$target.corpus" "tests/fuzz/corpus/$target"
