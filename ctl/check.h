/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlogctl db check: looks at the database as the collector and the report will use it
 * and changes nothing. One line for each thing: "ok   …" or "FAIL …; remedy".
 */
#ifndef FWLOG_CTL_CHECK_H
#define FWLOG_CTL_CHECK_H

#include "ctl/args.h"

int check_run(const struct args *args);

#endif
