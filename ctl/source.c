/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

static int
read_dictionary(void *arg, enum filter_dict dict, filter_dict_add *add, void *to,
    char *why, size_t whysize)
{
	struct db *db = arg;
	struct db_rows *rows = db_query(db, filter_dictionary_sql[dict], NULL);
	uint8_t raw[RECORD_STRING_MAX];
	size_t len;

	if (rows == NULL) {
		snprintf(why, whysize, "%s", db_error(db));
		return -1;
	}
	for (int i = 0; i < db_rows_count(rows); i++) {
		len = text_unhex(db_rows_get(rows, i, 1), raw, sizeof raw);
		add(to, (int32_t)strtol(db_rows_get(rows, i, 0), NULL, 10),
		    (struct bytes){raw, (uint16_t)len});
	}
	db_rows_free(rows);
	return 0;
}

static int
list_is_there(struct db *db, const char *name, char *why, size_t whysize)
{
	char found[8];

	if (db_value(db, "SELECT count(*) FROM fwlog.list_full WHERE name = $1", name,
		found, sizeof found) < 0)
		snprintf(why, whysize, "%s", db_error(db));
	else if (strcmp(found, "0") == 0)
		snprintf(why, whysize,
		    "there is none of that name; fwlogctl list shows them");
	else
		return 0;
	return -1;
}

static int
read_list(
    void *arg, const char *name, struct filter_list *list, char *why, size_t whysize)
{
	struct db *db = arg;
	struct db_rows *rows;
	const char *entry;
	int rc = 0;

	if (list_is_there(db, name, why, whysize) < 0)
		return -1;
	rows = db_query(db, "SELECT * FROM fwlog.list_values($1)", name);
	if (rows == NULL) {
		snprintf(why, whysize, "%s", db_error(db));
		return -1;
	}
	for (int i = 0; rc == 0 && i < db_rows_count(rows); i++) {
		entry = db_rows_get(rows, i, 0);
		rc = filter_list_add(list, entry, strlen(entry));
	}
	db_rows_free(rows);
	return 0;
}

struct filter_sql_source
source_of(struct db *db, unsigned first)
{
	struct filter_sql_source source = {.first = first};

	if (db != NULL) {
		source.lists = (struct filter_lists){read_list, db};
		source.dictionary = read_dictionary;
		source.arg = db;
	}
	return source;
}
