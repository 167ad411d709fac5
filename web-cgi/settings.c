/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETTINGS_FILE FWLOG_SYSCONFDIR "/fwlog/fwlog.cgi.conf"

static const struct conf_option options[] = {
    {"", "db", CONF_STRING, offsetof(struct settings, db),
	"dbname=fwlog user=fwlog_report", 1, 1024, NULL,
	"connection string of the database, as libpq takes it"},
    {"", "db_changes", CONF_STRING, offsetof(struct settings, db_changes),
	"dbname=fwlog user=fwlog_web", 0, 1024, NULL,
	"connection string for what the page changes; empty: it changes nothing"},
    {"", "operators", CONF_STRING, offsetof(struct settings, operators), "", 0, 1024,
	NULL, "users who may change the filters of agents, with blanks between them"},
    {"", "allow_anonymous", CONF_BOOL, offsetof(struct settings, allow_anonymous), "no",
	0, 0, NULL, "show pages though the web server names no user"},
    {"", "timeout", CONF_DURATION, offsetof(struct settings, timeout_ms), "10s", 100,
	120000, NULL, "how long the database may take for a page"},
};

const struct conf_spec settings_spec = {
    .options = options,
    .count = sizeof options / sizeof options[0],
};

int
settings_load(struct settings *s)
{
	struct conf_errors errors = {.out = stderr};
	const char *path = getenv("FWLOG_CONF");
	const char *db = getenv("FWLOG_DB");
	int rc = 0;

	*s = (struct settings){0};
	conf_defaults(&settings_spec, "", s);
	if (path != NULL || access(SETTINGS_FILE, F_OK) == 0)
		rc = conf_load(
		    &settings_spec, path != NULL ? path : SETTINGS_FILE, s, &errors);
	if (rc == 0 && db != NULL) {
		free(s->db);
		s->db = strdup(db);
		rc = s->db != NULL ? 0 : -1;
	}
	return rc;
}

void
settings_free(struct settings *s)
{
	conf_free_strings(&settings_spec, "", s);
}
