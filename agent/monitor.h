/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor: the process with the right to bind NFLOG groups. It binds them, holds
 * their sockets, hands them to the worker it forks, forks it again when it dies, and
 * tries groups that others hold until they are free. It reads no packet.
 */
#ifndef FWLOG_AGENT_MONITOR_H
#define FWLOG_AGENT_MONITOR_H

#include "agent/options.h"

/* Until SIGTERM or SIGINT. Returns the exit code, the worker's when it ended well. */
int monitor_run(const struct options *o);

#endif
