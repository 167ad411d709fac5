/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlogctl export: events for other systems, as JSON in the Elastic Common Schema, as
 * CSV, or as Suricata's EVE JSON. Any range: what is held in memory is one portion.
 */
#ifndef FWLOG_CTL_EXPORT_H
#define FWLOG_CTL_EXPORT_H

#include <stdio.h>

#include "common/row.h"
#include "ctl/args.h"

int export_run(const struct args *args);

/* A line of EVE; what was let through is a flow, what was not a drop. */
void export_eve_row(const struct row *row, FILE *to);

#endif
