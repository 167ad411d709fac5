/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes from a peer: fed whole and fed byte by byte must give the same frames; every
 * message decoder takes every payload. */
#include <stdlib.h>

#include "common/message.h"
#include "tests/fuzz/fuzz.h"

static void
decode(const struct frame *frame)
{
	static union {
		struct hello hello;
		struct welcome welcome;
		struct ack ack;
		struct loss loss;
		struct filtered filtered;
		struct filters filters;
		struct applied applied;
		struct stats stats;
		struct alive alive;
		struct bye bye;
	} m;
	const char *why;

#define TRY(name)                                                                \
	if (message_get_##name(frame->payload, frame->len, &m.name, &why) < 0 && \
	    why == NULL)                                                         \
		abort();
	TRY(hello)
	TRY(welcome)
	TRY(ack)
	TRY(loss)
	TRY(filtered)
	TRY(filters)
	TRY(applied)
	TRY(stats)
	TRY(alive)
	TRY(bye)
#undef TRY
}

/* The first frame when bytes arrive one at a time. */
static long
parse_slowly(const uint8_t *data, size_t len, struct frame *frame, const char **why)
{
	for (size_t n = 0; n <= len; n++) {
		long took = frame_parse(data, n, frame, why);

		if (took != 0)
			return took;
	}
	return 0;
}

int
fuzz_target(const uint8_t *data, size_t len)
{
	struct frame whole, slow;
	const char *why = NULL;
	long took;

	for (; len > 0; data += took, len -= (size_t)took) {
		took = frame_parse(data, len, &whole, &why);
		if (parse_slowly(data, len, &slow, &why) != took)
			abort();
		if (took <= 0)
			break;
		if (slow.type != whole.type || slow.more != whole.more ||
		    slow.len != whole.len)
			abort();
		(void)frame_crc_ok(&whole);
		decode(&whole);
	}
	return 0;
}
