#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who may include whom (docs/architecture.md): rooms never include each other, only common
# (collector and fwlogctl the alert engine, collector/alert, too);
# in a room, one file at most includes a library's headers; libevent (the loop) and uthash
# (macros, not a library) may be used all over theirs. A header that is in no list here is refused.
cd "$(dirname "$0")/../.." || exit 1

# room, library, header pattern
doors='
common    zstd       zstd.h
common    inih       ini.h
common    libsodium  sodium.h
common    libpcre2   pcre2.h
common    libevent   event2/*
agent     nflog      libnetfilter_log/* libmnl/*
agent     nfnetlink  libnfnetlink/*
agent     libevent   event2/*
agent     seccomp    seccomp.h
agent     nftables   nftables/*
agent     jansson    jansson.h
collector libevent   event2/*
collector uthash     uthash.h
collector libpq      libpq-fe.h
collector libcurl    curl/*
collector/alert libyaml yaml.h
collector/alert uthash  uthash.h
web-cgi   libpq      libpq-fe.h
ctl       libpq      libpq-fe.h
web-cgi   libfcgi    fcgiapp.h
ctl       zlib       zlib.h
ctl       zstd       zstd.h
'
system=" alloca assert byteswap cpuid ctype dirent endian err errno fcntl fnmatch getopt glob grp \
ifaddrs immintrin inttypes langinfo limits locale math netdb nmmintrin poll pthread pwd sched \
search semaphore signal stdarg stdatomic stdbool stddef stdint stdio stdlib string strings \
syslog termios time unistd wchar "
faults=0

fault()
{
	faults=$((faults + 1))
	echo "not ok $1: $2"
}

is_system()
{
	case $1 in
	sys/* | net/* | netinet/* | arpa/* | linux/* | asm/*) return 0 ;;
	esac
	[[ $system == *" ${1%.h} "* ]]
}

# The alert engine is a room in the collector's, which fwlogctl uses, too.
may_include()
{
	case $1,$2 in
	*,common/* | collector,collector/* | ctl,collector/alert/*) return 0 ;;
	esac
	[[ $2 == "$1"/* ]]
}

# The library the room may get by this header, or nothing.
library_of()
{
	local room library patterns p
	while read -r room library patterns; do
		[ "$room" = "$1" ] || continue
		set -f
		for p in $patterns; do
			# shellcheck disable=SC2053 # a pattern
			[[ $2 == $p ]] && echo "$library"
		done
		set +f
	done <<<"$doors"
}

declare -A door
for room in common agent collector collector/alert web-cgi ctl; do
	for f in "$room"/*.[ch]; do
		[ -e "$f" ] || continue
		while read -r form header; do
			if [ "$form" = '"' ]; then
				may_include "$room" "$header" ||
					fault "$f" "$room may not include $header"
				[ -e "$header" ] || fault "$f" "$header does not exist"
				continue
			fi
			is_system "$header" && continue
			library=$(library_of "$room" "$header")
			if [ -z "$library" ]; then
				fault "$f" "$room has no door to <$header>"
			elif [ "$library" != libevent ] && [ "$library" != uthash ]; then
				# One file of fwlogctl reads what is compressed, another one writes it.
				[ "$f" != ctl/archive_file.c ] || library=$library-write
				# The alert thread's connection blocks, the event loop's does not.
				[ "$f" != collector/alerts_db.c ] || library=$library-thread
				first=${door[$room.$library]:=$f}
				[ "$first" = "$f" ] ||
					fault "$f" "<$header> is the matter of $first"
			fi
		done < <(sed -n 's/^ *# *include *\([<"]\)\([^>"]*\)[>"].*/\1 \2/p' "$f")
	done
done
for f in tests/*/*.[ch] tests/unit/*/*.[ch]; do
	while read -r header; do
		[ -e "$header" ] || fault "$f" "$header is not a path from the root"
	done < <(sed -n 's/^ *# *include *"\([^"]*\)".*/\1/p' "$f")
done
[ "$faults" -gt 0 ] || echo "ok include directions"
