/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/stats.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/options.h"

struct values {
	uint64_t one, started_us, worker_restarts, groups, groups_wanted;
	uint64_t connected, in_flight, segments, oldest_age_us, acked;
	struct reconcile_counters rules;
	struct spool_counters spool;
	struct uplink_counters uplink;
	struct filters_counters filters;
	uint64_t filter_version;
	uint64_t local_log_lost;
	struct capture_counters sum;
	struct capture_counters group[OPTIONS_GROUPS_MAX];
	size_t group_count;
};

#define AT(member) offsetof(struct values, member)
#define OF(member) offsetof(struct capture_counters, member)
#define COUNTER METRIC_COUNTER, METRIC_NUMBER
#define GAUGE METRIC_GAUGE, METRIC_NUMBER
#define VALUE(member) AT(member), false
#define ROW(member) OF(member), true

static const struct metric table[] = {
    {"build_info", "version=\"" FWLOG_VERSION "\"", GAUGE, VALUE(one), NULL,
	"1, with the version of the program"},
    {"start_time_seconds", NULL, METRIC_GAUGE, METRIC_US, VALUE(started_us), NULL,
	"when the worker started, since 1970; counters begin with it"},
    {"worker_restarts_total", NULL, COUNTER, VALUE(worker_restarts), NULL,
	"times the monitor had to start another worker"},
    /* reconciling */
    {"run", NULL, GAUGE, VALUE(rules.run), "run", "number of this run, the epoch"},
    {"rules_groups", NULL, GAUGE, VALUE(rules.groups), "rules_groups",
	"groups that are reconciled with the counters of rules"},
    {"rules_counted_records_total", NULL, COUNTER, VALUE(rules.counted),
	"rules_counted", "packets that the counters of log rules counted"},
    {"rules_settled_records_total", NULL, COUNTER, VALUE(rules.settled),
	"rules_settled", "of these, captured or known to be lost"},
    {"lost_records_total", "cause=\"reconciled\"", COUNTER, VALUE(rules.lost),
	"rules_lost",
	"records lost before they were spooled or in the spool, by cause"},
    {"lost_records_total", "cause=\"spool_full\"", COUNTER, VALUE(spool.dropped),
	"dropped", "refused or removed because the spool was full"},
    {"lost_records_total", "cause=\"kernel\"", COUNTER, VALUE(sum.lost), "kernel_lost",
	"the kernel numbered and did not deliver them"},
    {"gaps_total", NULL, COUNTER, VALUE(sum.gaps), "kernel_gaps",
	"gaps in the kernel's numbering"},
    {"receive_buffer_overruns_total", NULL, COUNTER, VALUE(sum.overruns), "overruns",
	"datagrams that found the receive buffer full"},
    /* spool */
    {"spooled_records_total", NULL, COUNTER, VALUE(spool.records), "spooled",
	"records written to the spool"},
    {"spool_waiting_records", NULL, GAUGE, VALUE(spool.records_waiting), "waiting",
	"records in the spool that are not acknowledged"},
    {"spool_oldest_time_seconds", NULL, METRIC_GAUGE, METRIC_US, VALUE(spool.oldest_us),
	"oldest_us", "time of the oldest record not acknowledged, since 1970; 0: none"},
    {"spool_oldest_age_seconds", NULL, METRIC_GAUGE, METRIC_US, VALUE(oldest_age_us),
	NULL, "age of the oldest record not acknowledged; 0: none"},
    {"spool_damaged_regions_total", NULL, COUNTER, VALUE(spool.corrupt), "corrupt",
	"damaged regions found in the spool"},
    {"spool_bytes", NULL, GAUGE, VALUE(spool.bytes_used), "spool_bytes",
	"size of all segments of the spool"},
    {"spool_limit_bytes", NULL, GAUGE, VALUE(spool.bytes_limit), NULL,
	"what it may grow to, spool_size"},
    {"spool_retained_bytes", NULL, GAUGE, VALUE(spool.bytes_retained), "spool_retained",
	"of these, in segments kept by retain_after_ack alone"},
    {"spool_segments", NULL, GAUGE, VALUE(segments), NULL, "segments of the spool"},
    {"spool_syncs_total", NULL, COUNTER, VALUE(spool.syncs), "syncs",
	"times the spool was forced to disk"},
    {"spool_sync_errors_total", NULL, COUNTER, VALUE(spool.sync_errors), "sync_errors",
	"times that failed"},
    {"acknowledged_records_total", NULL, COUNTER, VALUE(acked), NULL,
	"numbers of the spool that a collector acknowledged"},
    /* uplink */
    {"connected", NULL, GAUGE, VALUE(connected), NULL,
	"1 while a session with a collector is open"},
    {"sessions_total", NULL, COUNTER, VALUE(uplink.sessions), "sessions",
	"connections that a collector accepted"},
    {"session_failures_total", NULL, COUNTER, VALUE(uplink.failures), "failures",
	"attempts and sessions that ended with an error"},
    {"sent_frames_total", NULL, COUNTER, VALUE(uplink.frames), "sent_frames",
	"frames sent to collectors"},
    {"sent_bytes_total", NULL, COUNTER, VALUE(uplink.bytes), "sent_bytes",
	"bytes sent to collectors"},
    {"in_flight_bytes", NULL, GAUGE, VALUE(in_flight), NULL,
	"bytes sent and not acknowledged"},
    {"local_log_lost_lines_total", NULL, COUNTER, VALUE(local_log_lost),
	"local_log_lost", "lines that could not be written to the local log"},
    /* filters */
    {"filter_version", NULL, GAUGE, VALUE(filter_version), "filter_version",
	"version of the central filters in force; 0: none"},
    {"filter_errors_total", NULL, COUNTER, VALUE(filters.errors), "filter_errors",
	"filter sets refused, regular expressions that gave up"},
    /* capture */
    {"configured_groups", NULL, GAUGE, VALUE(groups_wanted), NULL,
	"groups of the configuration"},
    {"groups", NULL, GAUGE, VALUE(groups), "groups", "groups that are read"},
    {"captured_records_total", NULL, COUNTER, VALUE(sum.captured), "captured",
	"records read"},
    {"suppressed_records_total", NULL, COUNTER, VALUE(sum.suppressed), "suppressed",
	"records that filters kept out of the spool, counted there"},
    {"replayed_records_total", NULL, COUNTER, VALUE(sum.replayed), "replayed",
	"records passed over, the previous worker had them"},
    /* of each group */
    {"group_bindings", NULL, GAUGE, ROW(bindings), NULL,
	"namespaces the group is read in"},
    {"group_captured_records_total", NULL, COUNTER, ROW(captured), "group_N_captured",
	"records read of the group"},
    {"group_lost_records_total", NULL, COUNTER, ROW(lost), "group_N_lost",
	"records of the group that the kernel did not deliver"},
    {"group_overruns_total", NULL, COUNTER, ROW(overruns), "group_N_overruns",
	"datagrams of the group that found the receive buffer full"},
    {"group_receive_buffer_bytes", NULL, GAUGE, ROW(receive_buffer), NULL,
	"receive buffers the kernel granted"},
};

const struct metric_table stats_table = {
    "fwlog_agent_", table, sizeof table / sizeof table[0]};

/* ---- gathering */

static void
gather_spool(struct values *v, const struct spool *spool)
{
	struct timespec now;
	uint64_t now_us;

	spool_counters(spool, &v->spool);
	v->acked = v->spool.acked;
	v->segments = v->spool.segments;
	clock_gettime(CLOCK_REALTIME, &now);
	now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	if (v->spool.oldest_us != 0 && v->spool.oldest_us < now_us)
		v->oldest_age_us = now_us - v->spool.oldest_us;
}

static void
gather_groups(struct values *v, const struct capture *capture)
{
	struct capture_counters *sum = &v->sum;

	v->group_count = capture_counters(capture, v->group, OPTIONS_GROUPS_MAX);
	for (size_t i = 0; i < v->group_count; i++) {
		const struct capture_counters *g = &v->group[i];

		sum->captured += g->captured;
		sum->suppressed += g->suppressed;
		sum->replayed += g->replayed;
		sum->lost += g->lost;
		sum->gaps += g->gaps;
		sum->overruns += g->overruns;
		v->groups += g->bindings > 0;
	}
}

static void
gather(struct values *v, const struct stats_sources *from)
{
	memset(v, 0, sizeof *v);
	v->one = 1;
	v->started_us = from->started_us;
	v->worker_restarts = from->worker_restarts;
	v->groups_wanted = from->groups_wanted;
	gather_spool(v, from->spool);
	gather_groups(v, from->capture);
	uplink_counters(from->uplink, &v->uplink);
	v->connected = v->uplink.connected;
	v->in_flight = v->uplink.in_flight;
	filters_counters(from->filters, &v->filters);
	v->filter_version = v->filters.version;
	if (from->log != NULL)
		v->local_log_lost = locallog_lost(from->log);
	if (from->reconcile != NULL)
		reconcile_counters(from->reconcile, &v->rules);
}

/* ---- STATS */

static void
put(struct stats *out, uint64_t value, const char *name)
{
	struct stat_entry *e = &out->entry[out->count];

	if (out->count == STATS_MAX)
		return;
	snprintf(e->name, sizeof e->name, "%s", name);
	e->value = value;
	out->count++;
}

/* What there is no source for is not told. */
static bool
is_told(const struct metric *m, const struct stats_sources *from)
{
	if (m->stat == NULL || m->of_rows)
		return false;
	if (m->offset == AT(local_log_lost))
		return from->log != NULL;
	if (m->offset >= AT(rules) &&
	    m->offset < AT(rules) + sizeof(struct reconcile_counters))
		return from->reconcile != NULL;
	return true;
}

/* group_N_captured. */
static void
put_group(struct stats *out, const struct capture_counters *group)
{
	char name[sizeof out->entry[0].name];

	for (size_t i = 0; i < stats_table.count; i++) {
		const struct metric *m = &table[i];
		uint64_t value;

		if (!m->of_rows || m->stat == NULL)
			continue;
		memcpy(&value, (const char *)group + m->offset, sizeof value);
		snprintf(name, sizeof name, "group_%u_%s", (unsigned)group->group,
		    m->stat + strlen("group_N_"));
		put(out, value, name);
	}
}

void
stats_fill(struct stats *out, const struct stats_sources *from)
{
	struct values v;

	gather(&v, from);
	for (size_t i = 0; i < stats_table.count; i++) {
		uint64_t value;

		if (!is_told(&table[i], from))
			continue;
		memcpy(&value, (const char *)&v + table[i].offset, sizeof value);
		put(out, value, table[i].stat);
	}
	for (size_t i = 0; i < v.group_count; i++)
		put_group(out, &v.group[i]);
}

/* ---- Prometheus */

static void
label_group(const void *row, struct text *out)
{
	const struct capture_counters *g = row;

	text_add(out, "group=\"%u\"", (unsigned)g->group);
}

void
stats_write(struct text *out, const struct stats_sources *from)
{
	struct values v;
	struct metric_rows groups = {
	    .row = v.group, .size = sizeof v.group[0], .label = label_group};

	gather(&v, from);
	groups.count = v.group_count;
	metric_write(&stats_table, &v, &groups, out);
}

bool
stats_ready(const struct stats_sources *from, char *why, size_t whysize)
{
	struct values v;

	gather(&v, from);
	if (v.groups == 0)
		snprintf(why, whysize, "no group is bound: the log says who holds it");
	else if (v.spool.refused)
		snprintf(why, whysize, "the spool cannot be written: the log says why");
	else if (v.spool.full)
		snprintf(why, whysize,
		    "the spool is full (spool_size): records are dropped and counted");
	else
		return true;
	return false;
}
