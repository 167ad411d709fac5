/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an agent says and hears: HELLO to the last ACK. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/crc32c.h"
#include "tests/load/agent.h"

#define STATS_EVERY_MS 10000
#define AT_EPOCH (FRAME_HEADER + 2) /* where a batch has its epoch and first seq */

static struct writer
agent_out(const struct load *l, struct agent *a)
{
	return writer_of(a->out + a->out_len, l->out_size - a->out_len);
}

void
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

void
agent_queue(struct load *l, struct agent *a)
{
	if (a->state == READY && now_ms() >= a->stats_ms)
		agent_queue_stats(l, a);
	else if (a->state == READY)
		agent_queue_batch(l, a);
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

void
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

void
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
