/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lists of most frequent values, each with links to it and to all others. */
#ifndef FWLOG_WEB_FACET_H
#define FWLOG_WEB_FACET_H

#include "web-cgi/events.h"

/* path: of the page the links lead to. */
void facets_write(struct visit *v, const char *path, const struct events *e);

#endif
