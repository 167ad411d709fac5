/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/command.h"

#include <stdint.h>

#include "common/cli.h"
#include "ctl/balance.h"
#include "ctl/check.h"
#include "ctl/key.h"
#include "ctl/migrate.h"

static const struct command commands[] = {
    {"db", "init", "make database, roles and schema, as far as they are missing",
	"Needs a role that may create databases and roles (a superuser, as a rule). "
	"What\n"
	"is there already is left as it is; run it as often as you like. Makes the\n"
	"partitions from yesterday to a week ahead, too.\n",
	migrate_init, NULL, 0, 0, 0},
    {"db", "migrate", "bring the schema up to this version of fwlog",
	"Applies the migrations that are missing, each in a transaction of its own, "
	"makes\n"
	"the partitions from yesterday to a week ahead and moves events into them "
	"that\n"
	"had to wait in the default partition. Needs a superuser or a member of\n"
	"fwlog_owner.\n",
	migrate_run, NULL, 0, 0, 0},
    {"db", "check", "tell whether the database is fit to keep what it is given",
	"Prints one line for each thing looked at, 'ok' or 'FAIL' with what to do "
	"about\n"
	"it. Ends with 1 when something failed. Run it as a superuser or as "
	"fwlog_admin.\n",
	check_run, NULL, 0, 0, 0},
    {"key", "new", "make a key for a host",
	"Enters it into the database and writes it to a file, NAME.key unless said\n"
	"otherwise, that no other user can read; copy that to the host. The host's "
	"first\n"
	"key is active at once, a further one is next: it becomes active when the "
	"agent\n"
	"first comes with it, and the one before is retiring then. A file that is "
	"there\n"
	"is not overwritten.\n",
	key_new, "NAME", 1, SIZE_MAX, TAKES_FILE | TAKES_DIRECTORY | TAKES_CIDR},
    {"key", "list", "show the keys, of all hosts or of one",
	"next, active and retiring let an agent in, revoked does not.\n", key_list,
	"NAME", 0, 1, TAKES_JSON},
    {"key", "promote", "make a key the active one",
	"KEY is the id of a key that is next or retiring, or a host, whose next one "
	"is\n"
	"meant. The one that was active is retiring then. Seldom needed: the "
	"collector\n"
	"does it when the key is first used.\n",
	key_promote, "KEY", 1, SIZE_MAX, 0},
    {"key", "retire", "mark a key as one to be replaced; it still lets in",
	"KEY is the id of a key that is next or active, or a host, whose active one "
	"is\n"
	"meant.\n",
	key_retire, "KEY", 1, SIZE_MAX, 0},
    {"key", "revoke", "let nobody in with a key any more",
	"KEY is the id of a key, or a host, all of whose keys are meant. Sessions "
	"that\n"
	"began with it end within 10 seconds. There is no way back; the secret is\n"
	"erased.\n",
	key_revoke, "KEY", 1, SIZE_MAX, 0},
    {"balance", "", "tell what was logged, stored and lost, host by host",
	"Logged is what is stored and what is known to be lost. Where agents "
	"reconcile,\n"
	"counted is what the counters of the log rules say, and difference what of "
	"that is\n"
	"not explained yet. A loss belongs to the hour in which it ended. Ends with "
	"1 when\n"
	"anything is missing or unknown. Needs fwlog_report or fwlog_admin.\n",
	balance_run, NULL, 0, 0, TAKES_RANGE | TAKES_JSON},
    {NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0},
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
