/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The figures of a load, one line of JSON. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/load/agent.h"

static int
by_value(const void *x, const void *y)
{
	uint32_t a, b;

	memcpy(&a, x, sizeof a);
	memcpy(&b, y, sizeof b);
	return (a > b) - (a < b);
}

void
report_print(struct load *l, double seconds)
{
	uint64_t acked = 0;

	for (uint64_t i = 0; i < l->agents; i++)
		acked += l->agent[i].acked;
	qsort(l->latency, l->latencies, sizeof l->latency[0], by_value);
	printf("{\"agents\": %llu, \"batch\": %llu, \"records\": %llu, \"sent\": %llu, "
	       "\"acked\": %llu, \"seconds\": %.3f, \"records_per_second\": %.0f, "
	       "\"reconnects\": %llu, \"ack_p50_ms\": %u, \"ack_p99_ms\": %u}\n",
	    (unsigned long long)l->agents, (unsigned long long)l->batch,
	    (unsigned long long)(l->agents * l->records), (unsigned long long)l->sent,
	    (unsigned long long)acked, seconds, (double)acked / seconds,
	    (unsigned long long)l->reconnects,
	    l->latencies > 0 ? l->latency[l->latencies / 2] : 0,
	    l->latencies > 0 ? l->latency[l->latencies * 99 / 100] : 0);
}
