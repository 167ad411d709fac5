/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/filtered_share.h"

#include <stdlib.h>
#include <sys/random.h>
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((element)->host_id = 0)
#include <uthash.h>

#include "collector/allowance.h"
#include "common/siphash.h"

#define HOUR_US (60 * MINUTE_US)
#define PAST_US (31 * 24 * HOUR_US) /* an agent may have been away for so long */
#define AHEAD_US (24 * HOUR_US)     /* and its clock may be wrong by so much */
#define RECENT 256                  /* a power of two */

/* Rows a host was given last: an agent tells of one many times in its minute. */
struct recent {
	int32_t host_id;
	uint64_t used_ms;
	uint64_t key[RECENT]; /* hashes, at their place; 0: none */
	UT_hash_handle hh;
};

struct filtered_share {
	struct recent *by_host;
	struct allowance *rows;
	uint8_t secret[SIPHASH_KEY_LEN];
};

struct filtered_share *
filtered_share_new(void)
{
	struct filtered_share *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->rows = allowance_new(FILTERED_A_DAY);
	if (s->rows == NULL ||
	    getrandom(s->secret, sizeof s->secret, 0) != (ssize_t)sizeof s->secret) {
		filtered_share_free(s);
		return NULL;
	}
	return s;
}

static void
recent_free(struct filtered_share *s, struct recent *r)
{
	HASH_DEL(s->by_host, r);
	free(r);
}

void
filtered_share_free(struct filtered_share *s)
{
	struct recent *r, *next;

	if (s == NULL)
		return;
	HASH_ITER (hh, s->by_host, r, next)
		recent_free(s, r);
	allowance_free(s->rows);
	free(s);
}

static struct recent *
recent_of(struct filtered_share *s, int32_t host_id)
{
	struct recent *r;

	HASH_FIND(hh, s->by_host, &host_id, sizeof host_id, r);
	if (r != NULL)
		return r;
	r = calloc(1, sizeof *r);
	if (r == NULL)
		return NULL;
	r->host_id = host_id;
	HASH_ADD(hh, s->by_host, host_id, sizeof r->host_id, r);
	if (r->host_id == host_id)
		return r;
	free(r); /* uthash had no memory for its table */
	return NULL;
}

/* Keyed: an agent that found rows with one hash would have as many as it likes. */
static uint64_t
hash(const struct filtered_share *s, const struct filtered_entry *e)
{
	uint8_t key[4 + 8 + UINT8_MAX];
	struct writer w = writer_of(key, sizeof key);

	put_u32(&w, (uint32_t)e->filter_id);
	put_u64(&w, e->minute_us);
	put_bytes(&w, e->prefix.p, e->prefix.len);
	return siphash(s->secret, key, (size_t)(w.at - key)) | 1;
}

/* Whether it is a row the host has, or may have. */
static bool
has_row(struct filtered_share *s, int32_t host_id, const struct filtered_entry *e,
    uint64_t now_ms)
{
	struct recent *r = recent_of(s, host_id);
	uint64_t key = hash(s, e), *at;

	if (r == NULL)
		return false;
	r->used_ms = now_ms;
	at = &r->key[(key >> 1) & (RECENT - 1)];
	if (*at == key)
		return true;
	if (!allowance_take(s->rows, host_id, now_ms))
		return false;
	*at = key;
	return true;
}

bool
filtered_share_take(struct filtered_share *s, int32_t host_id,
    struct filtered_entry *entry, uint64_t now_ms, uint64_t now_us)
{
	bool ahead = entry->minute_us > now_us + AHEAD_US;

	if (!ahead && has_row(s, host_id, entry, now_ms))
		return true;
	if (ahead || entry->minute_us + PAST_US < now_us)
		entry->minute_us = now_us;
	entry->minute_us -= entry->minute_us % HOUR_US;
	entry->filter_id = FILTERED_REST;
	entry->prefix.len = 0;
	return false;
}

void
filtered_share_forget(struct filtered_share *s, uint64_t now_ms)
{
	struct recent *r, *next;

	allowance_forget(s->rows, now_ms);
	HASH_ITER (hh, s->by_host, r, next)
		if (now_ms - r->used_ms >= ALLOWANCE_MS)
			recent_free(s, r);
}
