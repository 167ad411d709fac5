/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An agent's connection: from socket to frames and back, sealed or plain. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/load/agent.h"

#define RETRY_MS 500

void
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

void
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

void
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
agent_write(struct load *l, struct agent *a)
{
	while (a->state >= SEALING && a->state < DONE) {
		ssize_t n;

		if (a->wire_off == a->wire_len) {
			a->wire_off = a->wire_len = 0;
			agent_queue(l, a);
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

void
agent_serve(struct load *l, struct agent *a, short events)
{
	if (a->state == CONNECTING && events != 0)
		agent_connected(l, a);
	else if (a->state >= SEALING && (events & (POLLIN | POLLHUP | POLLERR)) != 0)
		agent_read(l, a);
	agent_write(l, a);
}
