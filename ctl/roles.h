/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The five roles: fwlog_owner, who owns the schema and cannot log in, and one for each
 * kind of client. What they may do inside the schema is sql/'s business.
 */
#ifndef FWLOG_CTL_ROLES_H
#define FWLOG_CTL_ROLES_H

#include <stdbool.h>

#include "ctl/db.h"

struct role {
	const char *name;
	bool login;
	const char *purpose;
};
#define ROLES_COUNT 5
extern const struct role roles[ROLES_COUNT];

/* Makes those that are missing. 0, or -1 after saying why not, and what would help. */
int roles_create(struct db *db, bool quiet) __attribute__((warn_unused_result));
/* Lets the roles into the database and the current user act as fwlog_owner. 0 or -1. */
int roles_admit(struct db *db) __attribute__((warn_unused_result));

#endif
