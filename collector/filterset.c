/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/filterset.h"

#include <stdlib.h>

#include "common/crc32c.h"

#define LIST_FIRST 1024 /* bytes */

struct filterset_entries {
	unsigned refs;
	uint32_t count;
	uint32_t crc;   /* CRC-32C of bytes */
	uint8_t *bytes; /* as they lie in a document */
	size_t len, size;
};

struct list {
	char name[BUNDLE_NAME_MAX + 1];
	struct filterset_entries *entries; /* NULL: none yet */
};

struct filter_of {
	struct bundle_filter filter; /* its strings are text */
	char *text;
	char *hosts; /* NULL: all */
	char *lists;
};

/* Filters some host has, a bit each. */
struct choice {
	uint64_t bits[BUNDLE_FILTERS_MAX / 64];
};

struct made {
	struct choice choice;
	struct filter_document *document;
};

struct filterset {
	uint32_t version;
	struct filter_of filter[BUNDLE_FILTERS_MAX];
	size_t filters;
	struct list list[BUNDLE_LISTS_MAX];
	size_t lists;
	size_t newest; /* list that got an entry last */
	struct made *made;
	size_t mades;
};

/* ---- documents */

void
filter_document_ref(struct filter_document *d)
{
	d->refs++;
}

static void
entries_unref(struct filterset_entries *e)
{
	if (e == NULL || --e->refs > 0)
		return;
	free(e->bytes);
	free(e);
}

void
filter_document_unref(struct filter_document *d)
{
	if (d == NULL || --d->refs > 0)
		return;
	for (size_t i = 0; i < d->lists; i++)
		entries_unref(d->list[i].entries);
	free(d->list);
	free(d->own);
	free(d);
}

/* A place in what is copied: skip bytes come first that are not asked for. */
struct copy {
	size_t skip, left;
	uint8_t *to;
};

static void
copy_bytes(struct copy *c, const uint8_t *bytes, size_t len)
{
	size_t n = len > c->skip ? len - c->skip : 0;

	if (n > c->left)
		n = c->left;
	if (n > 0)
		memcpy(c->to, bytes + c->skip, n);
	c->skip -= len < c->skip ? len : c->skip;
	c->to += n;
	c->left -= n;
}

void
filter_document_copy(
    const struct filter_document *d, size_t offset, uint8_t *to, size_t len)
{
	struct copy c = {.skip = offset, .left = len, .to = to};
	size_t at = 0;

	for (size_t i = 0; i < d->lists && c.left > 0; i++) {
		const struct filter_document_list *l = &d->list[i];

		copy_bytes(&c, d->own + at, l->before - at);
		copy_bytes(&c, l->entries->bytes, l->entries->len);
		at = l->before;
	}
	copy_bytes(&c, d->own + at, d->own_len - at);
}

/* ---- the set */

struct filterset *
filterset_new(uint32_t version)
{
	struct filterset *s = calloc(1, sizeof *s);

	if (s != NULL)
		s->version = version;
	return s;
}

void
filterset_free(struct filterset *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->filters; i++) {
		free(s->filter[i].text);
		free(s->filter[i].hosts);
		free(s->filter[i].lists);
	}
	for (size_t i = 0; i < s->lists; i++)
		entries_unref(s->list[i].entries);
	for (size_t i = 0; i < s->mades; i++)
		filter_document_unref(s->made[i].document);
	free(s->made);
	free(s);
}

uint32_t
filterset_version(const struct filterset *s)
{
	return s->version;
}

size_t
filterset_count(const struct filterset *s)
{
	return s->filters;
}

/* The name among names with blanks between them. */
static bool
names_have(const char *names, const char *name)
{
	size_t len = strlen(name), n;

	for (const char *p = names; *p != '\0'; p += n + (p[n] != '\0')) {
		n = strcspn(p, " ");
		if (n == len && memcmp(p, name, n) == 0)
			return true;
	}
	return false;
}

/* Both strings, one behind the other. */
static int
copy_strings(struct filter_of *f, const struct bundle_filter *filter)
{
	f->filter = *filter;
	f->text = malloc((size_t)filter->name.len + filter->query.len + 1);
	if (f->text == NULL)
		return -1;
	memcpy(f->text, filter->name.p, filter->name.len);
	memcpy(f->text + filter->name.len, filter->query.p, filter->query.len);
	f->filter.name.p = (const uint8_t *)f->text;
	f->filter.query.p = (const uint8_t *)f->text + filter->name.len;
	return 0;
}

static int
add_lists(struct filterset *s, const char *lists)
{
	size_t n, i;

	for (const char *p = lists; *p != '\0'; p += n + (p[n] != '\0')) {
		n = strcspn(p, " ");
		for (i = 0; i < s->lists; i++)
			if (strlen(s->list[i].name) == n &&
			    memcmp(s->list[i].name, p, n) == 0)
				break;
		if (i < s->lists || n == 0)
			continue;
		if (i == BUNDLE_LISTS_MAX || n > BUNDLE_NAME_MAX)
			return -1;
		memcpy(s->list[s->lists++].name, p, n);
	}
	return 0;
}

int
filterset_add(struct filterset *s, const struct bundle_filter *filter,
    const char *hosts, const char *lists)
{
	struct filter_of *f = &s->filter[s->filters];

	if (s->filters == BUNDLE_FILTERS_MAX || copy_strings(f, filter) != 0)
		return -1;
	s->filters++;
	f->hosts = hosts != NULL ? strdup(hosts) : NULL;
	f->lists = strdup(lists);
	if ((hosts != NULL && f->hosts == NULL) || f->lists == NULL)
		return -1;
	return add_lists(s, lists);
}

static struct list *
find_list(struct filterset *s, const char *name)
{
	if (s->newest < s->lists && strcmp(s->list[s->newest].name, name) == 0)
		return &s->list[s->newest];
	for (size_t i = 0; i < s->lists; i++)
		if (strcmp(s->list[i].name, name) == 0) {
			s->newest = i;
			return &s->list[i];
		}
	return NULL;
}

/* 0 or -1: no memory. */
static int
make_room(struct list *l, size_t more)
{
	struct filterset_entries *e = l->entries;
	size_t size;
	uint8_t *grown;

	if (e == NULL) {
		e = l->entries = calloc(1, sizeof *e);
		if (e == NULL)
			return -1;
		e->refs = 1;
	}
	if (e->size - e->len >= more)
		return 0;
	size = e->size == 0 ? LIST_FIRST : 2 * e->size;
	grown = realloc(e->bytes, size);
	if (grown == NULL)
		return -1;
	e->bytes = grown;
	e->size = size;
	return 0;
}

int
filterset_add_entry(struct filterset *s, const char *name, const char *text)
{
	struct list *l = find_list(s, name);
	size_t len = strlen(text);
	struct filterset_entries *e;
	uint8_t *at;

	if (s->mades > 0 || l == NULL || len < 1 || len > BUNDLE_ENTRY_MAX ||
	    make_room(l, len + 1) != 0)
		return -1;
	e = l->entries;
	at = e->bytes + e->len;
	at[0] = (uint8_t)len;
	memcpy(at + 1, text, len);
	e->crc = crc32c(e->crc, at, len + 1);
	e->len += len + 1;
	e->count++;
	return 0;
}

/* ---- what is made of it */

static bool
has(const struct choice *c, size_t filter)
{
	return (c->bits[filter / 64] >> filter % 64 & 1) != 0;
}

static struct choice
choose(const struct filterset *s, const char *host)
{
	struct choice c = {{0}};

	for (size_t i = 0; i < s->filters; i++)
		if (s->filter[i].hosts == NULL || names_have(s->filter[i].hosts, host))
			c.bits[i / 64] |= UINT64_C(1) << i % 64;
	return c;
}

static bool
needs_list(const struct filterset *s, const struct choice *c, const char *list)
{
	for (size_t i = 0; i < s->filters; i++)
		if (has(c, i) && names_have(s->filter[i].lists, list))
			return true;
	return false;
}

/* Its entries, from where the writer is. */
static void
refer(struct filter_document *d, struct bundle_writer *w, struct filterset_entries *e)
{
	if (e == NULL)
		return;
	bundle_leave_entries(w, e->count, e->len);
	e->refs++;
	d->list[d->lists++] = (struct filter_document_list){w->len, e};
}

/* 0, or -1 and *why. The document has the writer's bytes in both cases. */
static int
write_document(const struct filterset *s, const struct choice *c,
    struct filter_document *d, const char **why)
{
	struct bundle_writer w;
	int rc;

	bundle_begin(&w);
	for (size_t i = 0; i < s->filters; i++)
		if (has(c, i))
			bundle_put_filter(&w, &s->filter[i].filter);
	for (size_t i = 0; i < s->lists; i++) {
		if (!needs_list(s, c, s->list[i].name))
			continue;
		bundle_put_list(&w, s->list[i].name);
		refer(d, &w, s->list[i].entries);
	}
	rc = bundle_finish(&w);
	d->own = w.data;
	d->own_len = w.len;
	d->len = w.len + w.apart;
	if (rc != 0)
		*why = w.why;
	return rc;
}

/* Lists are not read again for it: there may be many documents of long ones. */
static uint32_t
crc_of(const struct filter_document *d)
{
	size_t at = 0;
	uint32_t crc = 0;

	for (size_t i = 0; i < d->lists; i++) {
		const struct filter_document_list *l = &d->list[i];

		crc = crc32c(crc, d->own + at, l->before - at);
		crc = crc32c_join(crc, l->entries->crc, l->entries->len);
		at = l->before;
	}
	return crc32c(crc, d->own + at, d->own_len - at);
}

/* It has room for all lists. NULL: no memory. */
static struct filter_document *
new_document(const struct filterset *s)
{
	struct filter_document *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	*d = (struct filter_document){.refs = 1, .version = s->version};
	d->list = calloc(s->lists + 1, sizeof *d->list);
	if (d->list != NULL)
		return d;
	free(d);
	return NULL;
}

static struct filter_document *
make(struct filterset *s, const struct choice *c, const char **why)
{
	struct filter_document *d = new_document(s);
	struct made *grown = reallocarray(s->made, s->mades + 1, sizeof *grown);

	*why = "no memory";
	if (grown != NULL)
		s->made = grown;
	if (d == NULL || grown == NULL || write_document(s, c, d, why) != 0) {
		filter_document_unref(d);
		return NULL;
	}
	d->crc = crc_of(d);
	s->made[s->mades++] = (struct made){*c, d};
	return d;
}

struct filter_document *
filterset_document(struct filterset *s, const char *host, const char **why)
{
	struct choice c = choose(s, host);
	struct filter_document *d = NULL;

	for (size_t i = 0; i < s->mades && d == NULL; i++)
		if (memcmp(&s->made[i].choice, &c, sizeof c) == 0)
			d = s->made[i].document;
	if (d == NULL)
		d = make(s, &c, why);
	if (d != NULL)
		filter_document_ref(d);
	return d;
}
