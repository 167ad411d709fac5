/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fwlogctl health, fwlogctl agents: what the database tells of hosts and itself. */
#ifndef FWLOG_CTL_HEALTH_H
#define FWLOG_CTL_HEALTH_H

#include "ctl/args.h"

/* EXIT_FAILED when something is not as it should be. */
int health_run(const struct args *args);
int health_agents(const struct args *args);

#endif
