/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/rollup.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "common/noise.h"
#include "common/rollup_internal.h"

#define MINUTE_US UINT64_C(60000000)
#define HOUR_MINUTES 60
/* Of a large transaction only keys with a fair part of it get rows: so many at most. */
#define ROLLUP_OWN_MAX 2048
/* A key with one event of so many of its host, and not too few, is a frequent one. */
#define FREQUENT_PART 100
#define FREQUENT_LEAST 16
/* Of history: with more events in an hour of a host, ports seen once have no row. */
#define ROLLUP_BUSY_HOUR 2000

void
rollup_note(struct rollup_fact *fact, const struct event *ev)
{
	uint64_t us = ev->ts > INT64_MAX ? INT64_MAX : ev->ts;

	*fact =
	    (struct rollup_fact){.minute = us / MINUTE_US, .dport = -1, .proto = -1};
	if (EVENT_HAS(ev, prefix_id))
		fact->prefix = (int32_t)ev->prefix_id;
	if (EVENT_HAS(ev, len))
		fact->bytes = ev->len > INT32_MAX ? INT32_MAX : ev->len;
	if (EVENT_HAS(ev, dport))
		fact->dport = (int32_t)ev->dport;
	if (EVENT_HAS(ev, proto))
		fact->proto = (int16_t)ev->proto;
	if (EVENT_HAS(ev, src) && (ev->src.family == 4 || ev->src.family == 6))
		fact->src = ev->src;
	if (EVENT_HAS(ev, dst) && (ev->dst.family == 4 || ev->dst.family == 6))
		fact->dst = ev->dst;
}

struct rollup *
rollup_new(void)
{
	struct rollup *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->known = calloc(ROLLUP_KNOWN, sizeof *r->known);
	if (r->known == NULL) {
		free(r);
		return NULL;
	}
	noise_random(&r->secret, sizeof r->secret);
	for (int i = 0; i < ROLLUP_CUBES; i++)
		r->cube[i].secret = &r->secret;
	r->host.secret = &r->secret;
	r->distinct.secret = &r->secret;
	return r;
}

void
rollup_free(struct rollup *r)
{
	if (r == NULL)
		return;
	for (int i = 0; i < ROLLUP_CUBES; i++)
		cube_free(&r->cube[i]);
	cube_free(&r->host);
	cube_free(&r->distinct);
	admit_free(&r->admit);
	free(r->pair);
	free(r->known);
	free(r);
}

/* ---- adding up */

static void
rollup_add(struct rollup *r, struct cube *c, const struct cube_key *key,
    uint64_t events, uint64_t bytes)
{
	if (cube_add(c, key, events, bytes) < 0)
		r->failed = true;
}

/* The sketches of that host and hour, which is the number of its cell. */
static struct rollup_pair *
rollup_pair(struct rollup *r, const struct cube_key *hour)
{
	size_t before = r->distinct.cells;
	int64_t at = cube_add(&r->distinct, hour, 0, 0);
	struct rollup_pair *grown;

	if (at < 0)
		return NULL;
	if (at >= ROLLUP_SKETCHES_MAX)
		return &r->beyond;
	if (r->distinct.cells > r->pairs_size) {
		grown = realloc(r->pair, r->distinct.cells_size * sizeof *grown);
		if (grown == NULL)
			return NULL;
		r->pair = grown;
		r->pairs_size = r->distinct.cells_size;
	}
	if (r->distinct.cells > before)
		memset(&r->pair[at], 0, sizeof r->pair[at]);
	return &r->pair[at];
}

static void
rollup_count_address(struct rollup *r, enum rollup_cube which,
    const struct cube_key *hour, const struct ip_addr *a, uint32_t bytes)
{
	struct cube_key key = *hour;

	key.family = a->family;
	memcpy(key.address, a->byte, a->family == 4 ? 4 : a->family == 6 ? 16 : 0);
	rollup_add(r, &r->cube[which], &key, 1, bytes);
}

static void
rollup_count(struct rollup *r, int32_t host_id, int32_t prefix,
    const struct rollup_fact *f, struct cube_key *hour, struct rollup_pair **pair)
{
	struct cube_key key = {.at = f->minute,
	    .host_id = host_id,
	    .prefix = prefix,
	    .dport = f->dport,
	    .proto = f->proto};
	uint64_t at = f->minute - f->minute % HOUR_MINUTES;

	rollup_add(r, &r->cube[ROLLUP_MINUTE], &key, 1, f->bytes);
	if (*pair == NULL || hour->at != at) {
		hour->at = at;
		*pair = rollup_pair(r, hour);
	}
	if (*pair == NULL) {
		r->failed = true;
		return;
	}
	rollup_count_address(r, ROLLUP_SRC, hour, &f->src, f->bytes);
	rollup_count_address(r, ROLLUP_DST, hour, &f->dst, f->bytes);
	if (f->src.family != 0)
		sketch_add(&(*pair)->src, &f->src);
	if (f->dst.family != 0)
		sketch_add(&(*pair)->dst, &f->dst);
}

void
rollup_take(struct rollup *r, int32_t host_id, const struct rollup_fact *fact,
    size_t facts, const int32_t *answer)
{
	struct cube_key hour = {.host_id = host_id};
	struct rollup_pair *pair = NULL;

	if (facts == 0)
		return;
	rollup_add(r, &r->host, &(struct cube_key){.host_id = host_id}, facts, 0);
	r->events += facts;
	for (size_t i = 0; i < facts && !r->failed; i++) {
		const struct rollup_fact *f = &fact[i];
		int32_t prefix = f->prefix < 0 ? answer[~f->prefix] : f->prefix;

		rollup_count(r, host_id, prefix, f, &hour, &pair);
	}
}

/* Hours by prefix and by port are sums of the minutes. */
static void
rollup_sum_hours(struct rollup *r)
{
	const struct cube *minutes = &r->cube[ROLLUP_MINUTE];

	for (size_t i = 0; i < minutes->cells; i++) {
		const struct cube_cell *cell = &minutes->cell[i];
		struct cube_key key = cell->key;

		key.at -= key.at % HOUR_MINUTES;
		key.dport = 0;
		rollup_add(r, &r->cube[ROLLUP_HOUR], &key, cell->events, cell->bytes);
		key.prefix = 0;
		key.dport = cell->key.dport;
		rollup_add(r, &r->cube[ROLLUP_PORT], &key, cell->events, cell->bytes);
	}
}

/* ---- the rest */

static uint64_t
rollup_most(enum rollup_cube which)
{
	switch (which) {
	case ROLLUP_MINUTE:
		return ROLLUP_MINUTE_KEYS;
	case ROLLUP_PORT:
		return ROLLUP_PORT_KEYS;
	default:
		return ROLLUP_ADDRESS_KEYS;
	}
}

/* So many events of the transaction a key must have for a row of its own. */
static uint64_t
rollup_least(const struct rollup *r, enum rollup_cube which)
{
	if (!r->keep)
		return 1 + r->events / ROLLUP_OWN_MAX;
	if (which != ROLLUP_MINUTE && which != ROLLUP_PORT)
		return 1;
	return r->events / (r->distinct.cells + 1) < ROLLUP_BUSY_HOUR ? 1 : 2;
}

static bool
rollup_may_have_row(
    struct rollup *r, enum rollup_cube which, const struct cube_cell *cell)
{
	const struct cube_key host = {.host_id = cell->key.host_id};
	uint64_t most = rollup_most(which), of_host, group;
	int64_t at;

	if (cell->events < rollup_least(r, which))
		return false;
	at = cube_add(&r->host, &host, 0, 0);
	of_host = at < 0 ? 0 : r->host.cell[at].events;
	if (cell->events >= FREQUENT_LEAST && cell->events >= of_host / FREQUENT_PART)
		most *= 2;
	group = (uint64_t)(uint32_t)cell->key.host_id << 4 | which;
	group = cube_fold(group ^ r->secret.word[0], cell->key.at ^ r->secret.word[1]);
	return admit_key(&r->admit, cube_mix(cell->hash + which), group, most);
}

/* The key that stands for all that has no row; false: this one always has its own. */
static bool
rollup_rest(enum rollup_cube which, const struct cube_key *key, struct cube_key *rest)
{
	*rest = *key;
	if (which == ROLLUP_MINUTE || which == ROLLUP_PORT) {
		rest->dport = ROLLUP_REST_PORT;
		return key->dport >= 0;
	}
	rest->family = ROLLUP_REST_FAMILY;
	memset(rest->address, 0, sizeof rest->address);
	return key->family != 0;
}

static void
rollup_fold(struct rollup *r, enum rollup_cube which)
{
	struct cube *c = &r->cube[which];
	size_t cells = c->cells; /* rows of the rest come behind them */
	struct cube_key rest;

	for (size_t i = 0; i < cells && !r->failed; i++) {
		struct cube_cell cell = c->cell[i];

		if (!rollup_rest(which, &cell.key, &rest) ||
		    rollup_may_have_row(r, which, &cell))
			continue;
		c->cell[i].events = 0;
		rollup_add(r, c, &rest, cell.events, cell.bytes);
	}
}

void
rollup_keep(struct rollup *r)
{
	r->keep = true;
}

void
rollup_begin(struct rollup *r)
{
	for (int i = 0; i < ROLLUP_CUBES; i++)
		cube_clear(&r->cube[i]);
	cube_clear(&r->host);
	cube_clear(&r->distinct);
	r->events = 0;
	r->failed = false;
}

void
rollup_end(struct rollup *r)
{
	rollup_sum_hours(r);
	rollup_fold(r, ROLLUP_MINUTE);
	rollup_fold(r, ROLLUP_PORT);
	rollup_fold(r, ROLLUP_SRC);
	rollup_fold(r, ROLLUP_DST);
}

/* ---- sketches that are known to be stored */

struct rollup_known *
rollup_known(struct rollup *r, const struct cube_cell *cell)
{
	return &r->known[cell->hash % ROLLUP_KNOWN];
}

bool
rollup_is_known(struct rollup *r, size_t i)
{
	const struct cube_cell *cell = &r->distinct.cell[i];
	const struct rollup_known *known = rollup_known(r, cell);

	return known->at == cell->key.at && known->host_id == cell->key.host_id &&
	       !sketch_adds(&r->pair[i].src, &known->pair.src) &&
	       !sketch_adds(&r->pair[i].dst, &known->pair.dst);
}

void
rollup_committed(struct rollup *r)
{
	for (size_t i = 0; i < rollup_sketches(r); i++) {
		const struct cube_cell *cell = &r->distinct.cell[i];
		struct rollup_known *known = rollup_known(r, cell);

		if (known->at != cell->key.at || known->host_id != cell->key.host_id)
			*known = (struct rollup_known){
			    .at = cell->key.at, .host_id = cell->key.host_id};
		sketch_unite(&known->pair.src, &r->pair[i].src);
		sketch_unite(&known->pair.dst, &r->pair[i].dst);
	}
}
