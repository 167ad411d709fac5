/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/notify_options.h"

#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define ALL(type) (1U << (type))
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

const char *const action_type_names[] = {
    "syslog", "exec", "webhook", "alertmanager", "mail", NULL};
const char *const action_level_names[] = {
    "informational", "low", "medium", "high", "critical", NULL};
/* RFC 5424, table 1. */
const char *const action_facility_names[] = {"kern", "user", "mail", "daemon", "auth",
    "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert",
    "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7", NULL};

/* ---- which alerts */

static bool
is_listed(const struct rule_texts *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->at[i], name) == 0)
			return true;
	return false;
}

static bool
fits(const char *pattern, const char *text)
{
	return text != NULL && fnmatch(pattern, text, FNM_CASEFOLD) == 0;
}

static bool
fits_rules(const char *rules, const struct rule *rule)
{
	char pattern[256];

	while (*rules != '\0') {
		size_t len = strcspn(rules, "\n");

		snprintf(pattern, sizeof pattern, "%.*s", (int)len, rules);
		if (fits(pattern, rule->id) || fits(pattern, rule->name) ||
		    fits(pattern, rule->title))
			return true;
		rules += len + (rules[len] == '\n');
	}
	return false;
}

bool
action_wants(const struct action *a, const struct rule *rule, enum alert_change change)
{
	if (change == ALERT_UPDATED)
		return false;
	if (change == ALERT_RESOLVED && !a->resolved && a->type != ACTION_ALERTMANAGER)
		return false;
	if (rule->actions.count > 0)
		return is_listed(&rule->actions, a->name);
	return (int)rule->level >= a->level &&
	       (a->rules == NULL || fits_rules(a->rules, rule));
}

/* ---- single values */

int
action_check_url(const char *text, char *why, size_t whysize)
{
	const char *rest = NULL;

	if (strncmp(text, "https://", 8) == 0)
		rest = text + 8;
	else if (strncmp(text, "http://", 7) == 0)
		rest = text + 7;
	if (rest != NULL && rest[0] != '\0' && rest[0] != '/' &&
	    strpbrk(text, " \t\"<>\\") == NULL)
		return 0;
	snprintf(why, whysize, "is no address that begins with https:// or http://");
	return -1;
}

int
action_check_path(const char *text, char *why, size_t whysize)
{
	if (text[0] == '/')
		return 0;
	snprintf(why, whysize, "is not an absolute path");
	return -1;
}

/* One or more addresses; they become arguments and lines of a header. */
int
action_check_mail(const char *text, char *why, size_t whysize)
{
	for (const char *p = text; *p != '\0';) {
		size_t len = strcspn(p, " \t");

		if (len > 0 && (p[0] == '-' || memchr(p, ',', len) != NULL ||
				   memchr(p, '<', len) != NULL)) {
			snprintf(why, whysize,
			    "is no list of addresses separated by blanks, "
			    "such as soc@example.org");
			return -1;
		}
		p += len + strspn(p + len, " \t");
	}
	return 0;
}

static bool
is_port(const char *text)
{
	unsigned long value = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p < '0' || *p > '9' || p - text >= 5)
			return false;
		value = value * 10 + (unsigned long)(*p - '0');
	}
	return value > 0 && value <= UINT16_MAX;
}

int
action_check_address(const char *text, char *why, size_t whysize)
{
	const char *host = text + 4, *port;

	if (strncmp(text, "unix:/", 6) == 0 && strlen(text + 5) < 108)
		return 0;
	if (strncmp(text, "udp:", 4) == 0 || strncmp(text, "tcp:", 4) == 0) {
		port = strrchr(host, ':');
		if (port != NULL && port > host && port - host < 256 &&
		    is_port(port + 1) && (host[0] == '[') == (port[-1] == ']'))
			return 0;
	}
	snprintf(why, whysize,
	    "is no address of a syslog server: unix:/dev/log, udp:HOST:514, "
	    "tcp:HOST:601, tcp:[2001:db8::1]:601");
	return -1;
}

/* ---- sections */

struct action *
action_section(struct actions *all, const struct conf_spec *spec, const char *name,
    char *why, size_t whysize)
{
	struct action *a;

	if (name[0] == '\0' || strlen(name) >= ACTION_NAME_MAX ||
	    name[strspn(name, NAME_CHARS)] != '\0') {
		snprintf(why, whysize,
		    "an action has a name of 1 to %d letters, digits, dots, dashes and "
		    "underscores: [action soc]",
		    ACTION_NAME_MAX - 1);
		return NULL;
	}
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->action[i].name, name) == 0)
			return &all->action[i];
	if (all->count == ACTIONS_MAX) {
		snprintf(why, whysize, "there are at most %d actions", ACTIONS_MAX);
		return NULL;
	}
	a = &all->action[all->count++];
	snprintf(a->name, sizeof a->name, "%s", name);
	conf_defaults(spec, "action", a);
	return a;
}

/* ---- what goes together */

static const struct {
	const char *name;
	size_t offset;
	unsigned types; /* it belongs to */
	unsigned needed_by;
} members[] = {
    {"address", offsetof(struct action, address), ALL(ACTION_SYSLOG),
	ALL(ACTION_SYSLOG)},
    {"command", offsetof(struct action, command), ALL(ACTION_EXEC), ALL(ACTION_EXEC)},
    {"url", offsetof(struct action, url),
	ALL(ACTION_WEBHOOK) | ALL(ACTION_ALERTMANAGER),
	ALL(ACTION_WEBHOOK) | ALL(ACTION_ALERTMANAGER)},
    {"secret_file", offsetof(struct action, secret_file), ALL(ACTION_WEBHOOK), 0},
    {"ca_file", offsetof(struct action, ca_file),
	ALL(ACTION_WEBHOOK) | ALL(ACTION_ALERTMANAGER), 0},
    {"to", offsetof(struct action, to), ALL(ACTION_MAIL), ALL(ACTION_MAIL)},
    {"from", offsetof(struct action, from), ALL(ACTION_MAIL), 0},
};

static const char *
validate_one(const struct action *a)
{
	static char why[200];

	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		const char *value =
		    *(char *const *)((const char *)a + members[i].offset);
		const char *fault = NULL;

		if (value == NULL && (members[i].needed_by & ALL(a->type)) != 0)
			fault = "needs";
		else if (value != NULL && (members[i].types & ALL(a->type)) == 0)
			fault = "has no use for";
		if (fault == NULL)
			continue;
		snprintf(why, sizeof why, "[action %s]: type = %s %s %s", a->name,
		    action_type_names[a->type], fault, members[i].name);
		return why;
	}
	return NULL;
}

const char *
actions_validate(const struct actions *all)
{
	for (size_t i = 0; i < all->count; i++) {
		const char *why = validate_one(&all->action[i]);

		if (why != NULL)
			return why;
	}
	return NULL;
}
