/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/nearest.h"
#include "web-cgi/when.h"

const char *const state_by_names[] = {
    [BY_VERDICT] = "verdict",
    [BY_HOST] = "host",
    [BY_PREFIX] = "prefix",
    [BY_PROTO] = "proto",
    NULL,
};

/* ---- cursors */

void
cursor_text(const struct cursor *c, char text[CURSOR_TEXT])
{
	snprintf(text, CURSOR_TEXT, "%" PRIx64 ".%" PRIx32 ".%" PRIx64, (uint64_t)c->ts,
	    (uint32_t)c->host_id, (uint64_t)c->n);
}

/* Hexadecimal digits up to the end sign; *text moves behind it. */
static int
parse_hex(const char **text, char end, uint64_t max, uint64_t *value)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = strspn(*text, digits);

	if (len == 0 || len > 16 || (*text)[len] != end)
		return -1;
	*value = strtoull(*text, NULL, 16);
	*text += len + (end != '\0');
	return *value <= max ? 0 : -1;
}

int
cursor_parse(struct cursor *c, const char *text)
{
	uint64_t ts, host, n;

	if (parse_hex(&text, '.', INT64_MAX, &ts) < 0 ||
	    parse_hex(&text, '.', INT32_MAX, &host) < 0 ||
	    parse_hex(&text, '\0', INT64_MAX, &n) < 0)
		return -1;
	*c = (struct cursor){(int64_t)ts, (int32_t)host, (int64_t)n};
	return 0;
}

/* ---- the parameters: name, what takes the value, what is allowed */

struct reading {
	struct state *st;
	int64_t now;
	bool has_range, has_from, has_to;
};

static int
take_q(struct reading *r, const char *value)
{
	if (strlen(value) > FILTER_TEXT_MAX)
		return -1;
	snprintf(r->st->q, sizeof r->st->q, "%s", value);
	return 0;
}

static int
take_range(struct reading *r, const char *value)
{
	r->has_range = true;
	return range_parse(&r->st->range, value, r->now);
}

static int
take_from(struct reading *r, const char *value)
{
	r->has_from = true;
	return when_parse(value, r->now, &r->st->range.from);
}

static int
take_to(struct reading *r, const char *value)
{
	r->has_to = true;
	return when_parse(value, r->now, &r->st->range.to);
}

static int
take_tz(struct reading *r, const char *value)
{
	if (strlen(value) > ZONE_NAME_MAX || zone_set(value) < 0)
		return -1;
	snprintf(r->st->tz, sizeof r->st->tz, "%s", value);
	return 0;
}

static int
take_cols(struct reading *r, const char *value)
{
	const char *bad;
	int len;

	if (strlen(value) > STATE_COLS_MAX ||
	    columns_parse(&r->st->columns, value, &bad, &len) < 0)
		return -1;
	snprintf(r->st->cols, sizeof r->st->cols, "%s",
	    strcmp(value, columns_default) == 0 ? "" : value);
	return 0;
}

static int
take_sort(struct reading *r, const char *value)
{
	r->st->oldest_first = strcmp(value, "time") == 0;
	return r->st->oldest_first || strcmp(value, "-time") == 0 ? 0 : -1;
}

/* One of a few numbers, each with a blank behind it. */
static int
take_number(const char *value, const char *allowed, int *number)
{
	size_t len = strlen(value);
	const char *at = len > 0 ? strstr(allowed, value) : NULL;

	while (at != NULL && !((at == allowed || at[-1] == ' ') && at[len] == ' '))
		at = strstr(at + 1, value);
	if (at == NULL || strspn(value, "0123456789") != len)
		return -1;
	*number = atoi(value);
	return 0;
}

static int
take_n(struct reading *r, const char *value)
{
	return take_number(value, "50 100 200 ", &r->st->n);
}

static int
take_turn(struct reading *r, const char *value, enum state_turn turn)
{
	if (r->st->turn != TURN_NONE)
		return -1;
	r->st->turn = turn;
	return cursor_parse(&r->st->cursor, value);
}

static int
take_after(struct reading *r, const char *value)
{
	return take_turn(r, value, TURN_AFTER);
}

static int
take_before(struct reading *r, const char *value)
{
	return take_turn(r, value, TURN_BEFORE);
}

static int
take_bucket(struct reading *r, const char *value)
{
	static const char units[] = "smhd";
	static const int64_t widths[] = {1, 60, 3600, 86400};
	size_t len = strspn(value, "0123456789");
	const char *unit = value[len] != '\0' ? strchr(units, value[len]) : NULL;

	if (len == 0 || len > 4 || unit == NULL || value[len + 1] != '\0' ||
	    value[0] == '0')
		return -1;
	r->st->bucket = atoi(value) * widths[unit - units] * RANGE_SECOND;
	return r->st->bucket <= 366 * RANGE_DAY ? 0 : -1;
}

static int
take_by(struct reading *r, const char *value)
{
	for (int i = 0; state_by_names[i] != NULL; i++) {
		if (strcmp(state_by_names[i], value) == 0) {
			r->st->by = (enum state_by)i;
			return 0;
		}
	}
	return -1;
}

static int
take_scale(struct reading *r, const char *value)
{
	r->st->log_scale = strcmp(value, "log") == 0;
	return r->st->log_scale || strcmp(value, "linear") == 0 ? 0 : -1;
}

static int
take_live(struct reading *r, const char *value)
{
	return take_number(value, "5 15 60 ", &r->st->live);
}

static int
take_view(struct reading *r, const char *value)
{
	size_t len = strspn(value, "0123456789");

	if (len == 0 || len > 9 || value[len] != '\0')
		return -1;
	r->st->view = atoi(value);
	return r->st->view > 0 ? 0 : -1;
}

static int
take_vs(struct reading *r, const char *value)
{
	r->st->vs_prev = strcmp(value, "prev") == 0;
	return r->st->vs_prev ? 0 : -1;
}

#define TIME_FORMS "a time like 2026-01-31T14:05:00Z, 2026-01-31 or now-2h"

static const struct {
	const char *name;
	int (*take)(struct reading *r, const char *value);
	const char *allowed;
} table[] = {
    /* The zone first: times are read in it. The others in any order. */
    {"tz", take_tz, "UTC or a zone like Europe/Berlin"},
    {"q", take_q, "a filter of at most 1024 bytes"},
    {"range", take_range,
	"one of 15m, 1h, 4h, 24h, 7d, 30d, or two times like now-2h..now-1h or "
	"-1d@d..@d"},
    {"from", take_from, TIME_FORMS},
    {"to", take_to, TIME_FORMS},
    {"cols", take_cols, "names of columns with commas between them, each once"},
    {"sort", take_sort, "time or -time"},
    {"n", take_n, "50, 100 or 200"},
    {"after", take_after, "a place in a list, as links to further rows have it"},
    {"before", take_before, "a place in a list, as links to further rows have it"},
    {"bucket", take_bucket, "a width like 30s, 5m, 1h or 1d"},
    {"by", take_by, "one of verdict, host, prefix, proto"},
    {"scale", take_scale, "linear or log"},
    {"live", take_live, "5, 15 or 60"},
    {"view", take_view, "the number of a saved view"},
    {"vs", take_vs, "prev"},
};
#define PARAMS (sizeof table / sizeof table[0])

void
state_params(void (*give)(void *arg, const char *name, const char *allowed), void *arg)
{
	for (size_t i = 0; i < PARAMS; i++)
		give(arg, table[i].name, table[i].allowed);
}

static int
unknown_param(const char *name, char why[REQUEST_WHY_MAX])
{
	struct nearest near;

	nearest_begin(&near, name);
	for (size_t i = 0; i < PARAMS; i++)
		nearest_offer(&near, table[i].name);
	if (near.best != NULL)
		snprintf(why, REQUEST_WHY_MAX,
		    "There is no parameter “%s”; did you mean “%s”?", name, near.best);
	else
		snprintf(why, REQUEST_WHY_MAX,
		    "There is no parameter “%.64s”; there are q, range, from, to, tz, "
		    "cols, sort, n, after, before, bucket, by, scale, live, view "
		    "and vs.",
		    name);
	return 400;
}

static int
check_names(const struct params *params, char why[REQUEST_WHY_MAX])
{
	size_t k;

	for (int i = 0; i < params->count; i++) {
		for (k = 0; k < PARAMS; k++)
			if (strcmp(table[k].name, params->at[i].name) == 0)
				break;
		if (k == PARAMS)
			return unknown_param(params->at[i].name, why);
	}
	return 200;
}

/* ---- what concerns several parameters */

static const char *
range_fault(const struct reading *r)
{
	const struct range *range = &r->st->range;

	if (r->has_range && (r->has_from || r->has_to))
		return "Give either “range”, or “from” and “to”.";
	if (r->has_from != r->has_to)
		return "“from” and “to” only go together.";
	if (range->to <= range->from)
		return "“to” must be later than “from”.";
	if (range->to - range->from > RANGE_SPAN_MAX)
		return "The range is longer than ten years.";
	return NULL;
}

static const char *
fault(const struct reading *r)
{
	const struct state *st = r->st;
	const char *reason = range_fault(r);

	if (reason != NULL)
		return reason;
	if (st->bucket > 0 &&
	    (st->range.to - st->range.from) / st->bucket >= RANGE_BARS_MAX)
		return "“bucket” is too narrow for this range: at most 64 bars.";
	return NULL;
}

void
state_default(struct state *st, int64_t now)
{
	const char *bad;
	int len;

	*st = (struct state){.n = STATE_N_DEFAULT, .tz = ZONE_UTC};
	if (range_preset(&st->range, STATE_RANGE_DEFAULT, now) < 0 ||
	    columns_parse(&st->columns, columns_default, &bad, &len) < 0)
		abort();
}

int
state_read(struct state *st, const struct params *params, int64_t now,
    char why[REQUEST_WHY_MAX])
{
	struct reading r = {.st = st, .now = now};
	const char *value, *reason;

	state_default(st, now);
	if (zone_set(ZONE_UTC) < 0 || check_names(params, why) != 200)
		return 400;
	for (size_t i = 0; i < PARAMS; i++) {
		value = params_get(params, table[i].name);
		/* A form sends what was left empty. */
		if (value == NULL || value[0] == '\0')
			continue;
		if (table[i].take(&r, value) < 0) {
			snprintf(why, REQUEST_WHY_MAX, "“%s=%.200s” is not %s.",
			    table[i].name, value, table[i].allowed);
			state_default(st, now);
			return 400;
		}
	}
	if (r.has_from || r.has_to) {
		st->range.preset = NULL;
		st->range.expr[0] = '\0';
	}
	reason = fault(&r);
	if (reason == NULL)
		return 200;
	snprintf(why, REQUEST_WHY_MAX, "%s", reason);
	state_default(st, now);
	return 400;
}

/* ---- written back */

typedef void put_param(struct html *h, const char *name, const char *value, void *arg);

static void
put_range(struct html *h, const struct state *st, put_param *put, void *arg)
{
	char text[RANGE_TIME_TEXT];

	if (st->range.preset != NULL) {
		if (strcmp(st->range.preset, STATE_RANGE_DEFAULT) != 0)
			put(h, "range", st->range.preset, arg);
	} else if (st->range.expr[0] != '\0') {
		put(h, "range", st->range.expr, arg);
	} else {
		range_time_text(st->range.from, text);
		put(h, "from", text, arg);
		range_time_text(st->range.to, text);
		put(h, "to", text, arg);
	}
}

static void
put_number(struct html *h, const char *name, int64_t n, const char *unit,
    put_param *put, void *arg)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRId64 "%s", n, unit);
	put(h, name, text, arg);
}

static void
put_bucket(struct html *h, int64_t width, put_param *put, void *arg)
{
	int64_t s = width / RANGE_SECOND;

	if (s % 86400 == 0)
		put_number(h, "bucket", s / 86400, "d", put, arg);
	else if (s % 3600 == 0)
		put_number(h, "bucket", s / 3600, "h", put, arg);
	else if (s % 60 == 0)
		put_number(h, "bucket", s / 60, "m", put, arg);
	else
		put_number(h, "bucket", s, "s", put, arg);
}

/* The one order. */
static void
put_all(struct html *h, const struct state *st, put_param *put, void *arg)
{
	char cursor[CURSOR_TEXT];

	if (st->q[0] != '\0')
		put(h, "q", st->q, arg);
	put_range(h, st, put, arg);
	if (strcmp(st->tz, ZONE_UTC) != 0)
		put(h, "tz", st->tz, arg);
	if (st->cols[0] != '\0')
		put(h, "cols", st->cols, arg);
	if (st->oldest_first)
		put(h, "sort", "time", arg);
	if (st->n != STATE_N_DEFAULT)
		put_number(h, "n", st->n, "", put, arg);
	if (st->turn != TURN_NONE) {
		cursor_text(&st->cursor, cursor);
		put(h, st->turn == TURN_AFTER ? "after" : "before", cursor, arg);
	}
	if (st->bucket > 0)
		put_bucket(h, st->bucket, put, arg);
	if (st->by != BY_VERDICT)
		put(h, "by", state_by_names[st->by], arg);
	if (st->log_scale)
		put(h, "scale", "log", arg);
	if (st->live > 0)
		put_number(h, "live", st->live, "", put, arg);
	if (st->view > 0)
		put_number(h, "view", st->view, "", put, arg);
	if (st->vs_prev)
		put(h, "vs", "prev", arg);
}

struct separators {
	const char *next, *between;
};

static void
put_pair(struct html *h, const char *name, const char *value, void *arg)
{
	struct separators *s = arg;

	html_raw(h, s->next);
	html_raw(h, name);
	html_raw(h, "=");
	html_url(h, value);
	s->next = s->between;
}

void
state_query(struct html *h, const struct state *st)
{
	struct separators s = {"?", "&amp;"};

	put_all(h, st, put_pair, &s);
}

void
state_query_plain(struct html *h, const struct state *st)
{
	struct separators s = {"?", "&"};

	put_all(h, st, put_pair, &s);
}

static void
put_input(struct html *h, const char *name, const char *value, void *arg)
{
	const char *but = arg, *at = strstr(but, name);
	size_t len = strlen(name);

	while (at != NULL && !(at > but && at[-1] == ' ' && at[len] == ' '))
		at = strstr(at + 1, name);
	if (at != NULL)
		return;
	html_raw(h, "<input type=\"hidden\" name=\"");
	html_raw(h, name);
	html_raw(h, "\" value=\"");
	html_attr(h, value);
	html_raw(h, "\">");
}

void
state_hidden(struct html *h, const struct state *st, const char *but)
{
	char names[64];

	snprintf(names, sizeof names, "%s", but);
	put_all(h, st, put_input, names);
}

/* ---- changed */

static struct state
anew(const struct state *st)
{
	struct state s = *st;

	s.turn = TURN_NONE;
	s.cursor = (struct cursor){0};
	return s;
}

struct state
state_with_range(const struct state *st, int64_t from, int64_t to)
{
	struct state s = anew(st);

	s.range = (struct range){.from = from > 0 ? from : 0, .to = to};
	s.bucket = 0;
	s.live = 0;
	return s;
}

struct state
state_with_preset(const struct state *st, const char *preset)
{
	struct state s = anew(st);

	if (range_preset(&s.range, preset, st->range.to) < 0)
		abort();
	s.bucket = 0;
	return s;
}

struct state
state_absolute(const struct state *st)
{
	struct state s = *st;

	s.range = (struct range){.from = st->range.from, .to = st->range.to};
	s.live = 0;
	return s;
}

struct state
state_with_filter(const struct state *st, const char *q)
{
	struct state s = anew(st);

	snprintf(s.q, sizeof s.q, "%s", q);
	s.view = 0;
	return s;
}

struct state
state_turned(const struct state *st, enum state_turn turn, const struct cursor *c)
{
	struct state s = state_absolute(st);

	s.turn = turn;
	s.cursor = *c;
	return s;
}
