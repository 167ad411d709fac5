/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlogctl db archive: days of events to files, one each. The file is text, compressed
 * (zstd -dc shows it), and needs nothing of the database it came from; docs/store.md
 * describes its lines. fwlogctl db restore (restore.h) brings it back.
 */
#ifndef FWLOG_CTL_ARCHIVE_H
#define FWLOG_CTL_ARCHIVE_H

#include "ctl/args.h"

#define ARCHIVE_FORMAT 1
#define ARCHIVE_MAGIC "fwlog archive"

int archive_run(const struct args *args); /* exit code */

#endif
