/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fwlogctl filter parse: what fwlog understands by a filter. */
#ifndef FWLOG_CTL_FILTER_H
#define FWLOG_CTL_FILTER_H

#include "ctl/args.h"

/* Operands: the words of a filter. */
int filter_show(const struct args *args);

#endif
