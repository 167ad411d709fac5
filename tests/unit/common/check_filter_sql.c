/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/filter.h"
#include "common/filter_field.h"

static struct filter_error error;
static struct filter_sql sql;

static int
read_list(
    void *arg, const char *name, struct filter_list *list, char *why, size_t whysize)
{
	char text[32];

	(void)arg;
	(void)why;
	(void)whysize;
	for (unsigned i = 0; i < 200; i += 2) {
		snprintf(text, sizeof text,
		    strcmp(name, "v6") == 0 ? "%x00::/8" : "%u.0.0.0/8", i);
		if (filter_list_add(list, text, strlen(text)) < 0)
			return -1;
	}
	return strcmp(name, "v6") == 0 ? filter_list_add(list, "ff00::/8", 8) : 0;
}

static int
dictionary(void *arg, enum filter_dict dict, filter_dict_add *add, void *to, char *why,
    size_t whysize)
{
	if (dict == FILTER_NETNS) {
		snprintf(why, whysize, "the server went away");
		return -1;
	}
	(void)arg;
	add(to, 7, (struct bytes){(const uint8_t *)"DROP x ", 7});
	add(to, 9, (struct bytes){(const uint8_t *)"accept", 6});
	add(to, 11, (struct bytes){(const uint8_t *)"DROP y ", 7});
	return 0;
}

static const struct filter_sql_source online = {
    .lists = {read_list, NULL}, .dictionary = dictionary, .first = 3};
static const struct filter_sql_source offline = {.first = 1};

static int
make(const char *text, const struct filter_sql_source *source)
{
	struct filter_tree *tree = filter_parse(text, strlen(text), &error);
	int rc;

	ck_assert_msg(tree != NULL, "%s: %s", text, error.message);
	filter_sql_free(&sql);
	rc = filter_sql(tree, source, &sql, &error);
	filter_tree_free(tree);
	return rc;
}

static const struct {
	const char *text, *sql, *values[6];
} cases[] = {
    {"", "TRUE", {NULL}},
    {"src:10.0.0.0/8 dport:22 -host:web1 prefix:/DROP/",
	"e.src <<= $1::inet AND e.dport = $2::int AND (e.host_id = ANY ($3::int[])) IS "
	"NOT TRUE AND e.prefix_id = ANY ($4::int[])",
	{"10.0.0.0/8", "22", "<host ids matching web1>",
	    "<prefix ids matching /DROP/>"}},
    {"-port:22", "(e.sport = $1::int OR e.dport = $1::int) IS NOT TRUE", {"22"}},
    {"tcp (ttl:1 OR ttl:2)",
	"e.proto = $1::int AND (e.ttl = $2::int OR e.ttl = $3::int)", {"6", "1", "2"}},
    {"-(tcp OR udp)", "(e.proto = $1::int OR e.proto = $2::int) IS NOT TRUE",
	{"6", "17"}},
    {"-(tcp udp)", "(e.proto = $1::int AND e.proto = $2::int) IS NOT TRUE",
	{"6", "17"}},
    {"dport:22,80", "e.dport = ANY ($1::int[])", {"{22,80}"}},
    {"dport:22,80-90", "(e.dport = $1::int OR e.dport BETWEEN $2::int AND $3::int)",
	{"22", "80", "90"}},
    {"dport:>1023 len:<=40", "e.dport >= $1::int AND e.len <= $2::int", {"1024", "40"}},
    {"dport:0-65535", "e.dport IS NOT NULL", {NULL}},
    {"port:>65535 tcp", "(FALSE OR FALSE) AND e.proto = $1::int", {"6"}},
    {"mark:0x10/0xff", "e.mark & $1::bigint = $2::bigint", {"255", "16"}},
    {"uid:0-4294967295", "e.uid IS NOT NULL", {NULL}},
    {"smac:00:16:3e:*", "e.src_mac BETWEEN $1::macaddr AND $2::macaddr",
	{"00:16:3e:00:00:00", "00:16:3e:ff:ff:ff"}},
    {"src:10.0.0.1,10.0.0.5,10.2.0.0/16,10.4.0.0/16",
	"(e.src = ANY ($1::inet[]) OR e.src <<= ANY ($2::inet[]))",
	{"{10.0.0.1,10.0.0.5}", "{10.2.0.0/16,10.4.0.0/16}"}},
    {"src:10.0.0.1-10.0.0.5", "e.src BETWEEN $1::inet AND $2::inet",
	{"10.0.0.1", "10.0.0.5"}},
    {"id:3-15", "(e.host_id = $1::int AND e.n = $2::bigint)", {"3", "15"}},
    {"has:if",
	"(e.in_id IS NOT NULL OR e.out_id IS NOT NULL OR e.physin_id IS NOT NULL OR "
	"e.physout_id IS NOT NULL)",
	{NULL}},
    {"-has:host", "(TRUE) IS NOT TRUE", {NULL}},
    {"verdict:drop,reject", FILTER_VERDICT_SQL " = ANY ($1::text[])",
	{"{drop,reject}"}},
    {"has:verdict", FILTER_VERDICT_SQL " <> 'unknown'", {NULL}},
    {"src:@bad,10.0.0.1", "e.src <<= ANY ($1::inet[])", {"<@bad,10.0.0.1>"}},
    {"dport:@p", "e.dport = ANY ($1::int[])", {"<@p>"}},
};

START_TEST(statements)
{
	size_t n = 0;

	ck_assert_int_eq(make(cases[_i].text, &offline), 0);
	ck_assert_str_eq(sql.text, cases[_i].sql);
	for (; n < 6 && cases[_i].values[n] != NULL; n++) {
		ck_assert_uint_gt(sql.count, n);
		ck_assert_str_eq(sql.value[n], cases[_i].values[n]);
	}
	ck_assert_uint_eq(sql.count, n);
}
END_TEST

START_TEST(dictionaries)
{
	ck_assert_int_eq(make("prefix:/^DROP/ -prefix:none in:ACCEPT", &online), 0);
	ck_assert_str_eq(sql.text,
	    "e.prefix_id = ANY ($3::int[]) AND (e.prefix_id = ANY ($4::int[])) IS NOT "
	    "TRUE AND e.in_id = ANY ($5::int[])");
	ck_assert_str_eq(sql.value[0], "{7,11}");
	ck_assert_str_eq(sql.value[1], "{}");
	ck_assert_str_eq(sql.value[2], "{9}");
}
END_TEST

/* Long lists become one sorted array, which is searched. */
START_TEST(long_lists)
{
	ck_assert_int_eq(make("src:@v4", &online), 0);
	ck_assert_ptr_nonnull(
	    strstr(sql.text, "width_bucket(e.src - inet '0.0.0.0', "));
	ck_assert_uint_eq(sql.count, 2);
	ck_assert_str_eq(sql.value[1], "{}");
	ck_assert_ptr_eq(strstr(sql.value[0], "{0,16777216,33554432,"), sql.value[0]);
	ck_assert_int_eq(make("src:@v6", &online), 0);
	ck_assert_str_eq(sql.value[0], "{}");
	/* The last network has no end in the array. */
	ck_assert_str_eq(sql.value[1] + strlen(sql.value[1]) - 34,
	    ",ff000000000000000000000000000000}");
}
END_TEST

/* Whatever stands in a filter, it never stands in the statement. */
START_TEST(values_stay_out)
{
	ck_assert_int_eq(
	    make("prefix:\"'; DROP TABLE x; --\" host:\"$9 @\" in:\"%s\\\\\" "
		 "prefix:/evil/",
		&offline),
	    0);
	ck_assert_str_eq(sql.text,
	    "e.prefix_id = ANY ($1::int[]) AND e.host_id = ANY ($2::int[]) AND e.in_id "
	    "= ANY ($3::int[]) AND e.prefix_id = ANY ($4::int[])");
}
END_TEST

/* What SQL cannot answer selects more, never less, also inside a NOT. */
START_TEST(widened)
{
	static const struct {
		const char *text, *sql;
	} wider[] = {
	    {"message:x", "TRUE"},
	    {"-message:x", "(FALSE) IS NOT TRUE"},
	    {"-(tcp -message:x)",
		"(e.proto = $1::int AND (TRUE) IS NOT TRUE) IS NOT TRUE"},
	};
	struct filter_sql_source wide = {.first = 1, .widen = true};

	for (size_t i = 0; i < sizeof wider / sizeof wider[0]; i++) {
		struct filter_tree *tree =
		    filter_parse(wider[i].text, strlen(wider[i].text), &error);

		ck_assert_ptr_nonnull(tree);
		ck_assert_int_eq(filter_sql(tree, &wide, &sql, &error), 0);
		ck_assert_str_eq(sql.text, wider[i].sql);
		filter_sql_free(&sql);
		wide.widen = false;
		ck_assert_int_eq(filter_sql(tree, &wide, &sql, &error), -1);
		wide.widen = true;
		filter_tree_free(tree);
	}
}
END_TEST

START_TEST(failures)
{
	ck_assert_int_eq(make("tcp netns:x", &online), -1);
	ck_assert_str_eq(error.message, "the server went away");
	ck_assert_uint_eq(error.column, 5);
	ck_assert_ptr_null(sql.text);
	ck_assert_uint_eq(sql.count, 0);
	ck_assert_int_eq(make("tcp -has:alert", &offline), -1);
	ck_assert_str_eq(error.message, "alert is not available here");
	ck_assert_int_eq(make("dport:@v6", &online), -1);
	ck_assert_ptr_nonnull(strstr(error.message, "list @v6"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("filter_sql");
	TCase *t = tcase_create("filter_sql");
	SRunner *runner = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, statements, 0, sizeof cases / sizeof cases[0]);
	tcase_add_test(t, dictionaries);
	tcase_add_test(t, long_lists);
	tcase_add_test(t, values_stay_out);
	tcase_add_test(t, widened);
	tcase_add_test(t, failures);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
