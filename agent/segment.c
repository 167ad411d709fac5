/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/crc32c.h"

#define NAME_DIGITS 16
#define BLOCK 4096 /* bytes given up for one unreadable place of the disk */

static const char magic[8] = {'F', 'W', 'L', 'O', 'G', 'S', 'P', 'L'};

static const char end_magic[8] = {'F', 'W', 'L', 'O', 'G', 'E', 'N', 'D'};

/* Magic, format, epoch, first seq, created, n, n sources of 22 bytes, CRC. */
_Static_assert(8 + 2 + 3 * 8 + 2 + SPOOL_SOURCES_MAX * 22 + 4 <= SEGMENT_HEADER,
    "the sources fit into the header");
_Static_assert(SPOOL_SEGMENT_MIN >= SEGMENT_HEADER + FRAME_MAX + 4 + SEGMENT_LOSS_ROOM,
    "a full batch fits into the smallest segment");

struct segment_io segment_io = {
    .pwrite = pwrite,
    .fdatasync = fdatasync,
    .fallocate = posix_fallocate,
};

void
segment_name(uint64_t number, char name[SEGMENT_NAME_MAX])
{
	snprintf(name, SEGMENT_NAME_MAX, "%0*" PRIu64 ".seg", NAME_DIGITS,
	    number % (SEGMENT_NUMBER_MAX + UINT64_C(1)));
}

uint64_t
segment_name_number(const char *name)
{
	uint64_t number = 0;

	if (strlen(name) != NAME_DIGITS + 4 || strcmp(name + NAME_DIGITS, ".seg") != 0)
		return 0;
	for (int i = 0; i < NAME_DIGITS; i++) {
		if (name[i] < '0' || name[i] > '9')
			return 0;
		number = number * 10 + (uint64_t)(name[i] - '0');
	}
	return number <= SEGMENT_NUMBER_MAX ? number : 0;
}

int
segment_write(int fd, uint64_t offset, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len > 0) {
		ssize_t n = segment_io.pwrite(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ENOSPC;
		if (n <= 0)
			return -1;
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static void
header_encode(const struct segment_header *h, uint8_t page[SEGMENT_HEADER])
{
	struct writer w = writer_of(page, SEGMENT_HEADER);

	memset(page, 0, SEGMENT_HEADER);
	put_bytes(&w, magic, sizeof magic);
	put_u16(&w, SEGMENT_FORMAT);
	put_u64(&w, h->epoch);
	put_u64(&w, h->first_seq);
	put_u64(&w, h->created_us);
	put_u16(&w, h->sources);
	for (uint16_t i = 0; i < h->sources; i++) {
		put_u64(&w, h->source[i].source.bind_id);
		put_u16(&w, h->source[i].source.group);
		put_u32(&w, h->source[i].source.kseq);
		put_u64(&w, h->source[i].last_ts_us);
	}
	put_u32(&w, crc32c(0, page, (size_t)(w.at - page)));
}

static bool
header_decode(const uint8_t *page, size_t len, struct segment_header *h)
{
	struct reader r = reader_of(page, len);
	const uint8_t *m = get_bytes(&r, sizeof magic);
	uint16_t format = get_u16(&r);

	if (m == NULL || memcmp(m, magic, sizeof magic) != 0 ||
	    format != SEGMENT_FORMAT)
		return false;
	h->epoch = get_u64(&r);
	h->first_seq = get_u64(&r);
	h->created_us = get_u64(&r);
	h->sources = get_u16(&r);
	if (r.bad || h->sources > SPOOL_SOURCES_MAX)
		return false;
	for (uint16_t i = 0; i < h->sources; i++) {
		h->source[i].source.bind_id = get_u64(&r);
		h->source[i].source.group = get_u16(&r);
		h->source[i].source.kseq = get_u32(&r);
		h->source[i].last_ts_us = get_u64(&r);
	}
	size_t covered = (size_t)(r.at - page);
	uint32_t crc = get_u32(&r);

	return !r.bad && crc == crc32c(0, page, covered) && h->epoch != 0 &&
	       h->epoch <= INT64_MAX && h->first_seq != 0 &&
	       h->first_seq < SEGMENT_SEQ_MAX;
}

static int
fallocate_all(int fd, uint64_t size)
{
	int error;

	do
		error = segment_io.fallocate(fd, 0, (off_t)size);
	while (error == EINTR);
	if (error != 0)
		errno = error;
	return error == 0 ? 0 : -1;
}

int
segment_create(int dir, uint64_t number, uint64_t size, const struct segment_header *h)
{
	char name[SEGMENT_NAME_MAX];
	uint8_t page[SEGMENT_HEADER];

	segment_name(number, name);
	int fd =
	    openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	header_encode(h, page);
	if (fallocate_all(fd, size) < 0 ||
	    segment_write(fd, 0, page, sizeof page) < 0) {
		int error = errno;

		unlinkat(dir, name, 0);
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

int
segment_cut(int fd, const struct segment_header *h)
{
	uint8_t page[SEGMENT_HEADER];

	header_encode(h, page);
	if (segment_write(fd, 0, page, sizeof page) < 0)
		return -1;
	return ftruncate(fd, SEGMENT_HEADER);
}

static bool
all_zero(const uint8_t *p, size_t len)
{
	return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

enum segment_state
segment_read_header(int fd, struct segment_header *h)
{
	uint8_t page[SEGMENT_HEADER + FRAME_HEADER];
	ssize_t n = segment_read_raw(fd, 0, page, sizeof page);

	if (n < 0)
		return SEGMENT_BAD;
	if (header_decode(page, n < SEGMENT_HEADER ? (size_t)n : SEGMENT_HEADER, h))
		return SEGMENT_OK;
	return all_zero(page, (size_t)n) ? SEGMENT_BLANK : SEGMENT_BAD;
}

int
segment_write_end(int fd, uint64_t offset, uint64_t epoch, uint64_t next)
{
	uint8_t mark[SEGMENT_END_MARK];
	struct writer w = writer_of(mark, sizeof mark);

	put_u32(&w, 0);
	put_bytes(&w, end_magic, sizeof end_magic);
	put_u64(&w, epoch);
	put_u64(&w, next);
	put_u32(&w, crc32c(0, mark, (size_t)(w.at - mark)));
	return segment_write(fd, offset, mark, sizeof mark);
}

bool
segment_read_end(int fd, uint64_t size, const struct segment_header *h, uint64_t *next)
{
	uint8_t mark[SEGMENT_END_MARK];
	struct reader r = reader_of(mark, sizeof mark);

	if (size < SEGMENT_HEADER + SEGMENT_END_MARK ||
	    segment_read_raw(fd, size - sizeof mark, mark, sizeof mark) != sizeof mark)
		return false;
	uint32_t zero = get_u32(&r);
	const uint8_t *m = get_bytes(&r, sizeof end_magic);
	uint64_t epoch = get_u64(&r);

	*next = get_u64(&r);
	return zero == 0 && memcmp(m, end_magic, sizeof end_magic) == 0 &&
	       epoch == h->epoch && *next >= h->first_seq &&
	       *next - h->first_seq < SEGMENT_NUMBERS_MAX &&
	       get_u32(&r) == crc32c(0, mark, sizeof mark - 4);
}

ssize_t
segment_read_raw(int fd, uint64_t offset, void *data, size_t len)
{
	uint8_t *p = data;
	size_t have = 0;

	while (have < len) {
		ssize_t n = pread(fd, p + have, len - have, (off_t)(offset + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EIO) {
			/* A bad place on the disk reads as zeros: damage, no dead end.
			 */
			size_t skip = BLOCK - (offset + have) % BLOCK;

			n = (ssize_t)(skip < len - have ? skip : len - have);
			memset(p + have, 0, (size_t)n);
		}
		if (n < 0)
			return have > 0 ? (ssize_t)have : -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}
