/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Roll-ups as statements: one upsert a table, its columns as arrays. */
#include <inttypes.h>

#include "common/rollup_internal.h"

#define MINUTE_US UINT64_C(60000000)

enum column {
	COLUMN_HOST,
	COLUMN_AT,
	COLUMN_PREFIX,
	COLUMN_PROTO,
	COLUMN_DPORT,
	COLUMN_ADDRESS,
	COLUMN_EVENTS,
	COLUMN_BYTES,
	COLUMN_END
};

static const char *const column_type[] = {
    "int", "timestamptz", "int", "smallint", "int", "inet", "bigint", "bigint"};

static const struct table {
	const char *name, *key;
	enum column column[8];
} tables[ROLLUP_CUBES] = {
    [ROLLUP_MINUTE] = {"rollup_minute", "host_id, minute, prefix_id, proto, dport",
	{COLUMN_HOST, COLUMN_AT, COLUMN_PREFIX, COLUMN_PROTO, COLUMN_DPORT,
	    COLUMN_EVENTS, COLUMN_BYTES, COLUMN_END}},
    [ROLLUP_HOUR] = {"rollup_hour", "host_id, hour, prefix_id, proto",
	{COLUMN_HOST, COLUMN_AT, COLUMN_PREFIX, COLUMN_PROTO, COLUMN_EVENTS,
	    COLUMN_BYTES, COLUMN_END}},
    [ROLLUP_PORT] = {"rollup_hour_port", "host_id, hour, proto, dport",
	{COLUMN_HOST, COLUMN_AT, COLUMN_PROTO, COLUMN_DPORT, COLUMN_EVENTS,
	    COLUMN_BYTES, COLUMN_END}},
    [ROLLUP_SRC] = {"rollup_hour_src", "host_id, hour, address",
	{COLUMN_HOST, COLUMN_AT, COLUMN_ADDRESS, COLUMN_EVENTS, COLUMN_BYTES,
	    COLUMN_END}},
    [ROLLUP_DST] = {"rollup_hour_dst", "host_id, hour, address",
	{COLUMN_HOST, COLUMN_AT, COLUMN_ADDRESS, COLUMN_EVENTS, COLUMN_BYTES,
	    COLUMN_END}},
};

static void
sql_add_at(struct text *sql, uint64_t minutes)
{
	text_add(sql, "\"");
	text_add_time_plain(sql, minutes * MINUTE_US);
	text_add(sql, "\"");
}

static void
sql_add_address(struct text *sql, const struct cube_key *key)
{
	struct ip_addr a = {.family = (uint8_t)key->family};
	char buf[64];

	if (key->family == ROLLUP_REST_FAMILY) {
		text_add(sql, "0.0.0.0/0");
	} else if (key->family == 0) {
		text_add(sql, "::/0");
	} else {
		memcpy(a.byte, key->address, sizeof a.byte);
		text_add(sql, "%s", ip_addr_text(&a, buf, sizeof buf));
	}
}

static void
sql_add_value(struct text *sql, enum column column, const struct cube_cell *cell)
{
	const struct cube_key *key = &cell->key;

	switch (column) {
	case COLUMN_HOST:
		text_add(sql, "%" PRId32, key->host_id);
		break;
	case COLUMN_AT:
		sql_add_at(sql, key->at);
		break;
	case COLUMN_PREFIX:
		text_add(sql, "%" PRId32, key->prefix);
		break;
	case COLUMN_PROTO:
		text_add(sql, "%d", key->proto);
		break;
	case COLUMN_DPORT:
		text_add(sql, "%" PRId32, key->dport);
		break;
	case COLUMN_ADDRESS:
		sql_add_address(sql, key);
		break;
	case COLUMN_EVENTS:
		text_add(sql, "%" PRIu64, cell->events);
		break;
	default: /* COLUMN_BYTES */
		text_add(sql, "%" PRIu64, cell->bytes);
		break;
	}
}

static void
sql_add_column(struct text *sql, enum column column, const struct cube *c)
{
	const char *comma = "";

	text_add(sql, "'{");
	for (size_t i = 0; i < c->cells; i++) {
		if (c->cell[i].events == 0)
			continue;
		text_add(sql, "%s", comma);
		sql_add_value(sql, column, &c->cell[i]);
		comma = ",";
	}
	text_add(sql, "}'::%s[]", column_type[column]);
}

static void
sql_add_table(struct text *sql, const struct table *t, const struct cube *c)
{
	if (c->cells == 0)
		return;
	text_add(sql,
	    "INSERT INTO fwlog.%s AS r (%s, events, bytes) SELECT * FROM unnest(",
	    t->name, t->key);
	for (int i = 0; t->column[i] != COLUMN_END; i++) {
		text_add(sql, "%s", i > 0 ? "," : "");
		sql_add_column(sql, t->column[i], c);
	}
	text_add(sql,
	    ") ON CONFLICT (%s) DO UPDATE SET events = r.events + EXCLUDED.events, "
	    "bytes = r.bytes + EXCLUDED.bytes;",
	    t->key);
}

static void
sql_add_sketch(struct text *sql, const struct sketch *s)
{
	text_add(sql, ",'x");
	text_add_hex(sql, s->bits, sizeof s->bits);
	text_add(sql, "'::bit(%u)", SKETCH_BUCKETS * SKETCH_PLANES);
}

static void
sql_add_distinct(struct text *sql, struct rollup *r)
{
	bool any = false;

	for (size_t i = 0; i < rollup_sketches(r); i++) {
		const struct cube_key *key = &r->distinct.cell[i].key;

		if (rollup_is_known(r, i))
			continue;
		text_add(sql, "%s(%" PRId32 ",",
		    any ? ","
			: "INSERT INTO fwlog.rollup_hour_distinct AS r (host_id, hour, "
			  "sources, destinations) VALUES ",
		    key->host_id);
		text_add_time(sql, key->at * MINUTE_US);
		sql_add_sketch(sql, &r->pair[i].src);
		sql_add_sketch(sql, &r->pair[i].dst);
		text_add(sql, ")");
		any = true;
	}
	if (any)
		text_add(sql, " ON CONFLICT (host_id, hour) DO UPDATE SET "
			      "sources = r.sources | EXCLUDED.sources, "
			      "destinations = r.destinations | EXCLUDED.destinations;");
}

void
rollup_add_sql(struct rollup *r, struct text *sql)
{
	for (int i = 0; i < ROLLUP_CUBES; i++)
		sql_add_table(sql, &tables[i], &r->cube[i]);
	sql_add_distinct(sql, r);
	if (r->failed)
		sql->failed = true;
}
