/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/window.h"

void
window_clear(struct window *w)
{
	w->head = 0;
	w->count = 0;
	w->bytes = 0;
}

bool
window_open(const struct window *w)
{
	return w->count < WINDOW_FRAMES && w->bytes < WINDOW_BYTES;
}

static struct window_entry *
entry(struct window *w, unsigned i)
{
	return &w->ring[(w->head + i) % WINDOW_FRAMES];
}

void
window_push(struct window *w, uint64_t epoch, uint64_t last_seq, size_t bytes)
{
	*entry(w, w->count++) = (struct window_entry){
	    .epoch = epoch, .last_seq = last_seq, .bytes = (uint32_t)bytes};
	w->bytes += bytes;
}

/* The newest number of that epoch under way; 0 none. */
static uint64_t
newest(struct window *w, uint64_t epoch)
{
	for (unsigned i = w->count; i-- > 0;)
		if (entry(w, i)->epoch == epoch)
			return entry(w, i)->last_seq;
	return 0;
}

int
window_ack(struct window *w, uint64_t epoch, uint64_t seq)
{
	uint64_t top = newest(w, epoch);
	int acked = 0;

	if (top == 0)
		return 0;
	if (seq > top)
		return -1;
	for (unsigned i = 0; i < w->count; i++) {
		struct window_entry *e = entry(w, i);

		if (e->epoch != epoch)
			continue;
		if (e->last_seq > seq)
			break;
		if (!e->acked) {
			e->acked = true;
			w->bytes -= e->bytes;
			acked = 1;
		}
	}
	while (w->count > 0 && entry(w, 0)->acked) {
		w->head = (w->head + 1) % WINDOW_FRAMES;
		w->count--;
	}
	return acked;
}
