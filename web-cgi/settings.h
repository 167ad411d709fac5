/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of the page: /etc/fwlog/fwlog.cgi.conf, or the file FWLOG_CONF names;
 * FWLOG_DB in the environment stands over the option db.
 */
#ifndef FWLOG_WEB_SETTINGS_H
#define FWLOG_WEB_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/conf.h"

struct settings {
	char *db;         /* libpq connection string */
	char *db_changes; /* the same of the role for changes */
	char *operators;  /* users who may change filters, blanks between them */
	bool allow_anonymous;
	uint64_t timeout_ms; /* for all that a page asks the database */
};

extern const struct conf_spec settings_spec;

/* 0, or -1 after every error went to stderr (the web server's error log). */
int settings_load(struct settings *s) __attribute__((warn_unused_result));
void settings_free(struct settings *s);

#endif
