/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/stats.h"

#include <stdarg.h>
#include <stdio.h>

#include "agent/options.h"

__attribute__((format(printf, 3, 4))) static void
put(struct stats *out, uint64_t value, const char *fmt, ...)
{
	struct stat_entry *e = &out->entry[out->count];
	va_list ap;

	if (out->count == STATS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(e->name, sizeof e->name, fmt, ap);
	va_end(ap);
	e->value = value;
	out->count++;
}

static void
put_spool(struct stats *out, const struct spool *spool)
{
	struct spool_counters c;

	spool_counters(spool, &c);
	put(out, c.records, "spooled");
	put(out, c.records_waiting, "waiting");
	put(out, c.oldest_us, "oldest_us");
	put(out, c.dropped, "dropped");
	put(out, c.corrupt, "corrupt");
	put(out, c.bytes_used, "spool_bytes");
	put(out, c.bytes_retained, "spool_retained");
	put(out, c.syncs, "syncs");
	put(out, c.sync_errors, "sync_errors");
}

static void
put_uplink(struct stats *out, const struct uplink *uplink)
{
	struct uplink_counters c;

	uplink_counters(uplink, &c);
	put(out, c.sessions, "sessions");
	put(out, c.failures, "failures");
	put(out, c.frames, "sent_frames");
	put(out, c.bytes, "sent_bytes");
}

static void
put_filters(struct stats *out, const struct filtering *filters)
{
	struct filters_counters c;

	filters_counters(filters, &c);
	put(out, c.version, "filter_version");
	put(out, c.errors, "filter_errors");
}

static void
put_capture(struct stats *out, const struct capture *capture)
{
	struct capture_counters c[OPTIONS_GROUPS_MAX], sum = {0};
	size_t n = capture_counters(capture, c, OPTIONS_GROUPS_MAX);

	for (size_t i = 0; i < n; i++) {
		sum.captured += c[i].captured;
		sum.suppressed += c[i].suppressed;
		sum.replayed += c[i].replayed;
		sum.lost += c[i].lost;
		sum.gaps += c[i].gaps;
		sum.overruns += c[i].overruns;
	}
	put(out, n, "groups");
	put(out, sum.captured, "captured");
	put(out, sum.suppressed, "suppressed");
	put(out, sum.replayed, "replayed");
	put(out, sum.lost, "kernel_lost");
	put(out, sum.gaps, "kernel_gaps");
	put(out, sum.overruns, "overruns");
	for (size_t i = 0; i < n; i++) {
		put(out, c[i].captured, "group_%u_captured", c[i].group);
		put(out, c[i].lost, "group_%u_lost", c[i].group);
		put(out, c[i].overruns, "group_%u_overruns", c[i].group);
	}
}

void
stats_fill(struct stats *out, const struct capture *capture, const struct spool *spool,
    const struct uplink *uplink, const struct locallog *log,
    const struct filtering *filters)
{
	put_spool(out, spool);
	put_uplink(out, uplink);
	if (log != NULL)
		put(out, locallog_lost(log), "local_log_lost");
	put_filters(out, filters);
	put_capture(out, capture);
}
