/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All agents in one poll loop. */
#include <errno.h>
#include <string.h>

#include "tests/load/agent.h"

/* Retries what is down and says what to wait for. */
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
load_run(struct load *l, int64_t deadline)
{
	while (l->done < l->agents && now_ms() < deadline) {
		load_prepare(l);
		if (poll(l->poll, l->agents, 100) < 0 && errno != EINTR)
			fail("poll: %s", strerror(errno));
		for (uint64_t i = 0; i < l->agents; i++)
			if (l->poll[i].fd >= 0 && l->poll[i].fd == l->agent[i].fd)
				agent_serve(l, &l->agent[i], l->poll[i].revents);
	}
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

	options_read(&l, argc, argv);
	records_make_templates(&l);
	l.agent = take(l.agents, sizeof l.agent[0]);
	l.poll = take(l.agents, sizeof l.poll[0]);
	l.latency_max = l.agents * l.batches;
	l.latency = take(l.latency_max, sizeof l.latency[0]);
	for (uint64_t i = 0; i < l.agents; i++)
		agent_new(&l, &l.agent[i], i);
	start = now_ms();
	load_run(&l, start + (int64_t)l.seconds * 1000);
	report_print(&l, (double)(now_ms() - start + 1) / 1000);
	return l.done == l.agents ? 0 : 1;
}
