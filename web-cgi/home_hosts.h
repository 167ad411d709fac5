/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hosts on the overview. */
#ifndef FWLOG_WEB_HOME_HOSTS_H
#define FWLOG_WEB_HOME_HOSTS_H

#include "web-cgi/html.h"
#include "web-cgi/ledger.h"

#define HOME_HOSTS_MAX 100 /* hosts in the table, silent ones first */

void home_hosts(struct html *h, const struct ledger *l, int64_t now);

#endif
