/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A way to tell people: one for each type of action. It blocks, at most for the
 * action's timeout: each action has a process of its own.
 */
#ifndef FWLOG_COLLECTOR_NOTIFY_WAY_H
#define FWLOG_COLLECTOR_NOTIFY_WAY_H

#include "collector/notify_notice.h"
#include "collector/notify_options.h"

enum way_outcome {
	WAY_SENT,
	WAY_FAILED,  /* nobody is there, or he cannot take anything now */
	WAY_REFUSED, /* he does not want this one */
};

struct way {
	size_t batch; /* notices in one go */
	/* What send gets; NULL and why[whysize]. Lives as long as the process. */
	void *(*open)(const struct action *a, char *why, size_t whysize);
	/* All of them or none; unless sent, why[whysize] tells people. */
	enum way_outcome (*send)(void *self, const struct notice *n, size_t count,
	    char *why, size_t whysize);
};

extern const struct way way_syslog, way_exec, way_webhook, way_alertmanager, way_mail;

#endif
