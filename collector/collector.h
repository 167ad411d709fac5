/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program: loop, signals, listener, sessions, sinks. SIGTERM and SIGINT finish what
 * is under way and end it, SIGUSR1 writes the counters to the log.
 */
#ifndef FWLOG_COLLECTOR_COLLECTOR_H
#define FWLOG_COLLECTOR_COLLECTOR_H

#include "collector/options.h"

/* Runs until it is told to stop. Returns the exit code. */
int collector_run(const struct options *options);

#endif
