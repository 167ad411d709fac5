/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fwlogctl import log: kernel LOG lines of syslog files, the journal and dmesg. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/cli.h"
#include "ctl/import.h"
#include "ctl/import_journal.h"
#include "ctl/import_log.h"
#include "ctl/import_stamp.h"
#include "ctl/timearg.h"

#define ZONES "/usr/share/zoneinfo"

struct lines {
	struct import_run run;
	struct import_clock clock;
	int year;
	int64_t boot_us;
	struct import_row row;
	struct import_why why;
	struct journal_entry entry;
};

/* ---- options */

/* +01:00 as POSIX writes it, <+01:00>-01:00; a name must be there, or it would be UTC.
 */
static int
set_zone(const char *tz)
{
	char text[64], path[256];
	int hours, minutes, end = 0;
	char sign;

	if (tz == NULL)
		return 0;
	if (sscanf(tz, "%c%2d:%2d%n", &sign, &hours, &minutes, &end) == 3 &&
	    (size_t)end == strlen(tz) && (sign == '+' || sign == '-') && hours >= 0 &&
	    minutes >= 0 && hours < 24 && minutes < 60) {
		snprintf(text, sizeof text, "<%s>%c%02d:%02d", tz,
		    sign == '+' ? '-' : '+', hours, minutes);
		tz = text;
	} else {
		snprintf(path, sizeof path, ZONES "/%s", tz);
		if (strstr(tz, "..") != NULL ||
		    (strcmp(tz, "UTC") != 0 && access(path, R_OK) < 0)) {
			fprintf(stderr,
			    "fwlogctl: --tz %s: there is no such zone in " ZONES
			    "; or give +01:00\n",
			    tz);
			return -1;
		}
	}
	setenv("TZ", tz, 1);
	tzset();
	return 0;
}

static int
read_options(struct lines *l, const struct args *args)
{
	char *end;
	long year;

	if (args->year != NULL) {
		year = strtol(args->year, &end, 10);
		if (*end != '\0' || year < 1970 || year > 9999) {
			fprintf(stderr, "fwlogctl: --year %s: no year\n", args->year);
			return -1;
		}
		l->year = (int)year;
	}
	if (args->boot != NULL &&
	    timearg_parse(args->boot, (int64_t)time(NULL) * 1000000, &l->boot_us) < 0) {
		fprintf(stderr, "fwlogctl: --boot %s: a time is " TIMEARG_FORMS "\n",
		    args->boot);
		return -1;
	}
	return set_zone(args->tz);
}

/* ---- a message */

/* The row of a message, whose time and host are known. */
static enum import_kind
read_message(struct lines *l, const char *in, struct span message, uint64_t ts_us,
    struct span host)
{
	const char *given = l->run.args->host;
	struct import_row *row = &l->row;

	row->ev.has = 0;
	row->ev.src = row->ev.dst = (struct ip_addr){0};
	memset(row->name, 0, sizeof row->name);
	EVENT_SET(&row->ev, ts, ts_us);
	EVENT_SET(&row->ev, flags, RECORD_F_TS_AGENT);
	if (in > message.p)
		row->name[IMPORT_PREFIX] =
		    (struct span){message.p, (size_t)(in - message.p)};
	row->host = given != NULL ? (struct span){given, strlen(given)} : host;
	return import_log_parse(
	    in, (size_t)(message.p + message.len - in), row, &l->why);
}

static int
take_line(struct lines *l, struct span line)
{
	const char *in = import_log_find(line.p, line.len);
	struct import_stamp stamp;
	enum import_kind kind = IMPORT_OTHER;

	if (in != NULL) {
		kind = import_stamp_read(
		    &l->clock, line.p, (size_t)(in - line.p), &stamp, &l->why);
		stamp.message.len = (size_t)(line.p + line.len - stamp.message.p);
		if (kind == IMPORT_EVENT)
			kind =
			    read_message(l, in, stamp.message, stamp.ts_us, stamp.host);
	}
	return import_take(&l->run, kind, &l->row, line, line, &l->why);
}

/* An entry of the journal; what it is known by is its cursor. */
static int
take_entry(struct lines *l, struct span shown)
{
	const struct journal_entry *e = &l->entry;
	struct span message = import_stamp_message(e->message);
	const char *in =
	    e->message.p != NULL ? import_log_find(message.p, message.len) : NULL;
	enum import_kind kind = IMPORT_OTHER;

	if (in != NULL && e->ts_us == 0)
		kind = import_reject(&l->why, "no time in the entry", NULL, 0);
	else if (in != NULL)
		kind = read_message(l, in, message, e->ts_us, e->host);
	return import_take(&l->run, kind, &l->row,
	    e->cursor.p != NULL ? e->cursor : shown, shown, &l->why);
}

/* ---- a file */

static int
read_lines(struct lines *l, struct import_input *in)
{
	struct span line;
	int rc;

	while ((rc = import_input_line(in, &line)) > 0) {
		if (line.len > 0 && line.p[0] == '{' &&
		    journal_read_json(line.p, line.len, &l->entry))
			rc = take_entry(l, line);
		else
			rc = take_line(l, line);
		if (rc < 0)
			return -1;
		import_tell(&l->run, import_input_percent(in));
	}
	return rc;
}

static int
read_export(struct lines *l, struct import_input *in)
{
	int rc;

	while ((rc = journal_read_export(in, &l->entry)) > 0) {
		if (take_entry(l, l->entry.message) < 0)
			return -1;
		import_tell(&l->run, import_input_percent(in));
	}
	return rc;
}

static int
read_input(struct lines *l, const char *name)
{
	static const char export_start[] = "__CURSOR=";
	struct import_input *in = import_input_open(name);
	struct span first;
	int rc;

	if (in == NULL)
		return -1;
	import_clock_start(&l->clock, l->year, import_input_mtime(in), l->boot_us);
	first = import_input_peek(in, sizeof export_start - 1);
	if (first.len == sizeof export_start - 1 &&
	    memcmp(first.p, export_start, first.len) == 0)
		rc = read_export(l, in);
	else
		rc = read_lines(l, in);
	import_input_close(in);
	return rc;
}

int
import_log_run(const struct args *args)
{
	struct lines *l = calloc(1, sizeof *l);
	int rc = 0;

	if (l == NULL || read_options(l, args) < 0) {
		free(l);
		return EXIT_USAGE;
	}
	if (import_begin(&l->run, args, "log", "lines") < 0) {
		free(l);
		return EXIT_FAILED;
	}
	/* What was read of a damaged file is stored all the same. */
	for (size_t i = 0; i < args->operands; i++) {
		import_source_begin(&l->run, args->operand[i]);
		if (read_input(l, args->operand[i]) < 0)
			rc = -1;
		if (import_source_end(&l->run) < 0) {
			rc = -1;
			break;
		}
	}
	rc = import_end(&l->run, rc);
	free(l);
	return rc;
}
