/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define FIRST_MS 1000 /* what is done sooner needs no progress */
#define EVERY_MS 500

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
progress_begin(struct progress *p, bool quiet)
{
	*p = (struct progress){
	    .wanted = !quiet && isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO),
	    .next_ms = now_ms() + FIRST_MS,
	};
}

void
progress_tell(struct progress *p, int rows, int64_t done, int64_t all)
{
	p->rows += (uint64_t)rows;
	if (!p->wanted || now_ms() < p->next_ms)
		return;
	fprintf(stderr, "\r\033[Kfwlogctl: %d %%, %" PRIu64 " events",
	    (int)((double)done * 100 / (double)all), p->rows);
	p->shown = true;
	p->next_ms = now_ms() + EVERY_MS;
}

void
progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
}
