/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alerts_internal.h"

#define WATCH_US (5 * ALERTS_SECOND)
#define QUIET_US (300 * ALERTS_SECOND)
#define STEADY_HOURS 20 /* of the last 24, in which a prefix must have come */

/* ---- silences */

static void
read_silence(const struct alerts_rows *rows, int i, struct engine_silence *s)
{
	const char *rule = alerts_rows_text(rows, i, 1);
	const char *query = alerts_rows_text(rows, i, 2);

	*s = (struct engine_silence){
	    .id = alerts_rows_int(rows, i, 0),
	    .rule_id = rule[0] != '\0' ? rule : NULL,
	    .query = query[0] != '\0' ? query : NULL,
	    .from_us = (uint64_t)alerts_rows_int(rows, i, 3),
	    .until_us = (uint64_t)alerts_rows_int(rows, i, 4),
	};
}

int
alerts_read_silences(struct alerts_run *r)
{
	struct alerts_rows *rows = alerts_db_ask(r->db,
	    "SELECT silence_id, rule_id, query, "
	    "greatest((extract(epoch FROM starts) * 1000000)::bigint, 0), "
	    "(extract(epoch FROM ends) * 1000000)::bigint FROM fwlog.silence "
	    "WHERE ends > now() - interval '1 day' ORDER BY silence_id LIMIT 10000",
	    NULL, 0);
	int count = rows != NULL ? alerts_rows_count(rows) : 0;
	struct engine_silence *silence;
	char why[512];

	if (rows == NULL)
		return -1;
	silence = calloc((size_t)count + 1, sizeof *silence);
	for (int i = 0; silence != NULL && i < count; i++)
		read_silence(rows, i, &silence[i]);
	if (silence != NULL && engine_set_silences(r->engine, silence, (size_t)count,
				   why, sizeof why) != 0)
		log_error("silences: %s: those before stay in force", why);
	free(silence);
	alerts_rows_free(rows);
	return 0;
}

/* ---- signals: each statement gives host_id, count, detail, whether it is so */

static int
signal_hosts(struct alerts_run *r, const char *sql, const char *const *param,
    int params, enum engine_builtin what, uint64_t now_us)
{
	struct alerts_rows *rows = alerts_db_ask(r->db, sql, param, params);

	if (rows == NULL)
		return -1;
	for (int i = 0; i < alerts_rows_count(rows); i++) {
		struct engine_signal s = {
		    .what = what,
		    .host_id = (int32_t)alerts_rows_int(rows, i, 0),
		    .count = (uint64_t)alerts_rows_int(rows, i, 1),
		    .detail = alerts_rows_text(rows, i, 2),
		};

		if (alerts_rows_text(rows, i, 3)[0] == 't')
			engine_raise(r->engine, now_us, &s);
		else
			engine_clear(r->engine, now_us, &s);
	}
	alerts_rows_free(rows);
	return 0;
}

static void
milliseconds(uint64_t ms, char text[24])
{
	snprintf(text, 24, "%" PRIu64, ms);
}

/* A host that has been away for a week is no news. */
static int
watch_silent(struct alerts_run *r, uint64_t now_us)
{
	char ms[24];
	const char *param[] = {ms};

	if (r->options->host_silent_after == 0)
		return 0;
	milliseconds(r->options->host_silent_after, ms);
	return signal_hosts(r,
	    "SELECT s.host_id, floor(extract(epoch FROM now() - "
	    "s.last_contact))::bigint, "
	    "'its agent was last heard at ' || to_char(s.last_contact, "
	    "'YYYY-MM-DD HH24:MI:SS') || ' UTC', "
	    "s.last_contact < now() - $1::bigint * interval '1 millisecond' "
	    "FROM fwlog.host_status s WHERE s.last_contact > now() - interval '7 days'",
	    param, 1, ENGINE_HOST_SILENT, now_us);
}

static int
watch_skew(struct alerts_run *r, uint64_t now_us)
{
	char ms[24];
	const char *param[] = {ms};

	if (r->options->skew_limit == 0)
		return 0;
	milliseconds(r->options->skew_limit, ms);
	return signal_hosts(r,
	    "SELECT s.host_id, abs(s.skew_ms), 'its clock differs by ' || "
	    "round(s.skew_ms / 1000.0, 1) || ' s', abs(s.skew_ms) >= $1::bigint "
	    "FROM fwlog.host_status s WHERE s.connected AND s.skew_ms IS NOT NULL",
	    param, 1, ENGINE_CLOCK_SKEW, now_us);
}

/* What is stored since the last look; at first, nothing. */
static int
watch_losses(struct alerts_run *r, uint64_t now_us)
{
	const char *param[] = {r->loss_seen};
	struct alerts_rows *rows;
	char newest[sizeof r->loss_seen];
	int rc = 0;

	rows = alerts_db_ask(
	    r->db, "SELECT coalesce(max(noted), now())::text FROM fwlog.loss", NULL, 0);
	if (rows == NULL)
		return -1;
	snprintf(newest, sizeof newest, "%s", alerts_rows_text(rows, 0, 0));
	alerts_rows_free(rows);
	if (r->loss_seen[0] != '\0')
		rc = signal_hosts(r,
		    "SELECT l.host_id, least(coalesce(sum(l.records), 0), "
		    "9223372036854775807)::bigint, "
		    "string_agg(DISTINCT l.cause, ', '), true FROM fwlog.loss l "
		    "WHERE l.noted > $1::timestamptz AND l.cause NOT IN ('filtered', "
		    "'rate_limited') GROUP BY 1",
		    param, 1, ENGINE_RECORDS_LOST, now_us);
	memcpy(r->loss_seen, newest, sizeof newest);
	return rc;
}

static int
watch_deliveries(struct alerts_run *r, uint64_t now_us)
{
	struct alerts_rows *rows = alerts_db_ask(r->db,
	    "SELECT d.action, count(*), max(d.last_error) FROM fwlog.alert_delivery d "
	    "WHERE d.last_error IS NOT NULL AND (d.state = 'waiting' AND d.tries >= 3 "
	    "OR d.state = 'failed' AND d.done > now() - interval '10 minutes') "
	    "GROUP BY 1",
	    NULL, 0);

	if (rows == NULL)
		return -1;
	for (int i = 0; i < alerts_rows_count(rows); i++) {
		struct engine_signal s = {
		    .what = ENGINE_DELIVERY_FAILING,
		    .text = alerts_rows_text(rows, i, 0),
		    .count = (uint64_t)alerts_rows_int(rows, i, 1),
		    .detail = alerts_rows_text(rows, i, 2),
		};

		engine_raise(r->engine, now_us, &s);
	}
	alerts_rows_free(rows);
	return 0;
}

/* A prefix that came in most hours of a day, and has stopped; hosts that send nothing
 * at all are silent, or their links are. */
static int
watch_quiet(struct alerts_run *r, uint64_t now_us)
{
	static const char sql[] =
	    "SELECT h.host_id, h.prefix_id, max(h.hour)::text, max(h.hour) < "
	    "date_trunc('hour', now() - $1::bigint * interval '1 millisecond') "
	    "FROM fwlog.rollup_hour h WHERE h.hour >= now() - $1::bigint * interval "
	    "'1 millisecond' - interval '25 hours' AND h.prefix_id > 0 "
	    "GROUP BY 1, 2 HAVING count(DISTINCT h.hour) FILTER (WHERE h.hour < "
	    "date_trunc('hour', now() - $1::bigint * interval '1 millisecond')) >= "
	    "$2::bigint";
	char ms[24], hours[24], detail[96];
	const char *param[] = {ms, hours};
	struct alerts_rows *rows;

	if (r->options->prefix_quiet_after == 0 || now_us < r->quiet_due)
		return 0;
	r->quiet_due = now_us + QUIET_US;
	milliseconds(r->options->prefix_quiet_after, ms);
	milliseconds(STEADY_HOURS, hours);
	rows = alerts_db_ask(r->db, sql, param, 2);
	if (rows == NULL)
		return -1;
	for (int i = 0; i < alerts_rows_count(rows); i++) {
		struct engine_signal s = {
		    .what = ENGINE_PREFIX_QUIET,
		    .host_id = (int32_t)alerts_rows_int(rows, i, 0),
		    .prefix_id = (uint32_t)alerts_rows_int(rows, i, 1),
		    .count = 1,
		    .detail = detail,
		};

		snprintf(detail, sizeof detail, "the last events are of the hour %s",
		    alerts_rows_text(rows, i, 2));
		if (alerts_rows_text(rows, i, 3)[0] == 't')
			engine_raise(r->engine, now_us, &s);
		else
			engine_clear(r->engine, now_us, &s);
	}
	alerts_rows_free(rows);
	return 0;
}

int
alerts_watch(struct alerts_run *r, uint64_t now_us)
{
	if (now_us < r->watch_due)
		return 0;
	r->watch_due = now_us + WATCH_US;
	if (watch_silent(r, now_us) != 0 || watch_skew(r, now_us) != 0 ||
	    watch_losses(r, now_us) != 0 || watch_deliveries(r, now_us) != 0)
		return -1;
	return watch_quiet(r, now_us);
}
