/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/group_slab.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const uint16_t class_size[SLAB_CLASSES] = {32, 64, 96, 128, 192, 256, 384, 512,
    768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576, SLAB_BLOCK_MAX};

static unsigned
class_of(size_t size)
{
	unsigned class = 0;

	while (class_size[class] < size)
		class ++;
	return class;
}

size_t
slab_size(size_t size)
{
	return size > SLAB_BLOCK_MAX ? size : class_size[class_of(size)];
}

int
slab_init(struct slab *s, size_t limit)
{
	void *arena;

	*s = (struct slab){.limit = limit};
	s->chunks = (uint32_t)(limit / SLAB_CHUNK);
	if (s->chunks == 0)
		return -1;
	s->chunk = calloc(s->chunks, sizeof *s->chunk);
	arena = mmap(NULL, (size_t)s->chunks * SLAB_CHUNK, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	s->arena = arena == MAP_FAILED ? NULL : arena;
	if (s->chunk != NULL && s->arena != NULL)
		return 0;
	slab_destroy(s);
	return -1;
}

void
slab_destroy(struct slab *s)
{
	if (s->arena != NULL)
		munmap(s->arena, (size_t)s->chunks * SLAB_CHUNK);
	free(s->chunk);
	*s = (struct slab){0};
}

static void
link_room(struct slab *s, uint32_t index)
{
	struct slab_chunk *c = &s->chunk[index];

	c->prev = 0;
	c->next = s->room[c->class];
	if (c->next != 0)
		s->chunk[c->next - 1].prev = index + 1;
	s->room[c->class] = index + 1;
}

static void
unlink_room(struct slab *s, uint32_t index)
{
	struct slab_chunk *c = &s->chunk[index];

	if (c->prev != 0)
		s->chunk[c->prev - 1].next = c->next;
	else
		s->room[c->class] = c->next;
	if (c->next != 0)
		s->chunk[c->next - 1].prev = c->prev;
}

static bool
open_chunk(struct slab *s, unsigned class)
{
	uint32_t index;

	if ((size_t)(s->in_use + 1) * SLAB_CHUNK + s->large > s->limit)
		return false;
	if (s->idle != 0) {
		index = s->idle - 1;
		s->idle = s->chunk[index].next;
	} else if (s->touched < s->chunks) {
		index = s->touched++;
	} else {
		return false;
	}
	s->in_use++;
	s->chunk[index] = (struct slab_chunk){.class = (uint16_t) class};
	link_room(s, index);
	return true;
}

static void *
get_large(struct slab *s, size_t size)
{
	void *block;

	if (size > s->limit ||
	    (size_t)s->in_use * SLAB_CHUNK + s->large > s->limit - size)
		return NULL;
	block = malloc(size);
	if (block != NULL) {
		s->large += size;
		s->bytes += size;
	}
	return block;
}

/* A free block begins with the number of the next one. */
void *
slab_get(struct slab *s, size_t size)
{
	struct slab_chunk *c;
	uint8_t *base, *block;
	unsigned class;
	uint32_t index;

	if (size > SLAB_BLOCK_MAX)
		return get_large(s, size);
	class = class_of(size);
	if (s->room[class] == 0 && !open_chunk(s, class))
		return NULL;
	index = s->room[class] - 1;
	c = &s->chunk[index];
	base = s->arena + (size_t)index * SLAB_CHUNK;
	if (c->free != 0) {
		block = base + (size_t)(c->free - 1) * class_size[class];
		memcpy(&c->free, block, sizeof c->free);
	} else {
		block = base + (size_t)c->fresh++ * class_size[class];
	}
	c->used++;
	s->bytes += class_size[class];
	if (c->free == 0 && (size_t)(c->fresh + 1) * class_size[class] > SLAB_CHUNK)
		unlink_room(s, index);
	return block;
}

static bool
is_full(const struct slab_chunk *c)
{
	return c->free == 0 &&
	       (size_t)(c->fresh + 1) * class_size[c->class] > SLAB_CHUNK;
}

void
slab_put(struct slab *s, void *block, size_t size)
{
	struct slab_chunk *c;
	size_t offset;
	uint32_t index;

	if (size > SLAB_BLOCK_MAX) {
		s->large -= size;
		s->bytes -= size;
		free(block);
		return;
	}
	offset = (size_t)((uint8_t *)block - s->arena);
	index = (uint32_t)(offset / SLAB_CHUNK);
	c = &s->chunk[index];
	s->bytes -= class_size[c->class];
	if (is_full(c))
		link_room(s, index);
	memcpy(block, &c->free, sizeof c->free);
	c->free = (uint16_t)(offset % SLAB_CHUNK / class_size[c->class] + 1);
	if (--c->used > 0)
		return;
	unlink_room(s, index);
	c->next = s->idle;
	s->idle = index + 1;
	s->in_use--;
}
