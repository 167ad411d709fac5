/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/ledger.h"

#include <stdlib.h>
#include <string.h>

void
ledger_clear(struct ledger *l)
{
	free(l->counter);
	l->counter = NULL;
	l->counters = 0;
}

/* What one counter of both, or of either, says. */
static enum ledger_change
compare_counter(const struct ruleset_counter *before, const struct ruleset_counter *now,
    uint64_t *hits)
{
	if (now == NULL)
		return LEDGER_NEW_RULES;
	if (before == NULL)
		return now->packets > 0 ? LEDGER_NEW_RULES : LEDGER_SAME;
	if (now->packets < before->packets)
		return LEDGER_RESET_RULES;
	*hits += now->packets - before->packets;
	return LEDGER_SAME;
}

int
ledger_count(struct ledger *l, const struct ruleset_counter *now, size_t n,
    enum ledger_change *change)
{
	struct ruleset_counter *copy = malloc((n + 1) * sizeof *copy);
	size_t i = 0, j = 0;

	if (copy == NULL)
		return -1;
	*change = LEDGER_SAME;
	while (i < l->counters || j < n) {
		const struct ruleset_counter *before = NULL, *after = NULL;
		enum ledger_change c;

		if (i < l->counters && (j == n || l->counter[i].key <= now[j].key))
			before = &l->counter[i];
		if (j < n && (before == NULL || before->key == now[j].key))
			after = &now[j];
		i += before != NULL;
		j += after != NULL;
		c = compare_counter(before, after, &l->hits);
		if (c != LEDGER_SAME)
			*change = c;
	}
	if (n > 0)
		memcpy(copy, now, n * sizeof *copy);
	free(l->counter);
	l->counter = copy;
	l->counters = n;
	return 0;
}

void
ledger_rebase(struct ledger *l)
{
	l->based = false;
	l->seen = false;
	l->found = 0;
}

enum ledger_verdict
ledger_compare(
    struct ledger *l, bool known, uint64_t low, uint64_t high, uint64_t *missing)
{
	int64_t most = (int64_t)(l->hits - low - l->counted);
	int64_t least = (int64_t)(l->hits - high - l->counted);
	int64_t found, sure;

	*missing = 0;
	if (!l->based) {
		if (known) {
			l->base = most;
			l->floor = least - LEDGER_SLACK;
			l->based = true;
		}
		return LEDGER_BASED;
	}
	if (known && most < l->floor) {
		ledger_rebase(l);
		return LEDGER_OVER;
	}
	if (known && most < l->base)
		l->base = most;
	found = least > l->base ? least - l->base : 0;
	sure = !l->seen ? 0 : found < l->found ? found : l->found;
	l->found = found;
	l->seen = true;
	*missing = (uint64_t)sure;
	return LEDGER_COMPARED;
}

void
ledger_book(struct ledger *l, uint64_t records)
{
	l->counted += records;
	l->found -= (int64_t)records;
}

uint64_t
ledger_open(const struct ledger *l)
{
	return l->found > 0 ? (uint64_t)l->found : 0;
}
