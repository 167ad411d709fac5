/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/metrics.h"

#include <inttypes.h>

#include "common/log.h"

#define METRIC_FORMAT(name, prometheus, labels, meaning) " " #name "=%" PRIu64
#define METRIC_VALUE(name, prometheus, labels, meaning) , m->name

void
metrics_log(const struct metrics *m)
{
	log_info("counters:" METRICS(METRIC_FORMAT) METRICS(METRIC_VALUE));
}

#define AT(member) offsetof(struct metrics_all, member), false, NULL
#define NUMBER(name, type, member, help)                          \
	{                                                         \
		name, NULL, type, METRIC_NUMBER, AT(member), help \
	}
#define GAUGE(name, member, help) NUMBER(name, METRIC_GAUGE, now.member, help)
#define ALERTS(name, member, help) GAUGE("alert_" name, alerts.member, help)
#define ALERTS_TOTAL(name, member, help) \
	NUMBER("alert_" name "_total", METRIC_COUNTER, now.alerts.member, help)
#define ALERTS_NEW(how, member, help)                                                 \
	{                                                                             \
		"alert_new_total", "told=\"" how "\"", METRIC_COUNTER, METRIC_NUMBER, \
		    AT(now.alerts.member), help                                       \
	}
#define METRIC_ENTRY(name, prometheus, labels, meaning) \
	{prometheus, labels, METRIC_COUNTER, METRIC_NUMBER, AT(total.name), meaning},

static const struct metric table[] = {
    {"build_info", "version=\"" FWLOG_VERSION "\"", METRIC_GAUGE, METRIC_NUMBER,
	AT(now.one), "1, with the version of the program"},
    {"start_time_seconds", NULL, METRIC_GAUGE, METRIC_US, AT(now.started_us),
	"when the program started, since 1970"},
    GAUGE("ready", ready, "1 while records can be stored, as /readyz says"),
    GAUGE("connections", connections, "sessions, and agents that say who they are"),
    GAUGE("agents_connected", agents, "agents whose session is open"),
    GAUGE("agents_paused", paused, "of these, agents that wait for room"),
    GAUGE("connections_unauthenticated", unauthenticated,
	"sealed connections that have not proved who they are"),
    GAUGE("queue_bytes", queue_bytes, "what has arrived and is not committed"),
    GAUGE("queue_limit_bytes", queue_limit_bytes, "what that may grow to, queue_size"),
    GAUGE("sinks", sinks, "connections to the database there should be"),
    GAUGE("sinks_connected", sinks_connected, "those there are"),
    GAUGE("dictionary_entries", dictionary, "strings whose id is remembered"),
    GAUGE("filter_version", filter_version,
	"version of the central filters; 0: not read yet"),
    {"commit_duration_seconds", NULL, METRIC_HISTOGRAM, METRIC_US, AT(total.commit),
	"time of COMMIT alone"},
    {"transaction_duration_seconds", NULL, METRIC_HISTOGRAM, METRIC_US,
	AT(total.transaction), "time from BEGIN to the answer of COMMIT"},
    {"batch_duration_seconds", NULL, METRIC_HISTOGRAM, METRIC_US, AT(total.batch),
	"time from a batch's arrival to its commit"},
    METRICS(METRIC_ENTRY){"maintenance_last_time_seconds", NULL, METRIC_GAUGE,
	METRIC_US, AT(total.maintained_us),
	"when a round of maintenance last ended well, since 1970; 0: none yet"},
    ALERTS("engine_active", active,
	"1 while this collector evaluates the alert rules; 0: another, or none"),
    ALERTS("queue_bytes", queue_bytes, "events that wait for the alert rules"),
    ALERTS_TOTAL("queue_dropped", queue_dropped,
	"transactions that did not fit there and are read from the database"),
    ALERTS("rules", rules, "rules in force"),
    ALERTS("rules_refused", rules_refused, "files of rules that were refused"),
    ALERTS_TOTAL("events", events, "events evaluated"),
    ALERTS_TOTAL("matched_events", matched, "of these, selected by some rule"),
    ALERTS_TOTAL("late_events", late, "of these, out of order and within alert_grace"),
    ALERTS_TOTAL("ungrouped_events", ungrouped,
	"of these, without a field their rule groups by"),
    ALERTS_TOTAL("regex_failures", regex_failures, "regular expressions that gave up"),
    ALERTS("held_events", held, "events held back for earlier ones, alert_hold"),
    ALERTS("groups", groups, "groups of all rules"),
    ALERTS("group_bytes", group_bytes, "memory of the groups"),
    ALERTS_TOTAL("evicted_groups", evicted, "groups that had to go before their time"),
    ALERTS_TOTAL("refused_groups", groups_refused, "groups there was no room for"),
    ALERTS("going_on", going_on, "alerts that have not ended"),
    ALERTS_TOTAL("fired", fired, "alerts raised"),
    ALERTS_TOTAL("resolved", resolved, "alerts that ended"),
    ALERTS_NEW("singly", notified, "new alerts, by how they were told"),
    ALERTS_NEW("digest", digested, "told in a digest: a storm"),
    ALERTS_NEW("silenced", silenced, "not told: somebody silenced them"),
    ALERTS_NEW("suppressed", suppressed, "not told: another alert explains them"),
    ALERTS_TOTAL("replays", replays,
	"times events were read back from the database, late or not queued"),
    ALERTS_TOTAL("missing_events", missing, "events that were not found there"),
    ALERTS(
	"deliveries_waiting", deliveries_waiting, "messages that are yet to be sent"),
    ALERTS("deliveries_failing", deliveries_failing,
	"of these, tried in vain at least once"),
};

const struct metric_table metrics_table = {
    "fwlog_collector_", table, sizeof table / sizeof table[0]};
