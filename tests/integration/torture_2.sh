#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 480
# The torture tests 11-20 in their smoke form: failing calls, clocks, hostile peers, many agents.
cd "$(dirname "$0")/../.." || exit 1
TORTURE_LINES=1 exec tests/torture/run.sh smoke 11-20
