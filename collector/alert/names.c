/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	uint16_t len;
	uint8_t raw[];
};

/* What is said of a prefix on one host, or (0) on all. */
struct timeline {
	struct timeline *next; /* of the same prefix */
	int32_t host_id;
	size_t count;
	struct span {
		uint64_t since;
		int verdict; /* NOTHING: none is said */
	} span[];
};
#define NOTHING (-1)

struct names {
	struct {
		struct entry **at;
		size_t size;
	} dict[NAMES_DICTS];
	struct timeline **timeline; /* by prefix */
	size_t timelines;
};

const char *const names_sql[NAMES_DICTS] = {
    [FILTER_HOST] = "SELECT host_id, encode(convert_to(name, 'UTF8'), 'hex') "
		    "FROM fwlog.host WHERE host_id >= $1::integer",
    [FILTER_PREFIX] = "SELECT prefix_id, encode(raw, 'hex') FROM fwlog.dict_prefix "
		      "WHERE prefix_id >= $1::integer",
    [FILTER_IFACE] = "SELECT iface_id, encode(raw, 'hex') FROM fwlog.dict_iface "
		     "WHERE iface_id >= $1::integer",
    [FILTER_NETNS] = "SELECT netns_id, encode(raw, 'hex') FROM fwlog.dict_netns "
		     "WHERE netns_id >= $1::integer",
};

const char names_verdicts_sql[] =
    "SELECT t.prefix_id, t.host_id, (SELECT string_agg(CASE WHEN u.s = '-infinity' "
    "THEN '-' ELSE (extract(epoch FROM u.s) * 1000000)::bigint::text END, ' ' "
    "ORDER BY u.i) FROM unnest(t.since) WITH ORDINALITY u (s, i)), "
    "array_to_string(t.verdict, ' ', '-') FROM fwlog.prefix_timeline t "
    "WHERE t.prefix_id >= $1::integer";

struct names *
names_new(void)
{
	return calloc(1, sizeof(struct names));
}

void
names_free(struct names *n)
{
	if (n == NULL)
		return;
	names_clear_verdicts(n);
	free(n->timeline);
	for (int d = 0; d < NAMES_DICTS; d++) {
		for (size_t i = 0; i < n->dict[d].size; i++)
			free(n->dict[d].at[i]);
		free(n->dict[d].at);
	}
	free(n);
}

/* Room for index id in an array of pointers. */
static int
grow(void *array, size_t *size, uint32_t id)
{
	void **old, **grown;
	size_t want = *size == 0 ? 64 : *size;

	if (id < *size)
		return 0;
	while (want <= id)
		want *= 2;
	memcpy(&old, array, sizeof old);
	grown = realloc(old, want * sizeof *grown);
	if (grown == NULL)
		return -1;
	memset(grown + *size, 0, (want - *size) * sizeof *grown);
	memcpy(array, &grown, sizeof grown);
	*size = want;
	return 0;
}

/* ---- dictionaries */

int
names_add(struct names *n, enum filter_dict dict, uint32_t id, struct bytes raw)
{
	struct entry *e;

	if (id > NAMES_ID_MAX || names_has(n, dict, id))
		return 0;
	if (grow(&n->dict[dict].at, &n->dict[dict].size, id) != 0)
		return -1;
	e = malloc(sizeof *e + raw.len);
	if (e == NULL)
		return -1;
	e->len = raw.len;
	if (raw.len > 0)
		memcpy(e->raw, raw.p, raw.len);
	n->dict[dict].at[id] = e;
	return 0;
}

bool
names_has(const struct names *n, enum filter_dict dict, uint32_t id)
{
	return id < n->dict[dict].size && n->dict[dict].at[id] != NULL;
}

bool
names_missing(const struct names *n, const struct event *ev, int32_t host_id,
    enum filter_dict *dict, uint32_t *id)
{
#define LOOK(d, is_there, value)                                                \
	if ((is_there) && (value) <= NAMES_ID_MAX && !names_has(n, d, value)) { \
		*dict = d;                                                      \
		*id = value;                                                    \
		return true;                                                    \
	}
	LOOK(FILTER_HOST, true, (uint32_t)host_id)
	LOOK(FILTER_PREFIX, EVENT_HAS(ev, prefix_id), ev->prefix_id)
	LOOK(FILTER_IFACE, EVENT_HAS(ev, in_id), ev->in_id)
	LOOK(FILTER_IFACE, EVENT_HAS(ev, out_id), ev->out_id)
	LOOK(FILTER_IFACE, EVENT_HAS(ev, physin_id), ev->physin_id)
	LOOK(FILTER_IFACE, EVENT_HAS(ev, physout_id), ev->physout_id)
	LOOK(FILTER_NETNS, EVENT_HAS(ev, netns_id), ev->netns_id)
#undef LOOK
	return false;
}

struct bytes
names_string(const void *arg, enum filter_dict dict, uint32_t id)
{
	const struct names *n = arg;

	if (!names_has(n, dict, id))
		return (struct bytes){0};
	return (struct bytes){n->dict[dict].at[id]->raw, n->dict[dict].at[id]->len};
}

int
names_dictionary(void *arg, enum filter_dict dict, filter_dict_add *add, void *to,
    char *why, size_t whysize)
{
	const struct names *n = arg;

	(void)why;
	(void)whysize;
	for (size_t i = 0; i < n->dict[dict].size; i++)
		if (n->dict[dict].at[i] != NULL)
			add(to, (int32_t)i, names_string(n, dict, (uint32_t)i));
	return 0;
}

/* ---- the prefix map */

void
names_clear_verdicts(struct names *n)
{
	for (size_t i = 0; i < n->timelines; i++)
		while (n->timeline[i] != NULL) {
			struct timeline *next = n->timeline[i]->next;

			free(n->timeline[i]);
			n->timeline[i] = next;
		}
}

static size_t
count_words(const char *text)
{
	size_t n = *text != '\0';

	for (; *text != '\0'; text++)
		n += *text == ' ';
	return n;
}

/* The word at *p, of which *p is moved behind. */
static bool
next_word(const char **p, char word[32])
{
	size_t len = strcspn(*p, " ");

	if (len == 0 || len >= 32)
		return false;
	memcpy(word, *p, len);
	word[len] = '\0';
	*p += len + ((*p)[len] == ' ');
	return true;
}

static bool
read_span(const char **since, const char **verdict, struct span *span)
{
	static const char *const words[] = {[FILTER_UNKNOWN] = "unknown",
	    [FILTER_ACCEPT] = "accept",
	    [FILTER_DROP] = "drop",
	    [FILTER_REJECT] = "reject"};
	char word[32], *end;

	if (!next_word(since, word))
		return false;
	errno = 0;
	span->since = word[0] == '-' ? 0 : strtoull(word, &end, 10);
	if (errno != 0 || !next_word(verdict, word))
		return false;
	span->verdict = NOTHING;
	for (int i = 0; i <= FILTER_REJECT; i++)
		if (strcmp(words[i], word) == 0)
			span->verdict = i;
	return span->verdict != NOTHING || strcmp(word, "-") == 0;
}

static void
forget_timeline(struct timeline **at, int32_t host_id)
{
	struct timeline *t;

	while (*at != NULL && (*at)->host_id != host_id)
		at = &(*at)->next;
	t = *at;
	if (t == NULL)
		return;
	*at = t->next;
	free(t);
}

int
names_add_verdicts(struct names *n, uint32_t prefix_id, int32_t host_id,
    const char *since, const char *verdict)
{
	size_t count = count_words(since);
	struct timeline *t;

	if (prefix_id > NAMES_ID_MAX)
		return 0;
	if (grow(&n->timeline, &n->timelines, prefix_id) != 0)
		return -1;
	t = malloc(sizeof *t + count * sizeof t->span[0]);
	if (t == NULL)
		return -1;
	t->host_id = host_id;
	t->count = count;
	for (size_t i = 0; i < count; i++)
		if (!read_span(&since, &verdict, &t->span[i])) {
			free(t);
			return -1;
		}
	forget_timeline(&n->timeline[prefix_id], host_id);
	t->next = n->timeline[prefix_id];
	n->timeline[prefix_id] = t;
	return 0;
}

static int
verdict_at(const struct timeline *t, uint64_t us)
{
	int verdict = NOTHING;

	for (size_t i = 0; i < t->count && t->span[i].since <= us; i++)
		verdict = t->span[i].verdict;
	return verdict;
}

/* As fwlog.verdict: what is said of the host goes before what is said of all. */
enum filter_verdict
names_verdict(const void *arg, int32_t host_id, const struct event *ev)
{
	const struct names *n = arg;
	int verdict, of_all = NOTHING;

	if (!EVENT_HAS(ev, prefix_id) || ev->prefix_id >= n->timelines)
		return FILTER_UNKNOWN;
	for (const struct timeline *t = n->timeline[ev->prefix_id]; t != NULL;
	     t = t->next) {
		if (t->host_id != host_id && t->host_id != 0)
			continue;
		verdict = verdict_at(t, ev->ts);
		if (t->host_id != 0 && verdict != NOTHING)
			return (enum filter_verdict)verdict;
		if (t->host_id == 0)
			of_all = verdict;
	}
	return of_all == NOTHING ? FILTER_UNKNOWN : (enum filter_verdict)of_all;
}
