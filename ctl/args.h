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
#include <stdint.h>
#include <stdio.h>

#define ARGS_CIDRS_MAX 32
#define ARGS_TERMS_MAX 2048 /* bytes; a filter has 1024, and a blank for each term */

/* Options a command may take besides those that all take. */
enum args_take {
	TAKES_FILE = 1 << 0,      /* -o, --output FILE */
	TAKES_DIRECTORY = 1 << 1, /* -d, --directory DIR */
	TAKES_CIDR = 1 << 2,      /* --cidr NETWORK, several times */
	TAKES_JSON = 1 << 3,      /* --json */
	TAKES_RANGE = 1 << 4,     /* --host, --from, --to, --by */
	TAKES_VERDICT = 1 << 5,   /* --verdict VERDICT */
	TAKES_RULE = 1 << 6,      /* --rule-name TEXT */
	TAKES_HOST = 1 << 7,      /* --host HOST */
	TAKES_FROM = 1 << 8,      /* --from TIME */
	TAKES_KIND = 1 << 9,      /* --kind KIND */
	TAKES_SPAN = 1 << 10,     /* --from, --to */
	TAKES_SINCE = 1 << 11,    /* --since */
	TAKES_FIELD = 1 << 12,    /* --by FIELD */
	TAKES_LIMIT = 1 << 13,    /* --limit */
	TAKES_COUNT = 1 << 14,    /* --count */
	TAKES_FORMAT = 1 << 15,   /* --format */
	TAKES_RAW = 1 << 16,      /* --raw */
	TAKES_TIMEOUT = 1 << 17,  /* --timeout */
	TAKES_QUERY = 1 << 18, /* its operands are a filter: -host:web1 is no option */
	TAKES_SQL = 1 << 19,   /* --sql */
	TAKES_SCOPE = 1 << 20, /* --hosts */
	TAKES_BOUNDS =
	    1 << 21,          /* --sample, --expires, --yes: of a filter to be added */
	TAKES_WHY = 1 << 22,  /* --why */
	TAKES_LAST = 1 << 23, /* --last */
	TAKES_ALL = 1 << 24,  /* --all */
	TAKES_IMPORT = 1 << 25,   /* --host, --rejects */
	TAKES_STAMP = 1 << 26,    /* --year, --tz, --boot */
	TAKES_CONNINFO = 1 << 27, /* --from CONNINFO */
	TAKES_EXPORT = 1 << 28,   /* --format, of export */
	TAKES_RETAIN = 1 << 29,   /* --retain…, --seal-after, --dry-run */
	TAKES_ARCHIVE = 1 << 30,  /* --older-than, --drop */
};

#define TAKES_RULES (UINT64_C(1) << 38)   /* --vars, --overrides */
#define TAKES_EVENTS (UINT64_C(1) << 32)  /* --events, --expect */
#define TAKES_EVENT (UINT64_C(1) << 33)   /* --event */
#define TAKES_EXPIRES (UINT64_C(1) << 34) /* --expires, of a silence */
#define TAKES_ENDED (UINT64_C(1) << 35)   /* --all, of alerts */
#define TAKES_REMARK (UINT64_C(1) << 36)  /* --why, which may be left out */
#define TAKES_WHEN (UINT64_C(1) << 37)    /* --from, --to, without defaults */

#define TAKES_CITUS (1u << 31) /* --citus; beyond what an enum has */

/* What a command may be given; strings belong to argv. Not to be copied: see terms. */
struct args {
	const char *db; /* --db CONNINFO, NULL: the environment and defaults */
	bool quiet;     /* -q: only what failed */
	bool json;
	const char *output;    /* NULL: not given */
	const char *directory; /* NULL: not given */
	const char *cidr[ARGS_CIDRS_MAX];
	size_t cidrs;
	/* Those below are as they were typed; NULL: not given. */
	const char *host, *from, *to, *by; /* from: --since too */
	const char *limit;                 /* --limit, --count */
	const char *format, *timeout;
	const char *verdict, *rule_name, *kind;
	const char *hosts, *sample, *expires, *why, *last;
	const char *year, *tz, *boot, *rejects;
	const char *retain, *retain_size, *retain_rollups, *seal_after, *older_than;
	const char *vars, *overrides, *events, *expect, *event;
	bool raw, sql, yes, all, dry_run, drop, citus;
	char **operand;
	size_t operands;
	char terms[ARGS_TERMS_MAX]; /* operands that getopt must not see as they are */
};

struct command {
	const char *group; /* "db" */
	const char *name;  /* "init"; "" when the group is a command itself */
	const char *summary;
	const char *help; /* further lines of its --help */
	int (*run)(const struct args *args);
	const char *operand; /* "NAME", what its operands are; NULL: takes none */
	size_t least, most;  /* operands */
	uint64_t takes;      /* enum args_take, TAKES_… below it */
};

/*
 * commands ends with a group of NULL. Returns -1 with *command and *args set, or the
 * exit code (common/cli.h) after help or an error went to out or err.
 */
int args_parse(const struct command *commands, int argc, char **argv,
    const struct command **command, struct args *args, FILE *out, FILE *err);

#endif
