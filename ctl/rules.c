/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/rules.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "ctl/session.h"
#include "ctl/source.h"

#define WHY_MAX 512

/* As fwlog_report sees the prefix map: a row for each span in which it says something.
 */
#define US(time) "(extract(epoch FROM " time ") * 1000000)::bigint::text"
static const char verdicts_sql[] =
    "SELECT s.prefix_id, s.host_id, string_agg(s.since, ' ' ORDER BY s.at), "
    "string_agg(s.verdict, ' ' ORDER BY s.at) FROM ("
    "SELECT v.prefix_id, coalesce(v.host_id, 0) AS host_id, "
    "coalesce(" US(
	"v.valid_from") ", '-') AS since, "
			"coalesce(v.valid_from, '-infinity') AS at, v.verdict FROM "
			"fwlog.prefix_verdict v "
			"UNION ALL SELECT v.prefix_id, coalesce(v.host_id, 0), " US(
			    "v.valid_to") ", v.valid_to, '-' FROM fwlog.prefix_verdict "
					  "v WHERE v.valid_to IS NOT NULL "
					  "AND NOT EXISTS (SELECT FROM "
					  "fwlog.prefix_verdict o WHERE o.prefix_id = "
					  "v.prefix_id AND o.host_id IS NOT DISTINCT "
					  "FROM v.host_id AND o.valid_from = "
					  "v.valid_to)) s GROUP BY 1, 2";
#undef US

/* ---- files */

static int
has_prefix_map(struct db *db, bool *has)
{
	char found[8];

	if (db_value(db, "SELECT EXISTS (SELECT FROM fwlog.prefix_map_full)", NULL,
		found, sizeof found) < 0)
		return session_failed("rules", db);
	*has = found[0] == 't';
	return 0;
}

int
rules_open(struct rules *r, const struct args *args, size_t last, bool with_db)
{
	struct rule_options options = {
	    .vars = args->vars, .overrides = args->overrides, .has_prefix_map = true};
	char why[WHY_MAX];

	*r = (struct rules){0};
	if (with_db || args->db != NULL) {
		r->db = session_open(args);
		if (r->db == NULL || has_prefix_map(r->db, &options.has_prefix_map) < 0)
			return -1;
		r->lists = source_of(r->db, 1).lists;
	}
	options.lists = r->lists;
	r->set = rule_set_load(
	    (const char *const *)args->operand, last, &options, why, sizeof why);
	if (r->set == NULL) {
		fprintf(stderr, "fwlogctl: %s\n", why);
		return -1;
	}
	return 0;
}

void
rules_close(struct rules *r)
{
	rule_set_free(r->set);
	names_free(r->names);
	db_close(r->db);
}

void
rules_print_reports(const struct rule_set *set, bool all, FILE *out)
{
	for (size_t i = 0; i < set->report_count; i++) {
		const struct rule_report *report = &set->report[i];
		const char *more =
		    report->reason != NULL ? report->reason : report->warning;

		if (!all && report->class == RULE_NOT_APPLICABLE)
			continue;
		if (!all && report->class == RULE_LOADED && report->warning == NULL)
			continue;
		text_plain(report->path, out);
		fprintf(out, ":%u: %s: ", report->line, rule_class_name(report->class));
		text_plain(report->title != NULL ? report->title : "?", out);
		if (more != NULL) {
			fputs(report->reason != NULL ? ": " : ": warning: ", out);
			text_plain(more, out);
		}
		fputc('\n', out);
	}
}

/* ---- names */

static int
read_dictionary(struct rules *r, enum filter_dict dict)
{
	struct db_rows *rows = db_query(r->db, names_sql[dict], "0");
	uint8_t raw[RECORD_STRING_MAX];
	int rc = 0;

	if (rows == NULL)
		return session_failed("names", r->db);
	for (int i = 0; rc == 0 && i < db_rows_count(rows); i++) {
		size_t len = text_unhex(db_rows_get(rows, i, 1), raw, sizeof raw);

		rc = names_add(r->names, dict,
		    (uint32_t)strtoul(db_rows_get(rows, i, 0), NULL, 10),
		    (struct bytes){raw, (uint16_t)len});
	}
	db_rows_free(rows);
	return rc;
}

static int
read_verdicts(struct rules *r)
{
	struct db_rows *rows = db_query(r->db, verdicts_sql, NULL);
	int rc = 0;

	if (rows == NULL)
		return session_failed("the prefix map", r->db);
	for (int i = 0; rc == 0 && i < db_rows_count(rows); i++)
		rc = names_add_verdicts(r->names,
		    (uint32_t)strtoul(db_rows_get(rows, i, 0), NULL, 10),
		    (int32_t)strtol(db_rows_get(rows, i, 1), NULL, 10),
		    db_rows_get(rows, i, 2), db_rows_get(rows, i, 3));
	db_rows_free(rows);
	return rc;
}

int
rules_read_names(struct rules *r)
{
	r->names = names_new();
	if (r->names == NULL)
		return -1;
	for (int dict = 0; dict < NAMES_DICTS; dict++)
		if (read_dictionary(r, (enum filter_dict)dict) != 0)
			return -1;
	return read_verdicts(r);
}
