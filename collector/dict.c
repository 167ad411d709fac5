/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/dict.h"

#include <stdlib.h>
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((element)->id = 0)
#include <uthash.h>

struct entry {
	UT_hash_handle hh;
	int32_t id;
	uint8_t raw[];
};

struct dict {
	struct entry *of[DICT_KINDS];
};

struct dict *
dict_new(void)
{
	return calloc(1, sizeof(struct dict));
}

static void
dict_clear(struct dict *d)
{
	struct entry *e, *next;

	for (int kind = 0; kind < DICT_KINDS; kind++) {
		HASH_ITER (hh, d->of[kind], e, next) {
			HASH_DEL(d->of[kind], e);
			free(e);
		}
	}
}

void
dict_free(struct dict *d)
{
	if (d != NULL)
		dict_clear(d);
	free(d);
}

int32_t
dict_find(const struct dict *d, enum dict_kind kind, struct bytes raw)
{
	struct entry *e;

	HASH_FIND(hh, d->of[kind], raw.p, raw.len, e);
	return e == NULL ? 0 : e->id;
}

void
dict_put(struct dict *d, enum dict_kind kind, struct bytes raw, int32_t id)
{
	struct entry *e;

	if (dict_find(d, kind, raw) != 0)
		return;
	if (dict_count(d) >= DICT_ENTRIES_MAX)
		dict_clear(d);
	e = malloc(sizeof *e + raw.len);
	if (e == NULL)
		return;
	e->id = id;
	if (raw.len > 0)
		memcpy(e->raw, raw.p, raw.len);
	HASH_ADD(hh, d->of[kind], raw, raw.len, e);
	if (e->id == 0) /* uthash had no memory for its table */
		free(e);
}

size_t
dict_count(const struct dict *d)
{
	size_t n = 0;

	for (int kind = 0; kind < DICT_KINDS; kind++)
		n += HASH_COUNT(d->of[kind]);
	return n;
}

const char *
dict_sql(enum dict_kind kind)
{
	static const char *const sql[DICT_KINDS] = {
	    [DICT_PREFIX] = "SELECT fwlog.prefix_enter($1)",
	    [DICT_IFACE] = "SELECT fwlog.iface_enter($1)",
	    [DICT_NETNS] = "SELECT fwlog.netns_enter($1)",
	};

	return sql[kind];
}
