/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlogctl import ulogd2: events out of a database ulogd2 wrote. Both PostgreSQL
 * schemas it ships, flat and split, have the view ulog with the same columns.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "ctl/db.h"
#include "ctl/import.h"

#define ROWS_AT_ONCE "20000"
#define DONT_FRAGMENT_MASK 0x1fff /* of the fragment field: the offset, in 8 bytes */
#define MORE_FRAGMENTS 0x2000
#define IPV6_HEADER 40

/* Name, and what is asked of the view; text all. */
#define COLUMNS(C)                                                              \
	C(ID, "_id")                                                            \
	C(SEC, "oob_time_sec")                                                  \
	C(USEC, "oob_time_usec")                                                \
	C(HOOK, "oob_hook")                                                     \
	C(PREFIX, "oob_prefix")                                                 \
	C(MARK, "oob_mark")                                                     \
	C(IN, "oob_in")                                                         \
	C(OUT, "oob_out")                                                       \
	C(FAMILY, "oob_family")                                                 \
	C(SRC, "host(ip_saddr_str)")                                            \
	C(DST, "host(ip_daddr_str)")                                            \
	C(PROTO, "ip_protocol")                                                 \
	C(TOS, "coalesce(ip_tos, ip6_priority)")                                \
	C(TTL, "coalesce(ip_ttl, ip6_hoplimit)")                                \
	C(LEN4, "ip_totlen")                                                    \
	C(LEN6, "ip6_payloadlen")                                               \
	C(FRAGMENT, "ip_fragoff")                                               \
	C(SPORT, "coalesce(tcp_sport, udp_sport, sctp_sport)")                  \
	C(DPORT, "coalesce(tcp_dport, udp_dport, sctp_dport)")                  \
	C(FLAGS, "tcp_fin::int + 2 * tcp_syn::int + 4 * tcp_rst::int"           \
		 " + 8 * tcp_psh::int + 16 * tcp_ack::int + 32 * tcp_urg::int") \
	C(TYPE, "coalesce(icmp_type, icmpv6_type)")                             \
	C(CODE, "coalesce(icmp_code, icmpv6_code)")                             \
	C(SRC_MAC, "mac_saddr_str")                                             \
	C(DST_MAC, "mac_daddr_str")                                             \
	C(ETHERTYPE, "oob_protocol")                                            \
	C(HW_TYPE, "raw_type")

#define COLUMN_INDEX(name, sql) COLUMN_##name,
enum column { COLUMNS(COLUMN_INDEX) COLUMN_COUNT };
#define COLUMN_SQL(name, sql) ", " sql
static const char select_sql[] = "SELECT ''" COLUMNS(
    COLUMN_SQL) " FROM ulog WHERE _id > $1::bigint ORDER BY _id LIMIT " ROWS_AT_ONCE;

struct ulogd {
	struct import_run run;
	struct db *db;
	struct import_row row;
	struct import_why why;
	char last[24]; /* id of the row before */
	int64_t most;  /* the highest id */
};

/* ---- a row */

static const char *
value(const struct db_rows *rows, int r, enum column c)
{
	return db_rows_null(rows, r, c + 1) ? NULL : db_rows_get(rows, r, c + 1);
}

/* Columns that are too narrow for what ulogd2 writes hold it as a negative number. */
static bool
number(const struct db_rows *rows, int r, enum column c, uint64_t mask, uint64_t *n)
{
	const char *text = value(rows, r, c);

	if (text == NULL)
		return false;
	*n = (uint64_t)strtoll(text, NULL, 10) & mask;
	return true;
}

static bool
address(const char *text, struct ip_addr *a)
{
	*a = (struct ip_addr){0};
	if (text == NULL)
		return false;
	a->family = strchr(text, ':') != NULL ? 6 : 4;
	if (inet_pton(a->family == 6 ? AF_INET6 : AF_INET, text, a->byte) != 1)
		return false;
	ip_addr_unmap(a);
	return true;
}

static bool
mac(const char *text, struct mac_addr *m)
{
	uint8_t *b = m->byte;

	return text != NULL && sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx",
				   &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) == 6;
}

static void
name(struct import_row *row, enum import_name which, const char *text)
{
	if (text != NULL && text[0] != '\0')
		row->name[which] = (struct span){text, strlen(text)};
}

#define SET_NUMBER(column, from, mask)                                    \
	do {                                                              \
		if (number(rows, r, COLUMN_##from, mask, &n))             \
			EVENT_SET(ev, column, (__typeof__(ev->column))n); \
	} while (0)

static void
read_meta(struct import_row *row, const struct db_rows *rows, int r)
{
	struct event *ev = &row->ev;
	uint64_t n;

	name(row, IMPORT_PREFIX, value(rows, r, COLUMN_PREFIX));
	name(row, IMPORT_IN, value(rows, r, COLUMN_IN));
	name(row, IMPORT_OUT, value(rows, r, COLUMN_OUT));
	SET_NUMBER(hook, HOOK, UINT8_MAX);
	SET_NUMBER(mark, MARK, UINT32_MAX);
	SET_NUMBER(family, FAMILY, UINT8_MAX);
	SET_NUMBER(ethertype, ETHERTYPE, UINT16_MAX);
	SET_NUMBER(hw_type, HW_TYPE, UINT16_MAX);
	if (mac(value(rows, r, COLUMN_SRC_MAC), &ev->src_mac))
		EVENT_SET(ev, src_mac, ev->src_mac);
	if (mac(value(rows, r, COLUMN_DST_MAC), &ev->dst_mac))
		EVENT_SET(ev, dst_mac, ev->dst_mac);
}

static void
read_packet(struct event *ev, const struct db_rows *rows, int r)
{
	uint64_t n;

	if (address(value(rows, r, COLUMN_SRC), &ev->src))
		EVENT_SET(ev, src, ev->src);
	if (address(value(rows, r, COLUMN_DST), &ev->dst))
		EVENT_SET(ev, dst, ev->dst);
	SET_NUMBER(proto, PROTO, UINT8_MAX);
	SET_NUMBER(tos, TOS, UINT8_MAX);
	SET_NUMBER(ttl, TTL, UINT8_MAX);
	SET_NUMBER(sport, SPORT, UINT16_MAX);
	SET_NUMBER(dport, DPORT, UINT16_MAX);
	SET_NUMBER(tcp_flags, FLAGS, UINT8_MAX);
	SET_NUMBER(icmp_type, TYPE, UINT8_MAX);
	SET_NUMBER(icmp_code, CODE, UINT8_MAX);
	SET_NUMBER(len, LEN4, UINT16_MAX);
	if (!EVENT_HAS(ev, len) && number(rows, r, COLUMN_LEN6, INT32_MAX / 2, &n))
		EVENT_SET(ev, len, (uint32_t)n + IPV6_HEADER);
	if (number(rows, r, COLUMN_FRAGMENT, UINT16_MAX, &n) &&
	    (n & (DONT_FRAGMENT_MASK | MORE_FRAGMENTS)) != 0)
		EVENT_SET(ev, frag_offset, (uint32_t)(n & DONT_FRAGMENT_MASK) * 8);
}

/* Id, time and addresses tell a row from any other of the host. */
static int
take_row(struct ulogd *u, const struct db_rows *rows, int r)
{
	struct import_row *row = &u->row;
	const char *host = u->run.args->host;
	enum import_kind kind = IMPORT_EVENT;
	char text[256];
	uint64_t seconds = 0, us = 0;
	struct span key = {text, 0};

	memset(&row->ev, 0, sizeof row->ev);
	memset(row->name, 0, sizeof row->name);
	row->host = (struct span){host, strlen(host)};
	if (!number(rows, r, COLUMN_SEC, UINT32_MAX, &seconds))
		kind = import_reject(&u->why, "no time", NULL, 0);
	number(rows, r, COLUMN_USEC, UINT32_MAX, &us);
	EVENT_SET(&row->ev, ts, seconds * 1000000 + us % 1000000);
	EVENT_SET(&row->ev, flags, 0);
	read_meta(row, rows, r);
	read_packet(&row->ev, rows, r);
	snprintf(u->last, sizeof u->last, "%s", value(rows, r, COLUMN_ID));
	key.len = (size_t)snprintf(text, sizeof text,
	    "ulogd2 %s %" PRIu64 ".%06" PRIu64 " %s %s", u->last, seconds, us,
	    db_rows_get(rows, r, COLUMN_SRC + 1), db_rows_get(rows, r, COLUMN_DST + 1));
	return import_take(&u->run, kind, row, key, key, &u->why);
}

/* ---- the database */

static int
failed(const struct ulogd *u, const char *what)
{
	fprintf(stderr, "fwlogctl: %s: %s: %s\n", u->run.source, what, db_error(u->db));
	return -1;
}

static int
read_rows(struct ulogd *u)
{
	const char *const last[] = {u->last};
	struct db_rows *rows;
	int count = 1, rc = 0;

	snprintf(u->last, sizeof u->last, "%" PRId64, INT64_MIN);
	while (count > 0 && rc == 0) {
		rows = db_query_params(u->db, select_sql, last, 1);
		if (rows == NULL)
			return failed(u, "reading the view ulog");
		count = db_rows_count(rows);
		for (int r = 0; r < count && rc == 0; r++) {
			rc = take_row(u, rows, r);
			import_tell(&u->run,
			    u->most > 0
				? (int)(strtoll(u->last, NULL, 10) * 100 / u->most)
				: -1);
		}
		db_rows_free(rows);
	}
	return rc;
}

static int
read_database(struct ulogd *u)
{
	char most[24] = "";

	u->db = db_open(u->run.args->from, NULL);
	if (u->db == NULL || !db_ok(u->db)) {
		fprintf(stderr, "fwlogctl: --from: cannot connect: %s\n",
		    u->db != NULL ? db_error(u->db) : "out of memory");
		return -1;
	}
	import_source_begin(&u->run, db_name(u->db));
	if (db_value(u->db, "SELECT coalesce(max(_id), 0) FROM ulog", NULL, most,
		sizeof most) < 0)
		return failed(u, "no database of ulogd2");
	u->most = strtoll(most, NULL, 10) / 100 * 100;
	if (read_rows(u) < 0)
		return -1;
	return import_source_end(&u->run);
}

int
import_ulogd_run(const struct args *args)
{
	struct ulogd *u;
	int rc;

	if (args->from == NULL || args->host == NULL) {
		fprintf(stderr, "fwlogctl: import ulogd2: --%s is missing\n",
		    args->from == NULL ? "from CONNINFO" : "host HOST");
		return EXIT_USAGE;
	}
	u = calloc(1, sizeof *u);
	if (u == NULL || import_begin(&u->run, args, "ulogd2", "rows") < 0) {
		free(u);
		return EXIT_FAILED;
	}
	rc = import_end(&u->run, read_database(u));
	db_close(u->db);
	free(u);
	return rc;
}
