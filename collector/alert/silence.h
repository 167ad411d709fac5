/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Silences: alerts of some rule, or of groups that a filter selects, for a time. */
#ifndef FWLOG_COLLECTOR_ALERT_SILENCE_H
#define FWLOG_COLLECTOR_ALERT_SILENCE_H

#include "collector/alert/engine.h"

struct silence {
	int64_t id;
	char *rule_id;         /* NULL: any */
	struct filter *filter; /* NULL: any group */
	uint64_t from_us, until_us;
};

struct silences {
	struct silence *at;
	size_t count;
};

/* As engine_set_silences. */
int silences_set(struct silences *s, const struct engine_silence *silence, size_t count,
    const struct filter_lists *lists, char *why, size_t whysize)
    __attribute__((warn_unused_result));
void silences_free(struct silences *s);

/* The first that covers an alert at this time, whose group is as the event. NULL. */
const struct silence *silences_find(struct silences *s, const char *rule_id, uint64_t t,
    const struct event *group, const struct filter_source *source);

#endif
