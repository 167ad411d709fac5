/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/import_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define RAW_SIZE (256u << 10)            /* bytes read at once */
#define TEXT_SIZE (4u * IMPORT_LINE_MAX) /* bytes of the window */

enum packing { PLAIN, GZIP, ZSTD };

struct import_input {
	const char *name;
	int fd;
	enum packing packing;
	struct stat stat;
	int64_t taken; /* bytes of the file */
	bool ended, failed;
	bool between; /* compressed parts: an end here is no cut */
	z_stream gzip;
	ZSTD_DStream *zstd;
	uint8_t *raw; /* of the file, where it is compressed */
	size_t raw_at, raw_len;
	char *text; /* window: what is not given out yet lies from at to len */
	size_t at, len;
};

static int
input_failed(struct import_input *in, const char *why)
{
	fprintf(stderr, "fwlogctl: %s: %s\n", in->name, why);
	in->failed = true;
	return -1;
}

static ssize_t
read_file(struct import_input *in, void *to, size_t size)
{
	ssize_t n;

	do {
		n = read(in->fd, to, size);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return input_failed(in, strerror(errno));
	in->taken += n;
	return n;
}

static int
refill_raw(struct import_input *in)
{
	ssize_t n;

	if (in->raw_at < in->raw_len)
		return 0;
	n = read_file(in, in->raw, RAW_SIZE);
	if (n < 0)
		return -1;
	in->raw_at = 0;
	in->raw_len = (size_t)n;
	in->ended = n == 0;
	return 0;
}

/* Several compressed parts may follow each other in one file. */
static int
unpack_gzip(struct import_input *in, char *to, size_t size)
{
	int rc;

	in->gzip.next_in = in->raw + in->raw_at;
	in->gzip.avail_in = (uInt)(in->raw_len - in->raw_at);
	in->gzip.next_out = (Bytef *)to;
	in->gzip.avail_out = (uInt)size;
	rc = inflate(&in->gzip, Z_NO_FLUSH);
	in->raw_at = in->raw_len - in->gzip.avail_in;
	in->between = rc == Z_STREAM_END;
	if (rc == Z_STREAM_END)
		rc = inflateReset(&in->gzip);
	if (rc != Z_OK && rc != Z_BUF_ERROR)
		return input_failed(in, "damaged: gzip cannot read on");
	return (int)(size - in->gzip.avail_out);
}

static int
unpack_zstd(struct import_input *in, char *to, size_t size)
{
	ZSTD_inBuffer from = {in->raw, in->raw_len, in->raw_at};
	ZSTD_outBuffer out = {to, size, 0};
	size_t rc = ZSTD_decompressStream(in->zstd, &out, &from);

	in->raw_at = from.pos;
	if (ZSTD_isError(rc))
		return input_failed(in, ZSTD_getErrorName(rc));
	in->between = rc == 0;
	return (int)out.pos;
}

static int
unpack(struct import_input *in, char *to, size_t size)
{
	int n = 0;

	while (n == 0 && !in->ended) {
		if (refill_raw(in) < 0)
			return -1;
		if (in->ended)
			break;
		n = in->packing == GZIP ? unpack_gzip(in, to, size)
					: unpack_zstd(in, to, size);
	}
	if (n == 0 && in->ended && !in->between)
		return input_failed(in, "it is cut off");
	return n;
}

/* More text behind what is there. 0 also at the end; -1. */
static int
refill(struct import_input *in)
{
	size_t size;
	ssize_t n;

	if (in->ended || in->failed)
		return in->failed ? -1 : 0;
	if (in->at > 0) {
		memmove(in->text, in->text + in->at, in->len - in->at);
		in->len -= in->at;
		in->at = 0;
	}
	size = TEXT_SIZE - in->len;
	if (size > RAW_SIZE)
		size = RAW_SIZE;
	if (in->packing == PLAIN) {
		n = read_file(in, in->text + in->len, size);
		in->ended = n == 0;
	} else {
		n = unpack(in, in->text + in->len, size);
	}
	if (n < 0)
		return -1;
	in->len += (size_t)n;
	return 0;
}

int
import_input_line(struct import_input *in, struct span *line)
{
	size_t looked = 0, there;
	const char *end;

	for (;;) {
		there = in->len - in->at;
		end = memchr(in->text + in->at + looked, '\n', there - looked);
		if (end != NULL || there >= IMPORT_LINE_MAX || in->ended)
			break;
		looked = there;
		if (refill(in) < 0)
			return -1;
	}
	if (end == NULL && there == 0)
		return in->failed ? -1 : 0;
	if (end == NULL && there > IMPORT_LINE_MAX)
		there = IMPORT_LINE_MAX;
	line->p = in->text + in->at;
	line->len = end != NULL ? (size_t)(end - line->p) : there;
	in->at += line->len + (end != NULL);
	if (line->len > 0 && line->p[line->len - 1] == '\r')
		line->len--;
	return 1;
}

int
import_input_bytes(struct import_input *in, size_t len, struct span *bytes)
{
	if (len > IMPORT_LINE_MAX)
		return input_failed(in, "damaged: a length that cannot be");
	while (in->len - in->at < len && !in->ended)
		if (refill(in) < 0)
			return -1;
	if (in->len - in->at < len)
		return in->failed ? -1 : 0;
	*bytes = (struct span){in->text + in->at, len};
	in->at += len;
	return 1;
}

struct span
import_input_peek(struct import_input *in, size_t len)
{
	while (in->len - in->at < len && !in->ended)
		if (refill(in) < 0)
			break;
	if (len > in->len - in->at)
		len = in->len - in->at;
	return (struct span){in->text + in->at, len};
}

/* By what it begins with; the bytes are the first of the window or of the raw buffer.
 */
static int
find_packing(struct import_input *in)
{
	static const uint8_t gzip[] = {0x1f, 0x8b}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
	size_t have = 0;
	ssize_t n = 1;

	while (have < sizeof zstd && n > 0) {
		n = read_file(in, in->raw + have, RAW_SIZE - have);
		if (n < 0)
			return -1;
		have += (size_t)n;
	}
	in->raw_len = have;
	in->between = true;
	if (have >= 2 && memcmp(in->raw, gzip, 2) == 0) {
		in->packing = GZIP;
		return inflateInit2(&in->gzip, 15 + 16) == Z_OK ? 0 : -1;
	}
	if (have >= 4 && memcmp(in->raw, zstd, 4) == 0) {
		in->packing = ZSTD;
		in->zstd = ZSTD_createDStream();
		return in->zstd != NULL ? 0 : -1;
	}
	memcpy(in->text, in->raw, have);
	in->len = have;
	return 0;
}

struct import_input *
import_input_open(const char *name)
{
	struct import_input *in = calloc(1, sizeof *in);

	if (in == NULL)
		goto memory;
	in->name = strcmp(name, "-") == 0 ? "standard input" : name;
	in->raw = malloc(RAW_SIZE);
	in->text = malloc(TEXT_SIZE);
	if (in->raw == NULL || in->text == NULL)
		goto memory;
	in->fd = strcmp(name, "-") == 0 ? dup(STDIN_FILENO)
					: open(name, O_RDONLY | O_CLOEXEC);
	if (in->fd < 0 || fstat(in->fd, &in->stat) < 0) {
		input_failed(in, strerror(errno));
	} else if (S_ISDIR(in->stat.st_mode)) {
		input_failed(in, "is a directory");
	} else if (find_packing(in) == 0) {
		return in;
	} else if (!in->failed) {
		input_failed(in, "out of memory");
	}
	import_input_close(in);
	return NULL;
memory:
	fputs("fwlogctl: out of memory\n", stderr);
	import_input_close(in);
	return NULL;
}

void
import_input_close(struct import_input *in)
{
	if (in == NULL)
		return;
	if (in->packing == GZIP)
		inflateEnd(&in->gzip);
	ZSTD_freeDStream(in->zstd);
	if (in->fd > 0)
		close(in->fd);
	free(in->raw);
	free(in->text);
	free(in);
}

int64_t
import_input_mtime(const struct import_input *in)
{
	return S_ISREG(in->stat.st_mode) ? in->stat.st_mtime : time(NULL);
}

int
import_input_percent(const struct import_input *in)
{
	if (!S_ISREG(in->stat.st_mode) || in->stat.st_size == 0)
		return -1;
	return (int)(in->taken * 100 / in->stat.st_size);
}
