/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fwlogctl rule …: alert rules, see fwlog-rules(5). Each returns an exit code. */
#ifndef FWLOG_CTL_RULE_H
#define FWLOG_CTL_RULE_H

#include "ctl/args.h"

int rule_lint(const struct args *args);        /* operands: files, folders */
int rule_convert_run(const struct args *args); /* operand: a file */
int rule_list(const struct args *args);        /* what the collector has loaded */
int rule_test(const struct args *args);        /* operands: files, folders */
int rule_explain(const struct args *args);     /* the same, --event ID */

#endif
