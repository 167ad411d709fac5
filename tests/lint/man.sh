#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The manuals are clean mdoc.
cd "$(dirname "$0")/../.." || exit 1
if ! command -v mandoc >/dev/null; then
	echo "skip manuals: mandoc is missing"
	exit 77
fi
if found=$(mandoc -Tlint -Wwarning docs/man/*.[1-8] 2>&1) && [ -z "$found" ]; then
	echo "ok manuals"
else
	printf '%s\n' "$found" | sed 's/^mandoc: \([^:]*:[^:]*\):[^ ]* /not ok \1: /'
fi
