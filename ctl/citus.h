/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlogctl db init --citus: the same schema spread over a Citus cluster, whose nodes
 * and extension are there already (docs/scaling.md). Both may be run again and again.
 */
#ifndef FWLOG_CTL_CITUS_H
#define FWLOG_CTL_CITUS_H

#include "ctl/db.h"

/* Before the migrations: there is a cluster, and the roles are on all its nodes. 0, or
 * -1 after saying why not, and what would help. */
int citus_prepare(struct db *db) __attribute__((warn_unused_result));
/* After them: names become reference tables, what grows is distributed by host_id. */
int citus_distribute(struct db *db, bool quiet) __attribute__((warn_unused_result));

#endif
