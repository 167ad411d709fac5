/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into a daemon, makes chosen calls fail. The file that FWLOG_FAULTS names is
 * shared with the test: for each call of FAULTS, in this order, four 32-bit integers in
 * the machine's order: calls to let pass first, calls to fail then, the error, and how
 * many were failed. An error of -1 is a short write. Child processes share it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum fault { PWRITE, FDATASYNC, FALLOCATE, OPENAT, ACCEPT, MEMORY, FAULTS };

struct plan {
	_Atomic int32_t pass, fail;
	int32_t error;
	_Atomic int32_t failed;
};
static struct plan *plans;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static void __attribute__((constructor)) map_plans(void)
{
	const char *path = getenv("FWLOG_FAULTS");
	int fd =
	    path == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR, 0);
	void *p;

	if (fd < 0)
		return;
	p = mmap(
	    NULL, FAULTS * sizeof *plans, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		plans = p;
}

/* The error this call is to fail with; 0: none. */
static int
fault(enum fault call)
{
	struct plan *p;

	if (plans == NULL)
		return 0;
	p = &plans[call];
	if (atomic_load(&p->fail) <= 0 || atomic_fetch_sub(&p->pass, 1) > 0)
		return 0;
	if (atomic_fetch_sub(&p->fail, 1) <= 0)
		return 0;
	atomic_fetch_add(&p->failed, 1);
	return p->error;
}

static int
fails(enum fault call)
{
	int error = fault(call);

	if (error > 0)
		errno = error;
	return error;
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	int error = fails(PWRITE);

	if (error > 0)
		return -1;
	if (error < 0 && len > 1)
		len /= 2;
	return syscall(SYS_pwrite64, fd, data, len, at);
}

int
fdatasync(int fd)
{
	return fails(FDATASYNC) > 0 ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int
posix_fallocate(int fd, off_t at, off_t len)
{
	int error = fault(FALLOCATE);

	if (error > 0)
		return error;
	return syscall(SYS_fallocate, fd, 0, at, len) < 0 ? errno : 0;
}

int
openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if ((flags & O_CREAT) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (fails(OPENAT) > 0)
		return -1;
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

int
accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	if (fails(ACCEPT) > 0)
		return -1;
	return (int)syscall(SYS_accept4, fd, sa, len, flags);
}

void *
malloc(size_t size)
{
	return fails(MEMORY) > 0 ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails(MEMORY) > 0 ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
	return fails(MEMORY) > 0 ? NULL : __libc_realloc(old, size);
}
