/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlogctl db restore: an archived day becomes a partition again, all of it or nothing.
 * Numbers of hosts, prefixes, interfaces and namespaces become those this database has
 * for the names.
 */
#ifndef FWLOG_CTL_RESTORE_H
#define FWLOG_CTL_RESTORE_H

#include "ctl/args.h"

int restore_run(const struct args *args); /* exit code */

#endif
