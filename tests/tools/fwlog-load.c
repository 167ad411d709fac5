/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlog-load: many agents in one process. Each speaks the whole protocol
 * (docs/protocol.md) to a collector: HELLO, WELCOME, batches from the mark on with a
 * window of unacknowledged ones, STATS, and again from the start when the connection
 * ends. Batches are made once and only renumbered, so that the collector is what is
 * measured. With --keys DIR each agent is sealed with DIR/NAME.key, else plain. Ends
 * when everything is acknowledged (0) or the time is over (1) and prints one line of
 * JSON.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/batch.h"
#include "common/crc32c.h"
#include "common/keyfile.h"
#include "common/message.h"

#define AGENTS_MAX 4096
#define WINDOW_MAX 64
#define TEMPLATES 8 /* different full batches; one more for the short last one */
#define IN_MAX 4096 /* bytes; nothing a collector says to us is longer */
#define STATS_EVERY_MS 10000
#define RETRY_MS 500
#define AT_EPOCH (FRAME_HEADER + 2) /* where a batch has its epoch and first seq */

enum state { DOWN, CONNECTING, SEALING, GREETING, READY, DONE };

struct template
{
	uint8_t *frame;
	size_t len;
	uint32_t records;
};

struct agent {
	enum state state;
	int fd;
	char name[NAME_MAX_LEN + 1];
	uint64_t epoch;
	uint64_t next_batch; /* to be sent, from 0 */
	uint64_t acked;      /* records */
	int64_t retry_ms, stats_ms;
	int64_t sent_ms[WINDOW_MAX]; /* when batch i went out, at i modulo WINDOW_MAX */
	uint8_t *out;                /* frames; out_len 0: they are on the wire */
	size_t out_len;
	uint8_t *wire; /* what is sent; out itself where plain */
	size_t wire_len, wire_off;
	uint8_t in[IN_MAX];
	size_t in_len;
	struct keyfile *keys;
	struct noise_stream *noise; /* NULL: plain */
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

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("fwlog-load: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

static void *
take(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		fail("no memory for %zu x %zu bytes", n, size);
	return p;
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint64_t
wall_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- records as a firewall at the edge of a network sees them */

static const char *const prefixes[] = {
    "DROP-IN ", "DROP-FWD ", "BRUTE-SSH ", "DNS ", "SCAN "};
static const char *const ifaces[] = {"eth0", "eth1", "br0", "wg0"};
static const uint16_t services[] = {
    22, 23, 53, 80, 123, 443, 445, 1433, 3389, 5060, 8080};
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Payload of a record: a 40-byte TCP SYN, a UDP datagram or an ICMP echo over IPv4,
 * each tenth one a TCP SYN over IPv6. Returns its length. */
static uint16_t
make_packet(uint8_t *p, size_t size, uint64_t i)
{
	struct writer w = writer_of(p, size);
	bool v6 = i % 10 == 9;
	uint8_t proto = v6 || i % 10 < 6 ? 6 : i % 10 == 8 ? 1 : 17;

	if (v6) {
		put_u64(&w, 0x6000000000140640);
		put_u64(&w, 0x20010db800000000);
		put_u64(&w, 1 + i % 1009);
		put_u64(&w, 0x20010db800010000);
		put_u64(&w, 2);
	} else {
		put_u32(&w, 0x45000028);
		put_u32(&w, (uint32_t)(i << 16) | 0x4000);
		put_u32(&w, 0x33000000 | (uint32_t)proto << 16);
		put_u32(&w, 0xc6336400 + (uint32_t)(i * 7919 % 5003));
		put_u32(&w, 0x0a000002 + (uint32_t)(i % 4));
	}
	if (proto == 1) {
		put_u32(&w, 0x08000000);
		put_u32(&w, (uint32_t)i);
		return (uint16_t)(size - w.left);
	}
	put_u16(&w, (uint16_t)(1024 + i * 31 % 60000));
	put_u16(&w, services[i % COUNT(services)]);
	put_u64(&w, proto == 6 ? i << 32 : (uint64_t)20 << 48);
	put_u64(&w, proto == 6 ? 0x5002faf000000000 : i);
	return (uint16_t)(size - w.left);
}

static int
add_record(struct batch_writer *w, uint64_t i, uint64_t ts_us)
{
	uint8_t packet[64], header[14] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
	uint16_t len = make_packet(packet, sizeof packet, i);
	bool v6 = packet[0] >> 4 == 6;
	const char *prefix = prefixes[i % COUNT(prefixes)];
	const char *iface = ifaces[i % COUNT(ifaces)];
	struct record rec = {0};

	RECORD_SET(&rec, ts_us, ts_us);
	RECORD_SET(&rec, family, v6 ? 10 : 2);
	RECORD_SET(&rec, hook, 1);
	RECORD_SET(&rec, group, 5);
	RECORD_SET(&rec, hw_proto, v6 ? 0x86dd : 0x0800);
	RECORD_SET(&rec, kseq, (uint32_t)i);
	RECORD_SET(&rec, prefix, (uint16_t)batch_intern(w, prefix, strlen(prefix)));
	RECORD_SET(&rec, in, (uint16_t)batch_intern(w, iface, strlen(iface)));
	RECORD_SET(&rec, hw_type, 1);
	RECORD_SET(&rec, hw_header, ((struct bytes){header, sizeof header}));
	RECORD_SET(&rec, pkt_len, len);
	RECORD_SET(&rec, payload, ((struct bytes){packet, len}));
	return batch_add(w, &rec);
}

static void
make_template(
    struct template *t, struct batch_writer *w, uint64_t from, uint64_t records)
{
	struct batch_head head = {
	    .epoch = 1, .first_seq = 1, .source = {.bind_id = 1, .group = 5}};
	uint64_t start = wall_us();
	struct bytes_view v;

	batch_begin(w);
	for (uint64_t i = 0; i < records; i++)
		if (add_record(w, from + i, start + i) < 0)
			fail("a batch holds %u of these records at most: --batch",
			    batch_count(w));
	v = batch_finish(w, &head);
	t->frame = take(1, v.len);
	memcpy(t->frame, v.p, v.len);
	t->len = v.len;
	t->records = (uint32_t)records;
}

static void
make_templates(struct load *l)
{
	struct batch_writer *w = batch_writer_new((int)l->level);

	if (w == NULL)
		fail("no memory for a batch");
	for (uint64_t i = 0; i < TEMPLATES; i++)
		make_template(&l->template[i], w, i * l -> batch, l -> batch);
	make_template(&l->template[TEMPLATES], w, 0,
	    l -> records % l -> batch != 0 ? l -> records % l -> batch : l -> batch);
	for (size_t i = 0; i <= TEMPLATES; i++)
		if (l->template[i].len > l->out_size)
			l->out_size = l->template[i].len;
	l->out_size += IN_MAX;
	l->batches = (l->records + l->batch - 1) / l->batch;
	batch_writer_free(w);
}

/* ---- one agent */

static void
agent_down(struct load *l, struct agent *a, const char *why)
{
	if (l->refused++ < 5)
		fprintf(stderr, "fwlog-load: %s: %s\n", a->name, why);
	close(a->fd);
	a->fd = -1;
	a->state = DOWN;
	a->out_len = a->wire_len = a->wire_off = a->in_len = 0;
	a->retry_ms = now_ms() + RETRY_MS + rand() % RETRY_MS;
	l->reconnects++;
}

static void
agent_connect(struct load *l, struct agent *a)
{
	a->fd =
	    socket(l->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (a->fd < 0)
		fail("socket: %s", strerror(errno));
	a->state = CONNECTING;
	if (connect(a->fd, (struct sockaddr *)&l->addr, l->addr_len) < 0 &&
	    errno != EINPROGRESS)
		agent_down(l, a, strerror(errno));
}

static struct writer
agent_out(const struct load *l, struct agent *a)
{
	return writer_of(a->out + a->out_len, l->out_size - a->out_len);
}

/* Puts the frames in out on the wire, which is empty. */
static void
agent_seal(const struct load *l, struct agent *a)
{
	if (a->out_len == 0)
		return;
	a->wire_len = a->out_len;
	if (a->noise != NULL)
		a->wire_len = noise_stream_seal(a->noise, a->out, a->out_len, a->wire,
		    noise_stream_sealed_size(l->out_size));
	if (a->wire_len == 0)
		fail("%s: cannot seal", a->name);
	a->out_len = 0;
}

static void
agent_greet(struct load *l, struct agent *a)
{
	static struct hello hello;
	struct writer w = agent_out(l, a);

	hello = (struct hello){.version = PROTOCOL_VERSION,
	    .software = "fwlog-load",
	    .system = "synthetic",
	    .time_us = wall_us(),
	    .epochs = 1,
	    .epoch = {{a->epoch, a->acked + 1}}};
	memcpy(hello.name, a->name, sizeof hello.name);
	message_put_hello(&w, &hello);
	a->out_len = l->out_size - w.left;
	agent_seal(l, a);
	a->state = GREETING;
}

static void
agent_connected(struct load *l, struct agent *a)
{
	const struct key *key;
	int error = 0;
	socklen_t len = sizeof error;

	getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		agent_down(l, a, strerror(error));
		return;
	}
	if (a->noise == NULL) {
		agent_greet(l, a);
		return;
	}
	key = keyfile_at(a->keys, 0);
	if (noise_stream_connect(a->noise, key->id, key->secret, a->wire) < 0)
		fail("%s: no random numbers", a->name);
	a->wire_len = NOISE_HELLO_SIZE;
	a->state = SEALING;
}

static void
agent_queue_stats(const struct load *l, struct agent *a)
{
	struct writer w = agent_out(l, a);
	struct stats stats = {.time_us = wall_us(),
	    .count = 1,
	    .entry = {{"sent_batches", a->next_batch}}};

	message_put_stats(&w, &stats);
	a->out_len = l->out_size - w.left;
	a->stats_ms = now_ms() + STATS_EVERY_MS;
}

/* The next batch, if the window allows one: a template with this agent's numbers. */
static void
agent_queue_batch(struct load *l, struct agent *a)
{
	uint64_t acked_batches = a->acked / l->batch;
	bool last = a->next_batch + 1 == l->batches;
	const struct template *t =
	    &l->template[last ? TEMPLATES : a->next_batch % TEMPLATES];
	struct writer w;

	if (a->next_batch >= l->batches || a->next_batch - acked_batches >= l->window)
		return;
	memcpy(a->out, t->frame, t->len);
	w = writer_of(a->out + AT_EPOCH, 16);
	put_u64(&w, a->epoch);
	put_u64(&w, a->next_batch * l->batch + 1);
	w = writer_of(a->out + t->len - FRAME_CRC, FRAME_CRC);
	put_u32(&w, crc32c(0, a->out, t->len - FRAME_CRC));
	a->out_len = t->len;
	a->sent_ms[a->next_batch % WINDOW_MAX] = now_ms();
	a->next_batch++;
	l->sent += t->records;
}

static void
agent_write(struct load *l, struct agent *a)
{
	while (a->state >= SEALING && a->state < DONE) {
		ssize_t n;

		if (a->wire_off == a->wire_len) {
			a->wire_off = a->wire_len = 0;
			if (a->state == READY && now_ms() >= a->stats_ms)
				agent_queue_stats(l, a);
			else if (a->state == READY)
				agent_queue_batch(l, a);
			agent_seal(l, a);
		}
		if (a->wire_off == a->wire_len)
			return;
		n = send(a->fd, a->wire + a->wire_off, a->wire_len - a->wire_off,
		    MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			agent_down(l, a, strerror(errno));
			return;
		}
		a->wire_off += (size_t)n;
	}
}

static void
agent_welcome(struct load *l, struct agent *a, const struct frame *f)
{
	static struct welcome welcome;
	const char *why = "WELCOME without our epoch";

	if (a->state != GREETING ||
	    message_get_welcome(f->payload, f->len, &welcome, &why) < 0 ||
	    welcome.epochs != 1 || welcome.epoch[0].epoch != a->epoch) {
		agent_down(l, a, why);
		return;
	}
	if (welcome.epoch[0].seq < a->acked)
		fail("%s: the collector forgot what it had acknowledged: mark %llu "
		     "after %llu",
		    a->name, (unsigned long long)welcome.epoch[0].seq,
		    (unsigned long long)a->acked);
	a->acked = welcome.epoch[0].seq;
	a->next_batch = a->acked / l->batch;
	a->state = READY;
	a->stats_ms = now_ms() + STATS_EVERY_MS;
}

static void
agent_acked(struct load *l, struct agent *a, uint64_t seq)
{
	int64_t now = now_ms();

	for (uint64_t b = a->acked / l->batch; b < a->next_batch; b++) {
		uint64_t end = (b + 1) * l->batch;

		if (end > l->records)
			end = l->records;
		if (end > seq)
			break;
		if (end > a->acked && l->latencies < l->latency_max)
			l->latency[l->latencies++] =
			    (uint32_t)(now - a->sent_ms[b % WINDOW_MAX]);
	}
	a->acked = seq;
}

static void
agent_ack(struct load *l, struct agent *a, const struct frame *f)
{
	const char *why;
	struct ack ack;

	if (message_get_ack(f->payload, f->len, &ack, &why) < 0) {
		agent_down(l, a, why);
		return;
	}
	if (ack.epoch != a->epoch || ack.seq > l->records)
		fail("%s: ACK of what was never sent", a->name);
	if (ack.seq > a->acked)
		agent_acked(l, a, ack.seq);
}

static void
agent_take(struct load *l, struct agent *a, const struct frame *f)
{
	static struct bye bye;
	const char *why;

	if (f->type == FRAME_WELCOME)
		agent_welcome(l, a, f);
	else if (f->type == FRAME_ACK)
		agent_ack(l, a, f);
	else if (f->type == FRAME_BYE)
		agent_down(l, a,
		    message_get_bye(f->payload, f->len, &bye, &why) < 0 ? why
									: bye.reason);
	else if (f->type != FRAME_ALIVE && f->type != FRAME_FILTERS)
		agent_down(l, a, "a frame only agents send");
}

static void
agent_parse(struct load *l, struct agent *a)
{
	size_t off = 0;

	while (a->state >= GREETING) {
		const char *why;
		struct frame f;
		long n = frame_parse(a->in + off, a->in_len - off, &f, &why);

		if (n < 0) {
			agent_down(l, a, why);
			return;
		}
		if (n == 0)
			break;
		off += (size_t)n;
		agent_take(l, a, &f);
	}
	if (a->state < GREETING)
		return;
	memmove(a->in, a->in + off, a->in_len - off);
	a->in_len -= off;
	if (a->in_len == IN_MAX)
		agent_down(l, a, "a frame too long for an agent");
}

/* Bytes of frames, in pieces that fit. */
static void
agent_feed(struct load *l, struct agent *a, const uint8_t *data, size_t len)
{
	while (len > 0 && a->state >= GREETING) {
		size_t n = IN_MAX - a->in_len < len ? IN_MAX - a->in_len : len;

		memcpy(a->in + a->in_len, data, n);
		a->in_len += n;
		data += n;
		len -= n;
		agent_parse(l, a);
	}
}

static void
agent_open(struct load *l, struct agent *a, uint8_t *data, size_t len)
{
	struct noise_input in = {data, len};
	struct noise_output out;
	enum noise_event event = NOISE_MORE;

	while (a->state >= SEALING &&
	       (event = noise_stream_receive(a->noise, &in, &out)) > NOISE_MORE) {
		if (event == NOISE_READY)
			agent_greet(l, a);
		else
			agent_feed(l, a, out.at, out.len);
	}
	if (event == NOISE_FAILED)
		agent_down(l, a, "what came does not open");
}

static void
agent_read(struct load *l, struct agent *a)
{
	uint8_t data[16384];
	ssize_t n = recv(a->fd, data, sizeof data, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		agent_down(l, a, n == 0 ? "connection closed" : strerror(errno));
		return;
	}
	if (a->noise != NULL)
		agent_open(l, a, data, (size_t)n);
	else
		agent_feed(l, a, data, (size_t)n);
	if (a->state == READY && a->acked == l->records) {
		close(a->fd);
		a->fd = -1;
		a->state = DONE;
		l->done++;
	}
}

static void
agent_load_key(const struct load *l, struct agent *a)
{
	char path[PATH_MAX], why[KEYFILE_WHY_SIZE];

	snprintf(path, sizeof path, "%s/%s.key", l->keys, a->name);
	a->keys = keyfile_load(path, why, sizeof why);
	if (a->keys == NULL)
		fail("%s", why);
	a->noise = malloc(sizeof *a->noise);
	if (a->noise == NULL)
		fail("no memory");
	a->wire = take(1, noise_stream_sealed_size(l->out_size));
}

static void
agent_new(struct load *l, struct agent *a, uint64_t i)
{
	a->fd = -1;
	snprintf(
	    a->name, sizeof a->name, "%.40s%llu", l->prefix, (unsigned long long)i + 1);
	if (getrandom(&a->epoch, sizeof a->epoch, 0) != sizeof a->epoch)
		fail("getrandom: %s", strerror(errno));
	a->epoch = (a->epoch >> 1) | 1;
	a->out = take(1, l->out_size);
	a->wire = a->out;
	if (l->keys != NULL)
		agent_load_key(l, a);
}

/* ---- all of them */

/* Fills poll set and retries what is down; the poll timeout in ms. */
static void
load_prepare(struct load *l)
{
	int64_t now = now_ms();

	for (uint64_t i = 0; i < l->agents; i++) {
		struct agent *a = &l->agent[i];

		if (a->state == DOWN && now >= a->retry_ms)
			agent_connect(l, a);
		l->poll[i] = (struct pollfd){.fd = a->fd, .events = POLLIN};
		if (a->state == CONNECTING || a->wire_off < a->wire_len)
			l->poll[i].events |= POLLOUT;
	}
}

static void
load_serve(struct load *l, struct agent *a, short events)
{
	if (a->state == CONNECTING && events != 0)
		agent_connected(l, a);
	else if (a->state >= SEALING && (events & (POLLIN | POLLHUP | POLLERR)) != 0)
		agent_read(l, a);
	agent_write(l, a);
}

static void
load_run(struct load *l, int64_t deadline)
{
	while (l->done < l->agents && now_ms() < deadline) {
		load_prepare(l);
		if (poll(l->poll, l->agents, 100) < 0 && errno != EINTR)
			fail("poll: %s", strerror(errno));
		for (uint64_t i = 0; i < l->agents; i++)
			if (l->poll[i].fd >= 0 && l->poll[i].fd == l->agent[i].fd)
				load_serve(l, &l->agent[i], l->poll[i].revents);
	}
}

static int
by_value(const void *x, const void *y)
{
	uint32_t a, b;

	memcpy(&a, x, sizeof a);
	memcpy(&b, y, sizeof b);
	return (a > b) - (a < b);
}

static void
load_report(struct load *l, double seconds)
{
	uint64_t acked = 0;

	for (uint64_t i = 0; i < l->agents; i++)
		acked += l->agent[i].acked;
	qsort(l->latency, l->latencies, sizeof l->latency[0], by_value);
	printf("{\"agents\": %llu, \"batch\": %llu, \"records\": %llu, \"sent\": %llu, "
	       "\"acked\": %llu, \"seconds\": %.3f, \"records_per_second\": %.0f, "
	       "\"reconnects\": %llu, \"ack_p50_ms\": %u, \"ack_p99_ms\": %u}\n",
	    (unsigned long long)l->agents, (unsigned long long)l->batch,
	    (unsigned long long)(l->agents * l->records), (unsigned long long)l->sent,
	    (unsigned long long)acked, seconds, (double)acked / seconds,
	    (unsigned long long)l->reconnects,
	    l->latencies > 0 ? l->latency[l->latencies / 2] : 0,
	    l->latencies > 0 ? l->latency[l->latencies * 99 / 100] : 0);
}

/* ---- arguments */

static void
resolve_unix(struct load *l, const char *path)
{
	struct sockaddr_un *un = (struct sockaddr_un *)(void *)&l->addr;

	if (strlen(path) >= sizeof un->sun_path)
		fail("%s: longer than a Unix socket's path may be", path);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, strlen(path) + 1);
	l->addr_len = sizeof *un;
}

static void
resolve(struct load *l)
{
	char host[256] = "";
	const char *start = l->collector, *colon = strrchr(start, ':');
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
	size_t len;
	int rc;

	if (strncmp(start, "unix:", 5) == 0) {
		resolve_unix(l, start + 5);
		return;
	}
	if (colon == NULL)
		fail("--collector %s: host:port, [v6]:port or unix:/path", start);
	len = (size_t)(colon - start);
	if (len > 2 && start[0] == '[' && start[len - 1] == ']') {
		start++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof host)
		fail("--collector %s: no host", l->collector);
	memcpy(host, start, len);
	rc = getaddrinfo(host, colon + 1, &hints, &found);
	if (rc != 0)
		fail("--collector %s: %s", l->collector, gai_strerror(rc));
	memcpy(&l->addr, found->ai_addr, found->ai_addrlen);
	l->addr_len = found->ai_addrlen;
	freeaddrinfo(found);
}

static uint64_t
number(const char *name, const char *text, uint64_t min, uint64_t max)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || v < min || v > max)
		fail("--%s %s: a number from %llu to %llu", name, text,
		    (unsigned long long)min, (unsigned long long)max);
	return v;
}

static void
arguments(struct load *l, int argc, char **argv)
{
	static const struct option options[] = {{"agents", 1, NULL, 'a'},
	    {"records", 1, NULL, 'r'}, {"batch", 1, NULL, 'b'},
	    {"window", 1, NULL, 'w'}, {"seconds", 1, NULL, 's'}, {"zstd", 1, NULL, 'z'},
	    {"collector", 1, NULL, 'c'}, {"name", 1, NULL, 'n'}, {"keys", 1, NULL, 'k'},
	    {NULL, 0, NULL, 0}};
	int c, i;

	while ((c = getopt_long(argc, argv, "", options, &i)) != -1) {
		if (c == 'a')
			l->agents = number(options[i].name, optarg, 1, AGENTS_MAX);
		else if (c == 'r')
			l->records = number(options[i].name, optarg, 1, 1000000000);
		else if (c == 'b')
			l->batch =
			    number(options[i].name, optarg, 1, BATCH_RECORDS_MAX);
		else if (c == 'w')
			l->window = number(options[i].name, optarg, 1, WINDOW_MAX);
		else if (c == 's')
			l->seconds = number(options[i].name, optarg, 1, 86400);
		else if (c == 'z')
			l->level = number(options[i].name, optarg, 0, 19);
		else if (c == 'c')
			l->collector = optarg;
		else if (c == 'n')
			l->prefix = optarg;
		else if (c == 'k')
			l->keys = optarg;
		else
			exit(2);
	}
	if (optind != argc || l->collector == NULL)
		fail("usage: --collector ADDRESS [--agents N] [--records N-OF-EACH] "
		     "[--batch RECORDS] [--window BATCHES] [--seconds LIMIT] [--zstd "
		     "LEVEL] "
		     "[--name PREFIX] [--keys DIR]");
}

int
main(int argc, char **argv)
{
	static struct load l = {.agents = 1,
	    .records = 100000,
	    .batch = 1000,
	    .window = 8,
	    .seconds = 60,
	    .level = 1,
	    .prefix = "load"};
	int64_t start;

	arguments(&l, argc, argv);
	resolve(&l);
	make_templates(&l);
	l.agent = take(l.agents, sizeof l.agent[0]);
	l.poll = take(l.agents, sizeof l.poll[0]);
	l.latency_max = l.agents * l.batches;
	l.latency = take(l.latency_max, sizeof l.latency[0]);
	for (uint64_t i = 0; i < l.agents; i++)
		agent_new(&l, &l.agent[i], i);
	start = now_ms();
	load_run(&l, start + (int64_t)l.seconds * 1000);
	load_report(&l, (double)(now_ms() - start + 1) / 1000);
	return l.done == l.agents ? 0 : 1;
}
