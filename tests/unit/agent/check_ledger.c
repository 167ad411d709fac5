/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger's arithmetic, also against a simulated kernel that is looked at while
 * packets are under way; and its file, whole, cut and changed at every byte.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/ledger.h"
#include "agent/ledger_file.h"
#include "common/crc32c.h"

static struct ledger l;

static void
setup(void)
{
	l = (struct ledger){.group = 5, .id = 1, .bind_id = 2, .kseq = UINT32_MAX};
}

static void
teardown(void)
{
	ledger_clear(&l);
}

static enum ledger_change
count(const struct ruleset_counter *c, size_t n)
{
	enum ledger_change change;

	ck_assert_int_eq(ledger_count(&l, c, n, &change), 0);
	return change;
}

/* A reading: hits of the one rule, settled surely before and at most after. */
static uint64_t
reading(uint64_t hits, uint64_t low, uint64_t high)
{
	struct ruleset_counter c = {1, hits};
	uint64_t missing;

	count(&c, 1);
	(void)ledger_compare(&l, true, low, high, &missing);
	return missing;
}

START_TEST(counters_add_up)
{
	struct ruleset_counter c[] = {{1, 0}, {5, 0}, {9, 0}};

	ck_assert_int_eq(count(c, 3), LEDGER_SAME);
	c[0].packets = 10;
	c[2].packets = 5;
	ck_assert_int_eq(count(c, 3), LEDGER_SAME);
	ck_assert_uint_eq(l.hits, 15);
	c[1].packets = 1;
	ck_assert_int_eq(count(c, 3), LEDGER_SAME);
	ck_assert_uint_eq(l.hits, 16);
}
END_TEST

START_TEST(rules_change)
{
	const struct ruleset_counter a[] = {{1, 10}, {5, 20}}, gone[] = {{5, 22}},
				     reset[] = {{5, 3}}, fresh[] = {{2, 0}, {5, 4}},
				     counted[] = {{2, 0}, {3, 1}, {5, 4}};

	count(a, 2);
	l.hits = 0;
	ck_assert_int_eq(count(gone, 1), LEDGER_NEW_RULES);
	ck_assert_uint_eq(l.hits, 2);
	ck_assert_int_eq(count(reset, 1), LEDGER_RESET_RULES);
	ck_assert_uint_eq(l.hits, 2);
	ck_assert_int_eq(count(fresh, 2), LEDGER_SAME);
	ck_assert_uint_eq(l.hits, 3);
	ck_assert_int_eq(count(counted, 3), LEDGER_NEW_RULES);
	ck_assert_int_eq(count(NULL, 0), LEDGER_NEW_RULES);
	ck_assert_uint_eq(l.counters, 0);
	ck_assert_uint_eq(l.hits, 3);
}
END_TEST

START_TEST(two_readings_make_a_loss)
{
	reading(0, 0, 0);
	ck_assert_uint_eq(reading(100, 100, 100), 0);
	ck_assert_uint_eq(reading(150, 120, 120), 0);
	ck_assert_uint_eq(ledger_open(&l), 30);
	ck_assert_uint_eq(reading(150, 120, 120), 30);
	ledger_book(&l, 30);
	ck_assert_uint_eq(ledger_open(&l), 0);
	ck_assert_uint_eq(reading(150, 120, 120), 0);
	ck_assert_uint_eq(reading(150, 120, 120), 0);
	ck_assert_uint_eq(l.counted, 30);
}
END_TEST

/* Once seen and gone again: it was under way. */
START_TEST(late_is_not_lost)
{
	reading(0, 0, 0);
	ck_assert_uint_eq(reading(50, 40, 40), 0);
	ck_assert_uint_eq(reading(50, 50, 50), 0);
	ck_assert_uint_eq(reading(60, 50, 50), 0);
	ck_assert_uint_eq(reading(70, 65, 65), 5);
}
END_TEST

START_TEST(unknown_position_proves_nothing)
{
	struct ruleset_counter c = {1, 10};
	uint64_t missing;

	count(&c, 1);
	ck_assert_int_eq(ledger_compare(&l, false, 0, 10, &missing), LEDGER_BASED);
	ck_assert(!l.based);
	ck_assert_int_eq(ledger_compare(&l, true, 10, 10, &missing), LEDGER_BASED);
	ck_assert(l.based);
	ck_assert_int_eq(ledger_compare(&l, false, 0, 500, &missing), LEDGER_COMPARED);
	ck_assert_uint_eq(missing, 0);
}
END_TEST

START_TEST(more_read_than_counted)
{
	struct ruleset_counter c = {1, 10};
	uint64_t missing;

	reading(10, 10, 10);
	count(&c, 1);
	ck_assert_int_eq(
	    ledger_compare(&l, true, 10 + LEDGER_SLACK, 40, &missing), LEDGER_COMPARED);
	ck_assert_int_eq(
	    ledger_compare(&l, true, 11 + LEDGER_SLACK, 40, &missing), LEDGER_OVER);
	ck_assert(!l.based);
}
END_TEST

/*
 * Packets hit the counter, are numbered, and are settled with a delay; readings see
 * counter and settled at different times. Some are lost unnumbered. Never may more be
 * brought out than was lost, and all of it must be once it is quiet.
 */
START_TEST(never_too_many_and_in_the_end_all)
{
	srand((unsigned)_i);
	setup();
	uint64_t hits = 0, numbered = 0, settled = 0, lost = 0, out = 0;

	reading(0, 0, 0);
	for (int step = 0; step < 3000; step++) {
		uint64_t low, at, n = (uint64_t)(rand() % 50);

		if (rand() % 200 == 0) {
			uint64_t gone = (uint64_t)(rand() % 300);

			hits += gone;
			lost += gone;
		}
		hits += n;
		numbered += n;
		if (rand() % 5 != 0)
			settled +=
			    (numbered - settled) * (uint64_t)(rand() % 101) / 100;
		if (rand() % 20 != 0)
			continue;
		low = settled;
		at = hits;
		hits += n;
		numbered += n;
		settled = numbered;
		uint64_t missing = reading(at, low, settled);

		if (missing > 0)
			ledger_book(&l, missing);
		out += missing;
		ck_assert_uint_le(out, lost);
		if (step < 1500 && lost == out) /* a quiet moment before it matters */
			reading(hits, settled, settled);
	}
	for (int i = 0; i < 3; i++) {
		uint64_t missing = reading(hits, numbered, numbered);

		ledger_book(&l, missing);
		out += missing;
	}
	ck_assert_uint_eq(out, lost);
	ledger_clear(&l);
}
END_TEST

/* ---- the file */

static char dir[] = "/tmp/check-ledger-XXXXXX";

static void
fill(struct ledger *two)
{
	static struct ruleset_counter c[] = {{3, 30}, {UINT64_MAX, 7}};

	two[0] = (struct ledger){.group = 5,
	    .id = 77,
	    .hits = 12,
	    .settled = UINT64_MAX,
	    .counted = 3,
	    .told = 2,
	    .tail = 1,
	    .bind_id = 9,
	    .kseq = UINT32_MAX,
	    .based = true,
	    .base = -5,
	    .floor = INT64_MIN,
	    .down = LEDGER_OPEN,
	    .down_from_us = 100,
	    .down_to_us = 200,
	    .left_us = 300,
	    .counter = c,
	    .counters = 2};
	two[1] = (struct ledger){.group = 65535, .id = 1, .bind_id = 1};
}

static char *
file_text(size_t *len)
{
	static char text[4096];
	char path[100];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, LEDGER_FILE);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	*len = fread(text, 1, sizeof text - 1, f);
	text[*len] = '\0';
	fclose(f);
	return text;
}

START_TEST(file_holds_it_all)
{
	struct ledger two[2], back[4];
	char why[160];

	fill(two);
	ck_assert_int_eq(ledger_file_read(dir, back, 4, why, sizeof why), 0);
	ck_assert_int_eq(ledger_file_write(dir, two, 2), 0);
	ck_assert_int_eq(ledger_file_read(dir, back, 4, why, sizeof why), 2);
	ck_assert_uint_eq(back[0].group, 5);
	ck_assert_uint_eq(back[0].id, 77);
	ck_assert_uint_eq(back[0].hits, 12);
	ck_assert_uint_eq(back[0].settled, UINT64_MAX);
	ck_assert_uint_eq(back[0].counted, 3);
	ck_assert_uint_eq(back[0].told, 2);
	ck_assert_uint_eq(back[0].left_us, 300);
	ck_assert_uint_eq(back[0].tail, 1);
	ck_assert_uint_eq(back[0].kseq, UINT32_MAX);
	ck_assert(back[0].based);
	ck_assert_int_eq(back[0].base, -5);
	ck_assert_int_eq(back[0].floor, INT64_MIN);
	ck_assert_int_eq(back[0].down, LEDGER_OPEN);
	ck_assert_uint_eq(back[0].down_from_us, 100);
	ck_assert_uint_eq(back[0].down_to_us, 200);
	ck_assert_uint_eq(back[0].counters, 2);
	ck_assert_mem_eq(
	    back[0].counter, two[0].counter, 2 * sizeof(struct ruleset_counter));
	ck_assert_uint_eq(back[1].group, 65535);
	ledger_clear(&back[0]);
	ledger_clear(&back[1]);
	ck_assert_int_eq(ledger_file_read(dir, back, 1, why, sizeof why), -1);
	ledger_file_remove(dir);
	ck_assert_int_eq(ledger_file_read(dir, back, 4, why, sizeof why), 0);
	ck_assert_str_eq(why, "");
}
END_TEST

/* Cut at every length, and every byte changed: refused, never half taken. */
START_TEST(file_is_whole_or_nothing)
{
	struct ledger two[2], back[4];
	const char *why;
	size_t len;
	char *text, *copy;

	fill(two);
	ck_assert_int_eq(ledger_file_write(dir, two, 2), 0);
	text = file_text(&len);
	for (size_t i = 0; i < len; i++) {
		copy = strndup(text, i);
		ck_assert_int_eq(ledger_file_parse(copy, back, 4, &why), -1);
		free(copy);
		for (int bit = 0; bit < 8; bit++) {
			copy = strdup(text);
			copy[i] = (char)(copy[i] ^ 1 << bit);
			ck_assert_int_eq(ledger_file_parse(copy, back, 4, &why), -1);
			free(copy);
		}
	}
	ledger_file_remove(dir);
}
END_TEST

/* With a CRC that fits: what no agent would write. */
START_TEST(file_of_a_liar)
{
	const char *line[] = {"group 5", "group 5 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0",
	    "group 5 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
	    "group 5 1 0 0 0 0 1 0 2 0 0 0 0 0 0 0 0",
	    "group 5 1 0 0 0 0 1 0 0 0 0 3 0 0 0 0 0",
	    "group 5 1 0 0 0 0 1 0 0 0 0 0 0 0 0 0 1025",
	    "group 5 1 0 0 0 0 1 0 0 0 0 0 0 0 0 0 1",
	    "group 5 1 0 0 0 0 1 0 0 0 0 0 0 0 0 0 2\nrule 2 1\nrule 2 1",
	    "group 5 1 0 0 0 0 1 0 0 0 0 0 0 0 0 0 1\nrule 2", "rule 1 1", "x"};
	struct ledger none[1] = {{0}}, back[4];
	char text[1024], *head;
	const char *why;
	size_t len;

	ck_assert_int_eq(ledger_file_write(dir, none, 0), 0);
	head = file_text(&len);
	*strstr(head, "crc ") = '\0';
	for (size_t i = 0; i < sizeof line / sizeof line[0]; i++) {
		int n = snprintf(text, sizeof text, "%s%s\n", head, line[i]);

		snprintf(text + n, sizeof text - (size_t)n, "crc %08x\n",
		    crc32c(0, text, (size_t)n));
		ck_assert_msg(
		    ledger_file_parse(text, back, 4, &why) == -1, "%s", line[i]);
	}
	ledger_file_remove(dir);
}
END_TEST

START_TEST(file_of_another_place)
{
	struct ledger back[4];
	char text[200];
	const char *why;
	int n = snprintf(text, sizeof text, "fwlog-reconcile 1\nplace elsewhere 1\n");

	snprintf(text + n, sizeof text - (size_t)n, "crc %08x\n",
	    crc32c(0, text, (size_t)n));
	ck_assert_int_eq(ledger_file_parse(text, back, 4, &why), -1);
	ck_assert_ptr_nonnull(strstr(why, "restarted"));
}
END_TEST

START_TEST(file_that_is_none)
{
	struct ledger back[4];
	char path[100], why[160];

	snprintf(path, sizeof path, "%s/%s", dir, LEDGER_FILE);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(ledger_file_read(dir, back, 4, why, sizeof why), -1);
	ck_assert_str_ne(why, "");
	ck_assert_int_eq(ledger_file_write(dir, back, 0), -1);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	ck_assert_int_eq(ledger_file_read(dir, back, 4, why, sizeof why), -1);
	ledger_file_remove(dir);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ledger");
	TCase *t = tcase_create("ledger"), *f = tcase_create("file");
	SRunner *sr;
	int failed;

	if (mkdtemp(dir) == NULL)
		return 1;
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, counters_add_up);
	tcase_add_test(t, rules_change);
	tcase_add_test(t, two_readings_make_a_loss);
	tcase_add_test(t, late_is_not_lost);
	tcase_add_test(t, unknown_position_proves_nothing);
	tcase_add_test(t, more_read_than_counted);
	tcase_add_loop_test(t, never_too_many_and_in_the_end_all, 1, 30);
	tcase_add_test(f, file_holds_it_all);
	tcase_add_test(f, file_is_whole_or_nothing);
	tcase_add_test(f, file_of_a_liar);
	tcase_add_test(f, file_of_another_place);
	tcase_add_test(f, file_that_is_none);
	suite_add_tcase(s, t);
	suite_add_tcase(s, f);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	rmdir(dir);
	return failed == 0 ? 0 : 1;
}
