/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short list of most frequent values: count, share, what is new. */
#ifndef FWLOG_WEB_RANKING_LIST_H
#define FWLOG_WEB_RANKING_LIST_H

#include "web-cgi/ranking.h"

/* path: of the page that filter links lead to. */
void ranking_list(struct visit *v, const char *path, const struct ranking *r);
/* A value with its filter links, the name of a port's service, and "new". */
void ranking_cell(struct visit *v, const char *path, const struct ranking *r, int i);
/* The cells with its count, share in words and as a bar. */
void ranking_share(struct html *h, uint64_t n, uint64_t all);

#endif
