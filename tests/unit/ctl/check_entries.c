/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/entries.h"

static struct entries *e;
static char why[ENTRIES_WHY_SIZE];

static void
begin(enum entries_kind kind)
{
	e = entries_new(kind);
	ck_assert_ptr_nonnull(e);
}

static void
end(void)
{
	entries_free(e);
	e = NULL;
}

/* All entries with a blank between them. */
static const char *
all(void)
{
	static char text[1024];
	char one[ENTRIES_NAME_MAX + 1];

	text[0] = '\0';
	for (size_t i = 0; i < entries_count(e); i++) {
		entries_text(e, i, one);
		strcat(strcat(text, i > 0 ? " " : ""), one);
	}
	return text;
}

static void
add(const char *text)
{
	ck_assert_msg(entries_add(e, text, why) == 0, "%s: %s", text, why);
}

static const struct {
	const char *given, *kept;
	size_t dropped;
} sets[] = {
    {"10.0.0.1", "10.0.0.1", 0},
    {"10.0.0.1 10.0.0.1/32 9.9.9.9", "9.9.9.9 10.0.0.1", 1},
    {"10.1.0.0/16 10.0.0.0/8 10.0.0.0/9 11.0.0.0/8", "10.0.0.0/8 11.0.0.0/8", 2},
    {"10.0.0.0/9 10.128.0.0/9", "10.0.0.0/9 10.128.0.0/9", 0},
    {"::/0 0.0.0.0/0 ::1 255.255.255.255", "0.0.0.0/0 ::/0", 2},
    {"2001:db8::/33 2001:db8:8000::/33 2001:db8:7fff::1",
	"2001:db8::/33 2001:db8:8000::/33", 1},
    {"0.0.0.0 ::", "0.0.0.0 ::", 0},
};

START_TEST(networks_do_not_overlap)
{
	char copy[256], *rest = copy, *word;

	begin(ENTRIES_ADDRESS);
	snprintf(copy, sizeof copy, "%s", sets[_i].given);
	while ((word = strsep(&rest, " ")) != NULL)
		add(word);
	ck_assert_uint_eq(entries_settle(e), sets[_i].dropped);
	ck_assert_str_eq(all(), sets[_i].kept);
	end();
}
END_TEST

START_TEST(ports_and_names_are_there_once)
{
	begin(ENTRIES_PORT);
	add("8000-8100");
	add("22");
	add("0022");
	add("80-80");
	add("0-65535");
	ck_assert_uint_eq(entries_settle(e), 1);
	ck_assert_str_eq(all(), "0-65535 22 80 8000-8100");
	end();
	begin(ENTRIES_NAME);
	add("web2");
	add("web1");
	add("web2");
	add("a b");
	ck_assert_uint_eq(entries_settle(e), 1);
	ck_assert_str_eq(all(), "a b web1 web2");
	end();
}
END_TEST

static const struct {
	enum entries_kind kind;
	const char *text, *why;
} wrong[] = {
    {ENTRIES_ADDRESS, "", "no address"},
    {ENTRIES_ADDRESS, "10", "no address"},
    {ENTRIES_ADDRESS, "10.0.0.0/33", "no address"},
    {ENTRIES_ADDRESS, "10.0.0.0/", "no address"},
    {ENTRIES_ADDRESS, "10.0.0.0/-1", "no address"},
    {ENTRIES_ADDRESS, "10.0.0.0/ 8", "no address"},
    {ENTRIES_ADDRESS, "::1/129", "no address"},
    {ENTRIES_ADDRESS, "10.0.0.1/8", "10.0.0.0/8 is meant"},
    {ENTRIES_ADDRESS, "2001:db8::1/64", "2001:db8::/64 is meant"},
    {ENTRIES_ADDRESS, "web1", "no address"},
    {ENTRIES_ADDRESS, "2001:db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
	"no address"},
    {ENTRIES_PORT, "65536", "no port"},
    {ENTRIES_PORT, "-1", "no port"},
    {ENTRIES_PORT, "1-", "no port"},
    {ENTRIES_PORT, "1-2-3", "no port"},
    {ENTRIES_PORT, "ssh", "no port"},
    {ENTRIES_PORT, "000000000000000022", "no port"},
    {ENTRIES_PORT, "2-1", "before it begins"},
    {ENTRIES_NAME, "", "1 to 255"},
    {ENTRIES_NAME, "a\tb", "byte 2"},
    {ENTRIES_NAME, "\xc3", "byte 1"},
    {ENTRIES_NAME, "a\xed\xa0\x80", "byte 2"},
    {ENTRIES_NAME, "\xf4\x90\x80\x80", "byte 1"},
    {ENTRIES_NAME, "\xc0\xaf", "byte 1"},
};

START_TEST(refuses)
{
	begin(wrong[_i].kind);
	ck_assert_int_eq(entries_add(e, wrong[_i].text, why), -1);
	ck_assert_msg(
	    strstr(why, wrong[_i].why) != NULL, "'%s' says: %s", wrong[_i].text, why);
	ck_assert_uint_eq(entries_count(e), 0);
	end();
}
END_TEST

START_TEST(name_has_a_longest_length)
{
	char name[ENTRIES_NAME_MAX + 2];

	memset(name, 'x', sizeof name);
	name[ENTRIES_NAME_MAX + 1] = '\0';
	begin(ENTRIES_NAME);
	ck_assert_int_eq(entries_add(e, name, why), -1);
	add(name + 1);
	end();
}
END_TEST

static void
line(const char *text)
{
	char copy[128];

	snprintf(copy, sizeof copy, "%s", text);
	ck_assert_msg(entries_add_line(e, copy, why) == 0, "%s: %s", text, why);
}

START_TEST(reads_lines)
{
	char copy[] = " foo # bar";

	begin(ENTRIES_ADDRESS);
	line("");
	line(" \t\r");
	line("# 1.2.3.4");
	line("; 1.2.3.4");
	line("\t10.0.0.0/8 ; SBL 1\r");
	line("10.0.0.1#x");
	ck_assert_str_eq(all(), "10.0.0.0/8 10.0.0.1");
	ck_assert_int_eq(entries_add_line(e, copy, why), -1);
	end();
	begin(ENTRIES_NAME);
	line("  # comment");
	line(" a #b; c \r");
	ck_assert_str_eq(all(), "a #b; c");
	end();
}
END_TEST

static const struct {
	enum entries_kind kind;
	const char *text, *row;
} rows[] = {
    {ENTRIES_ADDRESS, "192.0.2.0/25", "7\t192.0.2.0\t192.0.2.127\t\\N\n"},
    {ENTRIES_ADDRESS, "192.0.2.9", "7\t192.0.2.9\t192.0.2.9\t\\N\n"},
    {ENTRIES_ADDRESS, "0.0.0.0/0", "7\t0.0.0.0\t255.255.255.255\t\\N\n"},
    {ENTRIES_ADDRESS, "2001:db8::/127", "7\t2001:db8::\t2001:db8::1\t\\N\n"},
    {ENTRIES_PORT, "1-2", "7\t\\N\t\\N\t1-2\n"},
    {ENTRIES_NAME, "a\\N", "7\t\\N\t\\N\ta\\\\N\n"},
};

START_TEST(writes_rows)
{
	char row[ENTRIES_ROW_SIZE];

	begin(rows[_i].kind);
	add(rows[_i].text);
	ck_assert_uint_eq(entries_row(e, 0, "7", row), strlen(rows[_i].row));
	ck_assert_str_eq(row, rows[_i].row);
	end();
}
END_TEST

START_TEST(has_a_limit)
{
	begin(ENTRIES_PORT);
	for (int i = 0; i < ENTRIES_MAX; i++)
		add("1");
	ck_assert_int_eq(entries_add(e, "1", why), -1);
	ck_assert_ptr_nonnull(strstr(why, "1000000"));
	end();
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int
main(void)
{
	Suite *s = suite_create("entries");
	TCase *t = tcase_create("entries");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, networks_do_not_overlap, 0, COUNT(sets));
	tcase_add_test(t, ports_and_names_are_there_once);
	tcase_add_loop_test(t, refuses, 0, COUNT(wrong));
	tcase_add_test(t, name_has_a_longest_length);
	tcase_add_test(t, reads_lines);
	tcase_add_loop_test(t, writes_rows, 0, COUNT(rows));
	tcase_add_test(t, has_a_limit);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
