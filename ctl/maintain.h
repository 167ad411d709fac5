/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlogctl db maintain: what the collector does by itself (collector/maintain.h), now
 * and with a report, for those who keep it out of the collector or cannot wait.
 */
#ifndef FWLOG_CTL_MAINTAIN_H
#define FWLOG_CTL_MAINTAIN_H

#include "ctl/args.h"

int maintain_run(const struct args *args); /* exit code */

#endif
