/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a detection does or does not select an event: part by part, term by term. */
#ifndef FWLOG_COLLECTOR_ALERT_ENGINE_EXPLAIN_H
#define FWLOG_COLLECTOR_ALERT_ENGINE_EXPLAIN_H

#include "collector/alert/engine.h"

enum explain_answer {
	EXPLAIN_FALSE,
	EXPLAIN_TRUE,
	EXPLAIN_ABSENT, /* the event has no such field: false, its negation true */
};

/* Texts live until the callback returns. */
struct explain_part {
	size_t index;     /* of those that the filter joins by AND, from 0 */
	const char *text; /* in the filter language */
	bool holds;       /* one that does not is why the event is not selected */
	/* Such a one that is negated, as the entries of allow-lists are: it swallowed
	 * the event, by the terms in it that are true. */
	bool swallowed;
};

struct explain_term {
	size_t part;
	const char *text;
	enum explain_answer answer;
	bool negated;      /* within an odd number of NOT */
	const char *value; /* of several that one which is why it is true; or NULL */
};

struct explain_calls {
	void (*part)(void *arg, const struct explain_part *part);
	void (*term)(void *arg, const struct explain_term *term); /* after its part */
	void *arg;
};

/* 1: the detection selects the event, 0: it does not; -1 and why. */
int engine_explain(const struct rule *rule, const struct engine_names *names,
    const struct event *ev, int32_t host_id, int64_t n,
    const struct explain_calls *calls, char *why, size_t whysize)
    __attribute__((warn_unused_result));

#endif
