/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of hosts, prefixes and interfaces, asked of the database once each; what is
 * new is entered there. A failure is the database's, or no memory: -1, see db_error.
 */
#ifndef FWLOG_CTL_IMPORT_NAMES_H
#define FWLOG_CTL_IMPORT_NAMES_H

#include "ctl/db.h"
#include "ctl/import_row.h"

#define IMPORT_HOST_MAX 64 /* bytes of a host's name */

struct import_host {
	char name[IMPORT_HOST_MAX + 1];
	size_t len;
	int32_t id;
	bool touched;       /* has rows in the batch */
	int64_t next_n;     /* once the marks are locked */
	uint64_t newest_us; /* of its new rows in the batch; 0: none */
};

struct import_known; /* a prefix or an interface */

struct import_names {
	struct db *db;
	void (*before)(void *arg); /* called before the database is asked */
	void *arg;
	struct import_host *host;
	size_t hosts, hosts_size;
	size_t last; /* host of the row before */
	struct import_known *known;
	size_t known_count, known_size;
};

void import_names_init(
    struct import_names *n, struct db *db, void (*before)(void *arg), void *arg);
void import_names_free(struct import_names *n);

/* Index of the host. */
int import_names_host(struct import_names *n, struct span name);
void import_names_set_next(struct import_names *n, int32_t host_id, int64_t next_n);
void import_names_untouch(struct import_names *n);

/* Id of a prefix or else an interface. */
int32_t import_names_id(struct import_names *n, bool is_prefix, struct span name);

#endif
