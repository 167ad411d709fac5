/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlogctl balance: logged = stored + lost, by host and hour or by host, and what the
 * counters of the log rules say to it (fwlog.balance() in fwlog-sql(7)). Ends with
 * EXIT_FAILED when anything is missing or unknown, for monitoring.
 */
#ifndef FWLOG_CTL_BALANCE_H
#define FWLOG_CTL_BALANCE_H

#include "ctl/args.h"

int balance_run(const struct args *args);

#endif
