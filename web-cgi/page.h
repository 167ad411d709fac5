/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all pages share: frame, links that carry the range, the style sheet's address;
 * and the page that says what went wrong.
 */
#ifndef FWLOG_WEB_PAGE_H
#define FWLOG_WEB_PAGE_H

#include "common/embedded.h"
#include "web-cgi/html.h"
#include "web-cgi/request.h"

#define PAGE_ASSET_NAME 64 /* bytes of "style-0123abcd.css" */

/* "style-<hash>.css" of an embedded "style.css". */
void page_asset_name(const struct embedded *asset, char name[PAGE_ASSET_NAME]);

/* Doctype, head, the bar with the presets; page_end closes what it opened. */
void page_begin(struct html *h, const struct request *req, const char *title);
void page_end(struct html *h);

/*
 * An opening <a …> to the overview of a preset or of an absolute range, with more
 * attributes (each behind a space, or ""). The caller writes the text and "</a>".
 */
void page_link_preset(
    struct html *h, const struct request *req, const char *preset, const char *more);
void page_link_range(struct html *h, const struct request *req, int64_t from,
    int64_t to, const char *more);

/* reason: foreign text may be in it; NULL: what the status itself says. */
void page_error(
    struct html *h, const struct request *req, int status, const char *reason);

#endif
