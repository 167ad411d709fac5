/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlogctl db init and db migrate: database, roles, the numbered migrations that are
 * built into the program, partitions ahead. All of it may be run again and again; two
 * at once wait for each other.
 */
#ifndef FWLOG_CTL_MIGRATE_H
#define FWLOG_CTL_MIGRATE_H

#include "ctl/args.h"
#include "ctl/db.h"

#define MIGRATE_DAYS_BEHIND 1 /* partitions made: from so many days before today */
#define MIGRATE_DAYS_AHEAD 7  /* to so many days after */

int migrate_init(const struct args *args);
int migrate_run(const struct args *args);

/* Number of the newest migration in this program. */
int migrate_newest(void);
/* Number of the newest applied one, 0: no schema yet, -1: see db_error. */
int migrate_applied(struct db *db);

#endif
