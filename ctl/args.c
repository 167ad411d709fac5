/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/args.h"

#include <getopt.h>
#include <string.h>

#include "common/cli.h"
#include "common/nearest.h"

enum { OPT_DB = 256, OPT_HELP };

static const struct option options[] = {
    {"db", required_argument, NULL, OPT_DB},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static void
help_list(const struct command *commands, const char *group, FILE *out)
{
	fputs("usage: fwlogctl GROUP COMMAND [OPTION]...\n\n", out);
	for (const struct command *c = commands; c->group != NULL; c++)
		if (group == NULL || strcmp(group, c->group) == 0)
			fprintf(out, "  %-4s %-9s %s\n", c->group, c->name, c->summary);
	fputs(
	    "\nfwlogctl GROUP COMMAND --help tells more; so does fwlogctl(1).\n", out);
}

static void
help_command(const struct command *c, FILE *out)
{
	fprintf(out,
	    "fwlogctl %s %s: %s\n\n%s\n"
	    "  --db CONNINFO  the database, as libpq takes it: 'host=/run/postgresql "
	    "dbname=fwlog',\n"
	    "                 postgresql://…; default: the PG* variables, "
	    "dbname=fwlog\n"
	    "  -q, --quiet    print only what failed\n"
	    "  --help         this text\n",
	    c->group, c->name, c->summary, c->help);
}

/* dashes: "--" for an option, else "". */
static int
wrong_word(const char *what, const char *dashes, const struct nearest *near, FILE *err)
{
	fprintf(err, "fwlogctl: %s%s: unknown %s", dashes, near->typed, what);
	if (near->best != NULL)
		fprintf(err, "; did you mean %s%s?\n", dashes, near->best);
	else
		fputs("; fwlogctl --help lists them\n", err);
	return EXIT_USAGE;
}

static bool
has_group(const struct command *commands, const char *group)
{
	for (const struct command *c = commands; c->group != NULL; c++)
		if (strcmp(c->group, group) == 0)
			return true;
	return false;
}

static int
unknown_group(const struct command *commands, const char *typed, FILE *err)
{
	struct nearest near;

	nearest_begin(&near, typed);
	for (const struct command *c = commands; c->group != NULL; c++)
		nearest_offer(&near, c->group);
	return wrong_word("command", "", &near, err);
}

static const struct command *
find_command(const struct command *commands, const char *group, const char *name)
{
	for (const struct command *c = commands; c->group != NULL; c++)
		if (strcmp(c->group, group) == 0 && strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static int
unknown_command(
    const struct command *commands, const char *group, const char *typed, FILE *err)
{
	struct nearest near;

	nearest_begin(&near, typed);
	for (const struct command *c = commands; c->group != NULL; c++)
		if (strcmp(c->group, group) == 0)
			nearest_offer(&near, c->name);
	return wrong_word("command", "", &near, err);
}

static int
unknown_option(const char *typed, FILE *err)
{
	struct nearest near;

	nearest_begin(&near, typed);
	for (const struct option *o = options; o->name != NULL; o++)
		nearest_offer(&near, o->name);
	return wrong_word("option", "--", &near, err);
}

static int
wrong_option(int c, char **argv, FILE *err)
{
	const char *typed = argv[optind - 1];

	if (c == ':')
		fprintf(err, "fwlogctl: %s: a value is missing\n", typed);
	else if (optopt >= OPT_DB || optopt == 'q')
		fprintf(err, "fwlogctl: %s: takes no value\n", typed);
	else if (optopt != 0)
		fprintf(
		    err, "fwlogctl: -%c: unknown option; --help lists them\n", optopt);
	else
		return unknown_option(typed + strspn(typed, "-"), err);
	return EXIT_USAGE;
}

/* argv[0] is the command's name. */
static int
read_options(const struct command *command, int argc, char **argv, struct args *args,
    FILE *out, FILE *err)
{
	int c;

	optind = 0; /* glibc: begin again, the tests call this more than once */
	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:q", options, NULL)) != -1) {
		switch (c) {
		case OPT_DB:
			args->db = optarg;
			break;
		case 'q':
			args->quiet = true;
			break;
		case OPT_HELP:
			help_command(command, out);
			return EXIT_OK;
		default:
			return wrong_option(c, argv, err);
		}
	}
	if (optind < argc) {
		fprintf(err,
		    "fwlogctl: %s: %s %s takes only options; --help lists them\n",
		    argv[optind], command->group, command->name);
		return EXIT_USAGE;
	}
	return -1;
}

static bool
is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
	       strcmp(word, "help") == 0;
}

int
args_parse(const struct command *commands, int argc, char **argv,
    const struct command **command, struct args *args, FILE *out, FILE *err)
{
	*args = (struct args){0};
	if (argc < 2) {
		help_list(commands, NULL, err);
		return EXIT_USAGE;
	}
	if (is_help(argv[1])) {
		help_list(commands, NULL, out);
		return EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		fputs("fwlogctl " FWLOG_VERSION "\n", out);
		return EXIT_OK;
	}
	if (!has_group(commands, argv[1]))
		return unknown_group(commands, argv[1], err);
	if (argc < 3) {
		help_list(commands, argv[1], err);
		return EXIT_USAGE;
	}
	if (is_help(argv[2])) {
		help_list(commands, argv[1], out);
		return EXIT_OK;
	}
	*command = find_command(commands, argv[1], argv[2]);
	if (*command == NULL)
		return unknown_command(commands, argv[1], argv[2], err);
	return read_options(*command, argc - 2, argv + 2, args, out, err);
}
