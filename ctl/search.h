/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fwlogctl search: the events a filter selects, in order of time. */
#ifndef FWLOG_CTL_SEARCH_H
#define FWLOG_CTL_SEARCH_H

#include "ctl/args.h"
#include "ctl/output.h"

int search_run(const struct args *args);

/* --format and --json as they were given; 0, or -1 with a message. Shared with tail. */
int search_format(const struct args *args, enum output_format *format)
    __attribute__((warn_unused_result));

#endif
