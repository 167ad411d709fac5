/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of fwlogctl: fwlogctl GROUP COMMAND [OPTION]... Finds the command in
 * a table, reads its options, answers --help and --version, and names the nearest
 * command when one was mistyped. Runs nothing.
 */
#ifndef FWLOG_CTL_ARGS_H
#define FWLOG_CTL_ARGS_H

#include <stdbool.h>
#include <stdio.h>

/* What a command may be given; strings belong to argv. */
struct args {
	const char *db; /* --db CONNINFO, NULL: the environment and defaults */
	bool quiet;     /* -q: only what failed */
};

struct command {
	const char *group; /* "db" */
	const char *name;  /* "init" */
	const char *summary;
	const char *help; /* further lines of its --help */
	int (*run)(const struct args *args);
};

/*
 * commands ends with a group of NULL. Returns -1 with *command and *args set, or the
 * exit code (common/cli.h) after help or an error went to out or err.
 */
int args_parse(const struct command *commands, int argc, char **argv,
    const struct command **command, struct args *args, FILE *out, FILE *err);

#endif
