/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows read back are the events that were written; no bytes are read that are not
 * there.
 */
#include <check.h>
#include <stdlib.h>

#include "common/copyrow.h"

#define EVENTS 2000
#define BYTES_MAX 40
#define ROW_MAX (COPYROW_FIXED_MAX + 2 * BYTES_MAX)

static uint64_t random_state;

static void
setup(void)
{
	random_state = 7514;
}

/* xorshift64* (Vigna 2016). */
static uint64_t
random_next(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * UINT64_C(2685821657736338717);
}

static uint8_t some[BYTES_MAX];

static struct ip_addr
make_address(void)
{
	struct ip_addr a = {.family = random_next() >> 63 ? 4 : 6};

	for (unsigned i = 0; i < (a.family == 4 ? 4 : 16); i++)
		a.byte[i] = (uint8_t)(random_next() >> 56);
	return a;
}

static struct mac_addr
make_mac(void)
{
	struct mac_addr mac;

	for (unsigned i = 0; i < sizeof mac.byte; i++)
		mac.byte[i] = (uint8_t)(random_next() >> 56);
	return mac;
}

/* Each in the range of its column, which the writer would bring it into. */
#define MAKE_TIME random_next() >> 2
#define MAKE_I8 random_next() >> 1
#define MAKE_I4 (uint32_t)(random_next() >> 33)
#define MAKE_I2 (uint16_t)(random_next() >> 49)
#define MAKE_PREFIX MAKE_I4
#define MAKE_IFACE MAKE_I4
#define MAKE_NETNS MAKE_I4
#define MAKE_INET make_address()
#define MAKE_MAC make_mac()
#define MAKE_BYTES ((struct bytes){some, (uint16_t)(random_next() % BYTES_MAX)})

static void
make_event(struct event *ev)
{
	uint64_t full = random_next();

	*ev = (struct event){0};
#define MAKE(kind, name, meaning)                 \
	if ((full >> EVENT_I_##name & 1) != 0) {  \
		EVENT_SET(ev, name, MAKE_##kind); \
	}
	EVENT_COLUMNS(MAKE)
#undef MAKE
}

#define SAME_TIME(x, y) ((x) == (y))
#define SAME_I8 SAME_TIME
#define SAME_I4 SAME_TIME
#define SAME_I2 SAME_TIME
#define SAME_PREFIX SAME_TIME
#define SAME_IFACE SAME_TIME
#define SAME_NETNS SAME_TIME
#define SAME_INET(x, y)              \
	((x).family == (y).family && \
	    memcmp((x).byte, (y).byte, (x).family == 4 ? 4 : 16) == 0)
#define SAME_MAC(x, y) (memcmp((x).byte, (y).byte, 6) == 0)
#define SAME_BYTES(x, y) ((x).len == (y).len && memcmp((x).p, (y).p, (x).len) == 0)

static void
check_same(const struct event *x, const struct event *y)
{
	ck_assert_uint_eq(x->has, y->has);
#define CHECK(kind, name, meaning) \
	if (EVENT_HAS(x, name))    \
		ck_assert_msg(SAME_##kind(x->name, y->name), #name " differs");
	EVENT_COLUMNS(CHECK)
#undef CHECK
}

static struct event written[EVENTS];

START_TEST(what_was_written_is_read)
{
	static uint8_t rows[EVENTS * ROW_MAX];
	struct reader r;
	struct event ev;
	int32_t host_id;
	size_t len = 0, n_len;
	int64_t n;

	for (unsigned i = 0; i < EVENTS; i++) {
		make_event(&written[i]);
		n_len = copyrow_put(rows + len, (int32_t)i - 5, &written[i]);
		copyrow_set_n(rows + len, INT64_MAX - i);
		len += n_len;
	}
	memcpy(rows + len, copyrow_trailer, COPYROW_TRAILER_LEN);
	r = reader_of(rows, len + COPYROW_TRAILER_LEN);
	for (unsigned i = 0; i < EVENTS; i++) {
		ck_assert_int_eq(copyrow_get(&r, &host_id, &n, &ev), 1);
		ck_assert_int_eq(host_id, (int32_t)i - 5);
		ck_assert_int_eq(n, INT64_MAX - i);
		check_same(&written[i], &ev);
	}
	ck_assert_int_eq(copyrow_get(&r, &host_id, &n, &ev), 0);
	ck_assert_uint_eq(r.left, 0);
	r = reader_of(rows, 0);
	ck_assert_int_eq(copyrow_get(&r, &host_id, &n, &ev), 0);
}
END_TEST

/* What PostgreSQL may send and copyrow_put never writes. */
START_TEST(times_before_1970_are_1970)
{
	static const int64_t since_2000[] = {
	    INT64_MIN, -INT64_C(946684800000001), INT64_MAX};
	struct event ev = {0}, back;
	uint8_t row[ROW_MAX];
	struct reader r;
	int32_t host_id;
	int64_t n;

	EVENT_SET(&ev, ts, 0);
	for (unsigned i = 0; i < 3; i++) {
		size_t len = copyrow_put(row, 1, &ev);
		uint64_t be = htobe64((uint64_t)since_2000[i]);

		memcpy(row + 2 + 8 + 12 + 4, &be, sizeof be);
		r = reader_of(row, len);
		ck_assert_int_eq(copyrow_get(&r, &host_id, &n, &back), 1);
		ck_assert_uint_eq(back.ts, i < 2 ? 0 : INT64_MAX);
	}
}
END_TEST

/* In memory of its exact size, so that sanitizers and valgrind see any byte too much.
 */
static int
read_exact(const uint8_t *row, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	struct reader r;
	struct event ev;
	int32_t host_id;
	int64_t n;
	int rc;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, row, len);
	r = reader_of(copy, len);
	rc = copyrow_get(&r, &host_id, &n, &ev);
	if (rc == 1 && EVENT_HAS(&ev, payload) && ev.payload.len > 0)
		ck_assert(ev.payload.p >= copy &&
			  ev.payload.p + ev.payload.len <= copy + len);
	free(copy);
	return rc;
}

START_TEST(a_row_that_is_cut_is_none)
{
	uint8_t row[ROW_MAX];
	struct event ev;

	for (unsigned turn = 0; turn < 20; turn++) {
		size_t len;

		make_event(&ev);
		len = copyrow_put(row, 1, &ev);
		for (size_t cut = 1; cut < len; cut++)
			ck_assert_int_eq(read_exact(row, cut), -1);
		ck_assert_int_eq(read_exact(row, len), 1);
	}
}
END_TEST

START_TEST(lengths_are_those_of_the_columns)
{
	struct event ev = {0};
	uint8_t row[ROW_MAX];
	size_t len;

	EVENT_SET(&ev, ts, 1);
	len = copyrow_put(row, 1, &ev);
	row[1]++;
	ck_assert_int_eq(read_exact(row, len), -1); /* columns */
	row[1]--;
	row[2 + 3] = 2;
	ck_assert_int_eq(read_exact(row, len), -1); /* host_id */
	row[2 + 3] = 4;
	row[2 + 8 + 12 + 3] = 4;
	ck_assert_int_eq(read_exact(row, len), -1); /* ts */
	row[2 + 8 + 12 + 3] = 8;
	ck_assert_int_eq(read_exact(row, len), 1);
	memset(row + 2 + 8 + 12, 0xfe, 4);
	ck_assert_int_eq(read_exact(row, len), -1); /* more than there can be */
}
END_TEST

START_TEST(any_bytes_are_survived)
{
	uint8_t row[ROW_MAX];
	unsigned read = 0;
	struct event ev;

	for (unsigned turn = 0; turn < 20000; turn++) {
		size_t len;

		make_event(&ev);
		len = copyrow_put(row, 1, &ev);
		for (unsigned k = 0; k < 1 + turn % 3; k++)
			row[random_next() % len] = (uint8_t)(random_next() >> 56);
		read += read_exact(row, len) == 1;
	}
	ck_assert_uint_gt(read, 100);
	ck_assert_uint_lt(read, 20000);
}
END_TEST

START_TEST(columns_are_those_of_the_table)
{
	int commas = 0;

	for (const char *p = copyrow_columns; *p != '\0'; p++)
		commas += *p == ',';
	ck_assert_int_eq(commas, 1 + EVENT_COLUMN_COUNT);
	ck_assert_int_eq(strncmp(copyrow_columns, "e.host_id, e.n, e.ts, ", 22), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("copyrow_read");
	TCase *tc = tcase_create("rows");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_was_written_is_read);
	tcase_add_test(tc, times_before_1970_are_1970);
	tcase_add_test(tc, a_row_that_is_cut_is_none);
	tcase_add_test(tc, lengths_are_those_of_the_columns);
	tcase_add_test(tc, any_bytes_are_survived);
	tcase_add_test(tc, columns_are_those_of_the_table);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
