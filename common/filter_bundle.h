/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The document of central filters that a collector sends an agent (docs/protocol.md,
 * "Central filters"): filters, and the lists they use. Written into a buffer that
 * grows, read in place from bytes that may come from anybody.
 */
#ifndef FWLOG_COMMON_FILTER_BUNDLE_H
#define FWLOG_COMMON_FILTER_BUNDLE_H

#include "common/filter.h"
#include "common/message.h"

#define BUNDLE_NAME_MAX 64 /* bytes, of a filter and of a list */
#define BUNDLE_FILTERS_MAX 1024
#define BUNDLE_LISTS_MAX 1024
#define BUNDLE_ENTRY_MAX 255 /* bytes of an entry of a list */

struct bundle_filter {
	int32_t id; /* above 0 */
	struct bytes name;
	struct bytes query;
	uint32_t sample;     /* one in so many is kept nevertheless; 0 none */
	uint64_t expires_us; /* 0: never */
};

/* ---- writing: all filters, then each list followed by its entries */

struct bundle_writer {
	uint8_t *data; /* malloc'ed */
	size_t len, size;
	size_t apart;                /* bytes of the document that lie elsewhere */
	size_t lists_at, entries_at; /* where the counts stand; 0: not begun */
	const char *why;             /* NULL as long as all went well */
};

void bundle_begin(struct bundle_writer *w);
void bundle_put_filter(struct bundle_writer *w, const struct bundle_filter *f);
void bundle_put_list(struct bundle_writer *w, const char *name);
void bundle_put_entry(struct bundle_writer *w, const char *text, size_t len);
/* Entries of len bytes in all, as they lie in a document, that the caller keeps: they
 * belong where data ends now, and are only counted. */
void bundle_leave_entries(struct bundle_writer *w, uint32_t entries, size_t len);
/* 0, data and len are the document but for what was left out; or -1 and why: something
 * was out of bounds, put in the wrong order, or memory ended. */
int bundle_finish(struct bundle_writer *w) __attribute__((warn_unused_result));
void bundle_writer_free(struct bundle_writer *w);

/* ---- reading */

struct bundle_list {
	struct bytes name;
	uint32_t entries;
	const uint8_t *bytes; /* all entries as they lie */
	size_t len;
};

struct bundle {
	struct bundle_filter *filter;
	uint16_t filters;
	struct bundle_list *list;
	uint16_t lists;
};

/*
 * The document as a whole, checked; strings point into data, which must live as long.
 * 0, or -1 and *why (static text). To be freed in any case.
 */
int bundle_read(struct bundle *b, const uint8_t *data, size_t len, const char **why)
    __attribute__((warn_unused_result));
void bundle_free(struct bundle *b);

/* For filter_compile: arg is the struct bundle. */
int bundle_read_list(
    void *arg, const char *name, struct filter_list *list, char *why, size_t whysize);
/* How many entries that reads; 0: there is no such list. */
uint32_t bundle_list_entries(const struct bundle *b, const char *name);

#endif
