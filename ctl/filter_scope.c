/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/filter_scope.h"

#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/message.h"
#include "common/text.h"
#include "ctl/query.h"
#include "ctl/session.h"
#include "ctl/source.h"

#define NOT_HERE "is not available here" /* of filter_compile */
#define SAMPLES 5

/* ---- can agents apply it? */

static int
refuse(struct db *db, const char *text, struct filter_error *error)
{
	char *at = strstr(error->message, NOT_HERE);

	if (db_error(db)[0] != '\0') {
		session_failed("filter", db);
		return EXIT_FAILED;
	}
	if (at != NULL)
		snprintf(at, sizeof error->message - (size_t)(at - error->message),
		    "is not known to agents; prefix: is");
	query_explain(text, error, stderr);
	return EXIT_USAGE;
}

int
filter_scope_check(struct db *db, const struct filter_tree *tree, const char *text)
{
	struct filter_sql_source source = source_of(db, 1);
	struct filter_error error = {0};
	struct filter *f = filter_compile(tree, &source.lists, 0, &error);

	if (f == NULL)
		return refuse(db, text, &error);
	filter_free(f);
	return -1;
}

/* ---- can they still? */

static bool
still_fits(struct db *db, const char *name, const char *query)
{
	struct filter_sql_source source = source_of(db, 1);
	struct filter_error error = {0};
	struct filter_tree *tree = filter_parse(query, strlen(query), &error);
	struct filter *f = NULL;

	if (tree != NULL)
		f = filter_compile(tree, &source.lists, 0, &error);
	filter_tree_free(tree);
	filter_free(f);
	if (f != NULL)
		return true;
	fprintf(
	    stderr, "fwlogctl: the filter %s could not be applied any more: ", name);
	text_plain(error.message, stderr);
	fprintf(stderr, "; fwlogctl filter remove %s comes first\n", name);
	return false;
}

bool
filter_scope_fits(struct db *db, const char *list)
{
	struct db_rows *rows = db_query_params(db,
	    "SELECT name, query FROM fwlog.filter_full WHERE in_force AND lists <> "
	    "'{}' "
	    "AND coalesce($1 = ANY (lists), true) ORDER BY name",
	    &list, 1);
	bool fits = rows != NULL;

	if (rows == NULL)
		session_failed("filter", db);
	for (int i = 0; fits && i < db_rows_count(rows); i++)
		fits = still_fits(db, db_rows_get(rows, i, 0), db_rows_get(rows, i, 1));
	db_rows_free(rows);
	return fits;
}

/* ---- does it leave anything? */

static struct bytes
sample_string(const void *arg, enum filter_dict dict, uint32_t id)
{
	static const uint8_t name[] = "qzx0qzx1qzx2qzx3qzx4";

	(void)arg;
	(void)dict;
	return (struct bytes){name + 4 * (id % SAMPLES), 4};
}

static struct ip_addr
sample_address(uint8_t family, uint8_t number)
{
	struct ip_addr a = {.family = family};

	memset(a.byte, 0x5a + number, family == 4 ? 4 : 16);
	return a;
}

/* Packets without a value in common: families, protocols, ports, strings differ. */
static void
make_sample(struct event *ev, unsigned i)
{
	static const uint8_t family[SAMPLES] = {2, 10, 2, 10, 3};
	static const uint8_t proto[SAMPLES] = {6, 17, 1, 58, 0};
	uint8_t version = family[i] == 10 ? 6 : 4;

	*ev = (struct event){0};
	EVENT_SET(ev, family, family[i]);
	EVENT_SET(ev, hook, i);
	EVENT_SET(ev, prefix_id, i);
	EVENT_SET(ev, len, 40 + 311 * i);
	if (family[i] == 3)
		return;
	EVENT_SET(ev, proto, proto[i]);
	EVENT_SET(ev, ttl, 31 + 60 * i);
	EVENT_SET(ev, src, sample_address(version, (uint8_t)(3 * i)));
	EVENT_SET(ev, dst, sample_address(version, (uint8_t)(3 * i + 1)));
	if (i < 2) {
		EVENT_SET(ev, sport, 50123 - 30000 * i);
		EVENT_SET(ev, dport, 443 + 9000 * i);
	}
}

static bool
selects_all(struct filter *f)
{
	struct event ev;

	for (unsigned i = 0; i < SAMPLES; i++) {
		make_sample(&ev, i);
		if (!filter_match(f, &ev))
			return false;
	}
	return true;
}

bool
filter_scope_is_wide(struct db *db, const struct filter_tree *tree)
{
	static const uint8_t host[] = "qzx";
	struct filter_source source = {.host = {host, 3},
	    .string = sample_string,
	    .strings = SAMPLES,
	    .generation = 1};
	struct filter_sql_source lists = source_of(db, 1);
	struct filter_error error;
	struct event nothing = {0};
	struct filter *f = filter_compile(tree, &lists.lists, 0, &error);
	bool wide;

	if (f == NULL)
		return true;
	filter_begin(f, &source);
	wide = filter_match(f, &nothing) || selects_all(f);
	filter_free(f);
	return wide;
}

/* ---- hosts */

static int
refuse_host(const char *name)
{
	fprintf(stderr,
	    "fwlogctl: --hosts %s: names of hosts with commas between them are "
	    "expected: web1,web2\n",
	    name);
	return EXIT_USAGE;
}

/* The names are of letters, digits, dots, dashes: nothing to be quoted. */
char *
filter_scope_hosts(const char *hosts, int *rc)
{
	char name[NAME_MAX_LEN + 1], *array;
	size_t len;

	*rc = -1;
	if (hosts == NULL)
		return NULL;
	for (const char *p = hosts;; p += len + 1) {
		len = strcspn(p, ",");
		snprintf(name, sizeof name, "%.*s", (int)len, p);
		if (len > NAME_MAX_LEN || !agent_name_ok(name)) {
			*rc = refuse_host(hosts);
			return NULL;
		}
		if (p[len] == '\0')
			break;
	}
	if (asprintf(&array, "{%s}", hosts) >= 0)
		return array;
	fputs("fwlogctl: out of memory\n", stderr);
	*rc = EXIT_FAILED;
	return NULL;
}
