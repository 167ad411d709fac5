/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows are read back by the layout of the PostgreSQL manual, not by the writer's code.
 */
#include <check.h>
#include <stdlib.h>

#include "common/copyrow.h"

#define COLUMNS (2 + EVENT_COLUMN_COUNT)

struct column {
	int32_t len; /* -1: NULL */
	const uint8_t *p;
};

static uint8_t row[COPYROW_FIXED_MAX + 1000];
static struct column column[COLUMNS];

static void
put_and_read(int32_t host_id, const struct event *ev)
{
	size_t len = copyrow_put(row, host_id, ev);
	struct reader r = reader_of(row, len);

	ck_assert_uint_le(len, copyrow_bound(ev));
	ck_assert_uint_eq(get_u16(&r), COLUMNS);
	for (int i = 0; i < COLUMNS; i++) {
		column[i].len = (int32_t)get_u32(&r);
		if (column[i].len >= 0)
			column[i].p = get_bytes(&r, (size_t)column[i].len);
	}
	ck_assert(!r.bad);
	ck_assert_uint_eq(r.left, 0);
}

static int64_t
number(int index)
{
	struct reader r = reader_of(column[index].p, (size_t)column[index].len);

	switch (column[index].len) {
	case 2:
		return (int16_t)get_u16(&r);
	case 4:
		return (int32_t)get_u32(&r);
	default:
		ck_assert_int_eq(column[index].len, 8);
		return (int64_t)get_u64(&r);
	}
}
#define NUMBER(name) number(2 + EVENT_I_##name)
#define COLUMN(name) (&column[2 + EVENT_I_##name])

START_TEST(empty_event_is_all_null)
{
	struct event ev = {0};

	put_and_read(7, &ev);
	ck_assert_int_eq(number(0), 7);
	ck_assert_int_eq(column[1].len, 8);
	for (int i = 2; i < COLUMNS; i++)
		ck_assert_int_eq(column[i].len, -1);
}
END_TEST

START_TEST(numbers_have_their_widths)
{
	struct event ev = {0};

	EVENT_SET(&ev, mark, 0xffffffff);
	EVENT_SET(&ev, sport, 65535);
	EVENT_SET(&ev, ttl, 255);
	EVENT_SET(&ev, prefix_id, 12);
	put_and_read(1, &ev);
	ck_assert_int_eq(COLUMN(mark)->len, 8);
	ck_assert_int_eq(NUMBER(mark), 0xffffffff);
	ck_assert_int_eq(COLUMN(sport)->len, 4);
	ck_assert_int_eq(NUMBER(sport), 65535);
	ck_assert_int_eq(COLUMN(ttl)->len, 2);
	ck_assert_int_eq(NUMBER(ttl), 255);
	ck_assert_int_eq(COLUMN(prefix_id)->len, 4);
	ck_assert_int_eq(NUMBER(prefix_id), 12);
}
END_TEST

START_TEST(numbers_stay_in_range)
{
	struct event ev = {0};

	EVENT_SET(&ev, len, UINT32_MAX);
	EVENT_SET(&ev, arp_op, 0xffff);
	EVENT_SET(&ev, ct_id, UINT64_MAX);
	put_and_read(1, &ev);
	ck_assert_int_eq(NUMBER(len), INT32_MAX);
	ck_assert_int_eq(NUMBER(arp_op), INT16_MAX);
	ck_assert_int_eq(NUMBER(ct_id), INT64_MAX);
}
END_TEST

START_TEST(time_counts_from_2000)
{
	struct event ev = {0};

	EVENT_SET(&ev, ts, UINT64_C(946684800000001));
	put_and_read(1, &ev);
	ck_assert_int_eq(NUMBER(ts), 1);
	EVENT_SET(&ev, ts, 0);
	put_and_read(1, &ev);
	ck_assert_int_eq(NUMBER(ts), INT64_C(-946684800000000));
	EVENT_SET(&ev, ts, UINT64_MAX);
	put_and_read(1, &ev);
	/* END_TIMESTAMP of PostgreSQL: the first value it refuses. */
	ck_assert_int_lt(NUMBER(ts), INT64_C(9223371331200000000));
	ck_assert_int_gt(NUMBER(ts), 0);
}
END_TEST

START_TEST(addresses)
{
	static const uint8_t v4[] = {2, 32, 0, 4, 192, 0, 2, 1};
	struct event ev = {0};
	struct ip_addr a = {.family = 4, .byte = {192, 0, 2, 1}};
	struct mac_addr mac = {{1, 2, 3, 4, 5, 6}};

	EVENT_SET(&ev, src, a);
	a.family = 6;
	EVENT_SET(&ev, dst, a);
	a.family = 0;
	EVENT_SET(&ev, inner_src, a);
	EVENT_SET(&ev, src_mac, mac);
	put_and_read(1, &ev);
	ck_assert_int_eq(COLUMN(src)->len, sizeof v4);
	ck_assert_mem_eq(COLUMN(src)->p, v4, sizeof v4);
	ck_assert_int_eq(COLUMN(dst)->len, 20);
	ck_assert_int_eq(COLUMN(dst)->p[0], 3);
	ck_assert_int_eq(COLUMN(dst)->p[1], 128);
	ck_assert_int_eq(COLUMN(dst)->p[3], 16);
	ck_assert_mem_eq(COLUMN(dst)->p + 4, a.byte, 16);
	ck_assert_int_eq(COLUMN(inner_src)->len, -1);
	ck_assert_int_eq(COLUMN(src_mac)->len, 6);
	ck_assert_mem_eq(COLUMN(src_mac)->p, mac.byte, 6);
}
END_TEST

START_TEST(bytes_may_be_empty)
{
	static const uint8_t payload[700] = {[0] = 1, [699] = 9};
	struct event ev = {0};

	EVENT_SET(&ev, payload, ((struct bytes){payload, sizeof payload}));
	EVENT_SET(&ev, hw_header, ((struct bytes){NULL, 0}));
	put_and_read(1, &ev);
	ck_assert_int_eq(COLUMN(payload)->len, sizeof payload);
	ck_assert_mem_eq(COLUMN(payload)->p, payload, sizeof payload);
	ck_assert_int_eq(COLUMN(hw_header)->len, 0);
}
END_TEST

START_TEST(n_is_set_later)
{
	struct event ev = {0};

	put_and_read(3, &ev);
	ck_assert_int_eq(number(1), 0);
	copyrow_set_n(row, INT64_C(1) << 40);
	ck_assert_int_eq(number(1), INT64_C(1) << 40);
	ck_assert_int_eq(number(0), 3);
}
END_TEST

START_TEST(questions_get_their_answers)
{
	static const int32_t answer[] = {100, 200};
	struct event ev = {0};

	EVENT_SET(&ev, ts, 5);
	EVENT_SET(&ev, mark, UINT64_MAX); /* negative-looking, but no id */
	EVENT_SET(&ev, prefix_id, (uint32_t)~1);
	EVENT_SET(&ev, in_id, (uint32_t)~0);
	EVENT_SET(&ev, netns_id, 42);
	put_and_read(1, &ev);
	copyrow_set_ids(row, answer);
	ck_assert_int_eq(NUMBER(prefix_id), 200);
	ck_assert_int_eq(NUMBER(in_id), 100);
	ck_assert_int_eq(NUMBER(netns_id), 42);
	ck_assert_int_eq(NUMBER(mark), INT64_MAX);
	ck_assert_int_eq(COLUMN(out_id)->len, -1);
}
END_TEST

START_TEST(statement_names_every_column)
{
	int names = 1;

	for (const char *p = copyrow_sql; *p != '\0'; p++)
		names += *p == ',';
	ck_assert_int_eq(names, COLUMNS);
	ck_assert_ptr_nonnull(strstr(copyrow_sql, "(host_id, n, ts, mark"));
	ck_assert_mem_eq(copyrow_header, "PGCOPY\n\377\r\n\0", 11);
	ck_assert_uint_eq(sizeof copyrow_header, 11 + 4 + 4);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("copyrow");
	TCase *tc = tcase_create("rows");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, empty_event_is_all_null);
	tcase_add_test(tc, numbers_have_their_widths);
	tcase_add_test(tc, numbers_stay_in_range);
	tcase_add_test(tc, time_counts_from_2000);
	tcase_add_test(tc, addresses);
	tcase_add_test(tc, bytes_may_be_empty);
	tcase_add_test(tc, n_is_set_later);
	tcase_add_test(tc, questions_get_their_answers);
	tcase_add_test(tc, statement_names_every_column);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
