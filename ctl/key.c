/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/key.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/keyfile.h"
#include "ctl/session.h"

#define CIDRS_SIZE (ARGS_CIDRS_MAX * 64)
#define SECRET_TEXT_SIZE (2 * NOISE_KEY_SIZE + 3) /* "\x", digits, NUL */

/* ---- new */

/* PostgreSQL's form of an array, {a,b}; NULL when there is none. */
static const char *
cidr_array(const struct args *args, char *buf, size_t size)
{
	size_t len = 0;

	if (args->cidrs == 0)
		return NULL;
	for (size_t i = 0; i < args->cidrs && len < size; i++)
		len += (size_t)snprintf(
		    buf + len, size - len, "%s%s", i == 0 ? "{" : ",", args->cidr[i]);
	if (len < size)
		len += (size_t)snprintf(buf + len, size - len, "}");
	return len < size ? buf : "too long";
}

static int
cidrs_ok(const struct args *args)
{
	for (size_t i = 0; i < args->cidrs; i++) {
		const char *c = args->cidr[i];

		if (c[0] != '\0' && c[strspn(c, "0123456789abcdefABCDEF:./")] == '\0')
			continue;
		fprintf(stderr,
		    "fwlogctl: --cidr %s: a network is expected, such as 192.0.2.0/24 "
		    "or 2001:db8::/32\n",
		    c);
		return -1;
	}
	return 0;
}

static void
bytea_text(const uint8_t *data, size_t len, char *out)
{
	memcpy(out, "\\x", 2);
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 + 2 * i, 3, "%02x", data[i]);
}

/* Its state into state. */
static int
enter_key(struct db *db, const struct args *args, const struct key *key, char *state,
    size_t size)
{
	char id[2 + KEY_ID_TEXT_SIZE], secret[SECRET_TEXT_SIZE], cidrs[CIDRS_SIZE];
	const char *params[] = {
	    key->name, id, secret, cidr_array(args, cidrs, sizeof cidrs)};
	int rc;

	bytea_text(key->id, sizeof key->id, id);
	bytea_text(key->secret, sizeof key->secret, secret);
	rc = db_value_params(db,
	    "SELECT fwlog.key_new($1, $2::bytea, $3::bytea, "
	    "$4::cidr[])",
	    params, 4, state, size);
	noise_wipe(secret, sizeof secret);
	return rc == 0 ? 0 : session_failed(key->name, db);
}

static int
key_path(const struct args *args, const char *name, char *path)
{
	int n;

	if (args->output != NULL)
		n = snprintf(path, PATH_MAX, "%s", args->output);
	else
		n = snprintf(path, PATH_MAX, "%s%s%s.key",
		    args->directory != NULL ? args->directory : "",
		    args->directory != NULL ? "/" : "", name);
	if (n < PATH_MAX)
		return 0;
	fprintf(stderr, "fwlogctl: %s: the path is too long\n", name);
	return -1;
}

static void
tell_new(const struct key *key, const char *state, const char *path)
{
	char id[KEY_ID_TEXT_SIZE];

	printf("%s: key %s is %s, in %s\n", key->name, key_id_text(key->id, id), state,
	    path);
	if (strcmp(state, "next") == 0)
		puts("  put the file in the place of the agent's key_file and send the "
		     "agent SIGHUP;\n  it becomes active when the collector sees it, "
		     "then revoke the old one");
	else
		puts("  copy the file to the host as the agent's key_file, "
		     "/etc/fwlog/agent.key, mode 0600");
}

/* Without an answer the database may have the key: then this file is all there is of
 * it. */
static void
drop_file(const struct db *db, const struct key *key, const char *path)
{
	char id[KEY_ID_TEXT_SIZE];

	if (!db_is_lost(db)) {
		(void)unlink(path);
		return;
	}
	fprintf(stderr,
	    "fwlogctl: %s: nobody knows whether the database took the key: %s is kept; "
	    "if "
	    "fwlogctl key list %s shows %s, use it or revoke the key, else remove the "
	    "file\n",
	    key->name, path, key->name, key_id_text(key->id, id));
}

/* The file comes first, and goes again when the database does not take the key. */
static int
make_key(struct db *db, const struct args *args, const char *name)
{
	char why[KEYFILE_WHY_SIZE], path[PATH_MAX], state[16];
	struct key key;
	int rc = -1;

	if (key_generate(&key, name) < 0)
		fprintf(stderr,
		    "fwlogctl: %s: no name for a host: 1 to %d of A-Z a-z 0-9 . _ -\n",
		    name, NAME_MAX_LEN);
	else if (key_path(args, name, path) < 0)
		; /* has been said */
	else if (keyfile_write(path, &key, 1, KEYFILE_NEW, why, sizeof why) < 0)
		fprintf(stderr, "fwlogctl: %s\n", why);
	else if (enter_key(db, args, &key, state, sizeof state) < 0)
		drop_file(db, &key, path);
	else
		rc = 0;
	noise_wipe(key.secret, sizeof key.secret);
	if (rc == 0 && !args->quiet)
		tell_new(&key, state, path);
	return rc;
}

int
key_new(const struct args *args)
{
	struct db *db;
	int rc = 0;

	if (args->output != NULL && (args->operands > 1 || args->directory != NULL)) {
		fputs("fwlogctl: -o is for one key: -d DIR names where many go\n",
		    stderr);
		return EXIT_USAGE;
	}
	if (cidrs_ok(args) < 0)
		return EXIT_USAGE;
	db = session_open(args);
	if (db == NULL)
		return EXIT_FAILED;
	for (size_t i = 0; i < args->operands; i++)
		if (make_key(db, args, args->operand[i]) < 0)
			rc = -1;
	db_close(db);
	return rc == 0 ? EXIT_OK : EXIT_FAILED;
}

/* ---- list */

#define LIST_FROM                                                                      \
	" FROM fwlog.agent_key WHERE $1::text IS NULL OR host_name = $1 ORDER BY "     \
	"host_name, array_position('{active,next,retiring,revoked}'::text[], state), " \
	"created"

static const char list_sql[] =
    "SELECT encode(key_id, 'hex'), host_name, state, "
    "coalesce(array_to_string(cidrs, ' '), 'anywhere'), "
    "to_char(created AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), "
    "coalesce(to_char(used AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), "
    "'never')" LIST_FROM;

static const char json_sql[] =
    "SELECT coalesce(json_agg(k), '[]') FROM (SELECT encode(key_id, 'hex') AS key_id, "
    "host_name AS host, state, cidrs, created, changed, used" LIST_FROM ") k";

static void
print_list(const struct db_rows *rows)
{
	int wide = 4;

	for (int i = 0; i < db_rows_count(rows); i++) {
		int len = (int)strlen(db_rows_get(rows, i, 1));

		wide = len > wide ? len : wide;
	}
	printf("%-16s  %-*s  %-8s  %-16s  %-16s  %s\n", "KEY", wide, "HOST", "STATE",
	    "CREATED (UTC)", "LAST USED (UTC)", "FROM");
	for (int i = 0; i < db_rows_count(rows); i++)
		printf("%-16s  %-*s  %-8s  %-16s  %-16s  %s\n", db_rows_get(rows, i, 0),
		    wide, db_rows_get(rows, i, 1), db_rows_get(rows, i, 2),
		    db_rows_get(rows, i, 4), db_rows_get(rows, i, 5),
		    db_rows_get(rows, i, 3));
}

int
key_list(const struct args *args)
{
	const char *host = args->operands > 0 ? args->operand[0] : NULL;
	struct db *db = session_open(args);
	struct db_rows *rows;

	if (db == NULL)
		return EXIT_FAILED;
	rows = db_query_params(db, args->json ? json_sql : list_sql, &host, 1);
	if (rows == NULL)
		session_failed("key list", db);
	else if (args->json)
		puts(db_rows_get(rows, 0, 0));
	else
		print_list(rows);
	db_close(db);
	if (rows == NULL)
		return EXIT_FAILED;
	db_rows_free(rows);
	return EXIT_OK;
}

/* ---- promote, retire, revoke */

static int
change_one(
    struct db *db, const struct args *args, const char *change, const char *target)
{
	const char *params[] = {target, change};
	struct db_rows *rows = db_query_params(
	    db, "SELECT id, host, state FROM fwlog.key_change($1, $2)", params, 2);
	int n;

	if (rows == NULL)
		return session_failed(target, db);
	n = db_rows_count(rows);
	if (n == 0)
		fprintf(stderr,
		    "fwlogctl: %s: no key there that could be %s; fwlogctl key list "
		    "shows the states\n",
		    target,
		    strcmp(change, "promote") == 0  ? "promoted"
		    : strcmp(change, "retire") == 0 ? "retired"
						    : "revoked");
	for (int i = 0; i < n && !args->quiet; i++)
		printf("%s: key %s is %s\n", db_rows_get(rows, i, 1),
		    db_rows_get(rows, i, 0), db_rows_get(rows, i, 2));
	db_rows_free(rows);
	return n > 0 ? 0 : -1;
}

static int
change(const struct args *args, const char *what)
{
	struct db *db = session_open(args);
	int rc = 0;

	if (db == NULL)
		return EXIT_FAILED;
	for (size_t i = 0; i < args->operands; i++)
		if (change_one(db, args, what, args->operand[i]) < 0)
			rc = -1;
	db_close(db);
	return rc == 0 ? EXIT_OK : EXIT_FAILED;
}

int
key_promote(const struct args *args)
{
	return change(args, "promote");
}

int
key_retire(const struct args *args)
{
	return change(args, "retire");
}

int
key_revoke(const struct args *args)
{
	return change(args, "revoke");
}
