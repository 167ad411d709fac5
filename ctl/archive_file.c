/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/archive_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "common/crc32c.h"

#define LEVEL 9
#define LINE_MAX_BYTES 4096

struct archive_file {
	char path[PATH_MAX], temporary[PATH_MAX], directory[PATH_MAX];
	int fd;
	ZSTD_CStream *zstd;
	uint8_t *out;
	size_t out_size;
	uint32_t crc;
	uint64_t written;
};

static int
file_failed(const char *path, const char *why)
{
	fprintf(stderr, "fwlogctl: %s: %s\n", path, why);
	return -1;
}

static int
file_name(struct archive_file *f, const char *directory, const char *name)
{
	const char *slash = directory[strlen(directory) - 1] == '/' ? "" : "/";

	snprintf(f->directory, sizeof f->directory, "%s", directory);
	if (snprintf(f->path, sizeof f->path, "%s%s%s", directory, slash, name) >=
		(int)sizeof f->path ||
	    snprintf(f->temporary, sizeof f->temporary, "%s%s.%s.%ld", directory, slash,
		name, (long)getpid()) >= (int)sizeof f->temporary)
		return file_failed(directory, "the path is too long");
	if (access(f->path, F_OK) == 0)
		return file_failed(f->path, "is there already, remove it first");
	return 0;
}

static int
file_open(struct archive_file *f)
{
	f->fd = open(f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (f->fd < 0)
		return file_failed(f->temporary, strerror(errno));
	f->zstd = ZSTD_createCStream();
	f->out_size = ZSTD_CStreamOutSize();
	f->out = malloc(f->out_size);
	if (f->zstd == NULL || f->out == NULL ||
	    ZSTD_isError(
		ZSTD_CCtx_setParameter(f->zstd, ZSTD_c_compressionLevel, LEVEL)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(f->zstd, ZSTD_c_checksumFlag, 1)))
		return file_failed(f->temporary, "out of memory");
	return 0;
}

struct archive_file *
archive_file_new(const char *directory, const char *name)
{
	struct archive_file *f = calloc(1, sizeof *f);

	if (f == NULL) {
		file_failed(name, "out of memory");
		return NULL;
	}
	f->fd = -1;
	if (file_name(f, directory[0] != '\0' ? directory : ".", name) < 0 ||
	    file_open(f) < 0) {
		archive_file_free(f);
		return NULL;
	}
	return f;
}

static int
file_write(struct archive_file *f, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = write(f->fd, f->out + done, len - done);

		if (n < 0 && errno != EINTR)
			return file_failed(f->temporary, strerror(errno));
		if (n > 0)
			done += (size_t)n;
	}
	f->written += len;
	return 0;
}

static int
file_pack(
    struct archive_file *f, const void *data, size_t len, ZSTD_EndDirective directive)
{
	ZSTD_inBuffer in = {data, len, 0};
	size_t left;

	do {
		ZSTD_outBuffer out = {f->out, f->out_size, 0};

		left = ZSTD_compressStream2(f->zstd, &out, &in, directive);
		if (ZSTD_isError(left))
			return file_failed(f->temporary, ZSTD_getErrorName(left));
		if (file_write(f, out.pos) < 0)
			return -1;
	} while (directive == ZSTD_e_end ? left > 0 : in.pos < in.size);
	return 0;
}

int
archive_file_put(struct archive_file *f, const void *data, size_t len)
{
	f->crc = crc32c(f->crc, data, len);
	return file_pack(f, data, len, ZSTD_e_continue);
}

int
archive_file_print(struct archive_file *f, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof line)
		return file_failed(f->path, "a line is too long");
	return archive_file_put(f, line, (size_t)n);
}

uint32_t
archive_file_crc(const struct archive_file *f)
{
	return f->crc;
}

uint64_t
archive_file_size(const struct archive_file *f)
{
	return f->written;
}

/* A name is on the disk when its directory is. */
static int
file_sync_directory(const struct archive_file *f)
{
	int fd = open(f->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return file_failed(f->directory, strerror(errno));
	rc = fsync(fd);
	close(fd);
	return rc == 0 ? 0 : file_failed(f->directory, strerror(errno));
}

int
archive_file_finish(struct archive_file *f)
{
	int rc;

	if (file_pack(f, NULL, 0, ZSTD_e_end) < 0)
		return -1;
	if (fsync(f->fd) != 0)
		return file_failed(f->temporary, strerror(errno));
	rc = close(f->fd);
	f->fd = -1;
	if (rc != 0 || rename(f->temporary, f->path) != 0)
		return file_failed(f->path, strerror(errno));
	f->temporary[0] = '\0';
	return file_sync_directory(f);
}

void
archive_file_free(struct archive_file *f)
{
	if (f == NULL)
		return;
	if (f->fd >= 0)
		close(f->fd);
	if (f->temporary[0] != '\0')
		unlink(f->temporary);
	ZSTD_freeCStream(f->zstd);
	free(f->out);
	free(f);
}
