/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alerts_internal.h"

#define REST_MS 1000 /* before this collector tries again to evaluate */
#define PATHS_MAX 256

/* ---- the queue: filled by the event loop, which must not wait */

static void
chunks_clear(struct alerts *a)
{
	struct alerts_chunk *next;

	pthread_mutex_lock(&a->lock);
	for (struct alerts_chunk *c = a->first; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	a->first = NULL;
	a->last = &a->first;
	a->queued = 0;
	pthread_mutex_unlock(&a->lock);
}

static size_t
rows_len(const struct load *l)
{
	size_t len = 0;

	for (size_t i = l->part_lo; i < l->part_hi; i++)
		if (l->part[i].from < l->part[i].to)
			len += l->row_at[l->part[i].to] - l->row_at[l->part[i].from];
	return len;
}

static struct alerts_chunk *
chunk_of(const struct load *l, size_t len)
{
	struct alerts_chunk *c = malloc(sizeof *c + len);
	size_t at = 0, part_len;

	if (c == NULL)
		return NULL;
	c->next = NULL;
	c->len = len;
	for (size_t i = l->part_lo; i < l->part_hi; i++) {
		const struct load_part *part = &l->part[i];

		if (part->from >= part->to)
			continue;
		part_len = l->row_at[part->to] - l->row_at[part->from];
		memcpy(c->rows + at, l->row + l->row_at[part->from], part_len);
		at += part_len;
	}
	return c;
}

static bool
chunks_put(struct alerts *a, struct alerts_chunk *c)
{
	bool room;

	pthread_mutex_lock(&a->lock);
	room = a->queued + c->len <= a->options->alert_queue;
	if (room) {
		*a->last = c;
		a->last = &c->next;
		a->queued += c->len;
		pthread_cond_signal(&a->filled);
	} else {
		a->dropped++;
	}
	pthread_mutex_unlock(&a->lock);
	return room;
}

void
alerts_take(struct alerts *a, const struct load *l)
{
	struct alerts_chunk *c;
	size_t len;

	if (a == NULL || !atomic_load(&a->active))
		return;
	len = rows_len(l);
	if (len == 0)
		return;
	/* What is left out here is missed by the numbers of its host, and read. */
	c = chunk_of(l, len);
	if (c != NULL && !chunks_put(a, c))
		free(c);
}

struct alerts_chunk *
alerts_queue_take(struct alerts *a, uint64_t ms)
{
	struct alerts_chunk *c;
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	until.tv_sec += (time_t)(ms / 1000) + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&a->lock);
	while (a->first == NULL && !atomic_load(&a->stop) &&
	       pthread_cond_timedwait(&a->filled, &a->lock, &until) == 0)
		;
	c = a->first;
	a->first = NULL;
	a->last = &a->first;
	a->queued = 0;
	pthread_mutex_unlock(&a->lock);
	return c;
}

/* ---- rules */

static size_t
split_paths(char *lines, const char *path[PATHS_MAX])
{
	size_t n = 0;
	char *rest = lines, *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0' && n < PATHS_MAX)
			path[n++] = line;
	return n;
}

struct rule_set *
alerts_load_rules(struct alerts *a, const struct filter_lists *lists,
    bool has_prefix_map, char *why, size_t whysize)
{
	const struct rule_options options = {
	    .lists = *lists,
	    .vars = a->options->rule_vars,
	    .overrides = a->options->rule_overrides,
	    .has_prefix_map = has_prefix_map,
	};
	char *lines = strdup(a->options->rules != NULL ? a->options->rules : "");
	const char *path[PATHS_MAX];
	struct rule_set *set = NULL;

	if (lines == NULL)
		snprintf(why, whysize, "no memory");
	else
		set = rule_set_load(
		    path, split_paths(lines, path), &options, why, whysize);
	free(lines);
	return set;
}

static char *
refusal_of(const struct rule_report *report)
{
	char *text;

	if (asprintf(&text, "%s: %s", report->path,
		report->reason != NULL ? report->reason : "refused") < 0)
		return NULL;
	return text;
}

static bool
was_refused(const struct alerts *a, const char *refusal)
{
	for (char **p = a->refused; p != NULL && *p != NULL; p++)
		if (strcmp(*p, refusal) == 0)
			return true;
	return false;
}

/* What was refused before is no reason to refuse a set, or it could never change. */
bool
alerts_refuse_worse(struct alerts *a, const struct rule_set *set)
{
	bool worse = false;

	for (size_t i = 0; i < set->report_count; i++) {
		const struct rule_report *report = &set->report[i];
		char *refusal;

		if (report->class != RULE_REFUSED)
			continue;
		refusal = refusal_of(report);
		if (refusal != NULL && !was_refused(a, refusal)) {
			log_error(
			    "%s:%u: %s", report->path, report->line, report->reason);
			worse = true;
		}
		free(refusal);
	}
	return worse;
}

static void
forget_refused(struct alerts *a)
{
	for (char **p = a->refused; p != NULL && *p != NULL; p++)
		free(*p);
	free(a->refused);
	a->refused = NULL;
}

void
alerts_note_refused(struct alerts *a, const struct rule_set *set)
{
	size_t n = 0;

	forget_refused(a);
	a->refused = calloc(set->report_count + 1, sizeof *a->refused);
	for (size_t i = 0; a->refused != NULL && i < set->report_count; i++)
		if (set->report[i].class == RULE_REFUSED &&
		    (a->refused[n] = refusal_of(&set->report[i])) != NULL)
			n++;
}

/* ---- the thread */

static void *
thread_main(void *arg)
{
	struct alerts *a = arg;

	while (!atomic_load(&a->stop)) {
		alerts_run(a);
		atomic_store(&a->active, false);
		chunks_clear(a);
		for (int i = 0; i < REST_MS / 100 && !atomic_load(&a->stop); i++)
			nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	}
	return NULL;
}

/* Signals are the event loop's. */
static int
start_thread(struct alerts *a)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&a->thread, NULL, thread_main, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

struct alerts *
alerts_new(const struct options *options)
{
	struct alerts *a = calloc(1, sizeof *a);
	int rc;

	if (a == NULL) {
		log_error("no memory");
		return NULL;
	}
	a->options = options;
	a->last = &a->first;
	for (size_t i = 0; i < options->actions.count; i++)
		a->action[i] = options->actions.action[i].name;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->filled, NULL);
	rc = start_thread(a);
	if (rc == 0)
		return a;
	log_error("the thread of the alerts cannot be started: %s", strerror(rc));
	free(a);
	return NULL;
}

void
alerts_reload(struct alerts *a)
{
	if (a != NULL)
		atomic_store(&a->reload, true);
}

void
alerts_free(struct alerts *a)
{
	if (a == NULL)
		return;
	atomic_store(&a->stop, true);
	pthread_mutex_lock(&a->lock);
	pthread_cond_signal(&a->filled);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	chunks_clear(a);
	rule_set_free(a->set);
	forget_refused(a);
	pthread_cond_destroy(&a->filled);
	pthread_mutex_destroy(&a->lock);
	free(a);
}
