/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Actions: who is told of alerts, and how. One [action NAME] section each in
 * fwlog-collector.conf(5). Durations are milliseconds.
 */
#ifndef FWLOG_COLLECTOR_NOTIFY_OPTIONS_H
#define FWLOG_COLLECTOR_NOTIFY_OPTIONS_H

#include "collector/alert/engine.h"
#include "common/conf.h"

#define ACTIONS_MAX 32
#define ACTION_NAME_MAX 64 /* bytes with NUL */

enum action_type {
	ACTION_SYSLOG,
	ACTION_EXEC,
	ACTION_WEBHOOK,
	ACTION_ALERTMANAGER,
	ACTION_MAIL,
};

struct action {
	char name[ACTION_NAME_MAX];
	int type;    /* enum action_type */
	int level;   /* enum rule_level: the least it is told of */
	char *rules; /* patterns, one a line; NULL: all */
	bool resolved;
	uint64_t timeout; /* of one try */
	char *page;       /* address of fwlog.cgi; NULL: no links */
	char *address;    /* syslog */
	int facility;     /* syslog, RFC 5424's number */
	char *command;    /* exec */
	char *user;       /* exec, mail */
	char *url;        /* webhook, alertmanager */
	char *secret_file;
	char *ca_file;
	char *to; /* mail; separated by blanks */
	char *from;
	char *sendmail;
	uint64_t digest;
};

struct actions {
	struct action action[ACTIONS_MAX];
	size_t count;
};

/* Whether people are to be told by this action of a change of the rule's alerts. What a
 * digest counts is asked about as fired. */
bool action_wants(
    const struct action *a, const struct rule *rule, enum alert_change change);

extern const char *const action_type_names[];
extern const char *const action_level_names[];
extern const char *const action_facility_names[];

/* For the table of options: as conf_option's check has it. */
int action_check_url(const char *text, char *why, size_t whysize);
int action_check_path(const char *text, char *why, size_t whysize);
int action_check_mail(const char *text, char *why, size_t whysize);
int action_check_address(const char *text, char *why, size_t whysize);

/* The section of that name, a new one filled by defaults; NULL and why. */
struct action *action_section(struct actions *all, const struct conf_spec *spec,
    const char *name, char *why, size_t whysize);
/* What does not go together; NULL: nothing. */
const char *actions_validate(const struct actions *all);

#endif
