/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of the canonical form, for those who show parts of a filter. */
#ifndef FWLOG_COMMON_FILTER_CANON_H
#define FWLOG_COMMON_FILTER_CANON_H

#include <stdio.h>

#include "common/filter_tree.h"

/* The values of a term, with commas between them. */
void filter_canon_values(
    const struct filter_tree *t, const struct filter_node *term, FILE *out);

/* The parts that the filter joins by AND: how many, and each, to be freed; NULL without
 * memory. With blanks between them they are the filter again. */
size_t filter_canon_parts(const struct filter_tree *t);
char *filter_canon_part(const struct filter_tree *t, size_t i);

#endif
