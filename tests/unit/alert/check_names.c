/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names by number, what is asked of the database for, and the verdicts of prefixes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alert/names.h"

static struct names *names;

static void
setup(void)
{
	names = names_new();
	ck_assert_ptr_nonnull(names);
}

static void
teardown(void)
{
	names_free(names);
}

static struct bytes
bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, (uint16_t)strlen(text)};
}

static void
add(enum filter_dict dict, uint32_t id, const char *text)
{
	ck_assert_int_eq(names_add(names, dict, id, bytes_of(text)), 0);
}

static void
check_name(enum filter_dict dict, uint32_t id, const char *text)
{
	struct bytes b = names_string(names, dict, id);

	ck_assert_uint_eq(b.len, strlen(text));
	ck_assert(b.len == 0 || memcmp(b.p, text, b.len) == 0);
}

START_TEST(strings_stay)
{
	add(FILTER_PREFIX, 7, "drop");
	add(FILTER_PREFIX, 7, "another");
	add(FILTER_IFACE, 7, "eth0");
	add(FILTER_PREFIX, 100000, "far");
	add(FILTER_PREFIX, 0, "");
	check_name(FILTER_PREFIX, 7, "drop");
	check_name(FILTER_IFACE, 7, "eth0");
	check_name(FILTER_PREFIX, 100000, "far");
	check_name(FILTER_PREFIX, 8, "");
	check_name(FILTER_NETNS, 7, "");
	check_name(FILTER_PREFIX, UINT32_MAX, "");
	ck_assert(names_has(names, FILTER_PREFIX, 0));
	ck_assert(!names_has(names, FILTER_PREFIX, 8));
	ck_assert(!names_has(names, FILTER_HOST, 7));
}
END_TEST

/* A number out of all bounds takes no memory, and nobody asks for it again and again.
 */
START_TEST(numbers_have_a_bound)
{
	struct event ev = {0};
	enum filter_dict dict;
	uint32_t id;

	add(FILTER_PREFIX, NAMES_ID_MAX + 1, "x");
	ck_assert(!names_has(names, FILTER_PREFIX, NAMES_ID_MAX + 1));
	add(FILTER_HOST, 1, "fw1");
	EVENT_SET(&ev, prefix_id, UINT32_MAX);
	ck_assert(!names_missing(names, &ev, 1, &dict, &id));
	ck_assert_int_eq(
	    names_add_verdicts(names, NAMES_ID_MAX + 1, 0, "-", "drop"), 0);
	ck_assert_int_eq(names_verdict(names, 1, &ev), FILTER_UNKNOWN);
}
END_TEST

static void
check_missing(
    const struct event *ev, int32_t host_id, enum filter_dict dict, uint32_t id)
{
	enum filter_dict found;
	uint32_t number;

	ck_assert(names_missing(names, ev, host_id, &found, &number));
	ck_assert_int_eq(found, dict);
	ck_assert_uint_eq(number, id);
	add(dict, id, "now it is there");
}

START_TEST(each_number_is_asked_for_once)
{
	struct event ev = {0};
	enum filter_dict dict;
	uint32_t id;

	EVENT_SET(&ev, prefix_id, 3);
	EVENT_SET(&ev, in_id, 4);
	EVENT_SET(&ev, out_id, 5);
	EVENT_SET(&ev, physin_id, 4);
	EVENT_SET(&ev, physout_id, 6);
	EVENT_SET(&ev, netns_id, 4);
	check_missing(&ev, 9, FILTER_HOST, 9);
	check_missing(&ev, 9, FILTER_PREFIX, 3);
	check_missing(&ev, 9, FILTER_IFACE, 4);
	check_missing(&ev, 9, FILTER_IFACE, 5);
	check_missing(&ev, 9, FILTER_IFACE, 6);
	check_missing(&ev, 9, FILTER_NETNS, 4);
	ck_assert(!names_missing(names, &ev, 9, &dict, &id));
	ev.has = 0;
	ck_assert(!names_missing(names, &ev, 9, &dict, &id));
}
END_TEST

static struct {
	int32_t id[8];
	size_t count;
} seen;

static void
see(void *to, int32_t id, struct bytes raw)
{
	ck_assert_ptr_eq(to, &seen);
	ck_assert_uint_lt(seen.count, 8);
	ck_assert_uint_gt(raw.len, 0);
	seen.id[seen.count++] = id;
}

START_TEST(dictionary_gives_all)
{
	char why[64];

	add(FILTER_NETNS, 5, "red");
	add(FILTER_NETNS, 2, "blue");
	add(FILTER_IFACE, 3, "eth0");
	seen.count = 0;
	ck_assert_int_eq(
	    names_dictionary(names, FILTER_NETNS, see, &seen, why, sizeof why), 0);
	ck_assert_uint_eq(seen.count, 2);
	ck_assert_int_eq(seen.id[0], 2);
	ck_assert_int_eq(seen.id[1], 5);
}
END_TEST

/* ---- verdicts */

static enum filter_verdict
verdict(int32_t host_id, uint32_t prefix_id, uint64_t us)
{
	struct event ev = {0};

	EVENT_SET(&ev, prefix_id, prefix_id);
	EVENT_SET(&ev, ts, us);
	return names_verdict(names, host_id, &ev);
}

static void
say(uint32_t prefix_id, int32_t host_id, const char *since, const char *what)
{
	ck_assert_int_eq(names_add_verdicts(names, prefix_id, host_id, since, what), 0);
}

START_TEST(verdicts_have_their_time)
{
	struct event ev = {0};

	say(3, 0, "- 1000 2000 3000", "drop accept - reject");
	ck_assert_int_eq(verdict(1, 3, 0), FILTER_DROP);
	ck_assert_int_eq(verdict(1, 3, 999), FILTER_DROP);
	ck_assert_int_eq(verdict(1, 3, 1000), FILTER_ACCEPT);
	ck_assert_int_eq(verdict(1, 3, 1999), FILTER_ACCEPT);
	ck_assert_int_eq(verdict(1, 3, 2000), FILTER_UNKNOWN);
	ck_assert_int_eq(verdict(1, 3, 3000), FILTER_REJECT);
	ck_assert_int_eq(verdict(1, 3, UINT64_MAX), FILTER_REJECT);
	ck_assert_int_eq(verdict(1, 4, 0), FILTER_UNKNOWN);
	ck_assert_int_eq(verdict(1, UINT32_MAX, 0), FILTER_UNKNOWN);
	ck_assert_int_eq(names_verdict(names, 1, &ev), FILTER_UNKNOWN);
}
END_TEST

/* In either order of adding, and where the host's says nothing that of all holds. */
START_TEST(of_the_host_goes_before_of_all)
{
	for (int turn = 0; turn < 2; turn++) {
		names_clear_verdicts(names);
		if (turn == 0)
			say(1, 0, "-", "drop");
		say(1, 7, "- 100 200", "- accept -");
		say(1, 8, "-", "unknown");
		if (turn == 1)
			say(1, 0, "-", "drop");
		ck_assert_int_eq(verdict(7, 1, 50), FILTER_DROP);
		ck_assert_int_eq(verdict(7, 1, 150), FILTER_ACCEPT);
		ck_assert_int_eq(verdict(7, 1, 250), FILTER_DROP);
		ck_assert_int_eq(verdict(8, 1, 150), FILTER_UNKNOWN);
		ck_assert_int_eq(verdict(9, 1, 150), FILTER_DROP);
	}
}
END_TEST

START_TEST(a_row_replaces_the_one_before)
{
	say(1, 0, "-", "drop");
	say(1, 7, "-", "reject");
	say(1, 0, "-", "accept");
	ck_assert_int_eq(verdict(1, 1, 0), FILTER_ACCEPT);
	ck_assert_int_eq(verdict(7, 1, 0), FILTER_REJECT);
	names_clear_verdicts(names);
	ck_assert_int_eq(verdict(1, 1, 0), FILTER_UNKNOWN);
	ck_assert_int_eq(verdict(7, 1, 0), FILTER_UNKNOWN);
}
END_TEST

START_TEST(what_is_no_row_is_refused)
{
	static const char *const wrong[][2] = {{"- 1", "drop"}, {"-", "dropped"},
	    {"-", ""}, {"-  5", "drop drop"}, {"99999999999999999999", "drop"},
	    {"0123456789012345678901234567890123456789", "drop"}, {" ", "drop"}};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		ck_assert_int_eq(
		    names_add_verdicts(names, 1, 0, wrong[i][0], wrong[i][1]), -1);
	ck_assert_int_eq(verdict(1, 1, 0), FILTER_UNKNOWN);
	say(1, 0, "", "");
	ck_assert_int_eq(verdict(1, 1, 0), FILTER_UNKNOWN);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("names");
	TCase *t = tcase_create("names");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, strings_stay);
	tcase_add_test(t, numbers_have_a_bound);
	tcase_add_test(t, each_number_is_asked_for_once);
	tcase_add_test(t, dictionary_gives_all);
	tcase_add_test(t, verdicts_have_their_time);
	tcase_add_test(t, of_the_host_goes_before_of_all);
	tcase_add_test(t, a_row_replaces_the_one_before);
	tcase_add_test(t, what_is_no_row_is_refused);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
