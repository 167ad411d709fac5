/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter of a page: its canonical text, the parts it can be taken apart into
 * (chips), filters with one term more, and the condition for the database.
 */
#ifndef FWLOG_WEB_SEARCH_H
#define FWLOG_WEB_SEARCH_H

#include "common/filter.h"
#include "web-cgi/store.h"

#define SEARCH_TEXT (FILTER_TEXT_MAX + 1) /* bytes of a filter, with the NUL */

struct search {
	struct filter_tree *tree;
	char canon[SEARCH_TEXT];
	size_t parts;
};

/* 0, or -1 and *error; search_free in both cases. */
int search_parse(struct search *s, const char *text, struct filter_error *error)
    __attribute__((warn_unused_result));
void search_free(struct search *s);

/* The i-th part; the whole without it. -1: no memory. */
int search_part(const struct search *s, size_t i, char text[SEARCH_TEXT])
    __attribute__((warn_unused_result));
int search_without(const struct search *s, size_t i, char text[SEARCH_TEXT])
    __attribute__((warn_unused_result));
/* The whole and a term that search_term made, negated or not. -1: too long. */
int search_with(const struct search *s, const char *term, bool negated,
    char text[SEARCH_TEXT]) __attribute__((warn_unused_result));

/*
 * field:value, canonical, of a value as the database shows it. -1: the language has no
 * such term. The empty value is that the event has none: -has:field.
 */
int search_term(const char *field, const char *value, char text[SEARCH_TEXT])
    __attribute__((warn_unused_result));

/*
 * The condition over "fwlog.event e"; its values are $first ….  0, or -1 and *error;
 * with *status not STORE_OK it is the database's fault. Names are looked up in s.
 */
int search_sql(const struct search *search, struct store *s, unsigned first,
    struct filter_sql *sql, struct filter_error *error, enum store_status *status)
    __attribute__((warn_unused_result));

#endif
