/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/storm.h"

#include <stdlib.h>
#include <string.h>

static int
ring_init(struct storm_ring *r, unsigned size)
{
	r->size = size;
	r->at = calloc(size, sizeof *r->at);
	return r->at != NULL ? 0 : -1;
}

int
storm_init(struct storm *s, size_t rules, unsigned per_rule, unsigned per_all)
{
	*s = (struct storm){.rules = rules};
	s->rule = calloc(rules, sizeof *s->rule);
	s->entry = calloc(rules, sizeof *s->entry);
	s->pile[0].rule = calloc(rules, sizeof *s->pile[0].rule);
	s->pile[1].rule = calloc(rules, sizeof *s->pile[1].rule);
	if (s->rule == NULL || s->entry == NULL || s->pile[0].rule == NULL ||
	    s->pile[1].rule == NULL || ring_init(&s->all, per_all) < 0)
		return -1;
	for (size_t i = 0; i < rules; i++)
		if (ring_init(&s->rule[i], per_rule) < 0)
			return -1;
	return 0;
}

void
storm_free(struct storm *s)
{
	for (size_t i = 0; s->rule != NULL && i < s->rules; i++)
		free(s->rule[i].at);
	free(s->rule);
	free(s->all.at);
	free(s->entry);
	free(s->pile[0].rule);
	free(s->pile[1].rule);
	*s = (struct storm){0};
}

/* The oldest of the ring is a minute old, or there is none yet. */
static bool
has_room(const struct storm_ring *r, uint64_t t)
{
	uint64_t oldest = r->at[r->next];

	return oldest == 0 || (t >= oldest && t - oldest >= STORM_US);
}

static void
note(struct storm_ring *r, uint64_t t)
{
	r->at[r->next] = t;
	r->next = r->next + 1 == r->size ? 0 : r->next + 1;
}

bool
storm_admit(struct storm *s, size_t rule, uint64_t t)
{
	t += t == 0;
	if (!has_room(&s->rule[rule], t) || !has_room(&s->all, t))
		return false;
	note(&s->rule[rule], t);
	note(&s->all, t);
	return true;
}

void
storm_fold(struct storm *s, size_t rule, uint64_t t, bool backfill, const char *example)
{
	struct storm_pile *p = &s->pile[backfill];
	struct storm_count *c = &p->rule[rule];

	if (p->alerts++ == 0 || t < p->from_us)
		p->from_us = t;
	if (c->alerts++ == 0) {
		strncpy(c->example, example, sizeof c->example - 1);
		c->example[sizeof c->example - 1] = '\0';
	}
}

static uint64_t
pile_due(const struct storm_pile *p)
{
	return p->alerts == 0 ? UINT64_MAX : p->from_us + STORM_US;
}

uint64_t
storm_due(const struct storm *s)
{
	uint64_t a = pile_due(&s->pile[0]), b = pile_due(&s->pile[1]);

	return a < b ? a : b;
}

void
storm_take(struct storm *s, struct alert_digest *digest,
    const struct rule *(*rule_of)(const void *arg, size_t index), const void *arg)
{
	bool backfill = pile_due(&s->pile[1]) < pile_due(&s->pile[0]);
	struct storm_pile *p = &s->pile[backfill];
	size_t n = 0;

	for (size_t i = 0; i < s->rules; i++) {
		if (p->rule[i].alerts == 0)
			continue;
		s->entry[n].rule = rule_of(arg, i);
		s->entry[n].alerts = p->rule[i].alerts;
		memcpy(s->entry[n++].example, p->rule[i].example,
		    sizeof p->rule[i].example);
		p->rule[i].alerts = 0;
	}
	*digest = (struct alert_digest){
	    .from_us = p->from_us,
	    .to_us = p->from_us + STORM_US,
	    .backfill = backfill,
	    .alerts = p->alerts,
	    .entry = s->entry,
	    .entries = n,
	};
	p->alerts = 0;
}
