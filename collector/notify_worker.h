/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One action's process: takes its deliveries from the database, tells, writes what
 * became of it. A delivery is written down as sent only afterwards, so after a crash it
 * is sent again, under the same number. An advisory lock keeps two collectors with one
 * database from working at the same action.
 */
#ifndef FWLOG_COLLECTOR_NOTIFY_WORKER_H
#define FWLOG_COLLECTOR_NOTIFY_WORKER_H

#include "collector/options.h"

/* Until SIGTERM; the exit status of the process. */
int notify_worker_run(const struct options *options, const struct action *action);

#endif
