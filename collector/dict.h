/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cache of the database's dictionaries: raw bytes to id. Ids never change once given,
 * so an entry is right for ever; the cache is bounded and simply begins again when
 * full. Who adds a string first is the database's business (fwlog.prefix_enter and its
 * like).
 */
#ifndef FWLOG_COLLECTOR_DICT_H
#define FWLOG_COLLECTOR_DICT_H

#include "common/record.h"

#define DICT_ENTRIES_MAX 100000 /* of all kinds together */

enum dict_kind { DICT_PREFIX, DICT_IFACE, DICT_NETNS, DICT_KINDS };

struct dict;
struct dict *dict_new(void);
void dict_free(struct dict *d);
/* The id, or 0 when it is not known here. */
int32_t dict_find(const struct dict *d, enum dict_kind kind, struct bytes raw);
/* Remembers; without memory it forgets, and the database is asked again. */
void dict_put(struct dict *d, enum dict_kind kind, struct bytes raw, int32_t id);
size_t dict_count(const struct dict *d);
/* The SQL that gives a string's id, $1 being its bytes. */
const char *dict_sql(enum dict_kind kind);

#endif
