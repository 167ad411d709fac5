/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/balance.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cli.h"
#include "ctl/db.h"
#include "ctl/timearg.h"

#define DEFAULT_FROM "-24h"

/* What was asked for. */
struct question {
	int64_t from, to; /* microseconds since 1970 */
	bool by_host;
};

/* Columns of the query. */
enum {
	C_HOST,
	C_HOUR,
	C_LOGGED,
	C_STORED,
	C_FILTERED,
	C_LOST,
	C_UNKNOWN,
	C_COUNTED,
	C_DIFFERENCE,
	C_CAUSES, /* for people */
	C_SHOWN,  /* columns of the table */
	C_CAUSES_JSON = C_SHOWN,
};

static const char balance_sql[] =
    "SELECT host, to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI\"Z\"'), "
    "logged, stored, filtered, lost, unknown, counted, difference, "
    "(SELECT string_agg(c.key || CASE WHEN v.records > 0 THEN ' ' || v.records ELSE "
    "'' END || CASE WHEN v.unknown > 0 THEN ' unknown' || CASE WHEN v.unknown > 1 "
    "THEN ' (' || v.unknown || ' times)' ELSE '' END ELSE '' END, ', ' ORDER BY "
    "c.key) FROM jsonb_each(causes) c, jsonb_to_record(c.value) AS v(records numeric, "
    "unknown bigint)), causes "
    "FROM fwlog.balance($1::timestamptz, $2::timestamptz, $3::boolean) "
    "WHERE $4::text IS NULL OR host = $4 ORDER BY host, hour";

/* Sums over the rows; they stop at the largest number. */
struct sums {
	uint64_t logged, stored, filtered, missing, unknown, open;
};

static uint64_t
number(const struct db_rows *rows, int row, int column)
{
	const char *text = db_rows_get(rows, row, column);

	return text[0] == '-' ? 0 : strtoull(text, NULL, 10);
}

static void
add(uint64_t *sum, uint64_t n)
{
	*sum = n > UINT64_MAX - *sum ? UINT64_MAX : *sum + n;
}

static bool
is_missing(const struct db_rows *rows, int row)
{
	return number(rows, row, C_LOST) > 0 || number(rows, row, C_UNKNOWN) > 0 ||
	       number(rows, row, C_DIFFERENCE) > 0;
}

/* What the rules counted and nobody explained, on the host of row first. What one hour
 * leaves open another may settle. */
static uint64_t
open_of_host(const struct db_rows *rows, int first)
{
	const char *host = db_rows_get(rows, first, C_HOST);
	uint64_t open = 0, settled = 0;

	for (int i = first;
	     i < db_rows_count(rows) && strcmp(db_rows_get(rows, i, C_HOST), host) == 0;
	     i++) {
		const char *text = db_rows_get(rows, i, C_DIFFERENCE);

		if (text[0] == '-')
			add(&settled, strtoull(text + 1, NULL, 10));
		else
			add(&open, strtoull(text, NULL, 10));
	}
	return open > settled ? open - settled : 0;
}

static struct sums
add_up(const struct db_rows *rows)
{
	const char *host = NULL;
	struct sums s = {0};

	for (int i = 0; i < db_rows_count(rows); i++) {
		add(&s.logged, number(rows, i, C_LOGGED));
		add(&s.stored, number(rows, i, C_STORED));
		add(&s.filtered, number(rows, i, C_FILTERED));
		add(&s.missing, number(rows, i, C_LOST));
		add(&s.unknown, number(rows, i, C_UNKNOWN));
		if (host == NULL || strcmp(host, db_rows_get(rows, i, C_HOST)) != 0)
			add(&s.open, open_of_host(rows, i));
		host = db_rows_get(rows, i, C_HOST);
	}
	return s;
}

static bool
is_complete(const struct sums *s)
{
	return s->missing == 0 && s->unknown == 0 && s->open == 0;
}

/* ---- for people */

/* Control bytes, C1 in UTF-8 included, must not reach a terminal. */
static void
print_safe(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p < ' ' || *p == 0x7f) {
			putchar('?');
		} else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) {
			putchar('?');
			p++;
		} else {
			putchar(*p);
		}
	}
}

/* What nobody compared stays open. */
static const char *
cell(const struct db_rows *rows, int row, int column)
{
	const char *text = db_rows_get(rows, row, column);

	if (text[0] == '\0' && (column == C_COUNTED || column == C_DIFFERENCE))
		return "-";
	return text;
}

static void
print_cell(const char *text, int column, size_t width)
{
	size_t len = strlen(text), pad = len < width ? width - len : 0;
	bool right = column >= C_LOGGED && column < C_CAUSES;

	for (size_t i = 0; right && i < pad; i++)
		putchar(' ');
	print_safe(text);
	for (size_t i = 0; !right && i < pad && column < C_CAUSES; i++)
		putchar(' ');
	fputs(column < C_CAUSES ? "  " : "\n", stdout);
}

static void
print_table(const struct db_rows *rows, const struct question *q, bool quiet)
{
	static const char *const heads[C_SHOWN] = {"host", "hour", "logged", "stored",
	    "filtered", "lost", "unknown", "counted", "difference", "causes"};
	size_t width[C_SHOWN] = {0};

	for (int c = 0; c < C_SHOWN; c++) {
		width[c] = strlen(heads[c]);
		for (int i = 0; i < db_rows_count(rows); i++) {
			size_t len = strlen(cell(rows, i, c));

			width[c] = len > width[c] ? len : width[c];
		}
	}
	for (int i = -1; i < db_rows_count(rows); i++) {
		if (i >= 0 && quiet && !is_missing(rows, i))
			continue;
		for (int c = 0; c < C_SHOWN; c++)
			if (c != C_HOUR || !q->by_host)
				print_cell(
				    i < 0 ? heads[c] : cell(rows, i, c), c, width[c]);
	}
}

static void
print_verdict(const struct sums *s)
{
	printf("%s: logged %" PRIu64 " = stored %" PRIu64,
	    is_complete(s) ? "complete" : "INCOMPLETE", s->logged, s->stored);
	if (s->filtered > 0)
		printf(" + filtered %" PRIu64, s->filtered);
	printf(" + lost %" PRIu64, s->missing);
	if (s->unknown > 0)
		printf(", %" PRIu64 " losses of unknown size", s->unknown);
	if (s->open > 0)
		printf(", %" PRIu64 " that rules counted not explained", s->open);
	putchar('\n');
}

/* ---- JSON */

static void
print_json_text(const char *text)
{
	putchar('"');
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			printf("\\%c", *p);
		else if (*p < ' ' || *p == 0x7f)
			printf("\\u%04x", *p);
		else
			putchar(*p);
	}
	putchar('"');
}

static void
print_json_row(const struct db_rows *rows, int i, const struct question *q)
{
	static const char *const names[C_CAUSES] = {[C_LOGGED] = "logged",
	    [C_STORED] = "stored",
	    [C_FILTERED] = "filtered",
	    [C_LOST] = "lost",
	    [C_UNKNOWN] = "unknown",
	    [C_COUNTED] = "counted",
	    [C_DIFFERENCE] = "difference"};

	printf("%s\n {\"host\":", i == 0 ? "" : ",");
	print_json_text(db_rows_get(rows, i, C_HOST));
	if (!q->by_host) {
		fputs(",\"hour\":", stdout);
		print_json_text(db_rows_get(rows, i, C_HOUR));
	}
	for (int c = C_LOGGED; c < C_CAUSES; c++) {
		const char *value = db_rows_get(rows, i, c);

		printf(",\"%s\":%s", names[c], value[0] != '\0' ? value : "null");
	}
	printf(",\"causes\":%s}", db_rows_get(rows, i, C_CAUSES_JSON));
}

static void
print_json(const struct db_rows *rows, const struct question *q, const struct sums *s)
{
	char from[TIMEARG_TEXT], to[TIMEARG_TEXT];

	timearg_text(q->from, from);
	timearg_text(q->to, to);
	printf("{\"from\":\"%s\",\"to\":\"%s\",\"complete\":%s,\"logged\":%" PRIu64
	       ",\"stored\":%" PRIu64 ",\"filtered\":%" PRIu64 ",\"missing\":%" PRIu64
	       ",\"unknown\":%" PRIu64 ",\"difference\":%" PRIu64 ",\"rows\":[",
	    from, to, is_complete(s) ? "true" : "false", s->logged, s->stored,
	    s->filtered, s->missing, s->unknown, s->open);
	for (int i = 0; i < db_rows_count(rows); i++)
		print_json_row(rows, i, q);
	puts("]}");
}

/* ---- the command */

static int
read_time(const char *option, const char *text, int64_t now, int64_t *us)
{
	if (timearg_parse(text, now, us) == 0)
		return 0;
	fprintf(stderr,
	    "fwlogctl: --%s %s: a time is expected, such as " TIMEARG_FORMS "\n",
	    option, text);
	return -1;
}

static int
read_question(const struct args *args, struct question *q)
{
	const char *by = args->by != NULL ? args->by : "hour";
	struct timespec now;
	int64_t us;

	clock_gettime(CLOCK_REALTIME, &now);
	us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	q->by_host = strcmp(by, "host") == 0;
	if (!q->by_host && strcmp(by, "hour") != 0) {
		fprintf(stderr, "fwlogctl: --by %s: hour or host is expected\n", by);
		return -1;
	}
	if (read_time("from", args->from != NULL ? args->from : DEFAULT_FROM, us,
		&q->from) < 0 ||
	    read_time("to", args->to != NULL ? args->to : "now", us, &q->to) < 0)
		return -1;
	if (q->from >= q->to) {
		fputs("fwlogctl: --from must be before --to\n", stderr);
		return -1;
	}
	return 0;
}

static struct db_rows *
ask(struct db *db, const struct args *args, const struct question *q)
{
	char from[TIMEARG_TEXT], to[TIMEARG_TEXT], found[8] = "";
	const char *params[] = {from, to, q->by_host ? "false" : "true", args->host};

	timearg_text(q->from, from);
	timearg_text(q->to, to);
	if (args->host != NULL &&
	    db_value(db, "SELECT count(*) FROM fwlog.host_overview WHERE host = $1",
		args->host, found, sizeof found) == 0 &&
	    strcmp(found, "0") == 0) {
		fprintf(stderr, "fwlogctl: --host %s: no such host in the database\n",
		    args->host);
		return NULL;
	}
	return db_query_params(db, balance_sql, params, 4);
}

static int
answer(struct db *db, const struct args *args, const struct question *q)
{
	struct db_rows *rows = ask(db, args, q);
	struct sums s;

	if (rows == NULL) {
		if (db_error(db)[0] != '\0')
			fprintf(stderr,
			    "fwlogctl: balance: %s; it needs the schema of this "
			    "version (fwlogctl db migrate) and the role fwlog_report "
			    "or fwlog_admin\n",
			    db_error(db));
		return EXIT_FAILED;
	}
	s = add_up(rows);
	if (args->json) {
		print_json(rows, q, &s);
	} else if (!args->quiet || !is_complete(&s)) {
		print_table(rows, q, args->quiet);
		print_verdict(&s);
	}
	db_rows_free(rows);
	return is_complete(&s) ? EXIT_OK : EXIT_FAILED;
}

int
balance_run(const struct args *args)
{
	struct question q;
	struct db *db;
	int rc = EXIT_FAILED;

	if (read_question(args, &q) < 0)
		return EXIT_USAGE;
	db = db_open(args->db, NULL);
	if (db == NULL)
		fputs("fwlogctl: out of memory\n", stderr);
	else if (!db_ok(db))
		fprintf(stderr, "fwlogctl: cannot connect: %s; %s\n", db_error(db),
		    db_connect_remedy(db));
	else
		rc = answer(db, args, &q);
	db_close(db);
	return rc;
}
