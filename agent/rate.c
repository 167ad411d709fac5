/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/rate.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/buf.h"

#define SECOND_US UINT64_C(1000000)
#define WAYS 8              /* places a key may have */
#define JITTER_US SECOND_US /* time may step back so far without being set anew */
#define KEY_MAX 1024        /* bytes of all fields of a key */

enum field { SRC, DST, SPORT, DPORT, PROTO, PREFIX, IN, OUT, FIELDS };

static const char *const field_names[FIELDS] = {
    "src", "dst", "sport", "dport", "proto", "prefix", "in", "out"};

/* The key is remembered as a number nobody outside can aim at. */
struct bucket {
	uint64_t key; /* 0: free */
	uint64_t seen_us;
	uint64_t level; /* what is left, in records * period_us */
};

struct rate {
	uint64_t records, period_us;
	uint32_t fields; /* bits of enum field */
	uint64_t secret[2];
	struct bucket *bucket; /* RATE_KEYS, or 1 without fields */
	uint32_t sets;
};

/* ---- SipHash-2-4 (Aumasson and Bernstein, 2012) */

static uint64_t
rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static void
sip_rounds(uint64_t v[4], unsigned n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

static void
sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_rounds(v, 2);
	v[0] ^= word;
}

static uint64_t
sip_hash(const uint64_t secret[2], const uint8_t *data, size_t len)
{
	uint64_t v[4] = {secret[0] ^ UINT64_C(0x736f6d6570736575),
	    secret[1] ^ UINT64_C(0x646f72616e646f6d),
	    secret[0] ^ UINT64_C(0x6c7967656e657261),
	    secret[1] ^ UINT64_C(0x7465646279746573)};
	uint64_t word = 0;
	size_t at = 0;

	for (; at + 8 <= len; at += 8) {
		memcpy(&word, data + at, 8);
		sip_word(v, le64toh(word));
	}
	word = 0;
	memcpy(&word, data + at, len - at);
	sip_word(v, le64toh(word) | (uint64_t)len << 56);
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---- text */

static void
skip_blanks(const char **p)
{
	while (**p == ' ' || **p == '\t')
		(*p)++;
}

/* The word at *p, which is stepped over: its length. */
static size_t
take_word(const char **p)
{
	const char *begin = *p;

	while (isalpha((unsigned char)**p))
		(*p)++;
	return (size_t)(*p - begin);
}

static bool
is_word(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(word, name, len) == 0;
}

static const char *
read_limit(struct rate *r, const char **p)
{
	static const struct {
		const char *name;
		uint64_t us;
	} unit[] = {{"s", SECOND_US}, {"m", 60 * SECOND_US}, {"h", 3600 * SECOND_US}};
	const char *word;
	size_t len;

	for (; isdigit((unsigned char)**p) && r->records <= RATE_MAX; (*p)++)
		r->records = r->records * 10 + (uint64_t)(**p - '0');
	if (r->records < 1 || r->records > RATE_MAX || **p != '/')
		return "is no rate: N/s, N/m or N/h with N from 1 to 1000000 is "
		       "expected";
	word = ++*p;
	len = take_word(p);
	for (size_t i = 0; i < sizeof unit / sizeof unit[0]; i++)
		if (is_word(word, len, unit[i].name))
			r->period_us = unit[i].us;
	return r->period_us != 0 ? NULL : "is no rate: behind the / stands s, m or h";
}

static const char *
read_fields(struct rate *r, const char **p)
{
	const char *word = *p;
	size_t len = take_word(p);
	bool more;
	unsigned i;

	if (!is_word(word, len, "per"))
		return "is no rate: behind N/s stands per, and fields";
	do {
		skip_blanks(p);
		word = *p;
		len = take_word(p);
		for (i = 0; i < FIELDS && !is_word(word, len, field_names[i]); i++)
			;
		if (i == FIELDS)
			return "is no rate: behind per stand fields with + between "
			       "them: src, dst, sport, dport, proto, prefix, in, out";
		r->fields |= 1u << i;
		skip_blanks(p);
		more = **p == '+';
		*p += more;
	} while (more);
	return **p == '\0' ? NULL
			   : "is no rate: something is left over behind the fields";
}

static const char *
read_rate(struct rate *r, const char *text)
{
	const char *why = read_limit(r, &text);

	skip_blanks(&text);
	if (why == NULL && *text != '\0')
		why = read_fields(r, &text);
	return why;
}

static int
make_table(struct rate *r)
{
	r->sets = r->fields != 0 ? RATE_KEYS / WAYS : 1;
	r->bucket = calloc((size_t)r->sets * WAYS, sizeof *r->bucket);
	return r->bucket != NULL && getrandom(r->secret, sizeof r->secret, 0) ==
					(ssize_t)sizeof r->secret
		   ? 0
		   : -1;
}

struct rate *
rate_new(const char *text, char *why, size_t whysize)
{
	struct rate *r = calloc(1, sizeof *r);
	const char *reason = r != NULL ? read_rate(r, text) : NULL;

	if (r == NULL || (reason == NULL && make_table(r) < 0))
		reason = "cannot be served: out of memory";
	if (reason == NULL)
		return r;
	snprintf(why, whysize, "%s", reason);
	rate_free(r);
	return NULL;
}

void
rate_free(struct rate *r)
{
	if (r == NULL)
		return;
	free(r->bucket);
	free(r);
}

/* ---- keys */

static void
put_string(
    struct writer *w, const struct filter_source *s, enum filter_dict dict, uint32_t id)
{
	struct bytes b = s->string(s->arg, dict, id);

	put_u16(w, b.len);
	put_bytes(w, b.p, b.len);
}

static void
put_address(struct writer *w, const struct ip_addr *a)
{
	put_u8(w, a->family);
	put_bytes(w, a->byte, a->family == 4 ? 4 : sizeof a->byte);
}

/* What is not there is a value, too. */
static uint64_t
key_of(const struct rate *r, const struct event *ev, const struct filter_source *s)
{
	uint8_t bytes[KEY_MAX];
	struct writer w = writer_of(bytes, sizeof bytes);
	uint64_t key;

#define KEY(field, column, put)                    \
	if ((r->fields & (1u << (field))) != 0) {  \
		put_u8(&w, EVENT_HAS(ev, column)); \
		if (EVENT_HAS(ev, column))         \
			put;                       \
	}
	KEY(SRC, src, put_address(&w, &ev->src))
	KEY(DST, dst, put_address(&w, &ev->dst))
	KEY(SPORT, sport, put_u32(&w, ev->sport))
	KEY(DPORT, dport, put_u32(&w, ev->dport))
	KEY(PROTO, proto, put_u16(&w, ev->proto))
	KEY(PREFIX, prefix_id, put_string(&w, s, FILTER_PREFIX, ev->prefix_id))
	KEY(IN, in_id, put_string(&w, s, FILTER_IFACE, ev->in_id))
	KEY(OUT, out_id, put_string(&w, s, FILTER_IFACE, ev->out_id))
#undef KEY
	key = sip_hash(r->secret, bytes, sizeof bytes - w.left);
	return key != 0 ? key : 1;
}

static struct bucket *
find(struct rate *r, uint64_t key, uint64_t now_us)
{
	struct bucket *set = &r->bucket[key % r->sets * WAYS], *oldest = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].seen_us < oldest->seen_us)
			oldest = &set[i];
	}
	*oldest = (struct bucket){key, now_us, r->records * r->period_us};
	return oldest;
}

/* Time that steps back a little stands still; by more, the clock was set. */
static void
fill(const struct rate *r, struct bucket *b, uint64_t now_us)
{
	uint64_t most = r->records * r->period_us, passed;

	if (now_us < b->seen_us) {
		if (b->seen_us - now_us > JITTER_US)
			b->seen_us = now_us;
		return;
	}
	passed = now_us - b->seen_us;
	b->seen_us = now_us;
	if (passed >= r->period_us || passed * r->records >= most - b->level)
		b->level = most;
	else
		b->level += passed * r->records;
}

bool
rate_take(struct rate *r, const struct event *ev, const struct filter_source *source)
{
	struct bucket *b = find(r, key_of(r, ev, source), ev->ts);

	fill(r, b, ev->ts);
	if (b->level < r->period_us)
		return false;
	b->level -= r->period_us;
	return true;
}
