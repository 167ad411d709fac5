/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lists and tables of the overview. */
#ifndef FWLOG_WEB_HOME_LISTS_H
#define FWLOG_WEB_HOME_LISTS_H

#include "web-cgi/html.h"
#include "web-cgi/overview.h"

#define HOME_HOSTS_MAX 100 /* hosts in the table, silent ones first */

void home_tops(struct html *h, const struct overview *o);
void home_hosts(struct html *h, const struct overview *o, int64_t now);
void home_latest(struct html *h, const struct overview *o);

#endif
