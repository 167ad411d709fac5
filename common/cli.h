/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line all daemons share: -c FILE, -o NAME=VALUE, --check, -v, -q,
 * --syslog, --help, --version, --print-options, --print-metrics.
 */
#ifndef FWLOG_COMMON_CLI_H
#define FWLOG_COMMON_CLI_H

#include "common/conf.h"
#include "common/metric.h"

/* Exit codes of all programs of fwlog; fwlog(7) lists them. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CONFIG = 3 };

struct cli_program {
	const char *name;         /* "fwlog-agent" */
	const char *summary;      /* one line for --help */
	const char *default_conf; /* read when -c is not given; may be absent then */
	const struct conf_spec *spec;
	const struct metric_table *metrics; /* NULL: none */
};

/*
 * Reads arguments and configuration into target and starts the log. Returns -1 to go
 * on, or the exit code the program should end with (after --help, --check, or an error
 * that has been printed).
 */
int cli_start(const struct cli_program *program, int argc, char **argv, void *target);

#endif
