/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics for Prometheus: one table for each program, from which come the text it is
 * scraped as (exposition format 0.0.4), what --print-metrics lists, and, where a metric
 * has a name there, the counters an agent tells its collector. The values are the
 * caller's: a struct of uint64_t and histograms, which the table points into.
 */
#ifndef FWLOG_COMMON_METRIC_H
#define FWLOG_COMMON_METRIC_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/textbuf.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
/* As the program counts; what is no number of something is shown in seconds. */
enum metric_unit { METRIC_NUMBER, METRIC_MS, METRIC_US };

#define METRIC_BOUNDS 14

/* Times, by the bounds of metric_bounds_us; a count is of those up to its bound that
 * are above the one before. */
struct metric_histogram {
	uint64_t count[METRIC_BOUNDS + 1];
	uint64_t sum_us;
};
extern const uint64_t metric_bounds_us[METRIC_BOUNDS];

struct metric {
	const char *name;   /* behind the table's prefix */
	const char *labels; /* cause="kernel"; NULL: none. Those of a name in a row. */
	enum metric_type type;
	enum metric_unit unit;
	size_t offset;    /* uint64_t, or struct metric_histogram */
	bool of_rows;     /* in a row, not in the values; labels come from the row */
	const char *stat; /* its name in STATS; NULL: it is not there */
	const char *help; /* a line; of those of one name the first one's counts */
};

struct metric_table {
	const char *prefix; /* "fwlog_agent_" */
	const struct metric *metric;
	size_t count;
};

/* What there is several times, as groups. */
struct metric_rows {
	const void *row;
	size_t size, count;
	void (*label)(const void *row, struct text *out); /* writes group="5" */
};

void metric_observe(struct metric_histogram *h, uint64_t us);
/* rows may be NULL when no metric is of_rows. */
void metric_write(const struct metric_table *t, const void *values,
    const struct metric_rows *rows, struct text *out);
/* A label's value with its quotes. */
void metric_write_label(const char *value, struct text *out);
/* One metric a line, tab-separated: name, type, labels, name in STATS, help. */
void metric_print(const struct metric_table *t, FILE *out);

#endif
