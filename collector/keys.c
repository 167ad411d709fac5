/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/keys.h"

#include <stdlib.h>
#include <string.h>

#include "collector/clock.h"
#include "collector/pg.h"
#include "common/log.h"
#include "common/textbuf.h"

#define VERSION_SIZE 80
#define KEYS_HURRY_MS 1000
/* Which keys were used is worth less than to see in time which are revoked. */
#define KEYS_NOTE_MS 2000
#define USED_MAX 65536 /* bytes of ids to tell; more wait for another connection */

enum keys_state {
	KEYS_DOWN, /* not connected, waits for the next look */
	KEYS_CONNECTING,
	KEYS_READY,
	KEYS_ASKING,  /* the version */
	KEYS_LOADING, /* all keys */
	KEYS_NOTING,  /* which were used */
};

struct keys {
	struct keys_env env;
	enum keys_state state;
	struct pg *pg;
	struct event *timer;
	struct log_limit fault_limit, note_limit;
	bool failing;

	struct keytable *table, *loading;
	char version[VERSION_SIZE]; /* of table; "" before the first */
	char asked[VERSION_SIZE];
	uint64_t asked_ms;

	struct text used;   /* ids not told yet, as an array of bytea */
	struct text noting; /* those being told */
};

static void keys_step(struct keys *k);

/* ---- the table */

static void
take_row(struct keys *k, const struct pg_result *r, int row)
{
	const char *why;

	if (keytable_add(k->loading, pg_text(r, row, 0), pg_text(r, row, 1),
		pg_text(r, row, 2), pg_text(r, row, 3), pg_text(r, row, 4), &why) != 0)
		log_error("key %s of %s: %s: it lets nobody in", pg_text(r, row, 0),
		    pg_text(r, row, 1), why);
}

static void
take_rows(struct keys *k, const struct pg_result *r, int n)
{
	if (n > KEYFILE_KEYS_MAX)
		log_error("fwlog.agent_key has %d keys, %d are used: delete revoked "
			  "ones",
		    n, KEYFILE_KEYS_MAX);
	if (n > KEYFILE_KEYS_MAX)
		n = KEYFILE_KEYS_MAX;
	k->loading = keytable_new((size_t)n);
	if (k->loading == NULL) {
		log_error("no memory for %d keys: those before stay in force", n);
		return;
	}
	for (int i = 0; i < n; i++)
		take_row(k, r, i);
	keytable_close(k->loading);
}

static void
take_keys(struct keys *k, const struct pg_result *r)
{
	int n = pg_rows(r);

	if (n < 0)
		return;
	take_rows(k, r, n);
	for (int i = 0; i < n; i++)
		pg_wipe(r, i, 3);
}

static void
use_loaded(struct keys *k)
{
	struct keytable *before = k->table;

	if (k->loading == NULL)
		return;
	log_info("%zu keys of agents read", keytable_count(k->loading));
	k->table = k->loading;
	k->loading = NULL;
	memcpy(k->version, k->asked, sizeof k->version);
	k->env.changed(k->env.arg, k->table);
	keytable_free(before);
}

/* ---- the database */

static uint64_t
timeout(const struct keys *k)
{
	return k->env.options->database_timeout;
}

static void
ask_version(struct keys *k)
{
	k->state = KEYS_ASKING;
	k->asked_ms = clock_ms();
	pg_query(k->pg, "SELECT fwlog.key_version()", timeout(k));
}

/* The server gives up a wait for locks before this side does, and frees its process. */
static void
ask_first_version(struct keys *k)
{
	k->state = KEYS_ASKING;
	k->asked_ms = clock_ms();
	pg_query(
	    k->pg, "SET lock_timeout = 1500; SELECT fwlog.key_version()", timeout(k));
}

static void
load(struct keys *k)
{
	k->state = KEYS_LOADING;
	pg_query(k->pg,
	    "SELECT encode(key_id, 'hex'), host_name, state, encode(psk, 'hex'), "
	    "array_to_string(cidrs, ' ') FROM fwlog.agent_key "
	    "ORDER BY state = 'revoked', created DESC",
	    timeout(k));
}

static void
note(struct keys *k)
{
	struct pg_param param;

	if (k->noting.len == 0) {
		struct text empty = k->noting;

		k->noting = k->used;
		k->used = empty;
		text_add(&k->noting, "}");
	}
	param = (struct pg_param){.value = k->noting.p};
	k->state = KEYS_NOTING;
	pg_ask(k->pg, "SELECT fwlog.key_used($1::bytea[])", &param, 1,
	    timeout(k) < KEYS_NOTE_MS ? timeout(k) : KEYS_NOTE_MS);
}

/* Told again later; the keys themselves come first. */
static void
not_noted(struct keys *k, const struct pg_error *error)
{
	k->env.metrics->database_faults++;
	log_limited(&k->note_limit, LOG_LEVEL_WARN,
	    "%s: which keys are used cannot be noted: %s", pg_where(k->pg),
	    error->text);
	/* What is refused once will be again. */
	if (error->fault == PG_FAULT_DATA)
		text_clear(&k->noting);
	if (error->fault != PG_FAULT_CONNECTION) {
		ask_version(k);
		return;
	}
	k->state = KEYS_DOWN;
	keys_step(k);
}

static void
failed(struct keys *k, const struct pg_error *error)
{
	k->env.metrics->database_faults++;
	log_limited(&k->fault_limit, LOG_LEVEL_WARN,
	    "%s: keys cannot be read: %s: %s; next try in %d s", pg_where(k->pg),
	    error->text,
	    k->table != NULL ? "those read before stay in force"
			     : "no sealed agent is let in yet",
	    KEYS_POLL_MS / 1000);
	k->failing = true;
	keytable_free(k->loading);
	k->loading = NULL;
	pg_close(k->pg);
	k->state = KEYS_DOWN;
}

static void
on_result(void *arg, const struct pg_result *r)
{
	struct keys *k = arg;

	if (k->state == KEYS_ASKING && pg_rows(r) == 1)
		snprintf(k->asked, sizeof k->asked, "%s", pg_text(r, 0, 0));
	else if (k->state == KEYS_LOADING)
		take_keys(k, r);
}

static void
on_done(void *arg, const struct pg_error *error)
{
	struct keys *k = arg;
	enum keys_state state = k->state;

	if (error->fault != PG_FAULT_NONE) {
		if (state == KEYS_NOTING)
			not_noted(k, error);
		else
			failed(k, error);
		return;
	}
	k->state = KEYS_READY;
	switch (state) {
	case KEYS_CONNECTING: /* first: noting may fail every time */
		ask_first_version(k);
		return;
	case KEYS_ASKING:
		if (strcmp(k->asked, k->version) != 0)
			load(k);
		break;
	case KEYS_LOADING:
		use_loaded(k);
		break;
	case KEYS_NOTING: /* what was next may be active now */
		text_clear(&k->noting);
		ask_version(k);
		break;
	case KEYS_DOWN:
	case KEYS_READY:
		break;
	}
	if (k->failing)
		log_info("%s: keys can be read again", pg_where(k->pg));
	k->failing = false;
}

static void
on_room(void *arg)
{
	(void)arg;
}

static void
keys_step(struct keys *k)
{
	if (k->state == KEYS_DOWN) {
		k->state = KEYS_CONNECTING;
		pg_connect(k->pg, k->env.options->database, timeout(k));
	} else if (k->state == KEYS_READY) {
		if (k->noting.len > 0 || k->used.len > 0)
			note(k);
		else
			ask_version(k);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	keys_step(arg);
}

/* ---- from outside */

void
keys_reload(struct keys *k)
{
	if (k == NULL)
		return;
	k->version[0] = '\0';
	keys_step(k);
}

void
keys_hurry(struct keys *k)
{
	if (k->state == KEYS_READY && clock_ms() - k->asked_ms >= KEYS_HURRY_MS)
		ask_version(k);
}

void
keys_note_used(struct keys *k, const uint8_t *id)
{
	char text[KEY_ID_TEXT_SIZE];

	if (k == NULL || k->used.len > USED_MAX)
		return;
	text_add(&k->used, "%s\"\\\\x%s\"", k->used.len == 0 ? "{" : ",",
	    key_id_text(id, text));
}

struct keys *
keys_new(const struct keys_env *env)
{
	static const struct pg_events events = {on_result, on_room, on_done};
	struct timeval period = clock_timeval(KEYS_POLL_MS);
	struct keys *k = calloc(1, sizeof *k);

	if (k == NULL)
		return NULL;
	k->env = *env;
	text_init(&k->used);
	text_init(&k->noting);
	k->pg = pg_new(env->base, &events, k);
	k->timer = event_new(env->base, -1, EV_PERSIST, on_timer, k);
	if (k->pg == NULL || k->timer == NULL || event_add(k->timer, &period) != 0) {
		keys_free(k);
		return NULL;
	}
	keys_step(k);
	return k;
}

void
keys_free(struct keys *k)
{
	if (k == NULL)
		return;
	pg_free(k->pg);
	if (k->timer != NULL)
		event_free(k->timer);
	keytable_free(k->table);
	keytable_free(k->loading);
	text_free(&k->used);
	text_free(&k->noting);
	free(k);
}
