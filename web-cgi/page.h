/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all pages share: the frame with search row and bar of pages, links that carry
 * the state, values with their filter links; and the page that says what went wrong.
 */
#ifndef FWLOG_WEB_PAGE_H
#define FWLOG_WEB_PAGE_H

#include "common/embedded.h"
#include "web-cgi/ledger.h"
#include "web-cgi/visit.h"

#define PAGE_ASSET_NAME 64 /* bytes of "style-0123abcd.css" */

/* "style-<hash>.css" of an embedded "style.css". */
void page_asset_name(const struct embedded *asset, char name[PAGE_ASSET_NAME]);

/*
 * Doctype, head, the bars with pages, query and presets, chips of the filter; page_end
 * closes what it opened. action: the path that query and presets lead to.
 */
void page_begin(struct visit *v, const char *title, const char *action);
void page_end(struct visit *v);

/* The range in words, ways out of it, the link that stays. */
void page_range(struct visit *v, const char *path, const char *title);
/* One line: complete, or what is missing, from which host, why. */
void page_completeness(struct visit *v, const struct ledger *l);

/*
 * An opening <a …> to a page with a state (NULL: none), with more attributes (each
 * behind a space, or ""). The caller writes the text and "</a>".
 */
void page_link(
    struct visit *v, const char *path, const struct state *st, const char *more);

/*
 * A value of a field as the database shows it: its text is a link to path with only
 * such, a minus to all others. Plain where the language has no such term.
 */
void page_value(
    struct visit *v, const char *path, const char *field, const char *value);
/* The links alone, for values that stand there in other words: opens <a>. False: none
 * is open. */
bool page_value_open(
    struct visit *v, const char *path, const char *field, const char *value);
void page_value_close(
    struct visit *v, const char *path, const char *field, const char *value);

void page_error(struct visit *v, int status);

#endif
