/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostile: many peers at once that want to harm the collector. Peers of --mode
 *   lengths   say lengths and counts that are lies, before and after HELLO, with a
 *             checksum that fits; a peer that is closed is followed by the next
 *   slow      are silent, or send a byte now and then: of HELLO, or of a large frame
 *   deaf      send records and never read what they are told
 *   poison    send one record with each prefix and interface name of standard input,
 *             one a line in hexadecimal, and end when it is acknowledged
 * Everything random comes from --seed. Ends after --seconds or on SIGTERM and prints
 * one line: how many were opened, how many the collector closed, how many it kept for
 * too long, and the longest time it left one open that had said its lies.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/batch.h"
#include "common/crc32c.h"
#include "common/message.h"

#define PEERS_MAX 4096
#define OUT_MAX (FRAME_HEADER + FRAME_MAX)
#define DRIP_MS 200   /* between two bytes of a slow peer */
#define HOLD_MS 20000 /* a peer the collector keeps is given up after this */
#define EPOCH 5       /* of all peers */
#define LINE_BYTES RECORD_STRING_MAX
#define AT_NUMBERS (FRAME_HEADER + 2) /* where a batch has its epoch and first seq */

enum mode { LENGTHS, SLOW, DEAF, POISON, MODES };
static const char *const mode_name[MODES] = {"lengths", "slow", "deaf", "poison"};

enum peer_state { IDLE, CONNECTING, TALKING, GREETED };

struct peer {
	enum peer_state state;
	int fd;
	bool greets;   /* begins with a HELLO that is right */
	bool offended; /* all it had to say is out, the collector has to close it */
	bool drips;
	uint64_t seq;
	int64_t opened_ms, next_ms, done_ms;
	uint8_t *out;
	size_t len, off;
};

static struct {
	enum mode mode;
	uint64_t peers, seconds, seed;
	const char *collector, *name;
	struct sockaddr_storage addr;
	socklen_t addr_len;
	struct peer *peer;
	struct pollfd *poll;
	uint8_t batch[OUT_MAX]; /* a frame that is right */
	size_t batch_len;
	uint64_t opened, closed, kept, sent, acked, count;
	int64_t longest_ms;
} h = {.peers = 64, .seconds = 10, .seed = 1, .name = "hostile"};

static volatile sig_atomic_t stopped;

static void
on_term(int number)
{
	(void)number;
	stopped = 1;
}

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("hostile: ", stderr);
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

/* xorshift64* (Vigna 2016). */
static uint64_t
random_next(void)
{
	h.seed ^= h.seed >> 12;
	h.seed ^= h.seed << 25;
	h.seed ^= h.seed >> 27;
	return h.seed * UINT64_C(2685821657736338717);
}

static size_t
random_below(size_t n)
{
	return (size_t)(random_next() % n);
}

/* ---- what is said */

static size_t
say_hello(uint8_t *out, size_t size, uint64_t number)
{
	static struct hello hello;
	struct writer w = writer_of(out, size);

	hello = (struct hello){.version = PROTOCOL_VERSION,
	    .software = "hostile",
	    .system = "hostile",
	    .epochs = 1,
	    .epoch = {{EPOCH, 1}}};
	snprintf(hello.name, sizeof hello.name, "%.40s%llu", h.name,
	    (unsigned long long)number);
	message_put_hello(&w, &hello);
	return size - w.left;
}

static void
set_crc(uint8_t *frame, size_t len)
{
	struct writer w = writer_of(frame + len - FRAME_CRC, FRAME_CRC);

	put_u32(&w, crc32c(0, frame, len - FRAME_CRC));
}

static void
set_length(uint8_t *frame, uint32_t length)
{
	struct writer w = writer_of(frame, 4);

	put_u32(&w, length);
}

/* Some integer of width 1 to 8 becomes an edge, or some bits turn. */
static void
lie(uint8_t *p, size_t len)
{
	static const uint8_t edge[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
	size_t at = random_below(len), width = (size_t)1 << random_below(4);
	uint8_t value = edge[random_below(sizeof edge)];

	if (random_below(2) == 0) {
		p[at] ^= (uint8_t)(1u << random_below(8));
		return;
	}
	for (size_t i = at; i < len && i < at + width; i++)
		p[i] = value;
}

static size_t
say_random_frame(uint8_t *out)
{
	static const uint32_t length[] = {0, 1, 2, 5, 0x7fff, FRAME_CONTROL_MAX - 1,
	    FRAME_CONTROL_MAX, FRAME_CONTROL_MAX + 1, FRAME_MAX - 1, FRAME_MAX,
	    FRAME_MAX + 1, 0x7fffffff, 0x80000000, 0xfffffffb, 0xffffffff};
	size_t len = FRAME_HEADER + random_below(70000);

	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)random_next();
	set_length(out, length[random_below(sizeof length / sizeof length[0])]);
	if (random_below(4) > 0)
		out[4] = (uint8_t)random_below(FRAME_TYPE_END + 1);
	return len;
}

static size_t
say_loss(uint8_t *out, size_t size)
{
	struct writer w = writer_of(out, size);
	struct loss loss = {.epoch = EPOCH,
	    .first_seq = 1,
	    .count = 1,
	    .cause = LOSS_KERNEL,
	    .records = 1};

	message_put_loss(&w, &loss);
	return size - w.left;
}

static size_t
say_stats(uint8_t *out, size_t size)
{
	struct writer w = writer_of(out, size);
	struct stats stats = {.count = 2, .entry = {{"one", 1}, {"two", 2}}};

	message_put_stats(&w, &stats);
	return size - w.left;
}

/* A frame of some type with lies inside; outside, length and checksum are right. */
static size_t
say_lies(uint8_t *out, size_t size)
{
	size_t len, times = 1 + random_below(3);
	bool crc = true;

	switch (random_below(4)) {
	case 0:
		len = say_loss(out, size);
		break;
	case 1:
		len = say_stats(out, size);
		crc = false;
		break;
	default:
		memcpy(out, h.batch, h.batch_len);
		len = h.batch_len;
		break;
	}
	while (times-- > 0)
		lie(out + FRAME_HEADER, len - FRAME_HEADER - (crc ? FRAME_CRC : 0));
	if (crc)
		set_crc(out, len);
	return len;
}

static void
peer_speak_lengths(struct peer *p)
{
	if (p->greets) {
		p->len = random_below(3) == 0 ? say_random_frame(p->out)
					      : say_lies(p->out, OUT_MAX);
	} else if (random_below(2) == 0) {
		p->len = say_hello(p->out, OUT_MAX, 1);
		lie(p->out + FRAME_HEADER, p->len - FRAME_HEADER);
	} else {
		p->len = say_random_frame(p->out);
	}
}

/* Half a HELLO, nothing at all, or a frame as large as may be, byte by byte. */
static void
peer_speak_slow(struct peer *p)
{
	p->drips = true;
	if (p->greets) {
		memset(p->out, 'x', OUT_MAX);
		set_length(p->out, FRAME_MAX);
		p->out[4] = FRAME_BATCH;
		p->len = OUT_MAX;
	} else {
		p->len = random_below(2) == 0 ? 0 : say_hello(p->out, OUT_MAX, 1);
	}
}

/* The next batch with this peer's numbers. */
static void
peer_speak_batch(struct peer *p)
{
	struct writer w = writer_of(p->out + AT_NUMBERS, 16);

	memcpy(p->out, h.batch, h.batch_len);
	put_u64(&w, EPOCH);
	put_u64(&w, p->seq);
	set_crc(p->out, h.batch_len);
	p->len = h.batch_len;
	p->seq += h.count;
	h.sent += h.count;
}

/* Records first, then whatever is answered at once. */
static void
peer_speak_deaf(struct peer *p)
{
	if (p->seq == 1) {
		peer_speak_batch(p);
		return;
	}
	while (p->len < OUT_MAX / 2)
		p->len += say_stats(p->out + p->len, OUT_MAX - p->len);
}

static void
peer_speak(struct peer *p)
{
	p->off = p->len = 0;
	if (h.mode == LENGTHS)
		peer_speak_lengths(p);
	else if (h.mode == SLOW)
		peer_speak_slow(p);
	else if (h.mode == DEAF)
		peer_speak_deaf(p);
	else
		peer_speak_batch(p);
}

/* ---- one peer */

static void
peer_close(struct peer *p)
{
	int64_t took = now_ms() - p->done_ms;

	close(p->fd);
	p->fd = -1;
	p->state = IDLE;
	p->next_ms = now_ms() + (int64_t)random_below(50);
	if (p->offended && took > h.longest_ms)
		h.longest_ms = took;
}

static void
peer_open(struct peer *p, uint64_t number)
{
	*p = (struct peer){.state = CONNECTING,
	    .out = p->out,
	    .seq = 1,
	    .opened_ms = now_ms(),
	    .greets = h.mode >= DEAF || random_below(2) == 0};
	p->fd = socket(h.addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		fail("socket: %s", strerror(errno));
	if (connect(p->fd, (struct sockaddr *)&h.addr, h.addr_len) < 0 &&
	    errno != EINPROGRESS) {
		peer_close(p);
		return;
	}
	h.opened++;
	p->state = TALKING;
	if (p->greets)
		p->len = say_hello(p->out, OUT_MAX, number);
	else
		peer_speak(p);
}

static void
peer_write(struct peer *p)
{
	size_t most = p->drips && p->len - p->off > 1 ? 1 : p->len - p->off;
	ssize_t n;

	if (p->off == p->len || now_ms() < p->next_ms)
		return;
	n = send(p->fd, p->out + p->off, most, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return; /* reading finds out that it is closed */
	p->off += n > 0 ? (size_t)n : 0;
	if (p->drips)
		p->next_ms = now_ms() + DRIP_MS + (int64_t)random_below(DRIP_MS);
	if (p->off < p->len)
		return;
	if (h.mode == DEAF && p->state == GREETED) {
		peer_speak(p);
	} else if (h.mode == LENGTHS && (p->state == GREETED || !p->greets)) {
		p->offended = true;
		p->done_ms = now_ms();
	}
}

static void
peer_heard(struct peer *p, const uint8_t *data, size_t len)
{
	struct frame f;
	struct ack ack;
	const char *why;
	long n;

	if (p->greets && p->state == TALKING) {
		p->state = GREETED;
		if (h.mode != POISON || h.sent == 0)
			peer_speak(p);
		return;
	}
	for (; h.mode == POISON; data += n, len -= (size_t)n) {
		n = frame_parse(data, len, &f, &why);
		if (n <= 0)
			return;
		if (f.type == FRAME_ACK &&
		    message_get_ack(f.payload, f.len, &ack, &why) == 0)
			h.acked = ack.seq;
	}
}

static void
peer_read(struct peer *p)
{
	uint8_t in[16384];
	ssize_t n;

	if (h.mode == DEAF && p->state == GREETED) {
		/* Never reads, but sees that it is closed. */
		n = recv(p->fd, in, 1, MSG_PEEK);
		if (n > 0)
			return;
	} else {
		n = recv(p->fd, in, sizeof in, 0);
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		h.closed++;
		peer_close(p);
		return;
	}
	peer_heard(p, in, (size_t)n);
}

static bool
peer_is_broken(int fd)
{
	int error = 0;
	socklen_t len = sizeof error;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error != 0;
}

static void
peer_serve(struct peer *p, uint64_t number, short events)
{
	int64_t now = now_ms();

	if (p->state == IDLE) {
		if (now >= p->next_ms)
			peer_open(p, number);
		return;
	}
	if (h.mode == LENGTHS && now - p->opened_ms > HOLD_MS) {
		h.kept++;
		peer_close(p);
		return;
	}
	if ((events & (POLLIN | POLLHUP | POLLERR)) != 0)
		peer_read(p);
	if (p->fd >= 0 && (events & POLLHUP) != 0 && peer_is_broken(p->fd)) {
		h.closed++;
		peer_close(p);
	}
	if (p->fd >= 0)
		peer_write(p);
}

/* ---- all */

static bool
is_over(int64_t deadline)
{
	return stopped || now_ms() >= deadline ||
	       (h.mode == POISON && h.sent > 0 && h.acked == h.sent);
}

static void
run(int64_t deadline)
{
	while (!is_over(deadline)) {
		for (uint64_t i = 0; i < h.peers; i++) {
			const struct peer *p = &h.peer[i];

			h.poll[i] = (struct pollfd){.fd = p->fd, .events = POLLIN};
			if (h.mode == DEAF && p->state == GREETED)
				h.poll[i].events = 0;
			if (p->off < p->len && !p->drips)
				h.poll[i].events |= POLLOUT;
		}
		if (poll(h.poll, h.peers, 20) < 0 && errno != EINTR)
			fail("poll: %s", strerror(errno));
		for (uint64_t i = 0; i < h.peers; i++)
			peer_serve(&h.peer[i], i + 1, h.poll[i].revents);
	}
}

/* ---- the batch that is right */

static uint64_t
wall_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void
add_record(struct batch_writer *w, const uint8_t *text, size_t len)
{
	static const uint8_t packet[28] = {0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0,
	    192, 0, 2, 1, 192, 0, 2, 2, 0x12, 0x34, 0, 53, 0, 8};
	struct record rec = {0};
	int string = batch_intern(w, text, len);

	if (string < 0)
		fail("too many strings");
	RECORD_SET(&rec, ts_us, wall_us());
	RECORD_SET(&rec, family, 2);
	RECORD_SET(&rec, hook, 1);
	RECORD_SET(&rec, group, 5);
	RECORD_SET(&rec, prefix, (uint16_t)string);
	RECORD_SET(&rec, in, (uint16_t)string);
	RECORD_SET(&rec, netns, (uint16_t)string);
	RECORD_SET(&rec, pkt_len, sizeof packet);
	RECORD_SET(&rec, payload, ((struct bytes){packet, sizeof packet}));
	if (batch_add(w, &rec) < 0)
		fail("too many records");
}

static size_t
read_hex(const char *line, uint8_t *out)
{
	size_t n = 0;
	unsigned value;

	while (n < LINE_BYTES && sscanf(line + 2 * n, "%2x", &value) == 1)
		out[n++] = (uint8_t)value;
	return n;
}

static void
add_lines(struct batch_writer *w)
{
	char line[2 * LINE_BYTES + 2];
	uint8_t text[LINE_BYTES];

	while (fgets(line, sizeof line, stdin) != NULL)
		add_record(w, text, read_hex(line, text));
}

static void
make_batch(void)
{
	struct batch_writer *w = batch_writer_new(0);
	struct batch_head head = {
	    .epoch = EPOCH, .first_seq = 1, .source = {.bind_id = 1, .group = 5}};
	struct bytes_view v;

	if (w == NULL)
		fail("no memory for a batch");
	batch_begin(w);
	if (h.mode == POISON)
		add_lines(w);
	for (unsigned i = 0; h.mode != POISON && i < 500; i++)
		add_record(w, (const uint8_t *)"HOSTILE ", 8);
	h.count = batch_count(w);
	v = batch_finish(w, &head);
	memcpy(h.batch, v.p, v.len);
	h.batch_len = v.len;
	batch_writer_free(w);
}

/* ---- arguments */

static void
resolve_unix(const char *path)
{
	struct sockaddr_un *un = (struct sockaddr_un *)(void *)&h.addr;

	if (strlen(path) >= sizeof un->sun_path)
		fail("%s: longer than a Unix socket's path may be", path);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, strlen(path) + 1);
	h.addr_len = sizeof *un;
}

static void
resolve(void)
{
	const char *colon = strrchr(h.collector, ':');
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
	char host[64];

	if (strncmp(h.collector, "unix:", 5) == 0) {
		resolve_unix(h.collector + 5);
		return;
	}
	if (colon == NULL || (size_t)(colon - h.collector) >= sizeof host)
		fail("--collector %s: host:port or unix:/path", h.collector);
	snprintf(host, sizeof host, "%.*s", (int)(colon - h.collector), h.collector);
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		fail("--collector %s: no such address", h.collector);
	memcpy(&h.addr, found->ai_addr, found->ai_addrlen);
	h.addr_len = found->ai_addrlen;
	freeaddrinfo(found);
}

static uint64_t
number(const char *text, uint64_t max)
{
	char *end;
	unsigned long long v = strtoull(text, &end, 10);

	if (end == text || *end != '\0' || v == 0 || v > max)
		fail("%s: a number from 1 to %llu", text, (unsigned long long)max);
	return v;
}

static enum mode
mode_of(const char *text)
{
	for (int i = 0; i < MODES; i++)
		if (strcmp(text, mode_name[i]) == 0)
			return (enum mode)i;
	fail("--mode %s: lengths, slow, deaf or poison", text);
}

static void
arguments(int argc, char **argv)
{
	static const struct option options[] = {{"collector", 1, NULL, 'c'},
	    {"mode", 1, NULL, 'm'}, {"peers", 1, NULL, 'p'}, {"seconds", 1, NULL, 's'},
	    {"seed", 1, NULL, 'r'}, {"name", 1, NULL, 'n'}, {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'c')
			h.collector = optarg;
		else if (c == 'm')
			h.mode = mode_of(optarg);
		else if (c == 'p')
			h.peers = number(optarg, PEERS_MAX);
		else if (c == 's')
			h.seconds = number(optarg, 86400);
		else if (c == 'r')
			h.seed = number(optarg, UINT64_MAX);
		else if (c == 'n')
			h.name = optarg;
		else
			exit(2);
	}
	if (optind != argc || h.collector == NULL)
		fail("usage: --collector ADDRESS --mode lengths|slow|deaf|poison "
		     "[--peers N] [--seconds N] [--seed N] [--name PREFIX]");
	if (h.mode == POISON)
		h.peers = 1;
}

int
main(int argc, char **argv)
{
	uint64_t open = 0;

	signal(SIGTERM, on_term);
	arguments(argc, argv);
	resolve();
	make_batch();
	h.peer = calloc(h.peers, sizeof h.peer[0]);
	h.poll = calloc(h.peers, sizeof h.poll[0]);
	if (h.peer == NULL || h.poll == NULL)
		fail("no memory");
	for (uint64_t i = 0; i < h.peers; i++) {
		h.peer[i].fd = -1;
		h.peer[i].out = malloc(OUT_MAX);
		if (h.peer[i].out == NULL)
			fail("no memory");
	}
	run(now_ms() + (int64_t)h.seconds * 1000);
	for (uint64_t i = 0; i < h.peers; i++)
		open += h.peer[i].fd >= 0;
	printf("{\"opened\": %llu, \"closed\": %llu, \"open\": %llu, \"kept\": %llu, "
	       "\"longest_ms\": %lld, \"acked\": %llu}\n",
	    (unsigned long long)h.opened, (unsigned long long)h.closed,
	    (unsigned long long)open, (unsigned long long)h.kept,
	    (long long)h.longest_ms, (unsigned long long)h.acked);
	return h.mode == POISON && h.acked != h.sent;
}
