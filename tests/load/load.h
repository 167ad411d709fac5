/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlog-load: many agents in one process. Each speaks the whole protocol
 * (docs/protocol.md) to a collector: HELLO, WELCOME, batches from the mark on with a
 * window of unacknowledged ones, STATS, and again from the start when the connection
 * ends. Batches are made once and only renumbered, so that the collector is what is
 * measured. With --keys DIR each agent is sealed with DIR/NAME.key, else plain. Ends
 * when everything is acknowledged (0) or the time is over (1) and prints one line of
 * JSON.
 *
 * Here: what all agents share, and what all files need. Nothing is freed, the process
 * ends with the load.
 */
#ifndef FWLOG_TESTS_LOAD_LOAD_H
#define FWLOG_TESTS_LOAD_LOAD_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define AGENTS_MAX 4096
#define WINDOW_MAX 64
#define TEMPLATES 8 /* different full batches; one more for the short last one */
#define IN_MAX 4096 /* bytes; nothing a collector says to us is longer */

struct agent;

struct template
{
	uint8_t *frame;
	size_t len;
	uint32_t records;
};

struct load {
	uint64_t agents, records, batch, window, seconds, level;
	const char *collector, *prefix, *keys;
	struct sockaddr_storage addr;
	socklen_t addr_len;
	struct template template[TEMPLATES + 1];
	size_t out_size;
	struct agent *agent;
	struct pollfd *poll;
	uint64_t batches; /* of one agent */
	uint64_t sent, reconnects, refused, done;
	uint32_t *latency; /* ms of each acknowledged batch */
	size_t latencies, latency_max;
};

/* options.c: fills *l from the command line; the collector's address is looked up. */
void options_read(struct load *l, int argc, char **argv);

/* records.c: the templates, out_size and batches, from records, batch and level. */
void records_make_templates(struct load *l);

/* report.c: the line of JSON. Sorts the latencies. */
void report_print(struct load *l, double seconds);

/* util.c */
/* Says why and ends the process with status 2. */
void fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* Zeroed memory; fails where there is none. */
void *take(size_t n, size_t size) __attribute__((warn_unused_result));
int64_t now_ms(void);   /* monotonic */
uint64_t wall_us(void); /* since 1970 */

#endif
