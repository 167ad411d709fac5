/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a view as it stands in its URL, a public interface: what is asked for,
 * checked once, and written back in one order with the defaults left out, so that equal
 * views have equal addresses. fwlog.cgi(8) documents the parameters.
 *
 * Links are made from a copy of the state that was changed by the functions below.
 */
#ifndef FWLOG_WEB_STATE_H
#define FWLOG_WEB_STATE_H

#include "common/filter.h"
#include "web-cgi/column.h"
#include "web-cgi/html.h"
#include "web-cgi/range.h"
#include "web-cgi/request.h"
#include "web-cgi/zone.h"

#define STATE_RANGE_DEFAULT "1h"
#define STATE_COLS_MAX 255
#define STATE_N_DEFAULT 50

enum state_by { BY_VERDICT, BY_HOST, BY_PREFIX, BY_PROTO };
extern const char *const state_by_names[]; /* NULL ends them */

/* Where a page of rows begins: the key of the last row of the page beside it. */
struct cursor {
	int64_t ts;
	int32_t host_id;
	int64_t n;
};
#define CURSOR_TEXT 64 /* bytes as text */
void cursor_text(const struct cursor *c, char text[CURSOR_TEXT]);
/* 0, or -1: not from cursor_text. */
int cursor_parse(struct cursor *c, const char *text)
    __attribute__((warn_unused_result));

enum state_turn { TURN_NONE, TURN_AFTER, TURN_BEFORE };

struct state {
	char q[FILTER_TEXT_MAX + 1]; /* as typed; canonical once it was parsed */
	struct range range;
	char tz[ZONE_NAME_MAX + 1];
	char cols[STATE_COLS_MAX + 1]; /* "": columns_default */
	struct columns columns;
	bool oldest_first; /* sort=time; the default is sort=-time */
	int n;             /* rows of a page */
	enum state_turn turn;
	struct cursor cursor; /* with turn */
	int64_t bucket;       /* width of a bar, µs; 0: by the range */
	enum state_by by;     /* what bars are split by */
	bool log_scale;
	int live;     /* seconds between reloads, 0: none */
	int view;     /* number of a saved view, 0: none */
	bool vs_prev; /* compare with the range before */
};

/*
 * From the parameters; zone_set was called for its zone. 200, or 400 with the reason in
 * why; then *st is good for links all the same. now: microseconds since 1970.
 */
int state_read(struct state *st, const struct params *params, int64_t now,
    char why[REQUEST_WHY_MAX]);
/* Gives each parameter with the values it takes. */
void state_params(
    void (*give)(void *arg, const char *name, const char *allowed), void *arg);
/* All defaults. */
void state_default(struct state *st, int64_t now);

/* "?q=…&range=…" escaped for an attribute, "" when all is default. */
void state_query(struct html *h, const struct state *st);
/* The same as plain text, for headers and logs. */
void state_query_plain(struct html *h, const struct state *st);
/* Hidden inputs of a form, save those named in but (with blanks around each). */
void state_hidden(struct html *h, const struct state *st, const char *but);

/* Another range; the rows begin anew. */
struct state state_with_range(const struct state *st, int64_t from, int64_t to);
struct state state_with_preset(const struct state *st, const char *preset);
/* The range as it was resolved, in absolute times. */
struct state state_absolute(const struct state *st);
/* Another filter; the rows begin anew. */
struct state state_with_filter(const struct state *st, const char *q);
/* The page of rows that begins there; the range becomes absolute. */
struct state state_turned(
    const struct state *st, enum state_turn turn, const struct cursor *c);

#endif
