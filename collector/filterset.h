/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One version of the central filters with the lists they use, and the documents made of
 * it for agents (common/filter_bundle.h). Hosts that the same filters are for share one
 * document, which is made when the first of them asks; all documents share the lists.
 * Documents outlive the set as long as somebody holds them.
 */
#ifndef FWLOG_COLLECTOR_FILTERSET_H
#define FWLOG_COLLECTOR_FILTERSET_H

#include "common/filter_bundle.h"

struct filterset_entries; /* of one list */

struct filter_document_list {
	size_t before; /* bytes of own in front of its entries */
	struct filterset_entries *entries;
};

struct filter_document {
	unsigned refs;
	uint32_t version;
	uint32_t crc; /* CRC-32C of the whole */
	size_t len;   /* of the whole */
	uint8_t *own; /* all but entries of lists */
	size_t own_len;
	struct filter_document_list *list;
	size_t lists;
};

void filter_document_ref(struct filter_document *d);
void filter_document_unref(struct filter_document *d); /* NULL-safe */
/* Bytes from offset on; there are so many. */
void filter_document_copy(
    const struct filter_document *d, size_t offset, uint8_t *to, size_t len);

struct filterset;

struct filterset *filterset_new(uint32_t version); /* NULL: no memory */
void filterset_free(struct filterset *s);          /* NULL-safe */
uint32_t filterset_version(const struct filterset *s);
size_t filterset_count(const struct filterset *s);

/*
 * hosts, lists: names with blanks between them; hosts NULL: it is for all. Strings are
 * copied. 0 or -1: no memory, more than a document takes.
 */
int filterset_add(struct filterset *s, const struct bundle_filter *filter,
    const char *hosts, const char *lists) __attribute__((warn_unused_result));
/* An entry of a list that a filter added before uses; entries come list by list, before
 * the first document is asked for. */
int filterset_add_entry(struct filterset *s, const char *list, const char *text)
    __attribute__((warn_unused_result));

/* The document for the host, with a reference for the caller. NULL and *why: static. */
struct filter_document *filterset_document(
    struct filterset *s, const char *host, const char **why);

#endif
