#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The pictures of docs/screenshots/ anew: make screenshots
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/web.sh"
. "$here/site.sh"
need_programs fwlog.cgi fwlogctl lighttpd pngquant faketime
web_packages
web_site
web_site_later
mkdir -p "$ROOT/docs/screenshots" "$T/pictures"
node "$here/screenshots.mjs" "$T/pictures" || die "the pictures cannot be taken"
for picture in "$T"/pictures/*.png; do
	pngquant --force --strip --speed 1 -o "$ROOT/docs/screenshots/${picture##*/}" "$picture" ||
		die "pngquant fails"
done
ok "pictures: $(du -ch "$ROOT"/docs/screenshots/*.png | tail -n 1 | cut -f 1) in docs/screenshots"
finish
