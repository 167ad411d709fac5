/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "collector/alerts_internal.h"

#define DELIVERIES_US (10 * ALERTS_SECOND)

static const char deliveries_sql[] =
    "SELECT count(*), count(*) FILTER (WHERE tries > 0) FROM fwlog.alert_delivery "
    "WHERE state = 'waiting'";

/* Not worth more than the rules: what fails here shows there. */
static void
ask_deliveries(struct alerts_run *r, uint64_t now_us)
{
	struct alerts_rows *rows;

	if (now_us < r->deliveries_due)
		return;
	r->deliveries_due = now_us + DELIVERIES_US;
	rows = alerts_db_ask(r->db, deliveries_sql, NULL, 0);
	if (rows != NULL) {
		r->deliveries_waiting =
		    strtoull(alerts_rows_text(rows, 0, 0), NULL, 10);
		r->deliveries_failing =
		    strtoull(alerts_rows_text(rows, 0, 1), NULL, 10);
	}
	alerts_rows_free(rows);
}

static uint64_t
refused_files(const struct alerts *a)
{
	uint64_t n = 0;

	for (char **p = a->refused; p != NULL && *p != NULL; p++)
		n++;
	return n;
}

void
alerts_publish(struct alerts_run *r, uint64_t now_us)
{
	struct engine_stats e;
	struct metrics_alerts m;

	ask_deliveries(r, now_us);
	engine_get_stats(r->engine, &e);
	m = (struct metrics_alerts){
	    .active = 1,
	    .rules = r->a->set->count,
	    .rules_refused = refused_files(r->a),
	    .events = e.events,
	    .matched = e.matched,
	    .late = e.late,
	    .ungrouped = e.ungrouped,
	    .evicted = e.evicted,
	    .groups_refused = e.refused,
	    .groups = e.groups,
	    .group_bytes = e.group_bytes,
	    .held = e.held,
	    .going_on = e.active,
	    .fired = e.fired,
	    .resolved = e.resolved,
	    .notified = e.notified,
	    .digested = e.digested,
	    .silenced = e.silenced,
	    .suppressed = e.suppressed,
	    .regex_failures = e.regex_failures,
	    .replays = r->replays,
	    .missing = r->missed,
	    .deliveries_waiting = r->deliveries_waiting,
	    .deliveries_failing = r->deliveries_failing,
	};
	pthread_mutex_lock(&r->a->lock);
	r->a->figures = m;
	pthread_mutex_unlock(&r->a->lock);
}

void
alerts_figures(struct alerts *a, struct metrics_alerts *out)
{
	*out = (struct metrics_alerts){0};
	if (a == NULL)
		return;
	pthread_mutex_lock(&a->lock);
	if (atomic_load(&a->active))
		*out = a->figures;
	out->queue_bytes = a->queued;
	out->queue_dropped = a->dropped;
	pthread_mutex_unlock(&a->lock);
}
