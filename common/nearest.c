/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/nearest.h"

#include <string.h>

static size_t
min2(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment, three rows at a time. */
static size_t
distance(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t rows[3][NEAREST_LEN_MAX + 1];
	size_t *older = rows[0], *old = rows[1], *now = rows[2], *spare;

	for (size_t j = 0; j <= blen; j++)
		old[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		now[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			size_t change = old[j - 1] + (a[i - 1] != b[j - 1]);

			now[j] = min2(change, min2(old[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				now[j] = min2(now[j], older[j - 2] + 1);
		}
		spare = older;
		older = old;
		old = now;
		now = spare;
	}
	return old[blen];
}

void
nearest_begin(struct nearest *n, const char *typed)
{
	n->typed = typed;
	n->best = NULL;
	n->distance = 0;
}

void
nearest_offer(struct nearest *n, const char *name)
{
	size_t alen = strlen(n->typed), blen = strlen(name);
	size_t d;

	if (alen == 0 || alen > NEAREST_LEN_MAX || blen > NEAREST_LEN_MAX)
		return;
	d = distance(n->typed, alen, name, blen);
	if (d > 1 && d > (alen > blen ? alen : blen) / 3)
		return;
	if (n->best == NULL || d < n->distance) {
		n->best = name;
		n->distance = d;
	}
}
