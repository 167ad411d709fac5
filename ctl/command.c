/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/command.h"

#include "common/cli.h"
#include "ctl/check.h"
#include "ctl/migrate.h"

static const struct command commands[] = {
    {"db", "init", "make database, roles and schema, as far as they are missing",
	"Needs a role that may create databases and roles (a superuser, as a rule). "
	"What\n"
	"is there already is left as it is; run it as often as you like. Makes the\n"
	"partitions from yesterday to a week ahead, too.\n",
	migrate_init},
    {"db", "migrate", "bring the schema up to this version of fwlog",
	"Applies the migrations that are missing, each in a transaction of its own, "
	"makes\n"
	"the partitions from yesterday to a week ahead and moves events into them "
	"that\n"
	"had to wait in the default partition. Needs a superuser or a member of\n"
	"fwlog_owner.\n",
	migrate_run},
    {"db", "check", "tell whether the database is fit to keep what it is given",
	"Prints one line for each thing looked at, 'ok' or 'FAIL' with what to do "
	"about\n"
	"it. Ends with 1 when something failed. Run it as a superuser or as "
	"fwlog_admin.\n",
	check_run},
    {NULL, NULL, NULL, NULL, NULL},
};

int
command_main(int argc, char **argv)
{
	const struct command *command;
	struct args args;
	int rc = args_parse(commands, argc, argv, &command, &args, stdout, stderr);

	if (rc < 0)
		rc = command->run(&args);
	if (fflush(stdout) != 0 && rc == EXIT_OK)
		rc = EXIT_FAILED;
	return rc;
}
