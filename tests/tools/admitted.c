/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * admitted: an agent that was let in and turned hostile. Every frame it sends is right;
 * what it says is meant to fill the database and to hold up others.
 *
 * --name NAME says, over a plain connection: a record of each day since 2000-01-01 and
 * of times that are none; --strings N records, each with a prefix, an interface and a
 * namespace never seen before, byte for byte awkward; --losses N losses of absurd size
 * at absurd times; counters with odd names. Ends with 0 when all of it is acknowledged.
 *
 * --key FILE --silent N holds N sealed connections with that key, each of which proves
 * who it is and says half a HELLO; opens another for each that is closed. After
 * --seconds it prints how many it opened and how many were open at once at the end.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/batch.h"
#include "common/keyfile.h"
#include "common/message.h"

#define SILENT_MAX 1000
#define WAIT_SECONDS 60 /* for the collector's answers */
#define DAY_US UINT64_C(86400000000)
#define FIRST_DAY UINT64_C(10957) /* 2000-01-01 */
#define OF_A_BATCH 160            /* records, of three strings each */

static struct {
	const char *path, *name, *key;
	uint64_t strings, losses, silent, seconds;
	int fd;
	uint64_t epoch, seq; /* next */
	uint64_t records, frames;
	struct batch_writer *writer;
} a = {.strings = 50000, .losses = 2000, .seconds = 5, .seq = 1};

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("admitted: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

static int
dial(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct timeval wait = {.tv_sec = WAIT_SECONDS};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(a.path) >= sizeof un.sun_path)
		fail("%s: no such socket", a.path);
	memcpy(un.sun_path, a.path, strlen(a.path) + 1);
	if (connect(fd, (struct sockaddr *)&un, sizeof un) < 0)
		fail("%s: %s", a.path, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	return fd;
}

static void
say(const void *data, size_t len)
{
	const uint8_t *p = data;
	ssize_t n;

	for (; len > 0; p += n, len -= (size_t)n) {
		n = send(a.fd, p, len, MSG_NOSIGNAL);
		if (n <= 0)
			fail("the collector has closed after %llu frames: %s",
			    (unsigned long long)a.frames, strerror(errno));
	}
	a.frames++;
}

/* The next frame, in memory that holds until the next call. */
static struct frame
hear(void)
{
	static uint8_t in[1 << 17];
	static size_t held, taken;
	struct frame f;
	const char *why;
	ssize_t n;
	long size;

	memmove(in, in + taken, held - taken);
	held -= taken;
	while ((size = frame_parse(in, held, &f, &why)) == 0) {
		n = recv(a.fd, in + held, sizeof in - held, 0);
		if (n <= 0)
			fail(
			    "no answer after frame %llu", (unsigned long long)a.frames);
		held += (size_t)n;
	}
	if (size < 0)
		fail("%s", why);
	taken = (size_t)size;
	return f;
}

static size_t
make_hello(uint8_t *out, size_t size, const char *name)
{
	static struct hello hello;
	struct writer w = writer_of(out, size);

	hello = (struct hello){.version = PROTOCOL_VERSION,
	    .software = "admitted\x1b[2J",
	    .system = "'; DROP TABLE",
	    .time_us = UINT64_MAX,
	    .epochs = 1,
	    .epoch = {{a.epoch, 1}}};
	snprintf(hello.name, sizeof hello.name, "%s", name);
	message_put_hello(&w, &hello);
	return size - w.left;
}

/* ---- records */

static void
put_record(uint64_t ts_us, const char *string, size_t len)
{
	struct record rec = {0};
	int prefix = batch_intern(a.writer, string, len);
	int in = batch_intern(a.writer, string, len > 1 ? len - 1 : len);
	int netns = batch_intern(a.writer, string + 1, len > 1 ? len - 1 : len);

	if (prefix < 0 || in < 0 || netns < 0)
		fail("too many strings");
	RECORD_SET(&rec, ts_us, ts_us);
	RECORD_SET(&rec, prefix, (uint16_t)prefix);
	RECORD_SET(&rec, in, (uint16_t)in);
	RECORD_SET(&rec, netns, (uint16_t)netns);
	if (batch_add(a.writer, &rec) < 0)
		fail("too many records");
}

static void
send_batch(void)
{
	struct batch_head head = {.epoch = a.epoch, .first_seq = a.seq};
	struct bytes_view v;

	head.count = batch_count(a.writer);
	v = batch_finish(a.writer, &head);
	say(v.p, v.len);
	a.seq += head.count;
	a.records += head.count;
	batch_begin(a.writer);
}

static void
send_days(void)
{
	static const uint64_t odd[] = {0, 1, DAY_US * 200000, INT64_MAX, UINT64_MAX};
	uint64_t today = (uint64_t)time(NULL) * 1000000 / DAY_US;

	for (uint64_t day = FIRST_DAY; day <= today + 10; day++)
		put_record(day * DAY_US, "DAY ", 4);
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
		put_record(odd[i], "ODD ", 4);
	send_batch();
}

/* As long as a rule's prefix may be, no text, the same at the beginning. */
static void
send_strings(void)
{
	char string[128];

	memset(string, 0xe2, sizeof string);
	for (uint64_t i = 0; i < a.strings; i++) {
		snprintf(string + 100, sizeof string - 100, "%llu %llu",
		    (unsigned long long)a.epoch % 100000, (unsigned long long)i);
		put_record((uint64_t)time(NULL) * 1000000, string, sizeof string - 1);
		if ((i + 1) % OF_A_BATCH == 0)
			send_batch();
	}
	if (batch_count(a.writer) > 0)
		send_batch();
}

/* ---- losses, counters */

static void
send_losses(void)
{
	static const uint64_t times[] = {0, 1, INT64_MAX, UINT64_MAX};
	uint8_t frame[256];

	for (unsigned i = 0; i < a.losses; i++) {
		struct writer w = writer_of(frame, sizeof frame);
		struct loss loss = {.epoch = a.epoch,
		    .first_seq = a.seq,
		    .count = UINT32_MAX,
		    .bind_id = i % 2 ? UINT64_MAX : 0,
		    .group = UINT16_MAX,
		    .cause = 1 + i % (LOSS_CAUSE_END - 1),
		    .records = i % 3 ? INT64_MAX : LOSS_RECORDS_UNKNOWN,
		    .from_us = times[i % 4],
		    .to_us = times[i / 4 % 4]};

		message_put_loss(&w, &loss);
		say(frame, sizeof frame - w.left);
		a.seq += UINT32_MAX;
	}
}

static void
send_stats(void)
{
	static const char *const odd[] = {
	    "", "\"}]'::jsonb", "\\", "\xff\xfe", "\x01", "spool_bytes", "spool_bytes"};
	static struct stats stats = {.time_us = UINT64_MAX};
	uint8_t frame[4096];

	while (stats.count < sizeof odd / sizeof odd[0]) {
		snprintf(stats.entry[stats.count].name, sizeof stats.entry[0].name,
		    "%s", odd[stats.count]);
		stats.entry[stats.count++].value = UINT64_MAX;
	}
	for (int i = 0; i < 100; i++) {
		struct writer w = writer_of(frame, sizeof frame);

		message_put_stats(&w, &stats);
		say(frame, sizeof frame - w.left);
	}
}

static void
turn_hostile(void)
{
	static uint8_t hello[FRAME_HEADER + FRAME_CONTROL_MAX];
	struct ack ack = {.seq = 0};
	const char *why;

	a.fd = dial();
	say(hello, make_hello(hello, sizeof hello, a.name));
	if (hear().type != FRAME_WELCOME)
		fail("not welcome");
	a.writer = batch_writer_new(0);
	if (a.writer == NULL)
		fail("no memory");
	batch_begin(a.writer);
	send_days();
	send_stats();
	send_strings();
	send_losses();
	while (ack.seq < a.seq - 1) {
		struct frame f = hear();

		if (f.type == FRAME_BYE)
			fail("the collector said goodbye");
		if (f.type == FRAME_ACK &&
		    message_get_ack(f.payload, f.len, &ack, &why) < 0)
			fail("%s", why);
	}
	printf("{\"records\": %llu, \"losses\": %llu}\n", (unsigned long long)a.records,
	    (unsigned long long)a.losses);
	batch_writer_free(a.writer);
}

/* ---- silent connections of one key */

/* Proves who it is; -1 when it was closed meanwhile. */
static int
open_silent(const struct key *key)
{
	static struct noise_stream noise;
	static uint8_t hello[NOISE_HELLO_SIZE], reply[NOISE_REPLY_SIZE], sealed[64];
	struct noise_input in = {reply, sizeof reply};
	struct noise_output out;
	size_t len;
	int fd = dial();

	if (noise_stream_connect(&noise, key->id, key->secret, hello) < 0)
		fail("no random numbers");
	if (send(fd, hello, sizeof hello, MSG_NOSIGNAL) == (ssize_t)sizeof hello &&
	    recv(fd, reply, sizeof reply, MSG_WAITALL) == (ssize_t)sizeof reply &&
	    noise_stream_receive(&noise, &in, &out) == NOISE_READY) {
		len = noise_stream_seal(&noise, "\0\0", 2, sealed, sizeof sealed);
		if (send(fd, sealed, len, MSG_NOSIGNAL) == (ssize_t)len)
			return fd;
	}
	close(fd);
	return -1;
}

static bool
is_closed(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void
stay_silent(void)
{
	static int fd[SILENT_MAX];
	time_t end = time(NULL) + (time_t)a.seconds;
	unsigned long long opened = 0, open = 0;
	char why[KEYFILE_WHY_SIZE];
	struct keyfile *keys = keyfile_load(a.key, why, sizeof why);

	if (keys == NULL)
		fail("%s", why);
	for (uint64_t i = 0; i < a.silent; i++)
		fd[i] = -1;
	while (time(NULL) < end) {
		for (uint64_t i = 0; i < a.silent; i++) {
			if (fd[i] >= 0 && is_closed(fd[i])) {
				close(fd[i]);
				fd[i] = -1;
			}
			if (fd[i] < 0) {
				fd[i] = open_silent(keyfile_at(keys, 0));
				opened++;
			}
		}
		poll(NULL, 0, 200);
	}
	poll(NULL, 0, 500); /* the last of them are told */
	for (uint64_t i = 0; i < a.silent; i++)
		open += fd[i] >= 0 && !is_closed(fd[i]);
	printf("{\"opened\": %llu, \"open\": %llu}\n", opened, open);
	keyfile_free(keys);
}

/* ---- arguments */

static uint64_t
number(const char *text, uint64_t max)
{
	char *end;
	unsigned long long v = strtoull(text, &end, 10);

	if (end == text || *end != '\0' || v == 0 || v > max)
		fail("%s: a number from 1 to %llu", text, (unsigned long long)max);
	return v;
}

static void
arguments(int argc, char **argv)
{
	static const struct option options[] = {{"collector", 1, NULL, 'c'},
	    {"name", 1, NULL, 'n'}, {"key", 1, NULL, 'k'}, {"strings", 1, NULL, 's'},
	    {"losses", 1, NULL, 'l'}, {"silent", 1, NULL, 'o'},
	    {"seconds", 1, NULL, 't'}, {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'c')
			a.path = strncmp(optarg, "unix:", 5) == 0 ? optarg + 5 : optarg;
		else if (c == 'n')
			a.name = optarg;
		else if (c == 'k')
			a.key = optarg;
		else if (c == 's')
			a.strings = number(optarg, 10000000);
		else if (c == 'l')
			a.losses = number(optarg, 1000000);
		else if (c == 'o')
			a.silent = number(optarg, SILENT_MAX);
		else if (c == 't')
			a.seconds = number(optarg, 3600);
		else
			exit(2);
	}
	if (optind != argc || a.path == NULL || (a.name == NULL) == (a.silent == 0) ||
	    (a.silent > 0 && a.key == NULL))
		fail("usage: --collector unix:PATH (--name NAME [--strings N] "
		     "[--losses N] | --key "
		     "FILE --silent N [--seconds N])");
}

int
main(int argc, char **argv)
{
	arguments(argc, argv);
	if (noise_init() < 0)
		fail("no random numbers");
	noise_random(&a.epoch, sizeof a.epoch);
	a.epoch = a.epoch >> 2 | 1;
	if (a.silent > 0)
		stay_silent();
	else
		turn_hostile();
	return 0;
}
