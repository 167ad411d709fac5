/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/cli.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/nearest.h"

enum {
	OPT_CHECK = 256,
	OPT_SYSLOG,
	OPT_HELP,
	OPT_VERSION,
	OPT_PRINT_OPTIONS,
	OPT_PRINT_METRICS
};

static const char short_options[] = "+:c:o:vq";
static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"option", required_argument, NULL, 'o'},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    {"check", no_argument, NULL, OPT_CHECK},
    {"syslog", no_argument, NULL, OPT_SYSLOG},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {"print-options", no_argument, NULL, OPT_PRINT_OPTIONS},
    {"print-metrics", no_argument, NULL, OPT_PRINT_METRICS},
    {NULL, 0, NULL, 0},
};

struct arguments {
	const char *conf; /* NULL: the default file */
	const char **set; /* of -o, in their order */
	size_t set_count;
	enum log_level level;
	bool check, syslog;
};

static void
print_help(const struct cli_program *program)
{
	printf("%s: %s\n\n"
	       "usage: %s [-vq] [-c FILE] [-o NAME=VALUE]... [--check] [--syslog]\n\n"
	       "  -c, --config FILE        read FILE instead of %s\n"
	       "  -o, --option NAME=VALUE  set an option over what the file says; in a "
	       "section:\n"
	       "                           -o 'SECTION/NAME=VALUE'\n"
	       "      --check              print the effective settings or all errors, "
	       "and exit\n"
	       "  -v, --verbose            also log what is only of use when looking "
	       "for a fault\n"
	       "  -q, --quiet              log only warnings and errors\n"
	       "      --syslog             log to syslog (facility daemon) instead of "
	       "stderr\n"
	       "      --help, --version\n\n"
	       "The options of the file are described in %s.conf(5).\n",
	    program->name, program->summary, program->name, program->default_conf,
	    program->name);
}

/* The option as it was typed, without dashes and without =value. */
static void
complain_option(const struct cli_program *program, const char *typed)
{
	char name[NEAREST_LEN_MAX + 1];
	struct nearest near;

	snprintf(name, sizeof name, "%.*s", (int)strcspn(typed, "="), typed);
	nearest_begin(&near, name + strspn(name, "-"));
	for (size_t i = 0; long_options[i].name != NULL; i++)
		nearest_offer(&near, long_options[i].name);
	if (near.best != NULL)
		fprintf(stderr, "%s: %s: unknown option; did you mean --%s?\n",
		    program->name, name, near.best);
	else
		fprintf(stderr, "%s: %s: unknown option; --help lists them\n",
		    program->name, name);
}

static int
wrong_option(const struct cli_program *program, int c, char **argv)
{
	const char *typed = argv[optind - 1];
	char letter[3] = {'-', (char)optopt, '\0'};

	if (c == ':')
		fprintf(stderr, "%s: %s: a value is missing\n", program->name, typed);
	else if (optopt != 0 && optopt < 256)
		complain_option(program, letter);
	else if (optopt != 0)
		fprintf(stderr, "%s: %s: takes no value\n", program->name, typed);
	else
		complain_option(program, typed);
	return EXIT_USAGE;
}

/* -1 to go on, or an exit code. */
static int
take_option(const struct cli_program *program, struct arguments *a, int c, char **argv)
{
	switch (c) {
	case 'c':
		a->conf = optarg;
		break;
	case 'o':
		a->set[a->set_count++] = optarg;
		break;
	case 'v':
		a->level = LOG_LEVEL_DEBUG;
		break;
	case 'q':
		a->level = LOG_LEVEL_WARN;
		break;
	case OPT_CHECK:
		a->check = true;
		break;
	case OPT_SYSLOG:
		a->syslog = true;
		break;
	case OPT_HELP:
		print_help(program);
		return EXIT_OK;
	case OPT_VERSION:
		printf("%s %s\n", program->name, FWLOG_VERSION);
		return EXIT_OK;
	case OPT_PRINT_OPTIONS:
		conf_print_options(program->spec, stdout);
		return EXIT_OK;
	case OPT_PRINT_METRICS:
		if (program->metrics != NULL)
			metric_print(program->metrics, stdout);
		return EXIT_OK;
	default:
		return wrong_option(program, c, argv);
	}
	return -1;
}

static int
read_arguments(
    const struct cli_program *program, struct arguments *a, int argc, char **argv)
{
	int c, rc;

	opterr = 0;
	while ((c = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		rc = take_option(program, a, c, argv);
		if (rc >= 0)
			return rc;
	}
	if (optind < argc) {
		fprintf(stderr,
		    "%s: %s: takes no arguments, only options; --help lists them\n",
		    program->name, argv[optind]);
		return EXIT_USAGE;
	}
	return -1;
}

/* File, then -o, then what concerns several options; as many errors as can be told at
 * once. */
static int
read_settings(
    const struct cli_program *program, const struct arguments *a, void *target)
{
	struct conf_errors errors = {.out = stderr};
	const char *path = a->conf != NULL ? a->conf : program->default_conf;
	int rc = 0;

	conf_defaults(program->spec, "", target);
	if (a->conf != NULL || access(path, F_OK) == 0)
		rc |= conf_load(program->spec, path, target, &errors);
	for (size_t i = 0; i < a->set_count; i++)
		rc |= conf_set(program->spec, a->set[i], target, &errors);
	if (rc == 0)
		rc = conf_validate(program->spec, target, &errors);
	if (rc < 0)
		fprintf(stderr, "%s: %u error%s in the configuration\n", program->name,
		    errors.count, errors.count == 1 ? "" : "s");
	return rc;
}

static int
start(const struct cli_program *program, struct arguments *a, int argc, char **argv,
    void *target)
{
	int rc = read_arguments(program, a, argc, argv);

	if (rc >= 0)
		return rc;
	if (read_settings(program, a, target) < 0)
		return EXIT_CONFIG;
	if (a->check) {
		conf_dump(program->spec, target, stdout);
		return EXIT_OK;
	}
	log_init(program->name, a->level, a->syslog);
	return -1;
}

int
cli_start(const struct cli_program *program, int argc, char **argv, void *target)
{
	struct arguments a = {.level = LOG_LEVEL_INFO};
	int rc;

	/* argc bounds the number of -o. */
	a.set = calloc((size_t)argc + 1, sizeof *a.set);
	if (a.set == NULL) {
		fprintf(stderr, "%s: out of memory\n", program->name);
		return EXIT_FAILED;
	}
	rc = start(program, &a, argc, argv, target);
	free(a.set);
	if (rc >= 0 && (fflush(stdout) != 0 || ferror(stdout)))
		return EXIT_FAILED;
	return rc;
}
