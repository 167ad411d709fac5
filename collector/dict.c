/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/dict.h"

#include <stdlib.h>
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((element)->id = 0)
#include <uthash.h>

#include "common/noise.h"

struct entry {
	UT_hash_handle hh;
	int32_t id;
	uint8_t raw[];
};

struct dict {
	struct entry *of[DICT_KINDS];
	uint8_t key[NOISE_TABLE_KEY_SIZE];
};

struct dict *
dict_new(void)
{
	struct dict *d = noise_init() == 0 ? calloc(1, sizeof *d) : NULL;

	if (d != NULL)
		noise_random(d->key, sizeof d->key);
	return d;
}

uint64_t
dict_hash(const struct dict *d, enum dict_kind kind, struct bytes raw)
{
	return noise_table_hash(d->key, raw.p, raw.len) + (uint64_t)kind;
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
	unsigned hash = (unsigned)dict_hash(d, kind, raw);
	struct entry *e;

	HASH_FIND_BYHASHVALUE(hh, d->of[kind], raw.p, raw.len, hash, e);
	return e == NULL ? 0 : e->id;
}

void
dict_put(struct dict *d, enum dict_kind kind, struct bytes raw, int32_t id)
{
	unsigned hash = (unsigned)dict_hash(d, kind, raw);
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
	HASH_ADD_BYHASHVALUE(hh, d->of[kind], raw, raw.len, hash, e);
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

/* Entered in the order of the bytes: two sinks never wait for each other. */
#define LOOK(name)                                                                     \
	"SELECT u.o, d." name "_id FROM unnest($1::bytea[]) WITH ORDINALITY u (r, o) " \
	"JOIN fwlog.dict_" name " d ON d.raw = u.r"
#define ENTER(name)                                             \
	"SELECT u.o, fwlog." name "_enter(u.r) FROM ("          \
	"SELECT r, o FROM unnest($1::bytea[]) WITH ORDINALITY " \
	"x (r, o) ORDER BY r) u"

static const struct {
	const char *look, *enter, *marker;
} kinds[DICT_KINDS] = {
    [DICT_PREFIX] = {LOOK("prefix"), ENTER("prefix"), "(too many prefixes)"},
    [DICT_IFACE] = {LOOK("iface"), ENTER("iface"), "(too many interfaces)"},
    [DICT_NETNS] = {LOOK("netns"), ENTER("netns"), "(too many namespaces)"},
};

const char *
dict_look_sql(enum dict_kind kind)
{
	return kinds[kind].look;
}

const char *
dict_enter_sql(enum dict_kind kind)
{
	return kinds[kind].enter;
}

struct bytes
dict_marker(enum dict_kind kind)
{
	const char *marker = kinds[kind].marker;

	return (struct bytes){(const uint8_t *)marker, (uint16_t)strlen(marker)};
}
