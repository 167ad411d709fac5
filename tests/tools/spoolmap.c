/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spoolmap SEGMENT...: what lies where in segments of a spool (docs/spool.md), for
 * tests that damage them on purpose. Reads with its own few lines, so that a fault in
 * the agent's reading cannot hide itself. Prints for each file
 *
 *   segment FILE EPOCH FIRST END          END: bytes written, headers and frames
 *   frame FILE OFFSET LENGTH TYPE FIRST COUNT [more]   more: the next one is of its
 * group
 *
 * and ends with status 1 at the first byte that does not fit.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/buf.h"

#define HEADER 4096u
#define SEGMENT_MAX (64u << 20)
#define TYPE_BATCH 3
#define TYPE_LOSS 5
#define TYPE_FILTERED 11
#define TYPE_MORE 0x80 /* bit of the type byte */

static const char *
type_name(uint8_t type)
{
	switch (type) {
	case TYPE_BATCH:
		return "batch";
	case TYPE_LOSS:
		return "loss";
	case TYPE_FILTERED:
		return "filtered";
	default:
		return NULL;
	}
}

static int
bad(const char *file, size_t at, const char *what)
{
	fprintf(stderr, "spoolmap: %s: byte %zu: %s\n", file, at, what);
	return -1;
}

/* The frame's numbers; BATCH has two bytes before them that the others have not. */
static int
print_frame(const char *file, size_t at, const uint8_t *p, size_t len)
{
	struct reader r = reader_of(p, len);
	uint32_t length = get_u32(&r), count;
	uint8_t byte = get_u8(&r), type = byte & (uint8_t)~TYPE_MORE;
	uint64_t first;

	if (type_name(type) == NULL)
		return bad(file, at, "neither BATCH, LOSS nor FILTERED");
	if (type == TYPE_BATCH)
		(void)get_u16(&r);
	(void)get_u64(&r); /* epoch */
	first = get_u64(&r);
	count = get_u32(&r);
	if (r.bad)
		return bad(file, at, "a frame too short");
	printf("frame %s %zu %zu %s %" PRIu64 " %" PRIu32 "%s\n", file, at,
	    (size_t)length + 4, type_name(type), first, count,
	    byte != type ? " more" : "");
	return 0;
}

static int
map(const char *file, const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size < HEADER ? 0 : HEADER);
	size_t at = HEADER;
	uint64_t epoch, first;
	uint32_t length;

	(void)get_u64(&r); /* magic */
	(void)get_u16(&r);
	epoch = get_u64(&r);
	first = get_u64(&r);
	if (r.bad)
		return bad(file, 0, "no header");
	while (size - at >= 4) {
		struct reader f = reader_of(data + at, 4);

		length = get_u32(&f);
		if (length == 0)
			break;
		if (length > size - at - 4)
			return bad(file, at, "a frame beyond the end");
		if (print_frame(file, at, data + at, length + 4u) < 0)
			return -1;
		at += length + 4u;
	}
	printf("segment %s %" PRIu64 " %" PRIu64 " %zu\n", file, epoch, first, at);
	return 0;
}

int
main(int argc, char **argv)
{
	uint8_t *data = malloc(SEGMENT_MAX);
	int rc = argc < 2 || data == NULL;

	for (int i = 1; i < argc && rc == 0; i++) {
		FILE *f = fopen(argv[i], "re");
		size_t size;

		if (f == NULL) {
			perror(argv[i]);
			rc = 1;
			break;
		}
		size = fread(data, 1, SEGMENT_MAX, f);
		fclose(f);
		rc = map(argv[i], data, size) < 0;
	}
	free(data);
	return rc;
}
