/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks of a few sizes from memory with a limit, for groups and their windows. Memory
 * of a size nobody uses any more serves other sizes again. Blocks above SLAB_BLOCK_MAX
 * are malloc's, and count, too.
 */
#ifndef FWLOG_COLLECTOR_ALERT_GROUP_SLAB_H
#define FWLOG_COLLECTOR_ALERT_GROUP_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLAB_CHUNK 65536
#define SLAB_BLOCK_MAX 32768
#define SLAB_CLASSES 20
#define SLAB_ALIGN 32 /* of blocks */

struct slab_chunk {
	uint32_t next, prev; /* with room, of the same class; index + 1 */
	uint16_t used, class;
	uint16_t free;  /* first free block + 1 */
	uint16_t fresh; /* blocks that were never used begin here */
};

struct slab {
	uint8_t *arena;
	struct slab_chunk *chunk;
	uint32_t chunks, touched; /* all, those ever used */
	uint32_t idle; /* list of chunks that were used and are free; index + 1 */
	uint32_t in_use;
	uint32_t room[SLAB_CLASSES]; /* lists of chunks with room; index + 1 */
	size_t large, limit, bytes;  /* of malloc; in all; in blocks given out */
};

/* 0, or -1 without memory. */
int slab_init(struct slab *s, size_t limit) __attribute__((warn_unused_result));
void slab_destroy(struct slab *s); /* with all blocks but large ones */
/* What a block of that many bytes takes. */
size_t slab_size(size_t size);
/* NULL: the limit is reached. Not cleared. */
void *slab_get(struct slab *s, size_t size);
void slab_put(struct slab *s, void *block, size_t size); /* size as it was got */

#endif
