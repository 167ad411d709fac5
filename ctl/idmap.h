/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which number of this database stands for which number of an archive. */
#ifndef FWLOG_CTL_IDMAP_H
#define FWLOG_CTL_IDMAP_H

#include <stddef.h>
#include <stdint.h>

struct idmap {
	struct {
		uint32_t from, to;
	} * pair; /* ascending by from */
	size_t pairs, size;
};

void idmap_free(struct idmap *m);
/* -1: no memory, or from is not greater than the one before. */
int idmap_add(struct idmap *m, uint32_t from, uint32_t to)
    __attribute__((warn_unused_result));
/* 0: not in it. */
uint32_t idmap_find(const struct idmap *m, uint32_t from);

#endif
