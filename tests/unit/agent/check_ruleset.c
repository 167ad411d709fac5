/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rulesets as libnftables 1.0.6 writes them: which counters count what is logged. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/ruleset.h"

#define COUNTER "{\"counter\":{\"packets\":7,\"bytes\":700}}"
#define LOG5 "{\"log\":{\"prefix\":\"x\",\"group\":5}}"
#define MATCH                                                                  \
	"{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"l4proto\"}}," \
	"\"right\":"                                                           \
	"\"udp\"}}"
#define LIMIT "{\"limit\":{\"rate\":5,\"burst\":5,\"per\":\"second\"}}"
#define DROP "{\"drop\":null}"
#define TABLE(handle) \
	"{\"table\":{\"family\":\"ip\",\"name\":\"fw\",\"handle\":" #handle "}}"
#define NAMED(name, handle, packets)                                       \
	"{\"counter\":{\"family\":\"ip\",\"name\":\"" name                 \
	"\",\"table\":\"fw\",\"handle\":" #handle ",\"packets\":" #packets \
	",\"bytes\":1}}"
#define RULE(handle, expr)                                                \
	"{\"rule\":{\"family\":\"ip\",\"table\":\"fw\",\"chain\":\"in\"," \
	"\"handle\":" #handle ",\"expr\":[" expr "]}}"

static struct ruleset_group group[2];

static void
setup(void)
{
	group[0].group = 5;
	group[1].group = 6;
}

/* Reads the objects given. */
static void
read_all(const char *objects)
{
	static char text[8192];
	char why[RULESET_WHY] = "";

	snprintf(text, sizeof text, "{\"nftables\":[{\"metainfo\":{}},%s]}", objects);
	ck_assert_msg(ruleset_read(text, group, 2, why, sizeof why) == 0, "%s", why);
}

static void
is_counted(const char *rule, uint64_t packets)
{
	char objects[2048];

	snprintf(objects, sizeof objects, "%s,%s", TABLE(1), rule);
	read_all(objects);
	ck_assert_uint_eq(group[0].rules, 1);
	ck_assert_uint_eq(group[0].unknown, 0);
	ck_assert_uint_eq(group[0].counters, 1);
	ck_assert_uint_eq(group[0].counter[0].packets, packets);
}

static void
is_left_out(const char *rule, const char *why)
{
	char objects[2048];

	snprintf(objects, sizeof objects, "%s,%s", TABLE(1), rule);
	read_all(objects);
	ck_assert_uint_eq(group[0].rules, 1);
	ck_assert_uint_eq(group[0].unknown, 1);
	ck_assert_uint_eq(group[0].counters, 0);
	ck_assert_msg(strstr(group[0].why, why) != NULL, "%s", group[0].why);
}

START_TEST(counter_beside_log)
{
	is_counted(RULE(2, MATCH "," COUNTER "," LOG5 "," DROP), 7);
	is_counted(RULE(2, LOG5 "," COUNTER), 7);
	is_counted(RULE(2, LIMIT "," COUNTER "," LOG5), 7);
	is_counted(RULE(2, LIMIT "," LOG5 "," COUNTER "," LIMIT), 7);
	is_counted(RULE(2, COUNTER ",{\"log\":null}," LOG5), 7);
}
END_TEST

START_TEST(something_between)
{
	is_left_out(
	    RULE(2, COUNTER "," LIMIT "," LOG5), "put counter right before log");
	is_left_out(
	    RULE(2, COUNTER "," MATCH "," LOG5 "," DROP), "rule handle 2 in ip fw");
	is_left_out(
	    RULE(2, LOG5 "," LIMIT "," COUNTER), "put counter right before log");
	is_left_out(
	    RULE(2, COUNTER ",{\"set\":{\"op\":\"add\"}}," LOG5), "right before");
	is_left_out(RULE(2, MATCH "," LOG5), "has no counter");
}
END_TEST

START_TEST(one_that_fails_is_named_and_others_count)
{
	read_all(
	    TABLE(1) "," RULE(2, COUNTER "," LOG5) "," RULE(3, LOG5) "," RULE(4, LOG5));
	ck_assert_uint_eq(group[0].rules, 3);
	ck_assert_uint_eq(group[0].unknown, 2);
	ck_assert_uint_eq(group[0].counters, 1);
	ck_assert_ptr_nonnull(strstr(group[0].why, "rule handle 3 in"));
	ck_assert_uint_eq(group[1].rules, 0);
}
END_TEST

START_TEST(groups_are_apart)
{
	read_all(
	    TABLE(1) "," RULE(2, COUNTER "," LOG5 ",{\"log\":{\"group\":6}}") "," RULE(
		3, COUNTER ",{\"log\":{\"group\":7}}"));
	ck_assert_uint_eq(group[0].counters, 1);
	ck_assert_uint_eq(group[1].counters, 1);
	ck_assert_uint_eq(group[0].unknown + group[1].unknown, 0);
}
END_TEST

START_TEST(named_counter_of_one_group)
{
	read_all(TABLE(1) "," NAMED("c", 9, 41) "," RULE(
	    2, "{\"counter\":\"c\"}," LOG5) "," RULE(3, LOG5 ",{\"counter\":\"c\"}"));
	ck_assert_uint_eq(group[0].rules, 2);
	ck_assert_uint_eq(group[0].unknown, 0);
	ck_assert_uint_eq(group[0].counters, 1);
	ck_assert_uint_eq(group[0].counter[0].packets, 41);
}
END_TEST

/* Hit by a rule that does not log, by one of another group, twice, or by a map. */
START_TEST(named_counter_of_others_too)
{
	const char *other[] = {RULE(3, MATCH ",{\"counter\":\"c\"}," DROP),
	    RULE(3, "{\"counter\":\"c\"},{\"log\":{\"group\":6}}"),
	    RULE(3, "{\"counter\":\"c\"}," LOG5 "," MATCH ",{\"counter\":\"c\"}"),
	    RULE(3, "{\"counter\":{\"map\":{\"key\":1,\"data\":\"@m\"}}}")};

	for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
		char objects[2048];

		snprintf(objects, sizeof objects, "%s,%s", other[i],
		    TABLE(1) "," NAMED("c", 9, 41) "," RULE(
			2, "{\"counter\":\"c\"}," LOG5));
		read_all(objects);
		ck_assert_uint_eq(group[0].counters, 0);
		ck_assert_uint_ge(group[0].unknown, 1);
		ck_assert_ptr_nonnull(strstr(group[0].why, "shares its counter"));
	}
	is_left_out(RULE(2, "{\"counter\":\"gone\"}," LOG5), "not there");
}
END_TEST

/* A table made anew has another handle: its rules are others, by the same numbers. */
START_TEST(keys_name_the_counter)
{
	uint64_t key;

	read_all(TABLE(1) "," RULE(2, COUNTER "," LOG5));
	key = group[0].counter[0].key;
	read_all(TABLE(1) "," RULE(2, COUNTER "," LOG5));
	ck_assert_uint_eq(group[0].counter[0].key, key);
	read_all(TABLE(4) "," RULE(2, COUNTER "," LOG5));
	ck_assert_uint_ne(group[0].counter[0].key, key);
	read_all(TABLE(1) "," RULE(3, COUNTER "," LOG5));
	ck_assert_uint_ne(group[0].counter[0].key, key);
	read_all(TABLE(1) "," RULE(2, COUNTER "," LOG5) "," RULE(
	    3, COUNTER "," LOG5) "," RULE(4, COUNTER "," LOG5));
	ck_assert_uint_eq(group[0].counters, 3);
	ck_assert(group[0].counter[0].key < group[0].counter[1].key &&
		  group[0].counter[1].key < group[0].counter[2].key);
}
END_TEST

/* libnftables has no JSON for chains without a name, and prints them as they are. */
START_TEST(unnamed_chains)
{
	is_left_out(RULE(2, "\"jump {\\n\\t\\tlog group 5\\n\\t}\""), "unnamed chain");
	read_all(TABLE(1) "," RULE(2, "\"jump {\\n\\t\\tlog group 55\\n\\t}\""));
	ck_assert_uint_eq(group[0].rules, 0);
}
END_TEST

START_TEST(names_are_printable)
{
	read_all("{\"rule\":{\"family\":\"ip\",\"table\":\"a\\u001b[2Jb\\u00e9\","
		 "\"chain\":\"in"
		 "\",\"handle\":2,\"expr\":[" LOG5 "]}}");
	for (const char *p = group[0].why; *p != '\0'; p++)
		ck_assert(*p >= ' ' && *p <= '~');
}
END_TEST

START_TEST(more_than_are_compared)
{
	char *text = malloc(1 << 20);
	size_t len = (size_t)sprintf(text, "{\"nftables\":[");
	char why[RULESET_WHY];

	for (int i = 0; i < RULESET_COUNTERS_MAX + 1; i++)
		len += (size_t)sprintf(text + len,
		    "%s{\"rule\":{\"family\":\"ip\",\"table\":\"fw\",\"chain\":\"in\","
		    "\"handle\":%d,\"expr\":[" COUNTER "," LOG5 "]}}",
		    i > 0 ? "," : "", i + 1);
	sprintf(text + len, "]}");
	ck_assert_int_eq(ruleset_read(text, group, 2, why, sizeof why), 0);
	ck_assert_uint_eq(group[0].counters, RULESET_COUNTERS_MAX);
	ck_assert_uint_eq(group[0].unknown, 1);
	free(text);
}
END_TEST

START_TEST(not_a_ruleset)
{
	const char *text[] = {"", "{", "[]", "{\"nftables\":5}", "null"};
	const char *odd[] = {"{\"nftables\":[]}", "{\"nftables\":[5,null,[]]}",
	    "{\"nftables\":[{\"rule\":5},{\"rule\":{\"expr\":5}},{\"counter\":7}]}",
	    "{\"nftables\":[{\"rule\":{\"expr\":[5,{\"log\":{\"group\":\"5\"}},"
	    "{\"log\":{\"group\":99999999999}},{\"log\":7}]}}]}"};
	char why[RULESET_WHY];

	for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
		why[0] = '\0';
		ck_assert_int_eq(ruleset_read(text[i], group, 2, why, sizeof why), -1);
		ck_assert_str_ne(why, "");
	}
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		ck_assert_int_eq(ruleset_read(odd[i], group, 2, why, sizeof why), 0);
		ck_assert_uint_eq(group[0].rules + group[1].rules, 0);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ruleset");
	TCase *t = tcase_create("ruleset");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, counter_beside_log);
	tcase_add_test(t, something_between);
	tcase_add_test(t, one_that_fails_is_named_and_others_count);
	tcase_add_test(t, groups_are_apart);
	tcase_add_test(t, named_counter_of_one_group);
	tcase_add_test(t, named_counter_of_others_too);
	tcase_add_test(t, keys_name_the_counter);
	tcase_add_test(t, unnamed_chains);
	tcase_add_test(t, names_are_printable);
	tcase_add_test(t, more_than_are_compared);
	tcase_add_test(t, not_a_ruleset);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? 0 : 1;
}
