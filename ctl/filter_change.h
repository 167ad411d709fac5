/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlogctl filter add, remove, rollback: changes to the filters that agents apply. Each
 * is one transaction, which makes one version of the set.
 */
#ifndef FWLOG_CTL_FILTER_CHANGE_H
#define FWLOG_CTL_FILTER_CHANGE_H

#include "ctl/args.h"

int filter_add(const struct args *args);
int filter_remove(const struct args *args);
int filter_rollback(const struct args *args);

#endif
