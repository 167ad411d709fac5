/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cache of the database's dictionaries: raw bytes to id. Ids never change once given,
 * so an entry is right for ever; the cache is bounded and simply begins again when
 * full. Its hash has a random key: agents choose the strings. Who adds a string first
 * is the database's business (fwlog.prefix_enter and its like).
 */
#ifndef FWLOG_COLLECTOR_DICT_H
#define FWLOG_COLLECTOR_DICT_H

#include "common/record.h"

#define DICT_ENTRIES_MAX 100000 /* of all kinds together */

enum dict_kind { DICT_PREFIX, DICT_IFACE, DICT_NETNS, DICT_KINDS };

struct dict;
struct dict *dict_new(void); /* NULL: no memory, no random numbers */
void dict_free(struct dict *d);
/* The id, or 0 when it is not known here. */
int32_t dict_find(const struct dict *d, enum dict_kind kind, struct bytes raw);
/* Remembers; without memory it forgets, and the database is asked again. */
void dict_put(struct dict *d, enum dict_kind kind, struct bytes raw, int32_t id);
size_t dict_count(const struct dict *d);
/* Of a string of that kind; for tables of others too. */
uint64_t dict_hash(const struct dict *d, enum dict_kind kind, struct bytes raw);

/*
 * Statements for many strings at once: $1 is an array of bytea, a row of the answer is
 * a place in it, from 1, and the id there. The first only looks, and has no row for
 * what is unknown; the second enters what is new.
 */
const char *dict_look_sql(enum dict_kind kind);
const char *dict_enter_sql(enum dict_kind kind);
/* What stands for strings that are not entered because there are too many. */
struct bytes dict_marker(enum dict_kind kind);

#endif
