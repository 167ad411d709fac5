/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What exports hold at most; the page says so before the click. */
#ifndef FWLOG_WEB_EXPORT_H
#define FWLOG_WEB_EXPORT_H

#define EXPORT_ROWS_MAX 100000 /* events of one file */
#define EXPORT_LIMIT_MS 300000 /* what the database may take for it */

#endif
