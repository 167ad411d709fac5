/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program of the administrator's gets the JSON document on its standard input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/notify_program.h"
#include "collector/notify_way.h"

static void *
exec_open(const struct action *a, char *why, size_t whysize)
{
	struct action *copy = malloc(sizeof *copy);

	if (copy == NULL)
		snprintf(why, whysize, "no memory");
	else
		*copy = *a;
	return copy;
}

static enum way_outcome
exec_send(void *self, const struct notice *n, size_t count, char *why, size_t whysize)
{
	const struct action *a = self;
	char action[ACTION_NAME_MAX + 16], delivery[64], change[64];
	char *const argv[] = {a->command, NULL};
	char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", lang[] = "LANG=C.UTF-8";
	char *const envp[] = {path, lang, action, delivery, change, NULL};
	const struct program program = {
	    .path = a->command,
	    .argv = argv,
	    .envp = envp,
	    .user = a->user,
	    .input = notice_text(n, NOTICE_JSON),
	    .len = strlen(notice_text(n, NOTICE_JSON)),
	    .timeout_ms = a->timeout,
	};

	(void)count;
	snprintf(action, sizeof action, "FWLOG_ACTION=%s", a->name);
	snprintf(delivery, sizeof delivery, "FWLOG_DELIVERY=%s",
	    notice_text(n, NOTICE_DELIVERY));
	snprintf(
	    change, sizeof change, "FWLOG_CHANGE=%s", notice_text(n, NOTICE_CHANGE));
	return program_run(&program, why, whysize) == 0 ? WAY_SENT : WAY_REFUSED;
}

const struct way way_exec = {.batch = 1, .open = exec_open, .send = exec_send};
