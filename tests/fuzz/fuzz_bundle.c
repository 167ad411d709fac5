/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Documents of central filters from anywhere: they are read or refused; one that was
 * read, written again, gives the same bytes; its filters parse and compile or do not.
 */
#include <stdlib.h>
#include <string.h>

#include "common/filter_bundle.h"
#include "tests/fuzz/fuzz.h"

static void
put_list(struct bundle_writer *w, const struct bundle_list *l)
{
	struct reader r = reader_of(l->bytes, l->len);
	char name[BUNDLE_NAME_MAX + 1];

	memcpy(name, l->name.p, l->name.len);
	name[l->name.len] = '\0';
	bundle_put_list(w, name);
	for (uint32_t i = 0; i < l->entries; i++) {
		size_t len = get_u8(&r);
		const uint8_t *text = get_bytes(&r, len);

		if (text == NULL)
			abort();
		bundle_put_entry(w, (const char *)text, len);
	}
}

static void
write_again(const struct bundle *b, const uint8_t *data, size_t len)
{
	struct bundle_writer w;

	bundle_begin(&w);
	for (uint16_t i = 0; i < b->filters; i++)
		bundle_put_filter(&w, &b->filter[i]);
	for (uint16_t i = 0; i < b->lists; i++)
		put_list(&w, &b->list[i]);
	if (bundle_finish(&w) < 0 || w.len != len || memcmp(w.data, data, len) != 0)
		abort();
	bundle_writer_free(&w);
}

static void
compile(struct bundle *b)
{
	struct filter_lists lists = {bundle_read_list, b};
	struct filter_error error;

	for (uint16_t i = 0; i < b->filters; i++) {
		struct filter_tree *tree = filter_parse(
		    (const char *)b->filter[i].query.p, b->filter[i].query.len, &error);

		if (tree != NULL)
			filter_free(filter_compile(tree, &lists, 0, &error));
		filter_tree_free(tree);
	}
}

int
fuzz_target(const uint8_t *data, size_t len)
{
	struct bundle b;
	const char *why = NULL;

	if (bundle_read(&b, data, len, &why) == 0) {
		write_again(&b, data, len);
		compile(&b);
	} else if (why == NULL) {
		abort();
	}
	bundle_free(&b);
	return 0;
}
