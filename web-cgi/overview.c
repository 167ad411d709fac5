/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/overview.h"

#define LATEST_COLUMNS                                                                \
	", host, prefix, verdict, in_iface, out_iface, physin_iface, physout_iface, " \
	"src_ip, "                                                                    \
	"src_port, dst_ip, dst_port, protocol, tcp_flags, icmp_type, icmp_code, "     \
	"arp_operation, length"
#define IN_RANGE " FROM fwlog.event_full WHERE time >= $1 AND time < $2 "

enum overview_query { Q_SOURCES, Q_PORTS, Q_PREFIXES, Q_LATEST, Q_COUNT };

/* Parameters: the range. */
static const char *const queries[Q_COUNT] = {
    [Q_SOURCES] = "SELECT src_ip, 0, count(*), count(*) OVER ()" IN_RANGE
		  "AND src_ip IS NOT NULL GROUP BY src_ip "
		  "ORDER BY 3 DESC, 1 LIMIT 8",
    [Q_PORTS] = "SELECT protocol, dst_port, count(*), count(*) OVER ()" IN_RANGE
		"AND dst_port IS NOT NULL GROUP BY protocol, dst_port "
		"ORDER BY 3 DESC, 2, 1 LIMIT 8",
    [Q_PREFIXES] = "SELECT coalesce(prefix, ''), 0, count(*), count(*) OVER ()" IN_RANGE
		   "GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT 8",
    /* The inner query touches times only; names are looked up for few events then. */
    [Q_LATEST] = "SELECT " STORE_MICROSECONDS("time") LATEST_COLUMNS IN_RANGE
    "AND time >= (SELECT min(t.time) FROM (SELECT time" IN_RANGE
    "ORDER BY time DESC LIMIT 25) t) ORDER BY time DESC LIMIT 25",
};
_Static_assert(
    OVERVIEW_TOP == 8 && OVERVIEW_LATEST == 25, "the limits stand in queries");

static void
read_top(struct top_list *list, const struct store *s, int r)
{
	list->count = store_rows(s, r);
	list->distinct = list->count > 0 ? store_count(s, r, 0, 3) : 0;
	for (int i = 0; i < list->count && i < OVERVIEW_TOP; i++)
		list->entry[i] = (struct top_entry){
		    .value = store_text(s, r, i, 0),
		    .port = store_number(s, r, i, 1),
		    .count = store_count(s, r, i, 2),
		};
}

static void
read_latest(struct overview *o, const struct store *s, int r)
{
	o->latest_count =
	    store_rows(s, r) < OVERVIEW_LATEST ? store_rows(s, r) : OVERVIEW_LATEST;
	for (int i = 0; i < o->latest_count; i++)
		o->latest[i] = (struct event_row){
		    .time = store_number(s, r, i, 0),
		    .host = store_text(s, r, i, 1),
		    .prefix = store_text(s, r, i, 2),
		    .verdict = store_text(s, r, i, 3),
		    .in = store_text(s, r, i, 4),
		    .out = store_text(s, r, i, 5),
		    .physin = store_text(s, r, i, 6),
		    .physout = store_text(s, r, i, 7),
		    .src = store_text(s, r, i, 8),
		    .src_port = store_text(s, r, i, 9),
		    .dst = store_text(s, r, i, 10),
		    .dst_port = store_text(s, r, i, 11),
		    .protocol = store_text(s, r, i, 12),
		    .tcp_flags = store_text(s, r, i, 13),
		    .icmp_type = store_text(s, r, i, 14),
		    .icmp_code = store_text(s, r, i, 15),
		    .arp = store_text(s, r, i, 16),
		    .length = store_text(s, r, i, 17),
		};
}

enum store_status
overview_read(struct store *s, const struct state *st, struct overview *o)
{
	char from[RANGE_TIME_TEXT], to[RANGE_TIME_TEXT];
	const char *const params[] = {from, to};
	enum store_status status;
	int result[Q_COUNT];

	*o = (struct overview){0};
	range_time_text(st->range.from, from);
	range_time_text(st->range.to, to);
	store_begin(s);
	ledger_add(&o->ledger, s, &st->range);
	timeline_add(&o->timeline, s, st, NULL);
	for (int i = 0; i < Q_COUNT; i++)
		result[i] = store_add(s, queries[i], 2, params);
	store_end(s);
	status = store_run(s);
	if (status != STORE_OK)
		return status;
	timeline_read(&o->timeline, s);
	read_top(&o->sources, s, result[Q_SOURCES]);
	read_top(&o->ports, s, result[Q_PORTS]);
	read_top(&o->prefixes, s, result[Q_PREFIXES]);
	read_latest(o, s, result[Q_LATEST]);
	return ledger_read(&o->ledger, s) == 0 ? STORE_OK : STORE_FAULT;
}

void
overview_free(struct overview *o)
{
	ledger_free(&o->ledger);
	*o = (struct overview){0};
}
