/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/suppressed.h"

void
suppressed_begin(struct suppressed *s)
{
	s->m.entries = 0;
	s->last = 0;
}

static bool
is_entry(const struct suppressed *s, uint16_t i, int32_t filter_id, uint64_t minute_us,
    uint16_t prefix)
{
	const struct filtered_entry *e = &s->m.entry[i];

	return e->filter_id == filter_id && e->minute_us == minute_us &&
	       s->prefix[i] == prefix;
}

/* The entry, a new one if there is none; -1: there is no room for it. */
static int
find(struct suppressed *s, int32_t filter_id, uint64_t minute_us, uint16_t prefix)
{
	uint16_t n = s->m.entries;

	if (s->last < n && is_entry(s, s->last, filter_id, minute_us, prefix))
		return s->last;
	for (uint16_t i = 0; i < n; i++)
		if (is_entry(s, i, filter_id, minute_us, prefix))
			return i;
	if (n == FILTERED_MAX)
		return -1;
	s->m.entry[n] =
	    (struct filtered_entry){.filter_id = filter_id, .minute_us = minute_us};
	s->prefix[n] = prefix;
	return s->m.entries++;
}

int
suppressed_add(struct suppressed *s, int32_t filter_id, uint64_t ts_us, uint16_t prefix)
{
	int i = find(s, filter_id, ts_us - ts_us % MINUTE_US, prefix);

	if (i < 0)
		return -1;
	s->m.entry[i].records++;
	s->last = (uint16_t)i;
	return 0;
}

struct filtered *
suppressed_message(struct suppressed *s, const struct batch_writer *batch)
{
	for (uint16_t i = 0; i < s->m.entries; i++)
		if (s->prefix[i] != SUPPRESSED_NO_PREFIX)
			s->m.entry[i].prefix = batch_writer_string(batch, s->prefix[i]);
	return s->m.entries > 0 ? &s->m : NULL;
}
