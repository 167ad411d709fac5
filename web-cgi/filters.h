/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes to the filters of agents, from forms of the page. */
#ifndef FWLOG_WEB_FILTERS_H
#define FWLOG_WEB_FILTERS_H

#include "web-cgi/visit.h"

#define FILTERS_PATH "/filters"
#define FILTERS_NAME_MAX 64

/* A field that agents do not know, which their filters cannot ask for; NULL: none. */
const char *filters_unknown_field(const struct search *s);
/* The POST: 303, or the status with the reason. */
int filters_change(struct visit *v) __attribute__((warn_unused_result));

#endif
