/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fwlogctl filter list, hosts, history: what there is of filters for agents. */
#ifndef FWLOG_CTL_FILTER_VIEW_H
#define FWLOG_CTL_FILTER_VIEW_H

#include "ctl/args.h"

int filter_list(const struct args *args);
int filter_hosts(const struct args *args);
int filter_history(const struct args *args);

#endif
