/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into an agent, notes all that it does to the files of one folder, so that
 * tests/tools/afterpower.c can tell what a power failure may leave of them. The folder
 * is $FWLOG_JOURNAL_OF, the notes are appended to $FWLOG_JOURNAL
 * (tests/torture/journal.h). What is not noted when the process is killed was not done:
 * nothing of it was synced.
 */
#include "tests/torture/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOTE_MAX (4u << 20)

static int journal = -1;
static ino_t folder;
static dev_t device;
static uint64_t syncs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t buffer[sizeof(struct note) + NOTE_MAX];

static void __attribute__((constructor)) open_journal(void)
{
	const char *path = getenv("FWLOG_JOURNAL"), *of = getenv("FWLOG_JOURNAL_OF");
	struct stat st;

	if (path == NULL || of == NULL || stat(of, &st) < 0)
		return;
	folder = st.st_ino;
	device = st.st_dev;
	journal = (int)syscall(SYS_openat, AT_FDCWD, path,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

/* One write each: whole or not there. errno stays. */
static void
note(struct note n, const void *data)
{
	int error = errno;

	if (n.len > NOTE_MAX)
		abort();
	pthread_mutex_lock(&lock);
	memcpy(buffer, &n, sizeof n);
	if (n.len > 0)
		memcpy(buffer + sizeof n, data, n.len);
	if (syscall(SYS_write, journal, buffer, sizeof n + n.len) < 0)
		abort();
	pthread_mutex_unlock(&lock);
	errno = error;
}

/* Number of the file; 0 the folder itself; false when it is not to be noted. */
static bool
is_ours(int fd, uint64_t *file)
{
	struct stat st;
	int error = errno;
	bool ours = journal >= 0 && fstat(fd, &st) == 0 && st.st_dev == device &&
		    (S_ISREG(st.st_mode) || st.st_ino == folder);

	errno = error;
	if (ours)
		*file = st.st_ino == folder ? 0 : st.st_ino;
	return ours;
}

static bool
is_folder(int dir)
{
	uint64_t file;

	return is_ours(dir, &file) && file == 0;
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	uint64_t file;

	if (is_ours(fd, &file))
		note((struct note){.kind = NOTE_WRITE,
			 .len = (uint32_t)len,
			 .file = file,
			 .at = (uint64_t)at},
		    data);
	return syscall(SYS_pwrite64, fd, data, len, at);
}

/* Files that are written once, from their beginning. */
ssize_t
write(int fd, const void *data, size_t len)
{
	uint64_t file;

	if (is_ours(fd, &file))
		note((struct note){.kind = NOTE_WRITE,
			 .len = (uint32_t)len,
			 .file = file,
			 .at = (uint64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR)},
		    data);
	return syscall(SYS_write, fd, data, len);
}

int
ftruncate(int fd, off_t size)
{
	uint64_t file;

	if (is_ours(fd, &file))
		note(
		    (struct note){
			.kind = NOTE_TRUNCATE, .file = file, .at = (uint64_t)size},
		    NULL);
	return (int)syscall(SYS_ftruncate, fd, size);
}

int
posix_fallocate(int fd, off_t at, off_t len)
{
	int rc = syscall(SYS_fallocate, fd, 0, at, len) < 0 ? errno : 0;
	uint64_t file;

	if (rc == 0 && is_ours(fd, &file))
		note((struct note){.kind = NOTE_ALLOCATE,
			 .file = file,
			 .at = (uint64_t)(at + len)},
		    NULL);
	return rc;
}

static int
sync_file(int fd, long call)
{
	struct note n = {.kind = NOTE_SYNC};
	bool ours = is_ours(fd, &n.file);
	int rc;

	if (ours) {
		n.at = __atomic_add_fetch(&syncs, 1, __ATOMIC_SEQ_CST);
		note(n, NULL);
	}
	rc = (int)syscall(call, fd);
	if (ours && rc == 0) {
		n.kind = NOTE_SYNCED;
		note(n, NULL);
	}
	return rc;
}

int
fdatasync(int fd)
{
	return sync_file(fd, SYS_fdatasync);
}

int
fsync(int fd)
{
	return sync_file(fd, SYS_fsync);
}

static void
note_open(struct note n, const char *path, bool emptied)
{
	note(n, path);
	n.kind = NOTE_TRUNCATE;
	n.len = 0;
	if (emptied)
		note(n, NULL);
}

int
openat(int dir, const char *path, int flags, ...)
{
	struct note n = {.kind = NOTE_OPEN, .len = (uint32_t)strlen(path) + 1};
	mode_t mode = 0;
	va_list ap;
	int fd;

	if ((flags & O_CREAT) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	fd = (int)syscall(SYS_openat, dir, path, flags, mode);
	if (fd >= 0 && is_folder(dir) && is_ours(fd, &n.file) && n.file != 0)
		note_open(n, path, (flags & O_TRUNC) != 0);
	return fd;
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	int rc = (int)syscall(SYS_renameat, from_dir, from, to_dir, to);
	char both[2 * NOTE_NAME];
	size_t a = strlen(from) + 1, b = strlen(to) + 1;

	if (rc < 0 || !is_folder(from_dir))
		return rc;
	if (a > NOTE_NAME || b > NOTE_NAME)
		abort();
	memcpy(both, from, a);
	memcpy(both + a, to, b);
	if (is_folder(to_dir))
		note(
		    (struct note){.kind = NOTE_RENAME, .len = (uint32_t)(a + b)}, both);
	else
		note((struct note){.kind = NOTE_UNLINK, .len = (uint32_t)a}, from);
	return rc;
}

int
unlinkat(int dir, const char *path, int flags)
{
	int rc = (int)syscall(SYS_unlinkat, dir, path, flags);

	if (rc == 0 && is_folder(dir))
		note((struct note){.kind = NOTE_UNLINK,
			 .len = (uint32_t)strlen(path) + 1},
		    path);
	return rc;
}
