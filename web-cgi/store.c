/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/store.h"

#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"

#define STORE_RESULTS_MAX 16 /* results one store keeps */
#define STORE_PARAMS_MAX 4
#define HOSTS_MAX 10000 /* rows of the list of hosts */

#define MICROSECONDS(column) "(extract(epoch FROM " column ") * 1000000)::bigint"
#define LATEST_COLUMNS                                                                \
	", host, prefix, verdict, in_iface, out_iface, physin_iface, physout_iface, " \
	"src_ip, "                                                                    \
	"src_port, dst_ip, dst_port, protocol, tcp_flags, icmp_type, icmp_code, "     \
	"arp_operation, length"
#define IN_RANGE " FROM fwlog.event_full WHERE time >= $1 AND time < $2 "

struct store {
	PGconn *conn;
	int64_t limit_ms; /* the server's limit for one query, should we die first */
	int64_t deadline; /* CLOCK_MONOTONIC, ms */
	PGresult *result[STORE_RESULTS_MAX];
	int results;
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- waiting and errors */

static enum store_status
wait_for(struct store *s, short events)
{
	struct pollfd p = {.fd = PQsocket(s->conn), .events = events};
	int64_t left;
	int n;

	do {
		left = s->deadline - now_ms();
		n = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (n < 0 && errno == EINTR);
	return n > 0 ? STORE_OK : STORE_TIMEOUT;
}

/* A message of libpq, which may have several lines, as one line of the log. */
static void
log_message(const struct store *s, const char *remedy)
{
	const char *message = PQerrorMessage(s->conn);
	char line[1024];
	size_t n = 0;

	while (*message != '\0' && n + 2 < sizeof line) {
		if (*message != '\n') {
			line[n++] = *message++;
			continue;
		}
		message += strspn(message, " \t\n^");
		if (*message != '\0') {
			line[n++] = ';';
			line[n++] = ' ';
		}
	}
	line[n] = '\0';
	log_error("database: %s%s", line, remedy);
}

static enum store_status
status_of(const char *sqlstate)
{
	static const struct {
		const char *state;
		enum store_status status;
	} known[] = {
	    {"57014", STORE_TIMEOUT},   /* query_canceled */
	    {"3F000", STORE_NOT_READY}, /* invalid_schema_name */
	    {"42P01", STORE_NOT_READY}, /* undefined_table */
	    {"42703", STORE_NOT_READY}, /* undefined_column */
	    {"42883", STORE_NOT_READY}, /* undefined_function */
	    {"42501", STORE_NOT_READY}, /* insufficient_privilege */
	    {"57P01", STORE_AWAY},      /* admin_shutdown */
	    {"57P02", STORE_AWAY},      /* crash_shutdown */
	    {"57P03", STORE_AWAY},      /* cannot_connect_now */
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(sqlstate, known[i].state) == 0)
			return known[i].status;
	return STORE_FAULT;
}

static enum store_status
report(struct store *s, const PGresult *r)
{
	const char *state = r != NULL ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
	enum store_status status = state != NULL ? status_of(state) : STORE_FAULT;

	if (PQstatus(s->conn) != CONNECTION_OK)
		status = STORE_AWAY;
	log_message(s, status == STORE_NOT_READY
			   ? "; fwlogctl db check tells what is missing"
			   : "");
	return status;
}

/* ---- connection */

static enum store_status
connect_wait(struct store *s)
{
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
		if (wait_for(s, state == PGRES_POLLING_READING ? POLLIN : POLLOUT) !=
		    STORE_OK) {
			log_error("database: no connection in time; is the server up?");
			return STORE_AWAY;
		}
		state = PQconnectPoll(s->conn);
	}
	if (state == PGRES_POLLING_OK)
		return STORE_OK;
	log_message(s, "");
	return STORE_AWAY;
}

static void
ignore_notice(void *arg, const PGresult *notice)
{
	(void)arg;
	(void)notice;
}

struct store *
store_open(const char *conninfo, uint64_t deadline_ms, enum store_status *status)
{
	const char *const words[] = {"fallback_application_name", "dbname", NULL};
	const char *const values[] = {"fwlog.cgi", conninfo, NULL};
	struct store *s = calloc(1, sizeof *s);

	*status = STORE_FAULT;
	if (s == NULL)
		return NULL;
	s->limit_ms = (int64_t)deadline_ms;
	s->deadline = now_ms() + s->limit_ms;
	s->conn = PQconnectStartParams(words, values, 1);
	if (s->conn == NULL || PQstatus(s->conn) == CONNECTION_BAD) {
		log_message(s, "");
		*status = STORE_AWAY;
	} else {
		PQsetNoticeReceiver(s->conn, ignore_notice, NULL);
		*status = connect_wait(s);
	}
	if (*status == STORE_OK)
		return s;
	store_close(s);
	return NULL;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < s->results; i++)
		PQclear(s->result[i]);
	PQfinish(s->conn);
	free(s);
}

/* ---- pipeline */

struct query {
	const char *sql;
	int params; /* how many it takes of the page's parameters */
	int first;  /* beginning with this one */
};

static enum store_status
send_all(struct store *s, const struct query *q, int n, const char *const *params)
{
	if (PQenterPipelineMode(s->conn) != 1 || PQsetnonblocking(s->conn, 1) != 0)
		return report(s, NULL);
	for (int i = 0; i < n; i++)
		if (PQsendQueryParams(s->conn, q[i].sql, q[i].params, NULL,
			q[i].params > 0 ? params + q[i].first : NULL, NULL, NULL,
			0) != 1)
			return report(s, NULL);
	if (PQpipelineSync(s->conn) != 1)
		return report(s, NULL);
	return STORE_OK;
}

/* Gives up a query that runs: the server need not finish what nobody will read. */
static enum store_status
give_up(struct store *s)
{
	char why[256];
	PGcancel *cancel = PQgetCancel(s->conn);

	if (cancel != NULL && PQcancel(cancel, why, sizeof why) != 1)
		log_warn("database: cannot cancel a query: %s", why);
	PQfreeCancel(cancel);
	log_warn("database: a page took longer than the option timeout allows");
	return STORE_TIMEOUT;
}

/* Until a result can be fetched without blocking. */
static enum store_status
pump(struct store *s)
{
	short events;
	int flushed;

	for (;;) {
		flushed = PQflush(s->conn);
		if (flushed < 0)
			return report(s, NULL);
		if (!PQisBusy(s->conn))
			return STORE_OK;
		events = (short)(POLLIN | (flushed > 0 ? POLLOUT : 0));
		if (wait_for(s, events) != STORE_OK)
			return give_up(s);
		if (PQconsumeInput(s->conn) != 1)
			return report(s, NULL);
	}
}

/* Keeps the result of one query; a NULL result ends each. */
static enum store_status
receive(struct store *s)
{
	enum store_status status = pump(s);
	ExecStatusType got;
	PGresult *r;

	if (status != STORE_OK)
		return status;
	r = PQgetResult(s->conn);
	got = PQresultStatus(r);
	if (r == NULL || s->results == STORE_RESULTS_MAX ||
	    (got != PGRES_TUPLES_OK && got != PGRES_COMMAND_OK)) {
		status = report(s, r);
		PQclear(r);
		return status;
	}
	s->result[s->results++] = r;
	status = pump(s);
	if (status == STORE_OK)
		PQclear(PQgetResult(s->conn));
	return status;
}

static enum store_status
run(struct store *s, const struct query *q, int n, const char *const *params)
{
	enum store_status status = send_all(s, q, n, params);

	for (int i = 0; status == STORE_OK && i < n; i++)
		status = receive(s);
	return status;
}

/* ---- values */

static int64_t
number(const PGresult *r, int row, int column)
{
	if (PQgetisnull(r, row, column))
		return STORE_NONE;
	return strtoll(PQgetvalue(r, row, column), NULL, 10);
}

static uint64_t
count(const PGresult *r, int row, int column)
{
	return strtoull(PQgetvalue(r, row, column), NULL, 10);
}

static const char *
text(const PGresult *r, int row, int column)
{
	return PQgetvalue(r, row, column);
}

/* ---- pages */

enum store_status
store_ping(struct store *s)
{
	static const struct query q[] = {
	    {"SELECT max(version) FROM fwlog.schema_version", 0},
	};

	return run(s, q, 1, NULL);
}

enum overview_query {
	Q_BEGIN,
	Q_LIMIT,
	Q_HOSTS,
	Q_LOSSES,
	Q_TIMELINE,
	Q_SOURCES,
	Q_PORTS,
	Q_PREFIXES,
	Q_LATEST,
	Q_END,
	Q_COUNT
};

/* Parameters: the range (2), width of a bar in seconds, time limit in ms. */
static const struct query overview_queries[Q_COUNT] = {
    [Q_BEGIN] = {"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", 0},
    [Q_LIMIT] = {"SELECT set_config('statement_timeout', $1, true)", 1, 3},
    [Q_HOSTS] =
	{"SELECT host, address, software, " MICROSECONDS(
	     "last_event") ", " MICROSECONDS("last_contact") ", connected, events, "
							     "lost, "
							     "losses_unknown, skew_ms "
							     "FROM fwlog.host_overview "
							     "ORDER BY connected, "
							     "last_contact, host LIMIT "
							     "10000",
	    0, 0},
    [Q_LOSSES] = {"SELECT host, cause, coalesce(sum(records), 0), "
		  "count(*) FILTER (WHERE records IS NULL) FROM fwlog.loss_full "
		  "WHERE from_time < $2 AND to_time >= $1 GROUP BY host, cause "
		  "ORDER BY 3 DESC, 1, 2 LIMIT 1000",
	2},
    [Q_TIMELINE] = {"SELECT floor(date_part('epoch', time) / $3::bigint)::bigint, "
		    "CASE WHEN verdict IN ('drop', 'reject') THEN 0 "
		    "WHEN verdict = 'accept' THEN 1 ELSE 2 END, "
		    "count(*)" IN_RANGE "GROUP BY 1, 2",
	3},
    [Q_SOURCES] = {"SELECT src_ip, 0, count(*), count(*) OVER ()" IN_RANGE
		   "AND src_ip IS NOT NULL GROUP BY src_ip "
		   "ORDER BY 3 DESC, 1 LIMIT 8",
	2},
    [Q_PORTS] = {"SELECT protocol, dst_port, count(*), count(*) OVER ()" IN_RANGE
		 "AND dst_port IS NOT NULL GROUP BY protocol, dst_port "
		 "ORDER BY 3 DESC, 2, 1 LIMIT 8",
	2},
    [Q_PREFIXES] =
	{"SELECT coalesce(prefix, ''), 0, count(*), count(*) OVER ()" IN_RANGE
	 "GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT 8",
	    2},
    /* The inner query touches times only; names are looked up for few events then. */
    [Q_LATEST] = {"SELECT " MICROSECONDS("time") LATEST_COLUMNS IN_RANGE
	"AND time >= (SELECT min(t.time) FROM (SELECT time" IN_RANGE
	"ORDER BY time DESC LIMIT 25) t) ORDER BY time DESC LIMIT 25",
	2},
    [Q_END] = {"COMMIT", 0},
};
_Static_assert(STORE_TOP == 8 && STORE_LATEST == 25 && HOSTS_MAX == 10000,
    "the limits stand in overview_queries");
_Static_assert(FATE_DENIED == 0 && FATE_ACCEPTED == 1 && FATE_UNKNOWN == 2,
    "the numbers stand in overview_queries");
_Static_assert((int)Q_COUNT <= STORE_RESULTS_MAX, "one store keeps them all");

static void
read_top(struct top_list *list, const PGresult *r)
{
	list->count = PQntuples(r);
	list->distinct = list->count > 0 ? count(r, 0, 3) : 0;
	for (int i = 0; i < list->count && i < STORE_TOP; i++)
		list->entry[i] = (struct top_entry){
		    .value = text(r, i, 0),
		    .port = number(r, i, 1),
		    .count = count(r, i, 2),
		};
}

static void
tally_add(struct tally *t, uint64_t fate, uint64_t n)
{
	t->all += n;
	t->of[fate < FATES ? fate : FATE_UNKNOWN] += n;
}

static void
read_timeline(struct overview *o, const PGresult *r)
{
	int bar;

	for (int i = 0; i < PQntuples(r); i++) {
		bar = range_bucket_of(&o->buckets, number(r, i, 0) * o->buckets.width);
		if (bar >= 0)
			tally_add(&o->bars[bar], count(r, i, 1), count(r, i, 2));
		tally_add(&o->events, count(r, i, 1), count(r, i, 2));
	}
}

static void
read_hosts(struct overview *o, const PGresult *r)
{
	o->hosts_count = PQntuples(r);
	for (int i = 0; i < o->hosts_count; i++)
		o->hosts[i] = (struct host_row){
		    .name = text(r, i, 0),
		    .address = text(r, i, 1),
		    .software = text(r, i, 2),
		    .last_event = number(r, i, 3),
		    .last_contact = number(r, i, 4),
		    .connected = text(r, i, 5)[0] == 't',
		    .events = count(r, i, 6),
		    .lost = count(r, i, 7),
		    .losses_unknown = count(r, i, 8),
		    .skew_ms = number(r, i, 9),
		};
}

static void
read_losses(struct overview *o, const PGresult *r)
{
	o->losses_count = PQntuples(r);
	for (int i = 0; i < o->losses_count; i++)
		o->losses[i] = (struct loss_row){
		    .host = text(r, i, 0),
		    .cause = text(r, i, 1),
		    .records = count(r, i, 2),
		    .unknown = count(r, i, 3),
		};
}

static void
read_latest(struct overview *o, const PGresult *r)
{
	o->latest_count = PQntuples(r) < STORE_LATEST ? PQntuples(r) : STORE_LATEST;
	for (int i = 0; i < o->latest_count; i++)
		o->latest[i] = (struct event_row){
		    .time = number(r, i, 0),
		    .host = text(r, i, 1),
		    .prefix = text(r, i, 2),
		    .verdict = text(r, i, 3),
		    .in = text(r, i, 4),
		    .out = text(r, i, 5),
		    .physin = text(r, i, 6),
		    .physout = text(r, i, 7),
		    .src = text(r, i, 8),
		    .src_port = text(r, i, 9),
		    .dst = text(r, i, 10),
		    .dst_port = text(r, i, 11),
		    .protocol = text(r, i, 12),
		    .tcp_flags = text(r, i, 13),
		    .icmp_type = text(r, i, 14),
		    .icmp_code = text(r, i, 15),
		    .arp = text(r, i, 16),
		    .length = text(r, i, 17),
		};
}

static enum store_status
read_overview(struct overview *o, PGresult *const *r)
{
	o->hosts = calloc((size_t)PQntuples(r[Q_HOSTS]) + 1, sizeof *o->hosts);
	o->losses = calloc((size_t)PQntuples(r[Q_LOSSES]) + 1, sizeof *o->losses);
	if (o->hosts == NULL || o->losses == NULL)
		return STORE_FAULT;
	read_hosts(o, r[Q_HOSTS]);
	read_losses(o, r[Q_LOSSES]);
	read_timeline(o, r[Q_TIMELINE]);
	read_top(&o->sources, r[Q_SOURCES]);
	read_top(&o->ports, r[Q_PORTS]);
	read_top(&o->prefixes, r[Q_PREFIXES]);
	read_latest(o, r[Q_LATEST]);
	return STORE_OK;
}

enum store_status
store_overview(struct store *s, const struct range *range, struct overview *o)
{
	char from[RANGE_TIME_TEXT], to[RANGE_TIME_TEXT], width[24], limit[24];
	const char *const params[STORE_PARAMS_MAX] = {from, to, width, limit};
	int first = s->results;
	enum store_status status;

	*o = (struct overview){.buckets = range_buckets(range)};
	range_time_text(range->from, from);
	range_time_text(range->to, to);
	snprintf(width, sizeof width, "%" PRId64, o->buckets.width / RANGE_SECOND);
	snprintf(limit, sizeof limit, "%" PRId64, s->limit_ms);
	status = run(s, overview_queries, Q_COUNT, params);
	if (status == STORE_OK)
		status = read_overview(o, s->result + first);
	return status;
}

void
store_overview_free(struct overview *o)
{
	free(o->hosts);
	free(o->losses);
	*o = (struct overview){0};
}
