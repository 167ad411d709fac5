#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# "make install" into an empty root: programs that run, a manual for each program and
# configuration file, samples that pass --check.
. "$(dirname "$0")/../lib/common.sh"

cd "$ROOT" || exit 1
R=$T/root
# As this build was made: its folder, relative as make names it.
make -s --no-print-directory B="${BUILD#"$ROOT"/}" install PREFIX=/usr DESTDIR="$R" \
	>"$T/log/install.log" 2>&1 || {
	cat "$T/log/install.log"
	die "make install"
}

for p in sbin/fwlog-agent sbin/fwlog-collector bin/fwlogctl lib/fwlog/cgi-bin/fwlog.cgi; do
	check "$p is installed" test -x "$R/usr/$p"
done
passes_sample()
{
	"$1" -c "$R/usr/share/fwlog/$2.conf" --check >"$T/log/$2.check"
}

for p in sbin/fwlog-agent sbin/fwlog-collector; do
	name=${p##*/}
	is "$name --version" "$("$R/usr/$p" --version)" \
		"$name $(sed -n 's/^VERSION := //p' Makefile)"
	check "$name passes its sample" passes_sample "$R/usr/$p" "$name"
done
for m in fwlog.7 fwlogctl.1 fwlog-agent.8 fwlog-agent.conf.5 fwlog-collector.8 \
	fwlog-collector.conf.5 fwlog.cgi.8 fwlog-filter.7 fwlog-rules.5 fwlog-sql.7; do
	check "manual $m" test -s "$R/usr/share/man/man${m##*.}/$m"
done
for c in bash-completion/completions/fwlogctl zsh/site-functions/_fwlogctl; do
	check "completion $c" test -s "$R/usr/share/$c"
done
is "the alert rules are installed" "$(ls "$R/usr/share/fwlog/rules")" "$(ls packaging/sigma)"
check "nothing is group or world writable" \
	test -z "$(find "$R" ! -type l -perm /022)"
finish
