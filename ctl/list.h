/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlogctl list: named lists of addresses, ports or names, @NAME in a filter
 * (sql/0007_filters.sql). A list changes as a whole, in one transaction, or not at all.
 */
#ifndef FWLOG_CTL_LIST_H
#define FWLOG_CTL_LIST_H

#include "ctl/args.h"

int list_set(const struct args *args);    /* operands: name, values */
int list_add(const struct args *args);    /* operands: name, values */
int list_remove(const struct args *args); /* operands: name, values or none: all */
int list_show(const struct args *args);   /* operand: name, or none: all lists */
int list_import(const struct args *args); /* operands: name, file or - */

#endif
