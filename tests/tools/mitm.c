/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mitm: a man in the middle of sealed streams. Forwards connections from --listen to
 * --to and attacks the first --attacks of them, each once, by --seed: which of the
 * attacks, in which direction, at which record. What it attacked it watches: the end it
 * lied to has to close ("noticed"). Later connections are forwarded as they are.
 * --plain: forwards only. --dump FILE: every byte of both directions, as it was sent.
 *
 *     flip     a bit of a record changes         length   a bit of its length does
 *     drop     a record is left out              dup      it comes twice
 *     swap     it comes after the next one       replay   the first one comes again
 *     reflect  a record goes back to its sender  foreign  one of another connection
 *     hello    a bit of the hello changes        reply    a bit of its answer does
 *     cut      half a record, then the end
 *
 * One line on stdout for each attack once its connection is over, and a last one on
 * SIGTERM: connections, attacks, those that were closed, those that are open.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/noise_stream.h"

#define LINKS_MAX 64
#define UNIT_MAX (NOISE_LENGTH_SIZE + NOISE_MESSAGE_MAX)
#define OUT_MAX (4 * UNIT_MAX)
#define FIRST_RECORDS 6 /* an attack strikes one of so many */

enum attack {
	NONE,
	FLIP,
	LENGTH,
	DROP,
	DUP,
	SWAP,
	REPLAY,
	REFLECT,
	FOREIGN,
	HELLO,
	REPLY,
	CUT,
	ATTACKS
};

static const char *const attack_name[ATTACKS] = {"none", "flip", "length", "drop",
    "dup", "swap", "replay", "reflect", "foreign", "hello", "reply", "cut"};

struct unit {
	size_t len;
	uint8_t bytes[UNIT_MAX];
};

/* One direction: units come from one socket, bytes go to the other. */
struct pipe {
	size_t in_len, out_len, out_off;
	uint64_t units;    /* that came: 0 is the hello or its answer */
	struct unit first; /* record, for replay; len 0: none yet */
	struct unit held;  /* for swap */
	uint8_t in[UNIT_MAX + NOISE_PREAMBLE_SIZE];
	uint8_t out[OUT_MAX];
};

struct link {
	int fd[2];           /* agent, collector; -1: no link */
	struct pipe pipe[2]; /* from the agent, from the collector */
	enum attack attack;
	unsigned way;      /* which pipe it strikes */
	uint64_t at;       /* unit */
	int64_t struck_ms; /* 0: not yet */
	bool ending;       /* the rest is written, then it is over */
};

static struct {
	const char *listen, *to;
	uint64_t attacks, seed;
	bool plain;
	enum attack only; /* NONE: any */
	int dump, listener;
	struct link *link;
	struct unit foreign; /* a record of an earlier connection */
	uint64_t links, attacked, closed, missed;
} m = {.dump = -1};

static volatile sig_atomic_t stopping;

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("mitm: ", stderr);
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

/* splitmix64: the same numbers from the same seed everywhere. */
static uint64_t
chance(uint64_t below)
{
	uint64_t z = m.seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % below;
}

/* ---- sockets */

/* unix:/path or 127.0.0.1:port; bound, or connected. */
static int
open_address(const char *text, bool to_listen)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr *sa = (struct sockaddr *)&in;
	socklen_t len = sizeof in;
	const char *colon = strrchr(text, ':');
	char host[64];
	int fd, on = 1;

	if (colon == NULL)
		fail("%s: unix:/path or ADDRESS:PORT", text);
	if (strncmp(text, "unix:", 5) == 0) {
		snprintf(un.sun_path, sizeof un.sun_path, "%s", text + 5);
		sa = (struct sockaddr *)&un;
		len = sizeof un;
	} else {
		snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
		in.sin_port = htons((uint16_t)atoi(colon + 1));
		if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
			fail("%s: not an IPv4 address", text);
	}
	fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (to_listen && (bind(fd, sa, len) < 0 || listen(fd, 64) < 0))
		fail("%s: %s", text, strerror(errno));
	if (!to_listen && connect(fd, sa, len) < 0) {
		close(fd);
		return -1;
	}
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* ---- attacks */

static void
put(struct pipe *p, const uint8_t *bytes, size_t len)
{
	if (len > OUT_MAX - p->out_len)
		fail("more than one unit ahead");
	if (m.dump >= 0 && write(m.dump, bytes, len) != (ssize_t)len)
		fail("dump: %s", strerror(errno));
	memcpy(p->out + p->out_len, bytes, len);
	p->out_len += len;
}

static void
put_unit(struct pipe *p, const struct unit *u)
{
	put(p, u->bytes, u->len);
}

static void
flip(struct unit *u, size_t from, size_t to)
{
	u->bytes[from + chance(to - from)] ^= (uint8_t)(1u << chance(8));
}

/* This is the unit. */
static void
strike(struct link *l, struct pipe *p, struct unit *u)
{
	size_t half = u->len / 2;

	switch (l->attack) {
	case HELLO:
	case REPLY:
		flip(u, 0, u->len);
		break;
	case FLIP:
		flip(u, NOISE_LENGTH_SIZE, u->len);
		break;
	case LENGTH:
		flip(u, 0, NOISE_LENGTH_SIZE);
		break;
	case DROP:
		return;
	case DUP:
		put_unit(p, u);
		break;
	case SWAP:
		p->held = *u;
		return;
	case REPLAY:
		put_unit(p, &p->first);
		break;
	case REFLECT:
		put_unit(&l->pipe[!l->way], u);
		break;
	case FOREIGN:
		put_unit(p, &m.foreign);
		break;
	case CUT:
		u->len = half;
		l->ending = true;
		break;
	default:
		break;
	}
	put_unit(p, u);
}

static void
forward_unit(struct link *l, unsigned way, struct unit *u)
{
	struct pipe *p = &l->pipe[way];
	uint64_t number = p->units++;

	if (l->attack != NONE && l->struck_ms == 0 && way == l->way &&
	    number == l->at) {
		l->struck_ms = now_ms();
		strike(l, p, u);
		return;
	}
	put_unit(p, u);
	if (p->held.len > 0) {
		put_unit(p, &p->held);
		p->held.len = 0;
	}
	if (number == 1)
		p->first = *u;
	if (number == 1 && way == 0 && m.foreign.len == 0)
		m.foreign = *u;
}

/* Length of the first unit of the input; 0: more must come. */
static size_t
unit_length(const struct pipe *p, unsigned way)
{
	size_t head = p->units == 0 && way == 0 ? NOISE_PREAMBLE_SIZE : 0, len;

	if (p->in_len < head + NOISE_LENGTH_SIZE)
		return 0;
	len = head + NOISE_LENGTH_SIZE + ((size_t)p->in[head] << 8 | p->in[head + 1]);
	return p->in_len >= len ? len : 0;
}

static void
forward_units(struct link *l, unsigned way)
{
	static struct unit u;
	struct pipe *p = &l->pipe[way];

	while (
	    p->out_len < UNIT_MAX && !l->ending && (u.len = unit_length(p, way)) > 0) {
		memcpy(u.bytes, p->in, u.len);
		p->in_len -= u.len;
		memmove(p->in, p->in + u.len, p->in_len);
		forward_unit(l, way, &u);
	}
}

/* ---- links */

static void
choose(struct link *l)
{
	if (m.plain || m.attacked >= m.attacks)
		return;
	m.attacked++;
	l->attack =
	    m.only != NONE ? m.only : (enum attack)(FLIP + chance(ATTACKS - FLIP));
	if (l->attack == FOREIGN && m.foreign.len == 0)
		l->attack = FLIP;
	l->way = (unsigned)chance(2);
	/* The first record is needed before it can come again. */
	l->at = 1 + chance(FIRST_RECORDS) + (l->attack == REPLAY);
	if (l->attack == HELLO || l->attack == REPLY)
		l->at = 0;
	/* What the collector sends is short and seldom: too little to fill a length. */
	if (l->attack == HELLO || l->attack == LENGTH || l->attack == FOREIGN)
		l->way = 0;
	if (l->attack == REPLY)
		l->way = 1;
	/* Without WELCOME, held back or left out, both ends are silent for 30 s. */
	if (l->way == 1 && l->at == 1 && (l->attack == DROP || l->attack == SWAP))
		l->at = 2;
}

static void
accept_link(void)
{
	int fd = accept4(m.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), to;
	struct link *l = m.link;

	if (fd < 0)
		return;
	while (l < m.link + LINKS_MAX && l->fd[0] >= 0)
		l++;
	to = l < m.link + LINKS_MAX ? open_address(m.to, false) : -1;
	if (to < 0) {
		close(fd);
		return;
	}
	memset(l, 0, sizeof *l);
	l->fd[0] = fd;
	l->fd[1] = to;
	m.links++;
	choose(l);
}

/* The end that was lied to. */
static unsigned
victim(const struct link *l)
{
	return l->attack == REFLECT ? l->way : !l->way;
}

/* by: the side that closed; 2: the attack did. */
static void
close_link(struct link *l, unsigned by)
{
	static const char *const side[] = {"the agent", "the collector", "the attack"};

	close(l->fd[0]);
	close(l->fd[1]);
	l->fd[0] = l->fd[1] = -1;
	if (l->attack == NONE)
		return;
	if (l->struck_ms == 0) {
		m.missed++;
		m.attacked--; /* another one will do */
		return;
	}
	m.closed++;
	printf("attack %s from %s at %llu: closed by %s after %lld ms%s\n",
	    attack_name[l->attack], side[l->way], (unsigned long long)l->at, side[by],
	    (long long)(now_ms() - l->struck_ms),
	    by == 2 || by == victim(l) ? ", noticed" : "");
	fflush(stdout);
}

static void
read_from(struct link *l, unsigned way)
{
	struct pipe *p = &l->pipe[way];
	ssize_t n = recv(l->fd[way], p->in + p->in_len, sizeof p->in - p->in_len, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_link(l, way);
		return;
	}
	p->in_len += (size_t)n;
	if (m.plain) {
		put(p, p->in, p->in_len);
		p->in_len = 0;
	} else {
		forward_units(l, way);
	}
}

static void
write_to(struct link *l, unsigned way)
{
	struct pipe *p = &l->pipe[way];
	ssize_t n = send(
	    l->fd[!way], p->out + p->out_off, p->out_len - p->out_off, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		close_link(l, !way);
		return;
	}
	p->out_off += (size_t)n;
	if (p->out_off < p->out_len)
		return;
	p->out_off = p->out_len = 0;
	if (l->ending)
		close_link(l, 2);
	else if (!m.plain)
		forward_units(l, way);
}

/* Events of the socket that is the end of one pipe and the beginning of the other. */
static void
serve(struct link *l, unsigned side, short events)
{
	if ((events & POLLOUT) != 0)
		write_to(l, !side);
	if (l->fd[0] >= 0 && (events & (POLLIN | POLLHUP | POLLERR)) != 0)
		read_from(l, side);
}

static void
run(void)
{
	static struct pollfd p[1 + 2 * LINKS_MAX];

	p[0] = (struct pollfd){.fd = m.listener, .events = POLLIN};
	for (int i = 0; i < 2 * LINKS_MAX; i++) {
		struct link *l = &m.link[i / 2];
		const struct pipe *from = &l->pipe[i % 2], *to = &l->pipe[1 - i % 2];
		short events = 0;

		if (from->out_len < UNIT_MAX && from->in_len < sizeof from->in)
			events |= POLLIN;
		if (to->out_len > 0)
			events |= POLLOUT;
		p[1 + i] = (struct pollfd){.fd = l->fd[i % 2], .events = events};
	}
	if (poll(p, 1 + 2 * LINKS_MAX, 200) <= 0)
		return;
	for (int i = 0; i < 2 * LINKS_MAX; i++)
		if (p[1 + i].fd >= 0 && p[1 + i].fd == m.link[i / 2].fd[i % 2])
			serve(&m.link[i / 2], (unsigned)i % 2, p[1 + i].revents);
	if (p[0].revents != 0)
		accept_link();
}

static void
on_stop(int number)
{
	(void)number;
	stopping = 1;
}

static void
report(void)
{
	unsigned open = 0;

	for (int i = 0; i < LINKS_MAX; i++)
		open += m.link[i].fd[0] >= 0 && m.link[i].struck_ms > 0;
	printf("{\"connections\": %llu, \"attacks\": %llu, \"closed\": %llu, "
	       "\"open\": %u, \"missed\": %llu}\n",
	    (unsigned long long)m.links, (unsigned long long)m.attacked,
	    (unsigned long long)m.closed, open, (unsigned long long)m.missed);
}

static void
choose_only(const char *name)
{
	for (int i = FLIP; i < ATTACKS; i++)
		if (strcmp(name, attack_name[i]) == 0)
			m.only = (enum attack)i;
	if (m.only == NONE)
		fail("--attack %s: none of that name", name);
}

static void
arguments(int argc, char **argv)
{
	static const struct option options[] = {{"listen", 1, NULL, 'l'},
	    {"to", 1, NULL, 't'}, {"attacks", 1, NULL, 'n'}, {"attack", 1, NULL, 'a'},
	    {"seed", 1, NULL, 's'}, {"dump", 1, NULL, 'd'}, {"plain", 0, NULL, 'p'},
	    {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'l')
			m.listen = optarg;
		else if (c == 't')
			m.to = optarg;
		else if (c == 'n')
			m.attacks = strtoull(optarg, NULL, 10);
		else if (c == 'a')
			choose_only(optarg);
		else if (c == 's')
			m.seed = strtoull(optarg, NULL, 10);
		else if (c == 'p')
			m.plain = true;
		else if (c == 'd')
			m.dump = open(
			    optarg, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		else
			exit(2);
	}
	if (m.listen == NULL || m.to == NULL || optind != argc)
		fail("usage: --listen ADDRESS --to ADDRESS [--attacks N] [--attack "
		     "NAME] "
		     "[--seed N] [--dump FILE] [--plain]");
}

int
main(int argc, char **argv)
{
	signal(SIGTERM, on_stop);
	arguments(argc, argv);
	m.link = calloc(LINKS_MAX, sizeof *m.link);
	if (m.link == NULL)
		fail("no memory");
	for (int i = 0; i < LINKS_MAX; i++)
		m.link[i].fd[0] = m.link[i].fd[1] = -1;
	m.listener = open_address(m.listen, true);
	while (!stopping)
		run();
	report();
	return 0;
}
