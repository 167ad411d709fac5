/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/entries.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64
#define PORT_MAX 65535

const char *const entries_kinds[3] = {"address", "port", "name"};

struct entry {
	union {
		struct {
			uint8_t address[16];
			uint8_t size; /* 4 or 16 */
			uint8_t bits;
		};
		struct {
			uint16_t low, high;
		};
		char *name;
	};
};

struct entries {
	enum entries_kind kind;
	struct entry *entry;
	size_t count, room;
};

struct entries *
entries_new(enum entries_kind kind)
{
	struct entries *e = calloc(1, sizeof *e);

	if (e != NULL)
		e->kind = kind;
	return e;
}

void
entries_free(struct entries *e)
{
	if (e == NULL)
		return;
	for (size_t i = 0; e->kind == ENTRIES_NAME && i < e->count; i++)
		free(e->entry[i].name);
	free(e->entry);
	free(e);
}

/* ---- reading */

/* Digits alone, at most max. 0 or -1. */
static int
parse_number(const char *text, unsigned max, unsigned *value)
{
	size_t len = strlen(text);

	if (len == 0 || len > 5 || text[strspn(text, "0123456789")] != '\0')
		return -1;
	*value = (unsigned)strtoul(text, NULL, 10);
	return *value <= max ? 0 : -1;
}

/* Clears the bits behind the first ones; true when one of them was set. */
static bool
mask(uint8_t *address, unsigned size, unsigned bits)
{
	bool changed = false;
	uint8_t keep;

	for (unsigned i = 0; i<size; i++, bits = bits> 8 ? bits - 8 : 0) {
		keep = bits >= 8 ? 0xff : (uint8_t)(0xff00 >> bits);
		changed |= (address[i] & ~keep) != 0;
		address[i] &= keep;
	}
	return changed;
}

static void
network_text(const struct entry *n, char *text, size_t size)
{
	size_t len;

	inet_ntop(n->size == 4 ? AF_INET : AF_INET6, n->address, text, (socklen_t)size);
	len = strlen(text);
	if (n->bits < 8u * n->size)
		snprintf(text + len, size - len, "/%u", n->bits);
}

static int
parse_network(const char *text, struct entry *n, char why[ENTRIES_WHY_SIZE])
{
	char copy[INET6_ADDRSTRLEN + 4], right[INET6_ADDRSTRLEN + 4], *slash;
	unsigned bits;

	*n = (struct entry){.size = strchr(text, ':') != NULL ? 16 : 4};
	snprintf(copy, sizeof copy, "%s", text);
	slash = strchr(copy, '/');
	if (slash != NULL)
		*slash = '\0';
	bits = 8u * n->size;
	if (strlen(text) >= sizeof copy ||
	    inet_pton(n->size == 4 ? AF_INET : AF_INET6, copy, n->address) != 1 ||
	    (slash != NULL && parse_number(slash + 1, bits, &bits) < 0)) {
		snprintf(why, ENTRIES_WHY_SIZE, "no address and no network");
		return -1;
	}
	n->bits = (uint8_t)bits;
	if (!mask(n->address, n->size, bits))
		return 0;
	network_text(n, right, sizeof right);
	snprintf(why, ENTRIES_WHY_SIZE, "there are bits behind the mask; %s is meant?",
	    right);
	return -1;
}

static int
parse_ports(const char *text, struct entry *p, char why[ENTRIES_WHY_SIZE])
{
	char copy[12], *dash;
	unsigned low, high;

	snprintf(copy, sizeof copy, "%s", text);
	dash = strchr(copy, '-');
	if (dash != NULL)
		*dash = '\0';
	if (strlen(text) >= sizeof copy || parse_number(copy, PORT_MAX, &low) < 0 ||
	    parse_number(dash != NULL ? dash + 1 : copy, PORT_MAX, &high) < 0) {
		snprintf(why, ENTRIES_WHY_SIZE,
		    "no port and no range of ports: 22, 1000-2000, 0 to 65535");
		return -1;
	}
	if (low > high) {
		snprintf(why, ENTRIES_WHY_SIZE, "the range ends before it begins");
		return -1;
	}
	p->low = (uint16_t)low;
	p->high = (uint16_t)high;
	return 0;
}

/* Bytes of the character that begins here, 0 when it is no UTF-8 or a control. */
static size_t
character(const unsigned char *c)
{
	size_t more = c[0] >= 0xf0 ? 3 : c[0] >= 0xe0 ? 2 : c[0] >= 0x80 ? 1 : 0;

	if (c[0] < 0x20 || c[0] == 0x7f || (c[0] >= 0x80 && c[0] < 0xc2) || c[0] > 0xf4)
		return 0;
	for (size_t i = 1; i <= more; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) ||
	    (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
		return 0;
	return more + 1;
}

static int
parse_name(const char *text, struct entry *n, char why[ENTRIES_WHY_SIZE])
{
	size_t len = strlen(text), at = 0, step = 1;

	while (at < len && step > 0) {
		step = character((const unsigned char *)text + at);
		at += step;
	}
	if (len == 0 || len > ENTRIES_NAME_MAX) {
		snprintf(why, ENTRIES_WHY_SIZE, "a name has 1 to %d bytes",
		    ENTRIES_NAME_MAX);
		return -1;
	}
	if (step == 0) {
		snprintf(why, ENTRIES_WHY_SIZE,
		    "a control character, or not UTF-8, at byte %zu", at + 1);
		return -1;
	}
	n->name = strdup(text);
	if (n->name == NULL)
		snprintf(why, ENTRIES_WHY_SIZE, "out of memory");
	return n->name != NULL ? 0 : -1;
}

/* Room for one more. 0 or -1. */
static int
grow(struct entries *e, char why[ENTRIES_WHY_SIZE])
{
	size_t room = e->room > 0 ? 2 * e->room : FIRST_ROOM;
	struct entry *p;

	if (e->count == ENTRIES_MAX) {
		snprintf(why, ENTRIES_WHY_SIZE, "a list has at most %d entries",
		    ENTRIES_MAX);
		return -1;
	}
	if (e->count < e->room)
		return 0;
	p = realloc(e->entry, room * sizeof *p);
	if (p == NULL) {
		snprintf(why, ENTRIES_WHY_SIZE, "out of memory");
		return -1;
	}
	e->entry = p;
	e->room = room;
	return 0;
}

int
entries_add(struct entries *e, const char *text, char why[ENTRIES_WHY_SIZE])
{
	struct entry *next;
	int rc;

	if (grow(e, why) < 0)
		return -1;
	next = &e->entry[e->count];
	if (e->kind == ENTRIES_ADDRESS)
		rc = parse_network(text, next, why);
	else if (e->kind == ENTRIES_PORT)
		rc = parse_ports(text, next, why);
	else
		rc = parse_name(text, next, why);
	e->count += rc == 0;
	return rc;
}

int
entries_add_line(struct entries *e, char *line, char why[ENTRIES_WHY_SIZE])
{
	static const char blanks[] = " \t\r";
	size_t len;

	line += strspn(line, blanks);
	if (e->kind == ENTRIES_NAME && line[0] != '#')
		len = strlen(line);
	else
		len = strcspn(line, e->kind == ENTRIES_NAME ? "#" : "#;");
	while (len > 0 && strchr(blanks, line[len - 1]) != NULL)
		len--;
	line[len] = '\0';
	return len > 0 ? entries_add(e, line, why) : 0;
}

/* ---- putting in order */

static int
by_network(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	order = memcmp(x->address, y->address, x->size);
	return order != 0 ? order : (x->bits > y->bits) - (x->bits < y->bits);
}

static int
by_port(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	return (x->high > y->high) - (x->high < y->high);
}

static int
by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Is a network inside an earlier one, a port or name the same as it? */
static bool
covers(enum entries_kind kind, const struct entry *earlier, const struct entry *e)
{
	struct entry start;

	if (kind == ENTRIES_PORT)
		return by_port(earlier, e) == 0;
	if (kind == ENTRIES_NAME)
		return by_name(earlier, e) == 0;
	if (earlier->size != e->size || earlier->bits > e->bits)
		return false;
	start = *e;
	(void)mask(start.address, start.size, earlier->bits);
	return memcmp(start.address, earlier->address, e->size) == 0;
}

size_t
entries_settle(struct entries *e)
{
	static int (*const order[])(const void *, const void *) = {
	    by_network, by_port, by_name};
	size_t kept = 0, all = e->count;

	if (all > 0)
		qsort(e->entry, all, sizeof *e->entry, order[e->kind]);
	for (size_t i = 0; i < all; i++) {
		if (kept == 0 || !covers(e->kind, &e->entry[kept - 1], &e->entry[i]))
			e->entry[kept++] = e->entry[i];
		else if (e->kind == ENTRIES_NAME)
			free(e->entry[i].name);
	}
	e->count = kept;
	return all - kept;
}

/* ---- writing */

size_t
entries_count(const struct entries *e)
{
	return e->count;
}

void
entries_text(const struct entries *e, size_t i, char text[ENTRIES_NAME_MAX + 1])
{
	const struct entry *x = &e->entry[i];

	if (e->kind == ENTRIES_ADDRESS)
		network_text(x, text, ENTRIES_NAME_MAX + 1);
	else if (e->kind == ENTRIES_NAME)
		snprintf(text, ENTRIES_NAME_MAX + 1, "%s", x->name);
	else if (x->low == x->high)
		snprintf(text, ENTRIES_NAME_MAX + 1, "%u", x->low);
	else
		snprintf(text, ENTRIES_NAME_MAX + 1, "%u-%u", x->low, x->high);
}

static size_t
network_row(const struct entry *n, const char *list_id, char row[ENTRIES_ROW_SIZE])
{
	char first[INET6_ADDRSTRLEN], last[INET6_ADDRSTRLEN];
	struct entry end = *n;
	int family = n->size == 4 ? AF_INET : AF_INET6;

	for (unsigned bit = n->bits; bit < 8u * n->size; bit++)
		end.address[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	inet_ntop(family, n->address, first, sizeof first);
	inet_ntop(family, end.address, last, sizeof last);
	return (size_t)snprintf(
	    row, ENTRIES_ROW_SIZE, "%s\t%s\t%s\t\\N\n", list_id, first, last);
}

size_t
entries_row(
    const struct entries *e, size_t i, const char *list_id, char row[ENTRIES_ROW_SIZE])
{
	char text[ENTRIES_NAME_MAX + 1];
	size_t len;

	if (e->kind == ENTRIES_ADDRESS)
		return network_row(&e->entry[i], list_id, row);
	entries_text(e, i, text);
	len = (size_t)snprintf(row, ENTRIES_ROW_SIZE, "%s\t\\N\t\\N\t", list_id);
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\\')
			row[len++] = '\\';
		row[len++] = *p;
	}
	row[len++] = '\n';
	row[len] = '\0';
	return len;
}
