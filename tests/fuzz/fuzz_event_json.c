/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of events as fwlogctl rule test --events and rule explain read them. Any bytes
 * are an event or are refused with a reason; an event has a time, its names are known,
 * and the same line gives the same numbers again.
 */
#include <stdlib.h>
#include <string.h>

#include "ctl/event_json.h"
#include "tests/fuzz/fuzz.h"

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static void
check_event(const struct names *names, const struct event *ev, int32_t host_id)
{
	enum filter_dict dict;
	uint32_t id;

	check(EVENT_HAS(ev, ts) && host_id >= 0);
	check(!EVENT_HAS(ev, payload) && !EVENT_HAS(ev, hw_header));
	if (EVENT_HAS(ev, src))
		check(ev->src.family == 4 || ev->src.family == 6);
	if (host_id > 0)
		check(!names_missing(names, ev, host_id, &dict, &id));
	names_verdict(names, host_id, ev);
}

static void
read_line(
    struct event_json *j, const struct names *names, const uint8_t *data, size_t len)
{
	char *line = malloc(len > 0 ? len : 1);
	struct event ev, again;
	const char *why = NULL;
	int32_t host_id, host_again;
	int64_t n;

	check(line != NULL);
	if (len > 0)
		memcpy(line, data, len);
	if (event_json_read(j, line, len, &ev, &host_id, &n, &why) != 0) {
		check(why != NULL);
	} else {
		check_event(names, &ev, host_id);
		check(
		    event_json_read(j, line, len, &again, &host_again, &n, &why) == 0);
		check(host_again == host_id && again.has == ev.has);
		check(again.prefix_id == ev.prefix_id && again.in_id == ev.in_id);
	}
	free(line);
}

int
fuzz_target(const uint8_t *data, size_t len)
{
	struct names *names = names_new();
	struct event_json *j;
	const uint8_t *end;
	size_t n;

	check(names != NULL);
	j = event_json_new(names);
	check(j != NULL);
	for (; len > 0; data += n, len -= n) {
		end = memchr(data, '\n', len);
		n = end != NULL ? (size_t)(end - data) + 1 : len;
		read_line(j, names, data, n);
	}
	event_json_free(j);
	names_free(names);
	return 0;
}
