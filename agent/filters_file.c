/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/filters_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crc32c.h"
#include "common/message.h"

#define NEW_FILE FILTERS_FILE ".new"
#define FORMAT 1
#define HEAD 22 /* bytes: magic, format, version, length, CRC */

static const uint8_t magic[8] = "FWLOGFLT";

static void
put_head(uint8_t head[HEAD], uint32_t version, const uint8_t *document, size_t len)
{
	struct writer w = writer_of(head, HEAD);

	put_bytes(&w, magic, sizeof magic);
	put_u16(&w, FORMAT);
	put_u32(&w, version);
	put_u32(&w, (uint32_t)len);
	put_u32(&w, crc32c(crc32c(0, head, HEAD - 4), document, len));
}

static int
write_all(int fd, const uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
write_new(int at, const uint8_t head[HEAD], const uint8_t *document, size_t len)
{
	int fd = openat(
	    at, NEW_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc, error;

	if (fd < 0)
		return -1;
	rc = write_all(fd, head, HEAD);
	if (rc == 0)
		rc = write_all(fd, document, len);
	if (rc == 0)
		rc = fsync(fd);
	error = errno;
	close(fd);
	errno = error;
	return rc;
}

int
filters_file_write(
    const char *dir, uint32_t version, const uint8_t *document, size_t len)
{
	int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc, error;
	uint8_t head[HEAD];

	if (at < 0)
		return -1;
	put_head(head, version, document, len);
	rc = write_new(at, head, document, len);
	if (rc == 0)
		rc = renameat(at, NEW_FILE, at, FILTERS_FILE);
	if (rc == 0)
		rc = fsync(at);
	error = errno;
	close(at);
	errno = error;
	return rc;
}

/* All of a regular file, at most max bytes; NULL: errno. */
static uint8_t *
read_all(int fd, size_t max, size_t *len)
{
	struct stat st;
	uint8_t *data;
	ssize_t n = 1;

	errno = EINVAL;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < 0 ||
	    (uint64_t)st.st_size > max)
		return NULL;
	data = malloc((size_t)st.st_size + 1);
	for (*len = 0; data != NULL && n > 0 && *len < (size_t)st.st_size;) {
		n = read(fd, data + *len, (size_t)st.st_size - *len);
		*len += n > 0 ? (size_t)n : 0;
	}
	return data;
}

/* Whether the file is whole. */
static bool
check_head(const uint8_t *data, size_t len, uint32_t *version)
{
	struct reader r = reader_of(data, len);
	const uint8_t *m = get_bytes(&r, sizeof magic);
	uint16_t format = get_u16(&r);
	uint32_t length, crc;

	*version = get_u32(&r);
	length = get_u32(&r);
	crc = get_u32(&r);
	return !r.bad && memcmp(m, magic, sizeof magic) == 0 && format == FORMAT &&
	       *version != 0 && length == r.left &&
	       crc == crc32c(crc32c(0, data, HEAD - 4), data + HEAD, length);
}

uint8_t *
filters_file_read(
    const char *dir, uint32_t *version, size_t *len, char *why, size_t whysize)
{
	char path[4200];
	uint8_t *data = NULL;
	int fd;

	why[0] = '\0';
	snprintf(path, sizeof path, "%s/%s", dir, FILTERS_FILE);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd >= 0)
		data = read_all(fd, HEAD + FILTERS_TOTAL_MAX, len);
	if (data == NULL) {
		snprintf(why, whysize, "it cannot be read: %s", strerror(errno));
	} else if (!check_head(data, *len, version)) {
		snprintf(why, whysize, "it is damaged");
		free(data);
		data = NULL;
	} else {
		*len -= HEAD;
		memmove(data, data + HEAD, *len);
	}
	if (fd >= 0)
		close(fd);
	return data;
}
