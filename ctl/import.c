/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/import.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/cli.h"

#define TELL_EVERY 4096 /* between two looks at the clock */
#define TELL_MS 500

static int64_t
clock_ms(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int
import_begin(
    struct import_run *run, const struct args *args, const char *kind, const char *unit)
{
	*run = (struct import_run){.args = args, .kind = kind, .unit = unit};
	if (args->host != NULL &&
	    !import_host_ok((struct span){args->host, strlen(args->host)})) {
		fprintf(stderr,
		    "fwlogctl: --host %s: a host's name has letters, digits, dots, _ "
		    "and -, %d at most\n",
		    args->host, 64);
		return -1;
	}
	run->store = import_store_open(args);
	return run->store != NULL ? 0 : -1;
}

int
import_end(struct import_run *run, int rc)
{
	if (run->rejects != NULL && fclose(run->rejects) != 0) {
		fprintf(
		    stderr, "fwlogctl: %s: %s\n", run->rejects_name, strerror(errno));
		rc = -1;
	}
	import_store_close(run->store);
	return rc < 0 ? EXIT_FAILED : EXIT_OK;
}

/* ---- progress */

void
import_tell(struct import_run *run, int percent)
{
	uint64_t read = run->counts.read;
	int64_t now;

	if (read % TELL_EVERY != 0 || run->args->quiet || !isatty(STDERR_FILENO))
		return;
	now = clock_ms(CLOCK_MONOTONIC);
	if (now < run->tell_ms)
		return;
	fprintf(stderr, "\r\033[Kfwlogctl: %s: ", run->source);
	if (percent >= 0)
		fprintf(stderr, "%d %%, ", percent);
	fprintf(stderr, "%" PRIu64 " %s, %" PRId64 "/s", read, run->unit,
	    (int64_t)read * 1000 / (now - run->began_ms + 1));
	run->shown = true;
	run->tell_ms = now + TELL_MS;
}

static void
hide_progress(struct import_run *run)
{
	if (run->shown)
		fputs("\r\033[K", stderr);
	run->shown = false;
}

/* ---- rejects */

/* Beside the file, unless --rejects says where. */
static int
open_rejects(struct import_run *run)
{
	if (run->rejects != NULL)
		return 0;
	if (run->args->rejects != NULL)
		snprintf(run->rejects_name, sizeof run->rejects_name, "%s",
		    run->args->rejects);
	else if (strcmp(run->kind, "ulogd2") == 0 || strcmp(run->source, "-") == 0)
		snprintf(run->rejects_name, sizeof run->rejects_name,
		    "fwlog-import.rejects");
	else
		snprintf(run->rejects_name, sizeof run->rejects_name, "%s.rejects",
		    run->source);
	run->rejects = fopen(run->rejects_name, "we");
	if (run->rejects != NULL)
		return 0;
	hide_progress(run);
	fprintf(stderr, "fwlogctl: %s: %s; --rejects FILE names another place\n",
	    run->rejects_name, strerror(errno));
	return -1;
}

static int
reject(struct import_run *run, struct span shown, const struct import_why *why)
{
	if (open_rejects(run) < 0)
		return -1;
	run->counts.rejected++;
	fprintf(run->rejects, "# %s:%" PRIu64 ": %s\n", run->source, run->counts.read,
	    why->text);
	fwrite(shown.p, 1, shown.len, run->rejects);
	putc('\n', run->rejects);
	if (!ferror(run->rejects))
		return 0;
	hide_progress(run);
	fprintf(stderr, "fwlogctl: %s: %s\n", run->rejects_name, strerror(errno));
	return -1;
}

int
import_take(struct import_run *run, enum import_kind kind, struct import_row *row,
    struct span text, struct span shown, struct import_why *why)
{
	int rc = 0;

	run->counts.read++;
	if (kind == IMPORT_OTHER) {
		run->counts.other++;
		return 0;
	}
	if (kind == IMPORT_EVENT) {
		rc = import_store_add(run->store, row, text, why);
		if (rc <= 0)
			return rc;
	}
	return reject(run, shown, why);
}

/* ---- a source */

void
import_source_begin(struct import_run *run, const char *source)
{
	run->source = source;
	run->counts = (struct import_counts){0};
	run->started_us = clock_ms(CLOCK_REALTIME) * 1000;
	run->began_ms = clock_ms(CLOCK_MONOTONIC);
	run->tell_ms = run->began_ms + TELL_MS;
	if (run->args->rejects == NULL && run->rejects != NULL) {
		fclose(run->rejects);
		run->rejects = NULL;
	}
	import_store_source(run->store, &run->counts);
}

int
import_source_end(struct import_run *run)
{
	const struct import_counts *c = &run->counts;
	int64_t ms;

	if (import_store_flush(run->store) < 0 ||
	    import_store_note(run->store, run->kind, run->source, run->started_us) < 0)
		return -1;
	ms = clock_ms(CLOCK_MONOTONIC) - run->began_ms;
	hide_progress(run);
	if (run->args->quiet)
		return 0;
	fprintf(stderr,
	    "fwlogctl: %s: %" PRIu64 " %s in %.1f s (%.0f/s): %" PRIu64
	    " events stored, %" PRIu64 " known already",
	    run->source, c->read, run->unit, (double)ms / 1000,
	    (double)c->read * 1000 / (double)(ms > 0 ? ms : 1), c->stored, c->known);
	if (c->other > 0)
		fprintf(stderr, ", %" PRIu64 " %s of others", c->other, run->unit);
	if (c->rejected > 0)
		fprintf(stderr, ", %" PRIu64 " rejected, see %s", c->rejected,
		    run->rejects_name);
	fputc('\n', stderr);
	return 0;
}
