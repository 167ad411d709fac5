/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlogctl prefix: the prefix map, which says what the rules that log with a prefix do
 * with the packet (sql/0007_filters.sql).
 */
#ifndef FWLOG_CTL_PREFIX_H
#define FWLOG_CTL_PREFIX_H

#include "ctl/args.h"

int prefix_set(const struct args *args);   /* operands: patterns */
int prefix_unset(const struct args *args); /* operands: patterns */
int prefix_list(const struct args *args);
int prefix_unknown(const struct args *args);

#endif
