/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The timeline: one bar for each bucket, each a link that zooms in; in words and as a
 * table too. Where verdicts are known, a bar is solid for what was denied, hatched for
 * what was accepted, hollow for the rest. Drawn as SVG without a style of its own.
 */
#ifndef FWLOG_WEB_TIMELINE_H
#define FWLOG_WEB_TIMELINE_H

#include "web-cgi/html.h"
#include "web-cgi/request.h"
#include "web-cgi/store.h"

void timeline_write(
    struct html *h, const struct request *req, const struct overview *o);

#endif
