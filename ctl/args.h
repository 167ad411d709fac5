/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of fwlogctl: fwlogctl GROUP COMMAND [OPTION]... [OPERAND]... Finds
 * the command in a table, reads the options it takes, answers --help and --version, and
 * names the nearest command when one was mistyped. Runs nothing.
 */
#ifndef FWLOG_CTL_ARGS_H
#define FWLOG_CTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define ARGS_CIDRS_MAX 32

/* Options a command may take besides those that all take. */
enum args_take {
	TAKES_FILE = 1,      /* -o, --output FILE */
	TAKES_DIRECTORY = 2, /* -d, --directory DIR */
	TAKES_CIDR = 4,      /* --cidr NETWORK, several times */
	TAKES_JSON = 8,      /* --json */
	TAKES_RANGE = 16,    /* --host, --from, --to, --by */
};

/* What a command may be given; strings belong to argv. */
struct args {
	const char *db; /* --db CONNINFO, NULL: the environment and defaults */
	bool quiet;     /* -q: only what failed */
	bool json;
	const char *output;    /* NULL: not given */
	const char *directory; /* NULL: not given */
	const char *cidr[ARGS_CIDRS_MAX];
	size_t cidrs;
	const char *host, *from, *to, *by; /* NULL: not given */
	char **operand;
	size_t operands;
};

struct command {
	const char *group; /* "db" */
	const char *name;  /* "init"; "" when the group is a command itself */
	const char *summary;
	const char *help; /* further lines of its --help */
	int (*run)(const struct args *args);
	const char *operand; /* "NAME", what its operands are; NULL: takes none */
	size_t least, most;  /* operands */
	unsigned takes;      /* enum args_take */
};

/*
 * commands ends with a group of NULL. Returns -1 with *command and *args set, or the
 * exit code (common/cli.h) after help or an error went to out or err.
 */
int args_parse(const struct command *commands, int argc, char **argv,
    const struct command **command, struct args *args, FILE *out, FILE *err);

#endif
