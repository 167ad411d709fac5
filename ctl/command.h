/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of fwlogctl: one table, and what runs the one that was asked for. */
#ifndef FWLOG_CTL_COMMAND_H
#define FWLOG_CTL_COMMAND_H

#include "ctl/args.h"

/* Returns the exit code of the program (common/cli.h). */
int command_main(int argc, char **argv);

#endif
