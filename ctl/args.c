/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/args.h"

#include <getopt.h>
#include <string.h>

#include "common/cli.h"
#include "common/filter_field.h"
#include "common/nearest.h"

enum kind { FLAG, TEXT, CIDR, HELP };

/*
 * All options, one entry each; where commands mean different things by one word, it has
 * several, one below the other. Those that all commands take come last.
 */
static const struct entry {
	const char *name;
	int letter; /* of the short form, or 0 */
	enum kind kind;
	uint64_t takes; /* the commands that take it, or ALL */
	size_t member;  /* of struct args */
	const char *help;
} entries[] = {
#define ALL UINT64_MAX
#define MEMBER(name) offsetof(struct args, name)
    {"output", 'o', TEXT, TAKES_FILE, MEMBER(output),
	"  -o, --output FILE  the file to make\n"},
    {"directory", 'd', TEXT, TAKES_DIRECTORY, MEMBER(directory),
	"  -d, --directory DIR  where to make the files\n"},
    {"cidr", 0, CIDR, TAKES_CIDR, 0,
	"  --cidr NETWORK  a network the agent may connect from, 192.0.2.0/24; "
	"several\n                  times for several; default: from anywhere\n"},
    {"verdict", 0, TEXT, TAKES_VERDICT, MEMBER(verdict),
	"  --verdict VERDICT  accept, drop, reject, or unknown: it decides nothing\n"},
    {"rule-name", 0, TEXT, TAKES_VERDICT, MEMBER(rule_name),
	"  --rule-name TEXT  name of the rule, for people\n"},
    {"kind", 0, TEXT, TAKES_KIND, MEMBER(kind),
	"  --kind KIND    of a new list: address (default), port or name\n"},
    {"host", 0, TEXT, TAKES_RANGE | TAKES_HOST, MEMBER(host),
	"  --host HOST    only this host\n"},
    {"host", 0, TEXT, TAKES_IMPORT, MEMBER(host),
	"  --host HOST    the host that logged; default: what the lines say\n"},
    {"rejects", 0, TEXT, TAKES_IMPORT, MEMBER(rejects),
	"  --rejects FILE  where to put what is not understood; default: "
	"FILE.rejects\n"},
    {"year", 0, TEXT, TAKES_STAMP, MEMBER(year),
	"  --year YEAR    of the first line, where lines have none; default: the last "
	"one "
	"that\n                 fits before the time of the file\n"},
    {"tz", 0, TEXT, TAKES_STAMP, MEMBER(tz),
	"  --tz ZONE      of times that do not say it: Europe/Berlin, +01:00; default: "
	"that of\n                 this machine\n"},
    {"boot", 0, TEXT, TAKES_STAMP, MEMBER(boot),
	"  --boot TIME    when the machine started, for dmesg's seconds\n"},
    {"from", 0, TEXT, TAKES_RANGE | TAKES_SPAN, MEMBER(from),
	"  --from TIME    2026-11-23T14:05:00Z, 2026-11-23, -1h or now-2h; default: "
	"-24h\n"},
    {"from", 0, TEXT, TAKES_WHEN, MEMBER(from),
	"  --from TIME    not before: 2026-11-23T14:05:00Z, 2026-11-23, -1h\n"},
    {"from", 0, TEXT, TAKES_FROM, MEMBER(from),
	"  --from TIME    from this time on: 2026-11-23T14:05:00Z, 2026-11-23, -1h\n"},
    {"from", 0, TEXT, TAKES_CONNINFO, MEMBER(from),
	"  --from CONNINFO  the database to read, as libpq takes it\n"},
    {"to", 0, TEXT, TAKES_RANGE | TAKES_SPAN, MEMBER(to),
	"  --to TIME      up to here; default: now\n"},
    {"to", 0, TEXT, TAKES_WHEN, MEMBER(to), "  --to TIME      not after\n"},
    {"since", 0, TEXT, TAKES_SINCE, MEMBER(from),
	"  --since TIME   begin with the events from this time on: -10m\n"},
    {"by", 0, TEXT, TAKES_RANGE, MEMBER(by),
	"  --by hour|host  a row for each; default: hour\n"},
    {"by", 0, TEXT, TAKES_FIELD, MEMBER(by),
	"  --by FIELD     a row for each value of a field\n"},
    {"limit", 0, TEXT, TAKES_LIMIT, MEMBER(limit),
	"  --limit N      so many at most\n"},
    {"count", 0, TEXT, TAKES_COUNT, MEMBER(limit),
	"  --count N      end after so many events\n"},
    {"format", 0, TEXT, TAKES_FORMAT, MEMBER(format),
	"  --format table|json|csv|ecs  how to print; default: table\n"},
    {"format", 0, TEXT, TAKES_EXPORT, MEMBER(format),
	"  --format jsonl-ecs|csv|eve  how to write; default: jsonl-ecs\n"},
    {"raw", 0, FLAG, TAKES_RAW, MEMBER(raw),
	"  --raw          packets alone (link type 101, raw IP)\n"},
    {"timeout", 0, TEXT, TAKES_TIMEOUT, MEMBER(timeout),
	"  --timeout SECONDS  give up a query that takes longer; 0: never; default: "
	"what\n"
	"                 the database sets for the role\n"},
    {"sql", 0, FLAG, TAKES_SQL, MEMBER(sql),
	"  --sql          print the statement and its values, too; with --db as the "
	"database\n"
	"                 resolves them\n"},
    {"hosts", 0, TEXT, TAKES_SCOPE, MEMBER(hosts),
	"  --hosts HOST,…  on these hosts only; default: on all\n"},
    {"sample", 0, TEXT, TAKES_BOUNDS, MEMBER(sample),
	"  --sample 1/N   one record of N is kept nevertheless\n"},
    {"expires", 0, TEXT, TAKES_BOUNDS, MEMBER(expires),
	"  --expires TIME  agents stop to apply it then: +2h, +7d, "
	"2026-11-23T14:05:00Z\n"},
    {"expires", 0, TEXT, TAKES_EXPIRES, MEMBER(expires),
	"  --expires TIME  it ends then: +2h, +7d, 2026-11-23T14:05:00Z; must be "
	"given\n"},
    {"yes", 0, FLAG, TAKES_BOUNDS, MEMBER(yes),
	"  --yes          also when it leaves out nearly everything\n"},
    {"why", 0, TEXT, TAKES_WHY, MEMBER(why),
	"  --why TEXT     the reason, for those who ask later; must be given\n"},
    {"why", 0, TEXT, TAKES_REMARK, MEMBER(why),
	"  --why TEXT     a remark, for those who ask later\n"},
    {"last", 0, TEXT, TAKES_LAST, MEMBER(last),
	"  --last SPAN    look at the events of so long: 90m, 24h, 7d; default: 24h\n"},
    {"all", 0, FLAG, TAKES_ALL, MEMBER(all),
	"  --all          also those that are removed\n"},
    {"all", 0, FLAG, TAKES_ENDED, MEMBER(all),
	"  --all          also those that are over, or not in force\n"},
    {"vars", 0, TEXT, TAKES_RULES, MEMBER(vars),
	"  --vars FILE    values for %placeholders%, as the collector's rule_vars\n"},
    {"overrides", 0, TEXT, TAKES_RULES, MEMBER(overrides),
	"  --overrides FILE  as the collector's rule_overrides\n"},
    {"events", 0, TEXT, TAKES_EVENTS, MEMBER(events),
	"  --events FILE  look at the events of this file, a JSON object a line as "
	"search\n                 --json prints them; - is standard input\n"},
    {"expect", 0, TEXT, TAKES_EVENTS, MEMBER(expect),
	"  --expect N     end with 1 unless there are N alerts\n"},
    {"event", 0, TEXT, TAKES_EVENT, MEMBER(event),
	"  --event ID     the event, as id: in a filter: HOST-N; must be given\n"},
    {"retain", 0, TEXT, TAKES_RETAIN, MEMBER(retain),
	"  --retain AGE   remove days of events that ended so long ago: 90d\n"},
    {"retain-size", 0, TEXT, TAKES_RETAIN, MEMBER(retain_size),
	"  --retain-size SIZE  remove the oldest days while all are larger: 500G\n"},
    {"retain-rollups", 0, TEXT, TAKES_RETAIN, MEMBER(retain_rollups),
	"  --retain-rollups AGE  remove roll-ups older than that: 1000d\n"},
    {"seal-after", 0, TEXT, TAKES_RETAIN, MEMBER(seal_after),
	"  --seal-after AGE  build the indexes of days that ended so long ago; "
	"default: 6h\n"},
    {"dry-run", 0, FLAG, TAKES_RETAIN, MEMBER(dry_run),
	"  --dry-run      tell what would be done and how, and do nothing\n"},
    {"citus", 0, FLAG, TAKES_CITUS, MEMBER(citus),
	"  --citus        spread events over the Citus cluster that the database is "
	"part of\n"},
    {"older-than", 0, TEXT, TAKES_ARCHIVE, MEMBER(older_than),
	"  --older-than AGE  all days that ended so long ago: 90d\n"},
    {"drop", 0, FLAG, TAKES_ARCHIVE, MEMBER(drop),
	"  --drop         remove each day from the database once its file is on the "
	"disk\n"},
    {"json", 0, FLAG, TAKES_JSON, MEMBER(json), "  --json         print JSON\n"},
    {"db", 0, TEXT, ALL, MEMBER(db),
	"  --db CONNINFO  the database, as libpq takes it: 'host=/run/postgresql "
	"dbname=fwlog',\n"
	"                 postgresql://…; default: the PG* variables, dbname=fwlog\n"},
    {"quiet", 'q', FLAG, ALL, MEMBER(quiet),
	"  -q, --quiet    print only what failed\n"},
    {"help", 0, HELP, ALL, 0, "  --help         this text\n"},
};
#define ENTRY_COUNT (sizeof entries / sizeof entries[0])
#define SUMMARY_AT 18  /* column of the summaries */
#define CODE_FIRST 256 /* code of entries[0] where it has no letter */

static int
code_of(const struct entry *e)
{
	return e->letter != 0 ? e->letter : CODE_FIRST + (int)(e - entries);
}

/* NULL: none has this code. */
static const struct entry *
entry_of(int code)
{
	for (const struct entry *e = entries; e < entries + ENTRY_COUNT; e++)
		if (code_of(e) == code)
			return e;
	return NULL;
}

static bool
has_value(const struct entry *e)
{
	return e->kind == TEXT || e->kind == CIDR;
}

/* The entry of that name which the command takes, or NULL. */
static const struct entry *
find_entry(const struct command *c, const char *name)
{
	for (const struct entry *e = entries; e < entries + ENTRY_COUNT; e++)
		if (strcmp(e->name, name) == 0 &&
		    (e->takes == ALL || (c->takes & e->takes) != 0))
			return e;
	return NULL;
}

/* As getopt_long takes them: a name once. */
static void
make_options(struct option options[ENTRY_COUNT + 1], char letters[2 * ENTRY_COUNT + 2])
{
	size_t n = 0;

	*letters++ = ':';
	for (const struct entry *e = entries; e < entries + ENTRY_COUNT; e++) {
		if (n > 0 && strcmp(options[n - 1].name, e->name) == 0)
			continue;
		options[n++] = (struct option){e->name,
		    has_value(e) ? required_argument : no_argument, NULL, code_of(e)};
		if (e->letter != 0)
			*letters++ = (char)e->letter;
		if (e->letter != 0 && has_value(e))
			*letters++ = ':';
	}
	options[n] = (struct option){0};
	*letters = '\0';
}

/* Between group and name, which may be empty. */
static const char *
gap(const struct command *c)
{
	return c->name[0] != '\0' ? " " : "";
}

static void
help_list(const struct command *commands, const char *group, FILE *out)
{
	int width;

	fputs("usage: fwlogctl GROUP COMMAND [OPTION]...\n\n", out);
	for (const struct command *c = commands; c->group != NULL; c++) {
		if (group != NULL && strcmp(group, c->group) != 0)
			continue;
		width = fprintf(out, "  %s%s%s", c->group, gap(c), c->name);
		fprintf(out, "%*s%s\n", width < SUMMARY_AT ? SUMMARY_AT - width : 1, "",
		    c->summary);
	}
	fputs(
	    "\nfwlogctl GROUP COMMAND --help tells more; so does fwlogctl(1).\n", out);
}

static void
help_command(const struct command *c, FILE *out)
{
	fprintf(out, "fwlogctl %s%s%s%s%s%s: %s\n\n%s\n", c->group, gap(c), c->name,
	    c->operand != NULL ? " " : "", c->operand != NULL ? c->operand : "",
	    c->most > 1 ? "..." : "", c->summary, c->help);
	for (const struct entry *e = entries; e < entries + ENTRY_COUNT; e++)
		if (find_entry(c, e->name) == e)
			fputs(e->help, out);
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
	for (const struct entry *e = entries; e < entries + ENTRY_COUNT; e++)
		if (find_entry(command, e->name) == e)
			nearest_offer(&near, e->name);
	return wrong_word("option", "--", &near, err);
}

static const char *
query_hint(const struct command *command)
{
	return (command->takes & TAKES_QUERY) != 0
		   ? "; a filter that begins with - goes behind --"
		   : "";
}

static int
wrong_option(const struct command *command, int c, char **argv, FILE *err)
{
	const char *typed = argv[optind - 1];
	const struct entry *e = entry_of(optopt);

	if (c == ':')
		fprintf(err, "fwlogctl: %s: a value is missing\n", typed);
	else if (optopt != 0 && e != NULL && !has_value(e))
		fprintf(err, "fwlogctl: %s: takes no value\n", typed);
	else if (optopt != 0)
		fprintf(err, "fwlogctl: -%c: unknown option; --help lists them%s\n",
		    optopt, query_hint(command));
	else
		return unknown_option(command, typed + strspn(typed, "-"), err);
	return EXIT_USAGE;
}

/* -1 to go on, or an exit code. */
static int
take_option(const struct command *command, const struct entry *e, struct args *args,
    FILE *out, FILE *err)
{
	char *member = (char *)args + e->member;

	switch (e->kind) {
	case FLAG:
		memcpy(member, &(bool){true}, sizeof(bool));
		return -1;
	case TEXT:
		memcpy(member, &optarg, sizeof optarg);
		return -1;
	case CIDR:
		if (args->cidrs < ARGS_CIDRS_MAX) {
			args->cidr[args->cidrs++] = optarg;
			return -1;
		}
		fprintf(err, "fwlogctl: --cidr: at most %d networks\n", ARGS_CIDRS_MAX);
		return EXIT_USAGE;
	default: /* HELP */
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

/* Does the word begin as a term of the filter language that is negated: -host:web1? */
static bool
is_negated_term(const char *word)
{
	size_t len;

	if (word[0] != '-')
		return false;
	len = strcspn(++word, ":=!<>");
	return word[len] != '\0' && filter_field_find(word, len) != NULL;
}

/*
 * Such a word is no heap of options: a blank in front, which means nothing to the
 * language, hides it from getopt. -1 when there are more than a filter can have.
 */
static int
shield_terms(int argc, char **argv, struct args *args)
{
	size_t used = 0, len;

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (!is_negated_term(argv[i]))
			continue;
		len = strlen(argv[i]) + 1;
		if (len >= sizeof args->terms - used)
			return -1;
		args->terms[used] = ' ';
		memcpy(args->terms + used + 1, argv[i], len);
		argv[i] = args->terms + used;
		used += len + 1;
	}
	return 0;
}

/* argv[0] is the command's name. */
static int
read_options(const struct command *command, int argc, char **argv, struct args *args,
    FILE *out, FILE *err)
{
	struct option options[ENTRY_COUNT + 1];
	char letters[2 * ENTRY_COUNT + 2];
	const struct entry *e;
	int c, rc = -1;

	make_options(options, letters);
	if ((command->takes & TAKES_QUERY) != 0 && shield_terms(argc, argv, args) < 0) {
		fprintf(err, "fwlogctl: the filter is too long; %d bytes are allowed\n",
		    FILTER_TEXT_MAX);
		return EXIT_USAGE;
	}
	optind = 0; /* glibc: begin again, the tests call this more than once */
	opterr = 0;
	while (rc < 0 && (c = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (c == '?' || c == ':')
			return wrong_option(command, c, argv, err);
		e = find_entry(command, entry_of(c)->name);
		if (e == NULL)
			return unknown_option(command, entry_of(c)->name, err);
		rc = take_option(command, e, args, out, err);
	}
	return rc < 0 ? take_operands(command, argc, argv, args, err) : rc;
}

/* Each command with its options, for the shells' completion. */
static void
print_commands(const struct command *commands, FILE *out)
{
	for (const struct command *c = commands; c->group != NULL; c++) {
		fprintf(out, "%s%s%s:", c->group, gap(c), c->name);
		for (const struct entry *e = entries; e < entries + ENTRY_COUNT; e++)
			if (find_entry(c, e->name) == e)
				fprintf(
				    out, " --%s%s", e->name, has_value(e) ? "=" : "");
		fputc('\n', out);
	}
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
	if (strcmp(argv[1], "--print-commands") == 0) {
		print_commands(commands, out);
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
