#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 480
# The torture tests 1-10 in their smoke form: killed, cut off, full, without power, damaged.
cd "$(dirname "$0")/../.." || exit 1
TORTURE_LINES=1 exec tests/torture/run.sh smoke 1-10
