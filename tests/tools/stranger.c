/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stranger: comes to a sealed listener as somebody who should not get in, waits until
 * the other end closes, and prints one line of JSON: how many bytes were answered, how
 * long it took, what was said (a BYE). Exit status 0 when it was closed, 1 when it was
 * not within --seconds.
 *
 *     silence   says nothing                    random    200 random bytes
 *     half      the first half of a hello       tls, http other protocols' first bytes
 *     unknown   a hello with a key of its own   wrong     the id of --key, another
 * secret key       a hello with --key              stall     the same, then nothing
 *     record    the same, then a random record  name      the same, then HELLO as
 * --name
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/keyfile.h"

struct stranger {
	const char *kind, *to, *name;
	struct key key;
	long seconds;
	int fd;
	struct noise_stream noise;
	bool noisy; /* the answer is fed to noise */
	size_t answered;
	uint8_t frames[4096]; /* what the other end said, opened */
	size_t frames_len;
};

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("stranger: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* unix:/path or 127.0.0.1:port */
static int
connect_to(const char *to)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct sockaddr_in in = {.sin_family = AF_INET};
	const char *colon = strrchr(to, ':');
	char host[64];
	int fd;

	if (colon == NULL)
		fail("--to %s: unix:/path or ADDRESS:PORT", to);
	if (strncmp(to, "unix:", 5) == 0) {
		snprintf(un.sun_path, sizeof un.sun_path, "%s", to + 5);
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(fd, (struct sockaddr *)&un, sizeof un) == 0)
			return fd;
	} else {
		snprintf(host, sizeof host, "%.*s", (int)(colon - to), to);
		in.sin_port = htons((uint16_t)atoi(colon + 1));
		if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
			fail("--to %s: not an IPv4 address", to);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(fd, (struct sockaddr *)&in, sizeof in) == 0)
			return fd;
	}
	fail("%s: %s", to, strerror(errno));
}

static void
say(const struct stranger *s, const void *data, size_t len)
{
	/* The other end may be gone already: that is what is looked at. */
	(void)send(s->fd, data, len, MSG_NOSIGNAL);
}

static void
say_hello(struct stranger *s, size_t len)
{
	uint8_t hello[NOISE_HELLO_SIZE];

	if (noise_stream_connect(&s->noise, s->key.id, s->key.secret, hello) < 0)
		fail("no random numbers");
	say(s, hello, len < sizeof hello ? len : sizeof hello);
	s->noisy = len == sizeof hello;
}

static void
begin(struct stranger *s)
{
	/* A record of TLS 1.2 with the beginning of a ClientHello. */
	static const uint8_t tls[] = {0x16, 3, 1, 0, 0xf4, 1, 0, 0, 0xf0, 3, 3, 0x5a,
	    0x17, 0x8c, 0x21, 0x99, 0x13, 0x37, 0x42, 0x00, 0xfe, 0xed};
	static const char http[] = "GET / HTTP/1.1\r\nHost: log\r\n\r\n";
	uint8_t noise[200];

	noise_random(noise, sizeof noise);
	if (strcmp(s->kind, "random") == 0)
		say(s, noise, sizeof noise);
	else if (strcmp(s->kind, "tls") == 0)
		say(s, tls, sizeof tls);
	else if (strcmp(s->kind, "http") == 0)
		say(s, http, sizeof http - 1);
	else if (strcmp(s->kind, "half") == 0)
		say_hello(s, NOISE_HELLO_SIZE / 2);
	else if (strcmp(s->kind, "silence") != 0)
		say_hello(s, NOISE_HELLO_SIZE);
}

/* The handshake is through. */
static void
go_on(struct stranger *s)
{
	static struct hello hello;
	static uint8_t frame[FRAME_CONTROL_MAX], sealed[2 * FRAME_CONTROL_MAX];
	struct writer w = writer_of(frame, sizeof frame);
	uint8_t record[102] = {0, 100};

	if (strcmp(s->kind, "record") == 0) {
		noise_random(record + 2, sizeof record - 2);
		say(s, record, sizeof record);
	} else if (strcmp(s->kind, "name") == 0) {
		hello = (struct hello){.version = PROTOCOL_VERSION,
		    .software = "stranger",
		    .epochs = 1,
		    .epoch = {{7, 1}}};
		snprintf(hello.name, sizeof hello.name, "%s", s->name);
		message_put_hello(&w, &hello);
		say(s, sealed,
		    noise_stream_seal(&s->noise, frame, (size_t)(w.at - frame), sealed,
			sizeof sealed));
	}
}

static void
hear(struct stranger *s, uint8_t *data, size_t len)
{
	struct noise_input in = {data, len};
	struct noise_output out;
	enum noise_event event;

	s->answered += len;
	while (s->noisy &&
	       (event = noise_stream_receive(&s->noise, &in, &out)) != NOISE_MORE) {
		if (event == NOISE_FAILED)
			s->noisy = false;
		else if (event == NOISE_READY)
			go_on(s);
		else if (out.len <= sizeof s->frames - s->frames_len) {
			memcpy(s->frames + s->frames_len, out.at, out.len);
			s->frames_len += out.len;
		}
	}
}

/* Whether the other end closed in time. */
static bool
wait_closed(struct stranger *s)
{
	int64_t end = now_ms() + s->seconds * 1000;
	uint8_t data[4096];

	for (;;) {
		struct pollfd p = {.fd = s->fd, .events = POLLIN};
		int64_t left = end - now_ms();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return false;
		n = recv(s->fd, data, sizeof data, 0);
		if (n <= 0)
			return true;
		hear(s, data, (size_t)n);
	}
}

/* The reason of the BYE among what was said; "" for none. */
static const char *
said(const struct stranger *s, struct bye *bye)
{
	size_t at = 0;
	const char *why;
	struct frame f;
	long n;

	*bye = (struct bye){0};
	while ((n = frame_parse(s->frames + at, s->frames_len - at, &f, &why)) > 0) {
		at += (size_t)n;
		if (f.type == FRAME_BYE &&
		    message_get_bye(f.payload, f.len, bye, &why) < 0)
			return why;
	}
	return bye->reason;
}

static void
take_key(struct stranger *s, const char *path)
{
	char why[KEYFILE_WHY_SIZE];
	struct keyfile *keys = keyfile_load(path, why, sizeof why);

	if (keys == NULL)
		fail("%s", why);
	s->key = *keyfile_at(keys, 0);
	keyfile_free(keys);
}

static void
arguments(struct stranger *s, int argc, char **argv)
{
	static const struct option options[] = {{"to", 1, NULL, 't'},
	    {"kind", 1, NULL, 'k'}, {"key", 1, NULL, 'f'}, {"name", 1, NULL, 'n'},
	    {"seconds", 1, NULL, 's'}, {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 't')
			s->to = optarg;
		else if (c == 'k')
			s->kind = optarg;
		else if (c == 'f')
			take_key(s, optarg);
		else if (c == 'n')
			s->name = optarg;
		else if (c == 's')
			s->seconds = atol(optarg);
		else
			exit(2);
	}
	if (s->to == NULL || s->kind == NULL || optind != argc)
		fail("usage: --to ADDRESS --kind KIND [--key FILE] [--name NAME] "
		     "[--seconds N]");
	if (strcmp(s->kind, "wrong") == 0)
		noise_random(s->key.secret, sizeof s->key.secret);
}

int
main(int argc, char **argv)
{
	static struct stranger s = {.name = "stranger", .seconds = 15};
	struct bye bye;
	int64_t start;
	bool closed;

	if (key_generate(&s.key, "stranger") < 0)
		fail("no random numbers");
	arguments(&s, argc, argv);
	s.fd = connect_to(s.to);
	start = now_ms();
	begin(&s);
	closed = wait_closed(&s);
	printf("{\"kind\": \"%s\", \"bytes\": %zu, \"closed\": %s, \"ms\": %lld, "
	       "\"said\": \"%s\"}\n",
	    s.kind, s.answered, closed ? "true" : "false",
	    (long long)(now_ms() - start), said(&s, &bye));
	return closed ? 0 : 1;
}
