/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fields of the filter language: one table of names, aliases, kinds of values,
 * event columns and SQL expressions behind parser, canonical form and both back ends.
 */
#ifndef FWLOG_COMMON_FILTER_FIELD_H
#define FWLOG_COMMON_FILTER_FIELD_H

#include "common/filter.h"
#include "common/nearest.h"

#define FILTER_COLUMNS_MAX 4 /* a field looks at so many columns: any of them */

enum filter_type {
	FILTER_ADDRESS,
	FILTER_NUMBER,
	FILTER_PORT,  /* a number with the names of services */
	FILTER_FLAGS, /* TCP flags */
	FILTER_MAC,
	FILTER_TEXT,    /* an entry of a dictionary */
	FILTER_VERDICT, /* one of the symbols */
	FILTER_ID,      /* HOST-N */
	FILTER_ALERT,   /* an alert that counted the event */
	FILTER_BYTES,   /* there or not */
	FILTER_LINE,    /* the event as one line of text */
};

/* A name for a value, or for several. Those with one value print as the name. */
#define FILTER_SYMBOL_VALUES_MAX 3
struct filter_symbol {
	const char *name; /* NULL ends a table */
	uint8_t count;
	uint16_t value[FILTER_SYMBOL_VALUES_MAX];
};

enum filter_trait {
	FILTER_HEX = 1,  /* prints in hexadecimal; takes VALUE/MASK */
	FILTER_HOOK = 2, /* values depend on the family: see FILTER_HOOK_* */
};

/* Of a time: what of it, in UTC. */
enum filter_part {
	FILTER_PART_NONE,
	FILTER_PART_MINUTE,
	FILTER_PART_HOUR,
	FILTER_PART_DAY,
	FILTER_PART_WEEK, /* ISO 8601 */
	FILTER_PART_MONTH,
	FILTER_PART_YEAR,
};

/* The numbers of hooks mean different things in arp and netdev tables: inside the back
 * ends their values are moved by these. */
#define FILTER_HOOK_ARP 256u
#define FILTER_HOOK_NETDEV 512u

/* The verdict of the event e: from the place of its prefix in what is read once, or,
 * where host or time decide, from a function called for each event. */
#define FILTER_VERDICT_SQL                                              \
	"coalesce((ARRAY['accept','drop','reject','unknown'])[(SELECT " \
	"fwlog.verdicts())[coalesce(e.prefix_id, 0) + 1]], "            \
	"fwlog.verdict(e.prefix_id, e.host_id, e.ts))"

struct filter_field {
	const char *name;
	const char *aliases; /* with a space between them */
	enum filter_type type;
	unsigned traits;
	uint8_t part; /* NUMBER: enum filter_part of the column */
	uint8_t columns;
	uint8_t column[FILTER_COLUMNS_MAX]; /* EVENT_I_* */
	enum filter_dict dict;              /* TEXT */
	uint64_t max;                       /* NUMBER, PORT, FLAGS */
	const struct filter_symbol *symbols;
	const char *sql; /* expression over fwlog.event e in place of the columns */
};

extern const struct filter_field filter_fields[];
extern const size_t filter_fields_count;

/* By name or alias, any case; NULL: none. */
const struct filter_field *filter_field_find(const char *name, size_t len);
/* By its own name, for those the language itself uses. */
const struct filter_field *filter_field_named(const char *name);
/* Offers the names of all fields. */
void filter_field_nearest(struct nearest *near);

/* Symbol of this name, any case, or NULL. */
const struct filter_symbol *filter_symbol_find(
    const struct filter_field *field, const char *name, size_t len);
/* The name a single value prints as, or NULL. */
const struct filter_symbol *filter_symbol_of(
    const struct filter_field *field, uint64_t value);

/* Microseconds since 1970. */
uint64_t filter_time_part(uint64_t us, enum filter_part part);

/* Name of a column in SQL. */
const char *filter_column_name(uint8_t column);

/* A word is the name, any case. */
bool filter_word_is(const char *word, size_t len, const char *name);

#endif
