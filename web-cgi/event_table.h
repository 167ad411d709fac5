/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events in a dense table: the columns of the state, each value with its filter links.
 */
#ifndef FWLOG_WEB_EVENT_TABLE_H
#define FWLOG_WEB_EVENT_TABLE_H

#include "web-cgi/rows.h"
#include "web-cgi/visit.h"

/* path: of the page that filter links lead to. */
void event_table(struct visit *v, const char *path, const struct rows *rows);
/* Rows first … of any result whose query selects row_select, but for filter links. */
void event_table_plain(
    struct visit *v, const char *caption, int result, const struct cursor *marked);
/* "/record/HOST-N-TIME". */
#define RECORD_PATH_MAX 96
void record_path(const struct cursor *c, char path[RECORD_PATH_MAX]);

#endif
