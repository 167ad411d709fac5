/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/filterset.h"

#include <stdlib.h>

#include "common/crc32c.h"

#define LIST_FIRST 1024 /* bytes */

struct list {
	char name[BUNDLE_NAME_MAX + 1];
	uint32_t entries;
	uint8_t *bytes; /* entries as they lie in a document */
	size_t len, size;
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

void
filter_document_unref(struct filter_document *d)
{
	if (d == NULL || --d->refs > 0)
		return;
	free(d->data);
	free(d);
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
		free(s->list[i].bytes);
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

int
filterset_add_entry(struct filterset *s, const char *name, const char *text)
{
	struct list *l = find_list(s, name);
	size_t len = strlen(text), size;
	uint8_t *grown;

	if (l == NULL || len < 1 || len > BUNDLE_ENTRY_MAX || l->entries == UINT32_MAX)
		return -1;
	if (l->size - l->len < len + 1) {
		size = l->size == 0 ? LIST_FIRST : 2 * l->size;
		grown = realloc(l->bytes, size);
		if (grown == NULL)
			return -1;
		l->bytes = grown;
		l->size = size;
	}
	l->bytes[l->len] = (uint8_t)len;
	memcpy(l->bytes + l->len + 1, text, len);
	l->len += len + 1;
	l->entries++;
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

/* 0, or -1 and *why; the writer is to be freed in both cases. */
static int
write_document(const struct filterset *s, const struct choice *c,
    struct bundle_writer *w, const char **why)
{
	bundle_begin(w);
	for (size_t i = 0; i < s->filters; i++)
		if (has(c, i))
			bundle_put_filter(w, &s->filter[i].filter);
	for (size_t i = 0; i < s->lists; i++) {
		const struct list *l = &s->list[i];

		if (!needs_list(s, c, l->name))
			continue;
		bundle_put_list(w, l->name);
		bundle_put_entries(w, l->entries, l->bytes, l->len);
	}
	if (bundle_finish(w) == 0)
		return 0;
	*why = w->why;
	return -1;
}

static struct filter_document *
make(struct filterset *s, const struct choice *c, const char **why)
{
	struct filter_document *d = calloc(1, sizeof *d);
	struct made *grown = reallocarray(s->made, s->mades + 1, sizeof *grown);
	struct bundle_writer w = {0};

	*why = "no memory";
	if (grown != NULL)
		s->made = grown;
	if (d == NULL || grown == NULL || write_document(s, c, &w, why) != 0) {
		bundle_writer_free(&w);
		free(d);
		return NULL;
	}
	*d = (struct filter_document){.refs = 1,
	    .version = s->version,
	    .crc = crc32c(0, w.data, w.len),
	    .data = w.data,
	    .len = w.len};
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
