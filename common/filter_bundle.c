/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/filter_bundle.h"

#include <stdio.h>
#include <stdlib.h>

/* Bytes a filter, and a list, take at least. */
#define FILTER_MIN (4 + 1 + 1 + 2 + 4 + 8)
#define LIST_MIN (1 + 1 + 4)

/* ---- writing */

static void
fail(struct bundle_writer *w, const char *why)
{
	if (w->why == NULL)
		w->why = why;
}

static bool
exceeds(struct bundle_writer *w, size_t len)
{
	if (w->why == NULL && len > FILTERS_TOTAL_MAX - w->len - w->apart)
		fail(w, "the set is longer than 64 MiB");
	return w->why != NULL;
}

/* A writer over len more bytes; they count as written. */
static struct writer
append(struct bundle_writer *w, size_t len)
{
	size_t size = w->size;
	uint8_t *grown;

	if (exceeds(w, len))
		return writer_of(NULL, 0);
	while (size < w->len + len)
		size = size == 0 ? 1024 : 2 * size;
	if (size > w->size) {
		grown = realloc(w->data, size);
		if (grown == NULL) {
			fail(w, "out of memory");
			return writer_of(NULL, 0);
		}
		w->data = grown;
		w->size = size;
	}
	w->len += len;
	return writer_of(w->data + w->len - len, len);
}

/* One more in the count at this place. */
static void
count16(struct bundle_writer *w, size_t at, unsigned max, const char *why)
{
	struct reader r;
	struct writer to;
	unsigned n;

	if (w->why != NULL)
		return;
	r = reader_of(w->data + at, 2);
	n = get_u16(&r) + 1u;
	if (n > max) {
		fail(w, why);
		return;
	}
	to = writer_of(w->data + at, 2);
	put_u16(&to, (uint16_t)n);
}

void
bundle_begin(struct bundle_writer *w)
{
	struct writer to;

	*w = (struct bundle_writer){0};
	to = append(w, 2);
	put_u16(&to, 0);
}

void
bundle_put_filter(struct bundle_writer *w, const struct bundle_filter *f)
{
	struct writer to;

	if (w->lists_at != 0)
		fail(w, "a filter behind the lists");
	if (f->id <= 0)
		fail(w, "a filter's id is not above 0");
	if (f->name.len < 1 || f->name.len > BUNDLE_NAME_MAX)
		fail(w, "a filter's name is not 1 to 64 bytes long");
	if (f->query.len > FILTER_TEXT_MAX)
		fail(w, "a filter is longer than 1024 bytes");
	to = append(w, (size_t)FILTER_MIN - 1 + f->name.len + f->query.len);
	put_u32(&to, (uint32_t)f->id);
	put_u8(&to, (uint8_t)f->name.len);
	put_bytes(&to, f->name.p, f->name.len);
	put_u16(&to, f->query.len);
	put_bytes(&to, f->query.p, f->query.len);
	put_u32(&to, f->sample);
	put_u64(&to, f->expires_us);
	count16(w, 0, BUNDLE_FILTERS_MAX, "more than 1024 filters");
}

static void
begin_lists(struct bundle_writer *w)
{
	struct writer to = append(w, 2);

	put_u16(&to, 0);
	if (w->why == NULL)
		w->lists_at = w->len - 2;
}

void
bundle_put_list(struct bundle_writer *w, const char *name)
{
	size_t len = strlen(name);
	struct writer to;

	if (w->lists_at == 0)
		begin_lists(w);
	if (len < 1 || len > BUNDLE_NAME_MAX)
		fail(w, "a list's name is not 1 to 64 bytes long");
	to = append(w, 1 + len + 4);
	put_u8(&to, (uint8_t)len);
	put_bytes(&to, name, len);
	put_u32(&to, 0);
	count16(w, w->lists_at, BUNDLE_LISTS_MAX, "more than 1024 lists");
	if (w->why == NULL)
		w->entries_at = w->len - 4;
}

/* So many more in the list begun last. */
static void
count_entries(struct bundle_writer *w, uint32_t more)
{
	struct writer to;
	struct reader r;
	uint32_t n;

	if (w->why != NULL)
		return;
	r = reader_of(w->data + w->entries_at, 4);
	n = get_u32(&r);
	to = writer_of(w->data + w->entries_at, 4);
	put_u32(&to, n + more);
}

void
bundle_leave_entries(struct bundle_writer *w, uint32_t entries, size_t len)
{
	if (w->entries_at == 0)
		fail(w, "entries before their list");
	if (exceeds(w, len))
		return;
	w->apart += len;
	count_entries(w, entries);
}

void
bundle_put_entry(struct bundle_writer *w, const char *text, size_t len)
{
	struct writer to;

	if (w->entries_at == 0)
		fail(w, "an entry before its list");
	if (len < 1 || len > BUNDLE_ENTRY_MAX)
		fail(w, "an entry of a list is not 1 to 255 bytes long");
	to = append(w, 1 + len);
	put_u8(&to, (uint8_t)len);
	put_bytes(&to, text, len);
	count_entries(w, 1);
}

int
bundle_finish(struct bundle_writer *w)
{
	if (w->lists_at == 0)
		begin_lists(w);
	return w->why == NULL ? 0 : -1;
}

void
bundle_writer_free(struct bundle_writer *w)
{
	free(w->data);
	*w = (struct bundle_writer){0};
}

/* ---- reading */

static bool
same(struct bytes a, struct bytes b)
{
	return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

/* Text of 1 to max bytes without a NUL in it. */
static struct bytes
get_text(struct reader *r, size_t len, size_t max)
{
	struct bytes s = {get_bytes(r, len), (uint16_t)len};

	if (len > max || r->bad || memchr(s.p, '\0', len) != NULL)
		r->bad = true;
	return s;
}

static struct bytes
get_name(struct reader *r)
{
	size_t len = get_u8(r);

	if (len == 0)
		r->bad = true;
	return get_text(r, len, BUNDLE_NAME_MAX);
}

/* 0, or -1 and *why. */
static int
read_filter(struct bundle *b, struct reader *r, const char **why)
{
	struct bundle_filter *f = &b->filter[b->filters];

	f->id = (int32_t)get_u32(r);
	f->name = get_name(r);
	f->query = get_text(r, get_u16(r), FILTER_TEXT_MAX);
	f->sample = get_u32(r);
	f->expires_us = get_u64(r);
	*why = "a filter is cut short or out of bounds";
	if (r->bad || f->id <= 0)
		return -1;
	*why = "two filters have one id";
	for (uint16_t i = 0; i < b->filters; i++)
		if (b->filter[i].id == f->id)
			return -1;
	b->filters++;
	return 0;
}

static int
read_list(struct bundle *b, struct reader *r, const char **why)
{
	struct bundle_list *l = &b->list[b->lists];

	l->name = get_name(r);
	l->entries = get_u32(r);
	l->bytes = r->at;
	for (uint32_t i = 0; i < l->entries && !r->bad; i++) {
		size_t len = get_u8(r);

		if (get_bytes(r, len) == NULL || len == 0)
			r->bad = true;
	}
	l->len = (size_t)(r->at - l->bytes);
	*why = "a list is cut short or out of bounds";
	if (r->bad)
		return -1;
	*why = "two lists have one name";
	for (uint16_t i = 0; i < b->lists; i++)
		if (same(b->list[i].name, l->name))
			return -1;
	b->lists++;
	return 0;
}

/* How many there are to come; *array has room for them. 0 none or -1 and *why. */
static int
get_count(struct reader *r, unsigned max, size_t min, size_t size, void **array,
    const char **why)
{
	unsigned n = get_u16(r);

	*why = "more filters or lists than allowed, or than there are bytes";
	if (r->bad || n > max || n > r->left / min)
		return -1;
	*why = "out of memory";
	*array = n > 0 ? calloc(n, size) : NULL;
	return n > 0 && *array == NULL ? -1 : (int)n;
}

int
bundle_read(struct bundle *b, const uint8_t *data, size_t len, const char **why)
{
	struct reader r = reader_of(data, len);
	void *array = NULL;
	int n;

	*b = (struct bundle){0};
	n = get_count(
	    &r, BUNDLE_FILTERS_MAX, FILTER_MIN, sizeof *b->filter, &array, why);
	b->filter = array;
	if (n < 0)
		return -1;
	while (b->filters < n)
		if (read_filter(b, &r, why) < 0)
			return -1;
	array = NULL;
	n = get_count(&r, BUNDLE_LISTS_MAX, LIST_MIN, sizeof *b->list, &array, why);
	b->list = array;
	if (n < 0)
		return -1;
	while (b->lists < n)
		if (read_list(b, &r, why) < 0)
			return -1;
	*why = "bytes left over behind the lists";
	return r.left == 0 ? 0 : -1;
}

void
bundle_free(struct bundle *b)
{
	free(b->filter);
	free(b->list);
	*b = (struct bundle){0};
}

static const struct bundle_list *
find_list(const struct bundle *b, const char *name)
{
	const struct bytes want = {(const uint8_t *)name, (uint16_t)strlen(name)};

	for (uint16_t i = 0; i < b->lists; i++)
		if (same(b->list[i].name, want))
			return &b->list[i];
	return NULL;
}

uint32_t
bundle_list_entries(const struct bundle *b, const char *name)
{
	const struct bundle_list *l = find_list(b, name);

	return l != NULL ? l->entries : 0;
}

int
bundle_read_list(
    void *arg, const char *name, struct filter_list *list, char *why, size_t whysize)
{
	const struct bundle_list *l = find_list(arg, name);
	struct reader r;

	if (l == NULL) {
		snprintf(why, whysize, "it did not come with the filters");
		return -1;
	}
	r = reader_of(l->bytes, l->len);
	for (uint32_t i = 0; i < l->entries; i++) {
		size_t len = get_u8(&r);
		const uint8_t *p = get_bytes(&r, len);

		if (filter_list_add(list, (const char *)p, len) < 0) {
			snprintf(why, whysize, "entry %u of it is none", i + 1);
			return -1;
		}
	}
	return 0;
}
