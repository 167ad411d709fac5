/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fwlogctl filter preview: what of the stored events a filter would have left out. */
#ifndef FWLOG_CTL_FILTER_PREVIEW_H
#define FWLOG_CTL_FILTER_PREVIEW_H

#include "ctl/args.h"

int filter_preview(const struct args *args);

#endif
