/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "collector/clock.h"
#include "common/scrape.h"

struct watch {
	struct watch_env env;
	struct scrape *scrape; /* NULL: not yet */
	struct event *retry;
	struct log_limit limit;
	uint64_t started_us;
};

static uint64_t
sinks_connected(const struct watch *w)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < w->env.options->sinks; i++)
		n += sink_is_connected(w->env.sink[i]);
	return n;
}

static void
gather_sessions(const struct watch *w, struct metrics_now *now)
{
	const struct session *s;

	TAILQ_FOREACH (s, w->env.sessions, all) {
		now->connections++;
		now->agents += s->state == SESSION_OPEN;
		now->paused += s->paused;
	}
}

static void
on_metrics(void *arg, struct text *out)
{
	const struct watch *w = arg;
	const struct watch_env *env = &w->env;
	struct metrics_all all = {
	    .total = *env->metrics,
	    .now = {.one = 1,
		.started_us = w->started_us,
		.unauthenticated = *env->gate != NULL ? gate_waiting(*env->gate) : 0,
		.queue_bytes = env->session_env->held,
		.queue_limit_bytes = env->options->queue_size,
		.sinks = env->options->sinks,
		.sinks_connected = sinks_connected(w),
		.dictionary = dict_count(env->sink_env->dict),
		.filter_version =
		    env->session_env->filter_version(env->session_env->arg)},
	};

	all.now.ready = all.now.sinks_connected > 0;
	gather_sessions(w, &all.now);
	alerts_figures(env->alerts, &all.now.alerts);
	metric_write(&metrics_table, &all, NULL, out);
}

static bool
on_ready(void *arg, char *why, size_t whysize)
{
	const struct watch *w = arg;
	const char *fault = w->env.sink_env->fault_text;

	if (sinks_connected(w) > 0)
		return true;
	snprintf(why, whysize, "database: %s",
	    fault[0] != '\0' ? fault : "not connected yet");
	return false;
}

static void
on_retry(evutil_socket_t no_fd, short what, void *arg)
{
	struct watch *w = arg;
	const struct scrape_calls calls = {w, on_metrics, on_ready};
	const struct timeval later = clock_timeval(WATCH_RETRY_MS);
	char why[256] = "no memory";
	int fd = scrape_listen(w->env.options->metrics, why, sizeof why);

	(void)no_fd;
	(void)what;
	if (fd >= 0)
		w->scrape = scrape_new(w->env.base, fd, &calls);
	if (w->scrape != NULL)
		return;
	log_limited(&w->limit, LOG_LEVEL_ERROR, "metrics: %s; tried again", why);
	evtimer_add(w->retry, &later);
}

struct watch *
watch_new(const struct watch_env *env)
{
	struct watch *w = calloc(1, sizeof *w);

	if (w == NULL)
		return NULL;
	w->env = *env;
	w->started_us = clock_wall_us();
	w->retry = evtimer_new(env->base, on_retry, w);
	if (w->retry == NULL) {
		free(w);
		return NULL;
	}
	if (env->options->metrics != NULL)
		on_retry(-1, 0, w);
	return w;
}

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	if (w->scrape != NULL)
		scrape_forget(w->env.options->metrics);
	scrape_free(w->scrape);
	event_free(w->retry);
	free(w);
}
