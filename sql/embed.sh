#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# embed.sh NAME FILE...: prints C source with the files' bytes as
#   const struct embedded NAME[] = {{ "file", bytes, length }, ..., { NULL }};
name=$1
shift
echo '/* Made by sql/embed.sh; do not edit. */'
echo '#include "common/embedded.h"'
n=0
for file; do
	n=$((n + 1))
	printf 'static const unsigned char f%d[] = {' "$n"
	od -An -v -tu1 "$file" | sed 's/^ *//; s/  */,/g; s/$/,/'
	echo '0};'
done
echo "const struct embedded ${name}[] = {"
n=0
for file; do
	n=$((n + 1))
	printf '{"%s", f%d, sizeof f%d - 1},\n' "${file##*/}" "$n" "$n"
done
echo '{0, 0, 0}};'
