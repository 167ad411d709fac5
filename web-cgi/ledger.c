/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/ledger.h"

#include <stdlib.h>

static const char hosts_sql[] = "SELECT host, address, software, " STORE_MICROSECONDS(
    "last_event") ", " STORE_MICROSECONDS("last_contact") ", connected, events, lost, "
							  "losses_unknown, "
							  "skew_ms FROM "
							  "fwlog.host_overview ORDER "
							  "BY connected, last_contact, "
							  "host "
							  "LIMIT 10000";
/* What filters left out stands among them, but last: it is not missing. */
static const char losses_sql[] =
    "SELECT host, cause, coalesce(sum(records), 0), "
    "count(*) FILTER (WHERE records IS NULL) FROM ("
    "SELECT host, cause, records FROM fwlog.loss_full "
    "WHERE from_time < $2::timestamptz AND to_time >= $1::timestamptz UNION ALL "
    "SELECT host, 'filtered', records FROM fwlog.filtered_full "
    "WHERE minute < $2::timestamptz AND minute > $1::timestamptz - interval '1 min') l "
    "GROUP BY host, cause ORDER BY cause IN ('filtered', 'rate_limited'), 3 DESC, 1, 2 "
    "LIMIT 1000";

static const char alerts_sql[] =
    "SELECT count(*), count(*) FILTER (WHERE level_number >= 4) FROM fwlog.alert_full "
    "WHERE active AND acknowledged IS NULL";

void
ledger_add(struct ledger *l, struct store *s, const struct range *range)
{
	char from[RANGE_TIME_TEXT], to[RANGE_TIME_TEXT];
	const char *const params[] = {from, to};

	range_time_text(range->from, from);
	range_time_text(range->to, to);
	*l = (struct ledger){.result = store_add(s, hosts_sql, 0, NULL)};
	store_add(s, losses_sql, 2, params);
	store_add(s, alerts_sql, 0, NULL);
}

static void
read_hosts(struct ledger *l, const struct store *s, int r)
{
	l->hosts_count = store_rows(s, r);
	for (int i = 0; i < l->hosts_count; i++)
		l->hosts[i] = (struct host_row){
		    .name = store_text(s, r, i, 0),
		    .address = store_text(s, r, i, 1),
		    .software = store_text(s, r, i, 2),
		    .last_event = store_number(s, r, i, 3),
		    .last_contact = store_number(s, r, i, 4),
		    .connected = store_text(s, r, i, 5)[0] == 't',
		    .events = store_count(s, r, i, 6),
		    .lost = store_count(s, r, i, 7),
		    .losses_unknown = store_count(s, r, i, 8),
		    .skew_ms = store_number(s, r, i, 9),
		};
}

static void
read_losses(struct ledger *l, const struct store *s, int r)
{
	l->losses_count = store_rows(s, r);
	for (int i = 0; i < l->losses_count; i++)
		l->losses[i] = (struct loss_row){
		    .host = store_text(s, r, i, 0),
		    .cause = store_text(s, r, i, 1),
		    .records = store_count(s, r, i, 2),
		    .unknown = store_count(s, r, i, 3),
		};
}

int
ledger_read(struct ledger *l, const struct store *s)
{
	int hosts = l->result, losses = l->result + 1;

	l->hosts = calloc((size_t)store_rows(s, hosts) + 1, sizeof *l->hosts);
	l->losses = calloc((size_t)store_rows(s, losses) + 1, sizeof *l->losses);
	if (l->hosts == NULL || l->losses == NULL)
		return -1;
	read_hosts(l, s, hosts);
	read_losses(l, s, losses);
	l->alerts = store_count(s, losses + 1, 0, 0);
	l->alerts_grave = store_count(s, losses + 1, 0, 1);
	return 0;
}

void
ledger_free(struct ledger *l)
{
	free(l->hosts);
	free(l->losses);
	*l = (struct ledger){0};
}
