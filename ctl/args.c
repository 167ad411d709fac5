/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/args.h"

#include <getopt.h>
#include <string.h>

#include "common/cli.h"
#include "common/nearest.h"

enum { OPT_DB = 256, OPT_HELP, OPT_CIDR, OPT_JSON, OPT_HOST, OPT_FROM, OPT_TO, OPT_BY };

static const struct option options[] = {
    {"db", required_argument, NULL, OPT_DB},
    {"quiet", no_argument, NULL, 'q'},
    {"output", required_argument, NULL, 'o'},
    {"directory", required_argument, NULL, 'd'},
    {"cidr", required_argument, NULL, OPT_CIDR},
    {"json", no_argument, NULL, OPT_JSON},
    {"host", required_argument, NULL, OPT_HOST},
    {"from", required_argument, NULL, OPT_FROM},
    {"to", required_argument, NULL, OPT_TO},
    {"by", required_argument, NULL, OPT_BY},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

/* Options that not all commands take, by their code. */
static const struct {
	int code;
	enum args_take bit;
	const char *help;
} some[] = {
    {'o', TAKES_FILE, "  -o, --output FILE  the file to make\n"},
    {'d', TAKES_DIRECTORY, "  -d, --directory DIR  where to make the files\n"},
    {OPT_CIDR, TAKES_CIDR,
	"  --cidr NETWORK  a network the agent may connect from, 192.0.2.0/24; "
	"several\n                  times for several; default: from anywhere\n"},
    {OPT_HOST, TAKES_RANGE, "  --host HOST    only this host\n"},
    {OPT_FROM, TAKES_RANGE,
	"  --from TIME    2026-11-23T14:05:00Z, 2026-11-23, -1h or now-2h; default: "
	"-24h\n"},
    {OPT_TO, TAKES_RANGE, "  --to TIME      up to here; default: now\n"},
    {OPT_BY, TAKES_RANGE, "  --by hour|host  a row for each; default: hour\n"},
    {OPT_JSON, TAKES_JSON, "  --json         print JSON\n"},
};
#define SOME_COUNT (sizeof some / sizeof some[0])

static bool
takes(const struct command *c, int code)
{
	for (size_t i = 0; i < SOME_COUNT; i++)
		if (some[i].code == code)
			return (c->takes & some[i].bit) != 0;
	return true;
}

static const char *
name_of(int code)
{
	const struct option *o = options;

	while (o->val != code)
		o++;
	return o->name;
}

static void
help_list(const struct command *commands, const char *group, FILE *out)
{
	fputs("usage: fwlogctl GROUP COMMAND [OPTION]...\n\n", out);
	for (const struct command *c = commands; c->group != NULL; c++)
		if (group == NULL || strcmp(group, c->group) == 0)
			fprintf(out, "  %-4s %-*s %s\n", c->group,
			    c->name[0] != '\0' ? 9 : 6, c->name, c->summary);
	fputs(
	    "\nfwlogctl GROUP COMMAND --help tells more; so does fwlogctl(1).\n", out);
}

/* Between group and name, which may be empty. */
static const char *
gap(const struct command *c)
{
	return c->name[0] != '\0' ? " " : "";
}

static void
help_command(const struct command *c, FILE *out)
{
	fprintf(out, "fwlogctl %s%s%s%s%s%s: %s\n\n%s\n", c->group, gap(c), c->name,
	    c->operand != NULL ? " " : "", c->operand != NULL ? c->operand : "",
	    c->most > 1 ? "..." : "", c->summary, c->help);
	for (size_t i = 0; i < SOME_COUNT; i++)
		if ((c->takes & some[i].bit) != 0)
			fputs(some[i].help, out);
	fprintf(out,
	    "  --db CONNINFO  the database, as libpq takes it: 'host=/run/postgresql "
	    "dbname=fwlog',\n"
	    "                 postgresql://…; default: the PG* variables, "
	    "dbname=fwlog\n"
	    "  -q, --quiet    print only what failed\n"
	    "  --help         this text\n");
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
unknown_option(const struct command *command, const char *typed, FILE *err)
{
	struct nearest near;

	nearest_begin(&near, typed);
	for (const struct option *o = options; o->name != NULL; o++)
		if (takes(command, o->val))
			nearest_offer(&near, o->name);
	return wrong_word("option", "--", &near, err);
}

static int
wrong_option(const struct command *command, int c, char **argv, FILE *err)
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
		return unknown_option(command, typed + strspn(typed, "-"), err);
	return EXIT_USAGE;
}

/* -1 to go on, or an exit code. */
static int
take_option(
    const struct command *command, int c, struct args *args, FILE *out, FILE *err)
{
	switch (c) {
	case OPT_DB:
		args->db = optarg;
		return -1;
	case 'q':
		args->quiet = true;
		return -1;
	case 'o':
		args->output = optarg;
		return -1;
	case 'd':
		args->directory = optarg;
		return -1;
	case OPT_JSON:
		args->json = true;
		return -1;
	case OPT_HOST:
		args->host = optarg;
		return -1;
	case OPT_FROM:
		args->from = optarg;
		return -1;
	case OPT_TO:
		args->to = optarg;
		return -1;
	case OPT_BY:
		args->by = optarg;
		return -1;
	case OPT_CIDR:
		if (args->cidrs < ARGS_CIDRS_MAX) {
			args->cidr[args->cidrs++] = optarg;
			return -1;
		}
		fprintf(err, "fwlogctl: --cidr: at most %d networks\n", ARGS_CIDRS_MAX);
		return EXIT_USAGE;
	default: /* OPT_HELP */
		help_command(command, out);
		return EXIT_OK;
	}
}

/* What is left behind the options. -1, or an exit code. */
static int
take_operands(
    const struct command *command, int argc, char **argv, struct args *args, FILE *err)
{
	args->operand = argv + optind;
	args->operands = (size_t)(argc - optind);
	if (command->operand == NULL && args->operands > 0)
		fprintf(err,
		    "fwlogctl: %s: %s%s%s takes only options; --help lists them\n",
		    argv[optind], command->group, gap(command), command->name);
	else if (args->operands < command->least)
		fprintf(err, "fwlogctl: %s %s: %s is missing\n", command->group,
		    command->name, command->operand);
	else if (args->operands > command->most && command->most == 1)
		fprintf(err, "fwlogctl: %s: %s %s takes %s once\n", args->operand[1],
		    command->group, command->name, command->operand);
	else if (args->operands > command->most)
		fprintf(err, "fwlogctl: %s: %s %s takes %s at most %zu times\n",
		    args->operand[command->most], command->group, command->name,
		    command->operand, command->most);
	else
		return -1;
	return EXIT_USAGE;
}

/* argv[0] is the command's name. */
static int
read_options(const struct command *command, int argc, char **argv, struct args *args,
    FILE *out, FILE *err)
{
	int c, rc = -1;

	optind = 0; /* glibc: begin again, the tests call this more than once */
	opterr = 0;
	while (rc < 0 && (c = getopt_long(argc, argv, ":qo:d:", options, NULL)) != -1) {
		if (c == '?' || c == ':')
			return wrong_option(command, c, argv, err);
		if (!takes(command, c))
			return unknown_option(command, name_of(c), err);
		rc = take_option(command, c, args, out, err);
	}
	return rc < 0 ? take_operands(command, argc, argv, args, err) : rc;
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
	*command = find_command(commands, argv[1], "");
	if (*command != NULL)
		return read_options(*command, argc - 1, argv + 1, args, out, err);
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
