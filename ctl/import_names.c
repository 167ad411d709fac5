/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/import_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct import_known {
	char *name; /* NULL: free */
	size_t len;
	int32_t id;
	bool is_prefix;
};

void
import_names_init(
    struct import_names *n, struct db *db, void (*before)(void *arg), void *arg)
{
	*n = (struct import_names){.db = db, .before = before, .arg = arg};
}

void
import_names_free(struct import_names *n)
{
	for (size_t i = 0; i < n->known_size; i++)
		free(n->known[i].name);
	free(n->known);
	free(n->host);
	*n = (struct import_names){0};
}

/* ---- hosts: few */

static bool
is_host(const struct import_host *h, struct span name)
{
	return h->len == name.len && memcmp(h->name, name.p, name.len) == 0;
}

static int
enter_host(struct import_names *n, struct span name)
{
	struct import_host host = {.len = name.len};
	char id[16];

	memcpy(host.name, name.p, name.len);
	n->before(n->arg);
	if (db_value(n->db, "SELECT fwlog.host_enter($1)", host.name, id, sizeof id) <
	    0)
		return -1;
	host.id = atoi(id);
	if (n->hosts == n->hosts_size) {
		size_t size = n->hosts_size == 0 ? 16 : n->hosts_size * 2;
		struct import_host *p = realloc(n->host, size * sizeof *p);

		if (p == NULL)
			return -1;
		n->host = p;
		n->hosts_size = size;
	}
	n->host[n->hosts] = host;
	return (int)n->hosts++;
}

int
import_names_host(struct import_names *n, struct span name)
{
	size_t i = n->last;
	int entered;

	if (i >= n->hosts || !is_host(&n->host[i], name))
		for (i = 0; i < n->hosts && !is_host(&n->host[i], name); i++)
			;
	if (i == n->hosts) {
		entered = enter_host(n, name);
		if (entered < 0)
			return -1;
		i = (size_t)entered;
	}
	n->last = i;
	return (int)i;
}

void
import_names_set_next(struct import_names *n, int32_t host_id, int64_t next_n)
{
	for (size_t i = 0; i < n->hosts; i++)
		if (n->host[i].id == host_id)
			n->host[i].next_n = next_n;
}

void
import_names_untouch(struct import_names *n)
{
	for (size_t i = 0; i < n->hosts; i++) {
		n->host[i].touched = false;
		n->host[i].newest_us = 0;
	}
}

/* ---- prefixes and interfaces: there may be many */

static struct import_known *
find(const struct import_names *n, bool is_prefix, struct span name)
{
	uint32_t hash = is_prefix;
	struct import_known *k;

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (unsigned char)name.p[i]) * 16777619u;
	for (size_t at = hash ^ hash >> 15;; at++) {
		k = &n->known[at & (n->known_size - 1)];
		if (k->name == NULL ||
		    (k->is_prefix == is_prefix && k->len == name.len &&
			memcmp(k->name, name.p, name.len) == 0))
			return k;
	}
}

static int
grow(struct import_names *n)
{
	struct import_names next = *n;

	next.known_size = n->known_size == 0 ? 256 : n->known_size * 2;
	next.known = calloc(next.known_size, sizeof *next.known);
	if (next.known == NULL)
		return -1;
	for (size_t i = 0; i < n->known_size; i++)
		if (n->known[i].name != NULL)
			*find(&next, n->known[i].is_prefix,
			    (struct span){n->known[i].name, n->known[i].len}) =
			    n->known[i];
	free(n->known);
	*n = next;
	return 0;
}

/* bytea in hexadecimal: the bytes may be anything. */
static int32_t
ask_id(struct import_names *n, bool is_prefix, struct span name)
{
	char hex[2 + 2 * RECORD_STRING_MAX + 1] = "\\x";
	char id[16];
	size_t at = 2;

	for (size_t i = 0; i < name.len; i++)
		at += (size_t)snprintf(
		    hex + at, sizeof hex - at, "%02x", (unsigned char)name.p[i]);
	n->before(n->arg);
	if (db_value(n->db,
		is_prefix ? "SELECT fwlog.prefix_enter($1::bytea)"
			  : "SELECT fwlog.iface_enter($1::bytea)",
		hex, id, sizeof id) < 0)
		return -1;
	return atoi(id);
}

int32_t
import_names_id(struct import_names *n, bool is_prefix, struct span name)
{
	struct import_known *k;
	int32_t id;

	if (name.len > RECORD_STRING_MAX)
		name.len = RECORD_STRING_MAX;
	if (n->known_count * 2 >= n->known_size && grow(n) < 0)
		return -1;
	k = find(n, is_prefix, name);
	if (k->name != NULL)
		return k->id;
	id = ask_id(n, is_prefix, name);
	if (id < 0)
		return -1;
	k->name = malloc(name.len + 1);
	if (k->name == NULL)
		return -1;
	memcpy(k->name, name.p, name.len);
	k->len = name.len;
	k->is_prefix = is_prefix;
	n->known_count++;
	return k->id = id;
}
