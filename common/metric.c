/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/metric.h"

#include <inttypes.h>
#include <string.h>

const uint64_t metric_bounds_us[METRIC_BOUNDS] = {1000, 2500, 5000, 10000, 25000, 50000,
    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000};

static const char *const type_names[] = {"counter", "gauge", "histogram"};

void
metric_observe(struct metric_histogram *h, uint64_t us)
{
	size_t i = 0;

	while (i < METRIC_BOUNDS && us > metric_bounds_us[i])
		i++;
	h->count[i]++;
	h->sum_us += us;
}

/* Exactly, which a double is not above 2^53. */
static void
write_number(uint64_t value, enum metric_unit unit, struct text *out)
{
	if (unit == METRIC_NUMBER)
		text_add(out, "%" PRIu64, value);
	else if (unit == METRIC_MS)
		text_add(out, "%" PRIu64 ".%03" PRIu64, value / 1000, value % 1000);
	else
		text_add(
		    out, "%" PRIu64 ".%06" PRIu64, value / 1000000, value % 1000000);
}

static void
write_histogram(const char *name, const struct metric_histogram *h, struct text *out)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < METRIC_BOUNDS; i++) {
		sum += h->count[i];
		text_add(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
		    (double)metric_bounds_us[i] / 1e6, sum);
	}
	sum += h->count[METRIC_BOUNDS];
	text_add(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum ", name, sum, name);
	write_number(h->sum_us, METRIC_US, out);
	text_add(out, "\n%s_count %" PRIu64 "\n", name, sum);
}

static void
write_rows(const char *name, const struct metric *m, const struct metric_rows *rows,
    struct text *out)
{
	for (size_t i = 0; rows != NULL && i < rows->count; i++) {
		const char *row = (const char *)rows->row + i * rows->size;
		uint64_t value;

		memcpy(&value, row + m->offset, sizeof value);
		text_add(out, "%s{", name);
		rows->label(row, out);
		text_add(out, "} ");
		write_number(value, m->unit, out);
		text_add(out, "\n");
	}
}

static void
write_value(const char *name, const struct metric *m, const void *values,
    const struct metric_rows *rows, struct text *out)
{
	const char *at = (const char *)values + m->offset;
	uint64_t value;

	if (m->of_rows) {
		write_rows(name, m, rows, out);
		return;
	}
	if (m->type == METRIC_HISTOGRAM) {
		write_histogram(
		    name, (const struct metric_histogram *)(const void *)at, out);
		return;
	}
	memcpy(&value, at, sizeof value);
	text_add(out, m->labels != NULL ? "%s{%s} " : "%s ", name, m->labels);
	write_number(value, m->unit, out);
	text_add(out, "\n");
}

void
metric_write(const struct metric_table *t, const void *values,
    const struct metric_rows *rows, struct text *out)
{
	const char *before = "";
	char name[128];

	for (size_t i = 0; i < t->count; i++) {
		const struct metric *m = &t->metric[i];

		snprintf(name, sizeof name, "%s%s", t->prefix, m->name);
		if (strcmp(before, m->name) != 0)
			text_add(out, "# HELP %s %s\n# TYPE %s %s\n", name, m->help,
			    name, type_names[m->type]);
		before = m->name;
		write_value(name, m, values, rows, out);
	}
}

void
metric_write_label(const char *value, struct text *out)
{
	text_add(out, "\"");
	for (const char *p = value; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '"' || c == '\\')
			text_add(out, "\\%c", c);
		else
			text_add(out, "%c", c >= ' ' && c < 0x7f ? c : '?');
	}
	text_add(out, "\"");
}

void
metric_print(const struct metric_table *t, FILE *out)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct metric *m = &t->metric[i];

		fprintf(out, "%s%s\t%s\t%s\t%s\t%s\n", t->prefix, m->name,
		    type_names[m->type], m->labels != NULL ? m->labels : "",
		    m->stat != NULL ? m->stat : "", m->help);
	}
}
