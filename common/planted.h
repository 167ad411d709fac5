/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults planted on purpose, so that the tests can be seen to catch them: make
 * check-planted builds with FWLOG_PLANTED and runs the torture tests once with each
 *
 *     FWLOG_BUG=ack_before_commit   the collector acknowledges what it received
 *     FWLOG_BUG=skip_mark           it stores what is at or below the mark again
 *     FWLOG_BUG=ignore_crc          no checksum of a frame is ever wrong
 *     FWLOG_BUG=reuse_epoch         each run of the agent numbers in the same epoch
 *     FWLOG_BUG=skip_auth           a key's state, its addresses and name bind nobody
 *
 * In every other build planted() is the constant false and leaves no code behind.
 */
#ifndef FWLOG_COMMON_PLANTED_H
#define FWLOG_COMMON_PLANTED_H

#include <stdbool.h>

#ifdef FWLOG_PLANTED
#include <stdlib.h>
#include <string.h>

static inline bool
planted_is(const char *bug)
{
	const char *chosen = getenv("FWLOG_BUG");

	return chosen != NULL && strcmp(chosen, bug) == 0;
}
#define planted(bug) planted_is(#bug)
#else
#define planted(bug) false
#endif

#endif
