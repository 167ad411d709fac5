/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/idmap.h"

#include <stdlib.h>

void
idmap_free(struct idmap *m)
{
	free(m->pair);
	*m = (struct idmap){.pairs = 0};
}

int
idmap_add(struct idmap *m, uint32_t from, uint32_t to)
{
	void *grown;

	if (m->pairs > 0 && m->pair[m->pairs - 1].from >= from)
		return -1;
	if (m->pairs == m->size) {
		size_t size = m->size == 0 ? 64 : 2 * m->size;

		grown = realloc(m->pair, size * sizeof *m->pair);
		if (grown == NULL)
			return -1;
		m->pair = grown;
		m->size = size;
	}
	m->pair[m->pairs].from = from;
	m->pair[m->pairs++].to = to;
	return 0;
}

uint32_t
idmap_find(const struct idmap *m, uint32_t from)
{
	size_t lo = 0, hi = m->pairs;

	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;

		if (m->pair[middle].from == from)
			return m->pair[middle].to;
		if (m->pair[middle].from < from)
			lo = middle + 1;
		else
			hi = middle;
	}
	return 0;
}
