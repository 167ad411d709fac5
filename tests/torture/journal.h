/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What preload_journal.c writes and tests/tools/afterpower.c reads: notes in the order
 * of time, in the machine's own byte order. Names are within the folder, with their
 * zero.
 */
#ifndef FWLOG_TESTS_TORTURE_JOURNAL_H
#define FWLOG_TESTS_TORTURE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#define NOTE_NAME 64 /* bytes of a name */

enum note_kind {
	NOTE_OPEN,     /* data: name; of a file that was there or is made */
	NOTE_WRITE,    /* at: offset; data; noted before it is done */
	NOTE_TRUNCATE, /* at: size; noted before it is done */
	NOTE_ALLOCATE, /* at: size it has at least */
	NOTE_SYNC,     /* at: number of this sync, which begins */
	NOTE_SYNCED,   /* the same at: it ended well */
	NOTE_RENAME,   /* data: from, to */
	NOTE_UNLINK,   /* data: name */
};

struct note {
	uint32_t kind; /* enum note_kind */
	uint32_t len;  /* of the data behind it */
	uint64_t file; /* inode number; 0: the folder */
	uint64_t at;
};

#endif
