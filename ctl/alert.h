/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fwlogctl alert …: what rules found, and silences. Each returns an exit code. */
#ifndef FWLOG_CTL_ALERT_H
#define FWLOG_CTL_ALERT_H

#include "ctl/args.h"

int alert_list(const struct args *args);
int alert_show(const struct args *args);    /* operand: number */
int alert_ack(const struct args *args);     /* operands: numbers */
int alert_silence(const struct args *args); /* operands: rule or *, then a filter */
int alert_silences(const struct args *args);
int alert_unsilence(const struct args *args); /* operand: number */

#endif
