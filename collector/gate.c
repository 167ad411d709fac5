/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/gate.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "collector/clock.h"
#include "common/log.h"

enum reason {
	REASON_NOT_SEALED,
	REASON_UNKNOWN_KEY,
	REASON_REVOKED_KEY,
	REASON_FORBIDDEN,
	REASON_WRONG_KEY,
	REASON_UNCONFIRMED,
	REASON_LATE,
	REASON_LEFT,
	REASON_CROWDED,
	REASON_MEMORY,
	REASONS
};

static const struct {
	size_t metric; /* offset in struct metrics */
	const char *text;
} reasons[REASONS] = {
#define REASON(name, text)                                      \
	{                                                       \
		offsetof(struct metrics, stranger_##name), text \
	}
    [REASON_NOT_SEALED] = REASON(not_sealed, "does not speak the sealed stream"),
    [REASON_UNKNOWN_KEY] = REASON(unknown_key, "no key has this id"),
    [REASON_REVOKED_KEY] = REASON(revoked_key, "this key is revoked"),
    [REASON_FORBIDDEN] =
	REASON(forbidden, "this key may not be used from this address"),
    [REASON_WRONG_KEY] = REASON(wrong_key, "the id of a key, but not its secret"),
    [REASON_UNCONFIRMED] = REASON(unconfirmed,
	"a hello that opens, nothing behind it that does: recorded and sent again?"),
    [REASON_LATE] = REASON(late, "proved nothing in time"),
    [REASON_LEFT] = REASON(left, "left before it proved anything"),
    [REASON_CROWDED] = REASON(crowded,
	"waited longest when another came and max_unauthenticated was reached"),
    [REASON_MEMORY] = REASON(memory, "no memory for it"),
#undef REASON
};

struct stranger {
	struct gate *gate;
	struct transport *transport;
	struct event *limit;
	struct address peer;
	bool named; /* a key */
	enum key_verdict verdict;
	struct identity who; /* name "": no key has this id */
	TAILQ_ENTRY(stranger) link;
};

struct gate {
	struct gate_env env;
	const struct keytable *table;
	TAILQ_HEAD(, stranger) strangers; /* the one who waits longest first */
	uint64_t count;
	struct log_limit limit[REASONS];
};

static void
stranger_free(struct stranger *s)
{
	TAILQ_REMOVE(&s->gate->strangers, s, link);
	s->gate->count--;
	transport_free(s->transport);
	event_free(s->limit);
	free(s);
}

/* ---- turned away */

static void
count_reason(struct gate *g, enum reason reason)
{
	uint64_t *metric =
	    (uint64_t *)(void *)((char *)g->env.metrics + reasons[reason].metric);

	(*metric)++;
	g->env.metrics->strangers++;
}

/* The id of a key is no secret: it goes over the wire in clear. */
static void
turn_away(struct stranger *s, enum reason reason)
{
	char key[sizeof " (key  of )" + KEY_ID_TEXT_SIZE + NAME_MAX_LEN] = "";
	char id[KEY_ID_TEXT_SIZE];

	if (s->named)
		snprintf(key, sizeof key, " (key %s%s%s)",
		    key_id_text(s->who.key_id, id),
		    s->who.name[0] != '\0' ? " of " : "", s->who.name);
	count_reason(s->gate, reason);
	if (reason == REASON_UNKNOWN_KEY)
		s->gate->env.unknown(s->gate->env.arg);
	log_limited(&s->gate->limit[reason],
	    reason == REASON_LEFT ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
	    "%s: stranger turned away: %s%s", s->peer.text, reasons[reason].text, key);
	stranger_free(s);
}

static enum reason
reason_of_broken(const struct stranger *s)
{
	static const enum reason by_verdict[KEY_VERDICTS] = {
	    [KEY_GOOD] = REASON_WRONG_KEY,
	    [KEY_UNKNOWN] = REASON_UNKNOWN_KEY,
	    [KEY_REVOKED] = REASON_REVOKED_KEY,
	    [KEY_FORBIDDEN] = REASON_FORBIDDEN,
	};

	if (!s->named)
		return REASON_NOT_SEALED;
	if (transport_is_answered(s->transport))
		return REASON_UNCONFIRMED;
	return by_verdict[s->verdict];
}

static void
on_down(void *arg, enum transport_end end)
{
	struct stranger *s = arg;

	if (end == TRANSPORT_BROKEN)
		turn_away(s, reason_of_broken(s));
	else
		turn_away(s, end == TRANSPORT_MEMORY ? REASON_MEMORY : REASON_LEFT);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct stranger *s = arg;

	(void)fd;
	(void)what;
	turn_away(
	    s, transport_is_answered(s->transport) ? REASON_UNCONFIRMED : REASON_LATE);
}

/* ---- let in */

static const struct agent_key *
check_key(struct stranger *s)
{
	const struct agent_key *key;

	s->verdict = keytable_check(s->gate->table, s->who.key_id, &s->peer, &key);
	memset(s->who.name, 0, sizeof s->who.name);
	if (key != NULL)
		memcpy(s->who.name, key->name, sizeof s->who.name);
	return key;
}

static const uint8_t *
on_key(void *arg, const uint8_t *id)
{
	struct stranger *s = arg;
	const struct agent_key *key;

	s->named = true;
	memcpy(s->who.key_id, id, sizeof s->who.key_id);
	key = check_key(s);
	return s->verdict == KEY_GOOD ? key->secret : NULL;
}

static void
on_confirmed(void *arg)
{
	struct stranger *s = arg;
	struct gate_env *env = &s->gate->env;
	struct transport *t = s->transport;
	struct address peer = s->peer;
	struct identity who;

	/* It may have been revoked since the hello. */
	check_key(s);
	if (s->verdict != KEY_GOOD) {
		turn_away(s, reason_of_broken(s));
		return;
	}
	who = s->who;
	s->transport = NULL;
	stranger_free(s);
	env->metrics->authenticated++;
	env->admitted(env->arg, t, &peer, &who);
}

static void
on_nothing(void *arg)
{
	(void)arg;
}

static const struct transport_events stranger_events = {
    .key = on_key,
    .confirmed = on_confirmed,
    .data = on_nothing,
    .sent = on_nothing,
    .down = on_down,
};

/* ---- from outside */

static struct stranger *
stranger_new(struct gate *g, evutil_socket_t fd, const struct address *peer)
{
	struct timeval limit = clock_timeval(GATE_LIMIT_MS);
	struct stranger *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->gate = g;
	s->peer = *peer;
	s->limit = evtimer_new(g->env.base, on_limit, s);
	if (s->limit != NULL && event_add(s->limit, &limit) == 0)
		s->transport = transport_new(
		    g->env.base, fd, TRANSPORT_SEALED, &stranger_events, s);
	if (s->transport != NULL)
		return s;
	if (s->limit != NULL)
		event_free(s->limit);
	free(s);
	return NULL;
}

void
gate_take(struct gate *g, evutil_socket_t fd, const struct address *peer)
{
	struct stranger *s;

	while (g->count > 0 && g->count >= g->env.options->max_unauthenticated)
		turn_away(TAILQ_FIRST(&g->strangers), REASON_CROWDED);
	s = stranger_new(g, fd, peer);
	if (s == NULL) {
		count_reason(g, REASON_MEMORY);
		close(fd);
		return;
	}
	TAILQ_INSERT_TAIL(&g->strangers, s, link);
	g->count++;
}

uint64_t
gate_waiting(const struct gate *g)
{
	return g->count;
}

uint64_t
gate_count(const struct gate *g, const struct address *peer)
{
	const struct stranger *s;
	uint64_t n = 0;

	TAILQ_FOREACH (s, &g->strangers, link)
		n += address_same_source(&s->peer, peer);
	return n;
}

void
gate_set_table(struct gate *g, const struct keytable *table)
{
	g->table = table;
}

struct gate *
gate_new(const struct gate_env *env)
{
	struct gate *g = calloc(1, sizeof *g);

	if (g == NULL)
		return NULL;
	g->env = *env;
	TAILQ_INIT(&g->strangers);
	return g;
}

void
gate_free(struct gate *g)
{
	struct stranger *s;

	if (g == NULL)
		return;
	while ((s = TAILQ_FIRST(&g->strangers)) != NULL)
		stranger_free(s);
	free(g);
}
