/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of logs from the first byte on, as fwlogctl import reads them: find the text of
 * the kernel, read what stands before it, take it apart; as an entry of the journal
 * when it looks like one; as a packet of a capture. No overrun, and what comes out
 * points into what came in. The input is copied into memory of its exact size.
 */
#include <stdlib.h>
#include <string.h>

#include "ctl/import_capture.h"
#include "ctl/import_journal.h"
#include "ctl/import_log.h"
#include "ctl/import_stamp.h"
#include "tests/fuzz/fuzz.h"

static struct journal_entry entry;

static void
check_inside(struct span s, const char *from, size_t len)
{
	if (s.p != NULL &&
	    (s.p < from || s.len > len || s.p - from > (ptrdiff_t)(len - s.len)))
		abort();
}

static void
read_text(const char *line, size_t len)
{
	const char *in = import_log_find(line, len);
	struct import_row row = {0};
	struct import_why why = {""};
	struct import_stamp stamp;
	struct import_clock clock;

	if (in == NULL)
		return;
	check_inside((struct span){in, 3}, line, len);
	import_clock_start(&clock, 0, 1795183500, 1);
	if (import_stamp_read(&clock, line, (size_t)(in - line), &stamp, &why) ==
	    IMPORT_EVENT) {
		check_inside(stamp.message, line, len);
		check_inside(stamp.host, line, len);
	}
	if (import_log_parse(in, len - (size_t)(in - line), &row, &why) ==
	    IMPORT_EVENT) {
		if (!EVENT_HAS(&row.ev, src) || !EVENT_HAS(&row.ev, dst))
			abort();
	} else if (why.text[0] == '\0') {
		abort();
	}
	for (int i = 0; i < IMPORT_NAMES; i++)
		check_inside(row.name[i], line, len);
}

static void
read_capture(const char *data, size_t len)
{
	static const uint32_t links[] = {1, 12, 101, 113, 239, 7};
	struct capture_names names;
	struct import_row row = {0};
	struct import_why why;
	struct capture c = {.swap = len % 2 == 1};
	struct capture_packet p = {.length = (uint32_t)len + 9, .data = {data, len}};

	for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
		p.link_type = links[i];
		if (capture_row(&c, &p, &names, &row, &why) == IMPORT_EVENT)
			check_inside(row.name[IMPORT_PREFIX], data, len);
	}
}

int
fuzz_target(const uint8_t *data, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL)
		abort();
	if (len > 0)
		memcpy(copy, data, len);
	read_text(copy, len);
	if (journal_read_json(copy, len, &entry))
		check_inside(entry.message, entry.room, entry.used);
	read_capture(copy, len);
	free(copy);
	return 0;
}
