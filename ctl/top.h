/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlogctl top and count: how many events a filter selects, in all or for each value of
 * a field.
 */
#ifndef FWLOG_CTL_TOP_H
#define FWLOG_CTL_TOP_H

#include "ctl/args.h"

int top_run(const struct args *args);
int count_run(const struct args *args);

#endif
