/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events as fwlogctl search --json prints them, a JSON object a line, read back into
 * struct event. Names and what the prefix map says go to a struct names, under numbers
 * made up here.
 */
#ifndef FWLOG_CTL_EVENT_JSON_H
#define FWLOG_CTL_EVENT_JSON_H

#include "collector/alert/names.h"

struct event_json; /* a reader */

struct event_json *event_json_new(struct names *names); /* NULL: no memory */
void event_json_free(struct event_json *j);             /* NULL-safe */

/*
 * One line. The event's BYTES are empty. 0, or -1 and *why (static): it is no event, or
 * memory ended. Members that are not known are passed over.
 */
int event_json_read(struct event_json *j, const char *line, size_t len,
    struct event *ev, int32_t *host_id, int64_t *n, const char **why)
    __attribute__((warn_unused_result));

#endif
