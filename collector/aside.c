/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/aside.h"

#include <stdlib.h>

#include "common/frame.h"

struct aside {
	struct batch_reader *reader;
	struct batch_writer *writer;
};

struct aside *
aside_new(void)
{
	struct aside *a = calloc(1, sizeof *a);

	if (a == NULL)
		return NULL;
	a->reader = batch_reader_new();
	a->writer = batch_writer_new(0);
	if (a->reader == NULL || a->writer == NULL) {
		aside_free(a);
		return NULL;
	}
	return a;
}

void
aside_free(struct aside *a)
{
	if (a == NULL)
		return;
	batch_reader_free(a->reader);
	batch_writer_free(a->writer);
	free(a);
}

static int
aside_string(struct aside *a, uint16_t *index)
{
	struct bytes s = batch_string(a->reader, *index);
	int at = batch_intern(a->writer, s.p, s.len);

	if (at < 0)
		return -1;
	*index = (uint16_t)at;
	return 0;
}

/* The writer has a string table of its own: indices change. */
static int
aside_add(struct aside *a, struct record *rec)
{
	batch_begin(a->writer);
#define MOVE_STR(name)                                                 \
	if (RECORD_HAS(rec, name) && aside_string(a, &rec->name) != 0) \
		return -1;
#define MOVE_U8(name)
#define MOVE_U16(name)
#define MOVE_U32(name)
#define MOVE_U64(name)
#define MOVE_BYTES(name)
#define MOVE(kind, name, meaning) MOVE_##kind(name)
	RECORD_FIELDS(MOVE)
	return batch_add(a->writer, rec);
}

struct bytes_view
aside_record(struct aside *a, const uint8_t *frame, size_t len, uint32_t index)
{
	struct bytes_view whole = {frame, len};
	struct batch_head head;
	struct record rec;
	const char *why;

	if (batch_open(a->reader, frame + FRAME_HEADER, len - FRAME_HEADER, &why) != 0)
		return whole;
	for (uint32_t i = 0; i <= index; i++)
		if (batch_next(a->reader, &rec) != 1)
			return whole;
	if (aside_add(a, &rec) != 0)
		return whole;
	head = *batch_reader_head(a->reader);
	head.first_seq += index;
	return batch_finish(a->writer, &head);
}
