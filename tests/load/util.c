/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Failing, memory, clocks. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/load/load.h"

void
fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("fwlog-load: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

void *
take(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		fail("no memory for %zu x %zu bytes", n, size);
	return p;
}

int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

uint64_t
wall_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}
