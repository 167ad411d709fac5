/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fwlogctl tail: events as they are stored, until Ctrl-C. */
#ifndef FWLOG_CTL_TAIL_H
#define FWLOG_CTL_TAIL_H

#include "ctl/args.h"

int tail_run(const struct args *args);

#endif
