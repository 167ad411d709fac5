/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups as people, filters and silences see them. */
#ifndef FWLOG_COLLECTOR_ALERT_RENDER_H
#define FWLOG_COLLECTOR_ALERT_RENDER_H

#include "collector/alert/engine_internal.h"

#define RENDER_VALUE_MAX 256 /* bytes, with the NUL */

struct render {
	struct alert_value value[RULE_KEYS_MAX];
	size_t values;
	char text[RULE_KEYS_MAX][RENDER_VALUE_MAX];
	char filter[FILTER_TEXT_MAX + 1];
};

/* The field of the event that a key's values are of; NULL: text of a built-in alert. */
const struct filter_field *render_field(const struct rule *rule, size_t key);
/* value, values and text; key as struct group has it. */
void render_values(struct render *r, const struct rule *rule, const uint8_t *key,
    const struct engine_names *names);
/*
 * The filter that selects the group's events: of all rules below, with the group's
 * values; where that is too long for a filter, the values alone. After render_values.
 */
void render_filter(struct render *r, const struct rule *rule, const uint8_t *key);
/* "src=10.0.0.1 dport=22", cut to fit. */
void render_line(const struct render *r, char *line, size_t size);
/* An event that has the group's values and nothing else; *host_id 0: none. */
void render_event(
    const struct rule *rule, const uint8_t *key, struct event *ev, int32_t *host_id);

#endif
