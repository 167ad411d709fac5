/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/alert_json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

/* Numbers as a bigint takes them. */
static uint64_t
bounded(uint64_t n)
{
	return n > INT64_MAX ? INT64_MAX : n;
}

static void
put_text(const char *name, const char *value, FILE *out)
{
	if (value == NULL)
		return;
	fprintf(out, ",\"%s\":", name);
	text_json(value, out);
}

static void
put_time(const char *name, uint64_t us, FILE *out)
{
	char text[TEXT_TIME];

	text_time((int64_t)bounded(us), text);
	fprintf(out, ",\"%s\":\"%s\"", name, text);
}

static void
put_number(const char *name, uint64_t n, FILE *out)
{
	fprintf(out, ",\"%s\":%" PRIu64, name, bounded(n));
}

static void
put_flag(const char *name, bool value, FILE *out)
{
	fprintf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

static void
put_texts(const char *name, const struct rule_texts *texts, FILE *out)
{
	fprintf(out, ",\"%s\":[", name);
	for (size_t i = 0; i < texts->count; i++) {
		if (i > 0)
			fputc(',', out);
		text_json(texts->at[i], out);
	}
	fputc(']', out);
}

/* ---- alerts */

const char *
alert_change_name(enum alert_change change)
{
	static const char *const names[] = {"fired", "updated", "repeated", "resolved"};

	return names[change];
}

const char *
alert_delivery_name(enum alert_delivery delivery)
{
	static const char *const names[] = {
	    "notify", "digest", "silenced", "suppressed", "quiet"};

	return names[delivery];
}

/* The order of the fields is to be kept, so they go as a text. */
static void
put_fields(const struct alert *a, FILE *out)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return;
	fputc('{', f);
	for (size_t i = 0; i < a->values; i++) {
		if (i > 0)
			fputc(',', f);
		text_json(a->value[i].name, f);
		fputc(':', f);
		text_json(a->value[i].text, f);
	}
	fputc('}', f);
	if (fclose(f) == 0)
		put_text("fields", text, out);
	free(text);
}

static void
put_samples(const struct alert *a, FILE *out)
{
	char text[TEXT_TIME];

	fputs(",\"sample_host\":[", out);
	for (size_t i = 0; i < a->samples; i++)
		fprintf(out, "%s%" PRId32, i > 0 ? "," : "", a->sample[i].host_id);
	fputs("],\"sample_n\":[", out);
	for (size_t i = 0; i < a->samples; i++)
		fprintf(out, "%s%" PRId64, i > 0 ? "," : "", a->sample[i].n);
	fputs("],\"sample_ts\":[", out);
	for (size_t i = 0; i < a->samples; i++) {
		text_time((int64_t)bounded(a->sample[i].ts_us), text);
		fprintf(out, "%s\"%s\"", i > 0 ? "," : "", text);
	}
	fputc(']', out);
}

static bool
is_asked_for(const struct rule *rule, const char *action)
{
	for (size_t i = 0; i < rule->actions.count; i++)
		if (strcmp(rule->actions.at[i], action) == 0)
			return true;
	return rule->actions.count == 0;
}

static void
put_actions(const struct rule *rule, enum alert_change change,
    const struct alert_json_actions *actions, FILE *out)
{
	const char *comma = "";

	fputs(",\"actions\":[", out);
	for (size_t i = 0; actions != NULL && i < actions->count; i++) {
		if (!is_asked_for(rule, actions->name[i]) ||
		    !actions->wants(actions->arg, i, rule, change))
			continue;
		fputs(comma, out);
		text_json(actions->name[i], out);
		comma = ",";
	}
	fputc(']', out);
}

static void
put_rule(const struct rule *r, FILE *out)
{
	put_text("title", r->title, out);
	put_text("level", rule_level_name(r->level), out);
	put_text("type", rule_type_name(r->type), out);
	put_text("author", r->author, out);
	put_text("license", r->license, out);
	put_text("description", r->description, out);
	put_texts("refs", &r->references, out);
	put_texts("tags", &r->tags, out);
}

void
alert_json(const struct alert *a, const struct alert_json_actions *actions, FILE *out)
{
	const struct rule *r = a->rule;

	fprintf(out, "{\"change\":\"%s\",\"delivery\":\"%s\"",
	    alert_change_name(a->change), alert_delivery_name(a->delivery));
	put_text("rule_id", r->id, out);
	put_text("logic_hash", r->hash, out);
	fputs(",\"group_key\":\"", out);
	for (size_t i = 0; i < a->key_len; i++)
		fprintf(out, "%02x", a->key[i]);
	fputc('"', out);
	put_time("window_start", a->window_start_us, out);
	put_rule(r, out);
	put_fields(a, out);
	put_text("filter", a->filter, out);
	put_text("detail", a->detail, out);
	put_time("first_ts", a->first_us, out);
	put_time("last_ts", a->last_us, out);
	put_number("events", a->events, out);
	put_number("amount", a->amount, out);
	put_flag("sliced", a->sliced, out);
	put_samples(a, out);
	put_flag("backfill", a->backfill, out);
	if (a->delivery == ALERT_SILENCED)
		fprintf(out, ",\"silence_id\":%" PRId64, a->silence_id);
	if (a->change == ALERT_RESOLVED)
		put_time("resolved", a->resolved_us, out);
	put_actions(r, a->change, actions, out);
	fputc('}', out);
}

void
alert_group_text(const struct alert *a, FILE *out)
{
	for (size_t i = 0; i < a->values; i++) {
		fprintf(out, "%s%s=", i > 0 ? " " : "", a->value[i].name);
		text_plain(a->value[i].text, out);
	}
}

/* ---- digests */

static void
put_digest_actions(
    const struct alert_digest *d, const struct alert_json_actions *actions, FILE *out)
{
	const char *comma = "";
	bool wanted;

	fputs(",\"actions\":[", out);
	for (size_t i = 0; actions != NULL && i < actions->count; i++) {
		wanted = false;
		for (size_t k = 0; k < d->entries && !wanted; k++)
			wanted = is_asked_for(d->entry[k].rule, actions->name[i]) &&
				 actions->wants(
				     actions->arg, i, d->entry[k].rule, ALERT_FIRED);
		if (!wanted)
			continue;
		fputs(comma, out);
		text_json(actions->name[i], out);
		comma = ",";
	}
	fputc(']', out);
}

void
alert_digest_json(
    const struct alert_digest *d, const struct alert_json_actions *actions, FILE *out)
{
	fprintf(out, "{\"alerts\":%" PRIu64, bounded(d->alerts));
	put_time("from_ts", d->from_us, out);
	put_time("to_ts", d->to_us, out);
	put_flag("backfill", d->backfill, out);
	fputs(",\"entries\":[", out);
	for (size_t i = 0; i < d->entries; i++) {
		const struct alert_digest_entry *e = &d->entry[i];

		fprintf(out, "%s{\"alerts\":%" PRIu64, i > 0 ? "," : "",
		    bounded(e->alerts));
		put_text("rule_id", e->rule->id, out);
		put_text("title", e->rule->title, out);
		put_text("level", rule_level_name(e->rule->level), out);
		put_text("example", e->example, out);
		fputc('}', out);
	}
	fputc(']', out);
	put_digest_actions(d, actions, out);
	fputc('}', out);
}

/* ---- rules */

static void
put_loaded(const struct rule *r, FILE *out)
{
	put_text("rule_id", r->id, out);
	put_text("logic_hash", r->hash, out);
	put_text("name", r->name, out);
	put_text("status", r->status, out);
	put_text("filter", r->text, out);
	put_flag("alerts", r->alerts, out);
	put_rule(r, out);
}

/* The rule a report is about; NULL: it was not loaded. */
static const struct rule *
rule_of(const struct rule_set *set, const struct rule_report *report)
{
	for (size_t i = 0; i < set->count && report->class == RULE_LOADED; i++)
		if (set->rule[i]->line == report->line && set->rule[i]->path != NULL &&
		    strcmp(set->rule[i]->path, report->path) == 0)
			return set->rule[i];
	return NULL;
}

static void
put_report(const struct rule_set *set, const struct rule_report *report, FILE *out)
{
	const struct rule *r = rule_of(set, report);

	fprintf(out, "{\"line\":%u", report->line);
	put_text("path", report->path, out);
	put_text("class", rule_class_name(report->class), out);
	put_text("reason", report->reason, out);
	put_text("warning", report->warning, out);
	if (r != NULL) {
		put_loaded(r, out);
	} else {
		put_text("rule_id", report->id, out);
		put_text("title", report->title, out);
	}
	fputc('}', out);
}

void
rule_set_json(const struct rule_set *set, bool with_builtins, FILE *out)
{
	const char *comma = "";

	fputc('[', out);
	for (int i = 0; with_builtins && i < ENGINE_BUILTINS; i++) {
		fprintf(out, "%s{\"path\":\"built in\",\"line\":%d", comma, i + 1);
		comma = ",";
		put_text("class", rule_class_name(RULE_LOADED), out);
		put_loaded(engine_builtin_rule((enum engine_builtin)i), out);
		fputc('}', out);
	}
	for (size_t i = 0; i < set->report_count; i++) {
		fputs(comma, out);
		comma = ",";
		put_report(set, &set->report[i], out);
	}
	fputc(']', out);
}
