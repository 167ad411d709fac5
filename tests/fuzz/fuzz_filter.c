/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filters of strangers. Input: a filter, and behind a zero byte an event. Any bytes
 * parse or are refused with a place and a reason; the canonical form has the same tree;
 * both back ends take every tree; a filter and its negation never agree about an event.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/filter_tree.h"
#include "tests/fuzz/fuzz.h"

static void
check(bool holds)
{
	if (!holds)
		abort();
}

/* ---- trees */

static bool
same_value(const struct filter_tree *a, const struct filter_value *x,
    const struct filter_tree *b, const struct filter_value *y)
{
	if (x->kind != y->kind || x->family != y->family || x->flags != y->flags)
		return false;
	switch (x->kind) {
	case FILTER_ADDRS:
		return memcmp(&x->addr, &y->addr, sizeof x->addr) == 0;
	case FILTER_PRIVATE:
	case FILTER_PUBLIC:
		return true;
	case FILTER_LITERAL:
	case FILTER_WILD:
	case FILTER_REGEX:
	case FILTER_LIST:
		return x->text.len == y->text.len &&
		       memcmp(filter_value_text(a, x), filter_value_text(b, y),
			   x->text.len) == 0;
	default:
		return x->num.lo == y->num.lo && x->num.hi == y->num.hi;
	}
}

static bool
same_node(
    const struct filter_tree *a, uint32_t x, const struct filter_tree *b, uint32_t y)
{
	const struct filter_node *m = &a->node[x], *n = &b->node[y];

	if (m->kind != n->kind || m->op != n->op || m->field != n->field ||
	    m->values != n->values)
		return false;
	for (uint32_t i = 0; i < m->values; i++)
		if (!same_value(a, &a->value[m->value + i], b, &b->value[n->value + i]))
			return false;
	for (x = m->child, y = n->child; x != 0 && y != 0;
	     x = a->node[x].next, y = b->node[y].next)
		if (!same_node(a, x, b, y))
			return false;
	return x == y;
}

static void
check_canonical(const struct filter_tree *tree)
{
	struct filter_error error;
	char *canon = filter_canon(tree), *again;
	struct filter_tree *same;

	check(canon != NULL);
	same = filter_parse(canon, strlen(canon), &error);
	check(same != NULL);
	check((tree->root == 0) == (same->root == 0));
	check(tree->root == 0 || same_node(tree, tree->root, same, same->root));
	again = filter_canon(same);
	check(again != NULL && strcmp(canon, again) == 0);
	free(again);
	free(canon);
	filter_tree_free(same);
}

/* ---- back ends */

static int
read_list(
    void *arg, const char *name, struct filter_list *list, char *why, size_t whysize)
{
	(void)arg;
	snprintf(why, whysize, "no list");
	if (name[0] == 'n')
		return -1;
	(void)filter_list_add(list, "10.0.0.0/8", 10);
	(void)filter_list_add(list, "22", 2);
	return filter_list_add(list, name, strlen(name));
}

static struct bytes
string_of(const void *arg, enum filter_dict dict, uint32_t id)
{
	const struct bytes *all = arg;
	struct bytes s = *all;

	(void)dict;
	if (s.len > 0)
		s.len = (uint16_t)(id % s.len);
	return s;
}

static enum filter_verdict
verdict_of(const void *arg, const struct event *ev)
{
	(void)arg;
	return (enum filter_verdict)(ev->ts % 4);
}

static int
read_dictionary(void *arg, enum filter_dict dict, filter_dict_add *add, void *to,
    char *why, size_t whysize)
{
	(void)dict;
	snprintf(why, whysize, "no dictionary");
	add(to, 1, *(const struct bytes *)arg);
	return 0;
}

static struct ip_addr
read_address(struct reader *r)
{
	struct ip_addr a = {.family = get_u8(r) & 1 ? 4 : 6};
	const uint8_t *p = get_bytes(r, sizeof a.byte);

	if (p != NULL)
		memcpy(a.byte, p, sizeof a.byte);
	return a;
}

static struct mac_addr
read_mac(struct reader *r)
{
	struct mac_addr mac = {{0}};
	const uint8_t *p = get_bytes(r, sizeof mac.byte);

	if (p != NULL)
		memcpy(mac.byte, p, sizeof mac.byte);
	return mac;
}

#define READ_TIME get_u64(&r)
#define READ_I8 get_u32(&r)
#define READ_I4 get_u16(&r)
#define READ_I2 get_u8(&r)
#define READ_INET read_address(&r)
#define READ_MAC read_mac(&r)
#define READ_BYTES      \
	(struct bytes)  \
	{               \
		NULL, 0 \
	}
#define READ_PREFIX get_u8(&r)
#define READ_IFACE get_u8(&r)
#define READ_NETNS get_u8(&r)
#define READ(kind, name, meaning) ev.name = READ_##kind;

static struct event
read_event(const uint8_t *data, size_t len)
{
	struct reader r = reader_of(data, len);
	struct event ev = {.has = get_u64(&r)};

	EVENT_COLUMNS(READ)
	return ev;
}

static bool
match(struct filter_tree *tree, const struct filter_source *source,
    const struct event *ev, bool *known)
{
	static const struct filter_lists lists = {read_list, NULL};
	struct filter_error error;
	struct filter *f = filter_compile(
	    tree, &lists, FILTER_CAN_VERDICT | FILTER_CAN_ID | FILTER_CAN_LINE, &error);
	bool yes;

	*known = f != NULL;
	if (f == NULL) {
		check(error.message[0] != '\0');
		return false;
	}
	filter_begin(f, source);
	yes = filter_match_stored(f, ev, 3, 15);
	check(filter_match_stored(f, ev, 3, 15) == yes);
	filter_free(f);
	return yes;
}

static void
check_match(struct filter_tree *tree, const struct bytes *all)
{
	struct filter_source source = {
	    .host = *all,
	    .string = string_of,
	    .verdict = verdict_of,
	    .arg = all,
	    .strings = 16,
	    .generation = 1,
	};
	struct event ev = read_event(all->p, all->len);
	bool known, yes = match(tree, &source, &ev, &known);
	uint32_t root = tree->root;

	if (!known || root == 0)
		return;
	tree->root = filter_tree_negate(tree, root);
	check(tree->root != 0);
	check(match(tree, &source, &ev, &known) != yes && known);
	tree->root = root;
}

/* No byte of a filter gets into the statement: only these stand in it. */
static void
check_sql(const struct filter_tree *tree, struct filter_sql_source *source)
{
	struct filter_error error;
	struct filter_sql sql;

	if (filter_sql(tree, source, &sql, &error) < 0) {
		check(error.message[0] != '\0' && sql.text == NULL && sql.count == 0);
		return;
	}
	check(strspn(sql.text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			       "0123456789_.,$()[]:=<>&%-+' ") == strlen(sql.text));
	filter_sql_free(&sql);
}

static void
try_filter(const char *text, size_t n, const struct bytes *rest)
{
	struct bytes all = *rest;
	struct filter_sql_source offline = {.first = 1};
	struct filter_sql_source online = {.lists = {read_list, NULL},
	    .dictionary = read_dictionary,
	    .arg = &all,
	    .first = 3};
	struct filter_error error;
	struct filter_tree *tree = filter_parse(text, n, &error);

	if (tree == NULL) {
		check(error.column >= 1 && error.column <= n + 1);
		check(error.message[0] != '\0');
		return;
	}
	check_canonical(tree);
	check_match(tree, rest);
	check_sql(tree, &offline);
	check_sql(tree, &online);
	filter_tree_free(tree);
}

/* Bytes that no filter may have become letters that mean something, so that more of
 * what comes gets past the first look. */
static void
launder(char *to, const uint8_t *from, size_t n)
{
	static const char letters[] =
	    " ()-:,.*?\\\"/@[]!=<>|&0129afxORdport:src:prefix:";

	for (size_t i = 0; i < n; i++)
		to[i] = from[i] < 0x20 || from[i] >= 0x7f
			    ? letters[from[i] % (sizeof letters - 1)]
			    : (char)from[i];
}

int
fuzz_target(const uint8_t *data, size_t len)
{
	const uint8_t *zero = len > 0 ? memchr(data, '\0', len) : NULL;
	size_t n = zero != NULL ? (size_t)(zero - data) : len;
	struct bytes rest = {data + n, (uint16_t)(len - n < 300 ? len - n : 300)};
	char clean[FILTER_TEXT_MAX];

	try_filter((const char *)data, n, &rest);
	if (n <= sizeof clean) {
		launder(clean, data, n);
		try_filter(clean, n, &rest);
	}
	return 0;
}
