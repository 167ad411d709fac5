/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What commands about alert rules have in common: rule files, and what the database
 * says of names, lists and verdicts. Messages go to standard error.
 */
#ifndef FWLOG_CTL_RULES_H
#define FWLOG_CTL_RULES_H

#include "collector/alert/names.h"
#include "ctl/args.h"
#include "ctl/db.h"

struct rules {
	struct db *db;       /* NULL: without one */
	struct names *names; /* NULL until read */
	struct rule_set *set;
	struct filter_lists lists;
};

/* The rule files are the operands up to `last`. 0, or -1 after a message; rules_close
 * in both cases. */
int rules_open(struct rules *r, const struct args *args, size_t last, bool with_db)
    __attribute__((warn_unused_result));
void rules_close(struct rules *r);

/* Names and verdicts of the database. 0, or -1 after a message. */
int rules_read_names(struct rules *r) __attribute__((warn_unused_result));

/* What was not loaded, and what there is to know of what was. */
void rules_print_reports(const struct rule_set *set, bool all, FILE *out);

#endif
