/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events for rules to look at: stored ones in order of time, or those of a file. */
#ifndef FWLOG_CTL_RULE_EVENTS_H
#define FWLOG_CTL_RULE_EVENTS_H

#include "common/copyrow.h"
#include "ctl/rules.h"

/* Those from (in) to (not in) that fit the condition over "fwlog.event e". 0, or -1
 * after a message. */
int rule_events_stored(struct rules *r, int64_t from_us, int64_t to_us,
    const char *condition, copyrow_take *take, void *arg)
    __attribute__((warn_unused_result));
/* Those of a file (event_json.h), "-" is standard input; r->names are made. */
int rule_events_file(struct rules *r, const char *path, copyrow_take *take, void *arg)
    __attribute__((warn_unused_result));

#endif
