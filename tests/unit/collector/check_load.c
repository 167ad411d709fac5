/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a load makes of items under given marks: rows copied, numbers given, losses. */
#include <check.h>
#include <stdlib.h>

#include "collector/aside.h"
#include "collector/clock.h"
#include "collector/filtered_share.h"
#include "collector/load.h"
#include "collector/session.h"
#include "common/copyrow.h"

#define HOST 3
#define EPOCH 9

static struct host host = {.name = "web1", .id = HOST, .refs = 1};
static struct session session = {.host = &host};
static struct dict *dict;
static struct days days;
static struct load load;
static struct load_tools *tools;
static struct text sql;
static size_t held;

static void
on_released(void *owner)
{
	ck_assert_ptr_eq(owner, &session);
}

static void
setup(void)
{
	dict = dict_new();
	tools = load_tools_new(dict, &days);
	load_init(&load);
	text_init(&sql);
	queue_init(&session.queue, &held, &session, on_released);
}

static void
teardown(void)
{
	load_free(&load);
	load_tools_free(tools);
	dict_free(dict);
	text_free(&sql);
	ck_assert_uint_eq(held, 0);
}

/* Records so many microseconds apart. */
static struct item *
batch_item_over(uint64_t first, uint32_t count, uint64_t step_us)
{
	struct batch_writer *w = batch_writer_new(0);
	struct batch_head head = {.epoch = EPOCH, .first_seq = first};
	struct record rec = {0};
	struct bytes_view v;
	struct item *item;

	RECORD_SET(&rec, prefix, (uint16_t)batch_intern(w, "DROP", 4));
	for (uint32_t i = 0; i < count; i++) {
		RECORD_SET(&rec, ts_us, UINT64_C(1700000000000000) + i * step_us);
		RECORD_SET(&rec, mark, i);
		ck_assert_int_eq(batch_add(w, &rec), 0);
	}
	v = batch_finish(w, &head);
	item = item_new(&session.queue, v.len);
	memcpy(item->frame, v.p, v.len);
	item->kind = ITEM_BATCH;
	item->epoch = EPOCH;
	item->first_seq = first;
	item->count = count;
	batch_writer_free(w);
	return item;
}

static struct item *
batch_item(uint64_t first, uint32_t count)
{
	return batch_item_over(first, count, 0);
}

static void
add_batch(uint64_t first, uint32_t count)
{
	ck_assert_int_eq(load_add(&load, tools, batch_item(first, count)), 0);
}

static void
add_loss(uint64_t first, uint32_t count)
{
	struct item *item = item_new(&session.queue, 1);

	item->kind = ITEM_LOSS;
	item->epoch = EPOCH;
	item->first_seq = first;
	item->count = count;
	item->loss = (struct loss){.cause = LOSS_KERNEL,
	    .records = LOSS_RECORDS_UNKNOWN,
	    .bind_id = 1,
	    .group = 5};
	ck_assert_int_eq(load_add(&load, tools, item), 0);
}

/* Two entries: three records of the filter without a prefix, n with prefix DROP. */
static void
add_filtered(uint64_t seq, uint64_t minute, uint64_t n)
{
	static uint8_t frame[FRAME_HEADER + FRAME_CONTROL_MAX];
	struct writer w = writer_of(frame, sizeof frame);
	struct filtered f = {
	    .epoch = EPOCH, .first_seq = seq, .count = 1, .entries = 2};
	struct item *item;

	f.entry[0] = (struct filtered_entry){.filter_id = 4,
	    .minute_us = minute * MINUTE_US,
	    .records = n,
	    .prefix = {(const uint8_t *)"DROP", 4}};
	f.entry[1] = (struct filtered_entry){.filter_id = FILTERED_BY_RATE,
	    .minute_us = minute * MINUTE_US,
	    .records = 3};
	message_put_filtered(&w, &f);
	item = item_new(&session.queue, (size_t)(w.at - frame));
	memcpy(item->frame, frame, item->len);
	item->kind = ITEM_FILTERED;
	item->epoch = EPOCH;
	item->first_seq = seq;
	item->count = 1;
	ck_assert_int_eq(load_add(&load, tools, item), 0);
}

static void
begin(uint32_t lo, uint32_t hi, uint64_t mark)
{
	for (size_t q = 0; q < load.questions; q++)
		load.answer[q] = 11 + (int32_t)q;
	load_resolve(&load);
	load_begin(&load, lo, hi);
	load_set_next(&load, HOST, 100);
	load_set_mark(&load, HOST, EPOCH, mark);
	load_plan(&load);
}

/* Reads the rows handed out: how many, n without a gap from 100 on. */
static unsigned
rows_copied(void)
{
	const uint8_t *data;
	int64_t n = 100;
	size_t len;

	while ((len = load_rows(&load, 300, &data)) > 0) {
		struct reader r = reader_of(data, len);

		while (r.left > 0) {
			uint16_t columns = get_u16(&r);

			ck_assert_uint_eq(columns, 2 + EVENT_COLUMN_COUNT);
			get_u32(&r);
			ck_assert_uint_eq(get_u32(&r), HOST);
			get_u32(&r);
			ck_assert_int_eq((int64_t)get_u64(&r), n++);
			for (int i = 2; i < columns; i++) {
				uint32_t width = get_u32(&r);

				if (width != UINT32_MAX)
					get_bytes(&r, width);
			}
			ck_assert(!r.bad);
		}
	}
	return (unsigned)(n - 100);
}

static bool
commit_says(bool aside, const char *text)
{
	text_clear(&sql);
	load_commit_sql(&load, aside, &sql);
	return strstr(sql.p, text) != NULL;
}

START_TEST(everything_new)
{
	add_batch(1, 5);
	add_loss(6, 2);
	add_batch(8, 3);
	ck_assert_uint_eq(load.units, 9);
	begin(0, load.units, 0);
	ck_assert_uint_eq(rows_copied(), 8);
	ck_assert(commit_says(false, "(3,9,10,now())"));
	ck_assert(
	    commit_says(false, "(3,108,timestamptz '2023-11-14 22:13:20.000000+00')"));
	ck_assert(commit_says(false, "(3,9,6,"));
	ck_assert(commit_says(false, "'kernel',NULL,5)"));
	ck_assert(commit_says(false, ";COMMIT"));
}
END_TEST

START_TEST(known_numbers_are_dropped)
{
	add_batch(1, 5);
	add_loss(6, 1);
	add_batch(7, 5);
	begin(0, load.units, 8);
	ck_assert_uint_eq(rows_copied(), 3);
	ck_assert(!commit_says(false, "fwlog.loss"));
	ck_assert(commit_says(false, "(3,9,11,now())"));
}
END_TEST

START_TEST(nothing_new_writes_nothing)
{
	add_batch(1, 5);
	begin(0, load.units, 5);
	ck_assert_uint_eq(rows_copied(), 0);
	ck_assert(commit_says(false, "COMMIT"));
	ck_assert_str_eq(sql.p, "COMMIT");
	ck_assert(!load.stream[0].broken);
	ck_assert_uint_eq(load.stream[0].mark, 5);
}
END_TEST

START_TEST(gap_to_the_mark_writes_nothing)
{
	add_batch(10, 5);
	add_batch(15, 5);
	begin(0, load.units, 8);
	ck_assert(load.stream[0].broken);
	ck_assert_uint_eq(rows_copied(), 0);
	ck_assert(commit_says(false, "COMMIT"));
	ck_assert_str_eq(sql.p, "COMMIT");
}
END_TEST

START_TEST(unknown_host_writes_nothing)
{
	add_batch(1, 5);
	load_begin(&load, 0, load.units);
	load_plan(&load);
	ck_assert(load.stream[0].broken);
	ck_assert_uint_eq(rows_copied(), 0);
}
END_TEST

/* Two halves of a load, one after the other, write what the whole would have. */
START_TEST(ranges_cut_batches)
{
	add_batch(1, 5);
	add_batch(6, 5);
	begin(0, 7, 0);
	ck_assert_uint_eq(rows_copied(), 7);
	ck_assert(commit_says(false, "(3,9,7,now())"));
	begin(7, 10, 7);
	ck_assert_uint_eq(rows_copied(), 3);
	ck_assert(commit_says(false, "(3,9,10,now())"));
}
END_TEST

START_TEST(split_prefers_items)
{
	add_batch(1, 4);
	add_batch(5, 4);
	add_batch(9, 100);
	ck_assert_uint_eq(load_split(&load, 0, 108), 8);
	ck_assert_uint_eq(load_split(&load, 0, 8), 4);
	ck_assert_uint_eq(load_split(&load, 0, 4), 2);
	ck_assert_uint_eq(load_split(&load, 8, 108), 58);
	ck_assert_uint_eq(load_split(&load, 2, 4), 3);
}
END_TEST

START_TEST(one_record_aside)
{
	add_batch(1, 5);
	begin(2, 3, 2);
	load_skip_rows(&load);
	ck_assert_uint_eq(rows_copied(), 0);
	ck_assert(commit_says(true, "(3,9,3,"));
	ck_assert(commit_says(true, "'quarantined',1,"));
	ck_assert(commit_says(true, "(3,9,3,now())"));
	ck_assert(!commit_says(true, "host_mark"));
}
END_TEST

START_TEST(batch_that_does_not_unpack)
{
	struct item *item = batch_item(1, 5);

	/* The CRC is the session's business: here the announced count is wrong. */
	item->count = 6;
	ck_assert_int_eq(load_add(&load, tools, item), 0);
	add_batch(7, 2);
	ck_assert_ptr_nonnull(load.part[0].bad);
	ck_assert_uint_eq(load.units, 3);
	begin(0, load.units, 0);
	ck_assert_uint_eq(rows_copied(), 2);
	ck_assert(commit_says(false, "'quarantined',6,"));
	ck_assert(commit_says(false, "(3,9,8,now())"));
}
END_TEST

START_TEST(strings_are_asked_once)
{
	add_batch(1, 5);
	add_batch(6, 5);
	ck_assert_uint_eq(load.questions, 1);
	ck_assert_int_eq(load.question[0].kind, DICT_PREFIX);
	ck_assert_mem_eq(load.question[0].raw, "DROP", 4);
	ck_assert_uint_eq(load.days, 1);
	dict_put(dict, DICT_PREFIX, (struct bytes){(const uint8_t *)"DROP", 4}, 8);
	load_clear(&load);
	add_batch(11, 5);
	ck_assert_uint_eq(load.questions, 0);
}
END_TEST

/* However many days an agent names, those near now are asked for. */
START_TEST(many_days)
{
	struct batch_writer *w = batch_writer_new(0);
	struct batch_head head = {.epoch = EPOCH, .first_seq = 1};
	struct record rec = {0};
	uint64_t today = clock_wall_us() / DAY_US;
	struct bytes_view v;
	struct item *item;
	bool found = false;

	for (uint64_t i = 0; i <= 2 * LOAD_DAYS_MAX; i++) {
		RECORD_SET(
		    &rec, ts_us, (i < 2 * LOAD_DAYS_MAX ? 11000 + i : today) * DAY_US);
		ck_assert_int_eq(batch_add(w, &rec), 0);
	}
	v = batch_finish(w, &head);
	item = item_new(&session.queue, v.len);
	memcpy(item->frame, v.p, v.len);
	item->kind = ITEM_BATCH;
	item->epoch = EPOCH;
	item->first_seq = 1;
	item->count = 2 * LOAD_DAYS_MAX + 1;
	batch_writer_free(w);
	ck_assert_int_eq(load_add(&load, tools, item), 0);
	ck_assert_uint_eq(load.days, LOAD_DAYS_MAX);
	for (size_t i = 0; i < load.days; i++)
		found |= load.day[i] == today;
	ck_assert(found);
}
END_TEST

/* Each string once, each host for itself, however many there are. */
START_TEST(many_strings)
{
	struct batch_writer *w = batch_writer_new(0);
	struct batch_head head = {.epoch = EPOCH, .first_seq = 1};
	struct record rec = {0};
	struct bytes_view v;
	struct item *item;
	char name[16];

	RECORD_SET(&rec, ts_us, UINT64_C(1700000000000000));
	for (int i = 0; i < 2 * BATCH_STRINGS_MAX; i++) {
		int len = snprintf(name, sizeof name, "p%d", i % BATCH_STRINGS_MAX);

		RECORD_SET(&rec, prefix, (uint16_t)batch_intern(w, name, (size_t)len));
		ck_assert_int_eq(batch_add(w, &rec), 0);
	}
	v = batch_finish(w, &head);
	for (int host_id = HOST; host_id <= HOST + 1; host_id++) {
		host.id = host_id;
		item = item_new(&session.queue, v.len);
		memcpy(item->frame, v.p, v.len);
		item->kind = ITEM_BATCH;
		item->epoch = EPOCH;
		item->first_seq = 1;
		item->count = 2 * BATCH_STRINGS_MAX;
		ck_assert_int_eq(load_add(&load, tools, item), 0);
	}
	host.id = HOST;
	batch_writer_free(w);
	ck_assert(!load_has_room(&load, HOST));
	ck_assert(load_has_room(&load, HOST + 2));
	ck_assert_uint_eq(load.questions, 2 * BATCH_STRINGS_MAX);
	ck_assert_int_eq(load.question[0].host_id, HOST);
	ck_assert_int_eq(load.question[BATCH_STRINGS_MAX].host_id, HOST + 1);
	load_clear(&load);
	add_batch(1, 1);
	ck_assert_uint_eq(load.questions, 1);
}
END_TEST

/* Added up to a row for each minute, filter and prefix; what is known is not added. */
START_TEST(filtered_is_added_up)
{
	add_filtered(1, 30, 100);
	add_batch(2, 5);
	add_filtered(7, 30, 20);
	add_filtered(8, 31, 7);
	ck_assert_uint_eq(load.units, 8);
	ck_assert_uint_eq(load.questions, 1);
	begin(0, load.units, 1);
	ck_assert_uint_eq(rows_copied(), 5);
	ck_assert(commit_says(false, "(3,'1970-01-01 00:30:00.000000+00',-1,0,3),"
				     "(3,'1970-01-01 00:30:00.000000+00',4,11,20),"
				     "(3,'1970-01-01 00:31:00.000000+00',-1,0,3),"
				     "(3,'1970-01-01 00:31:00.000000+00',4,11,7) ON "));
	ck_assert(!commit_says(false, "fwlog.loss"));
	ck_assert(commit_says(false, "(3,9,8,now())"));
	begin(6, 7, 6);
	ck_assert(
	    commit_says(false, "(3,'1970-01-01 00:30:00.000000+00',4,11,20) ON "));
	begin(0, load.units, 0);
	ck_assert(commit_says(false, "00:30:00.000000+00',-1,0,6),"));
	ck_assert(commit_says(false, "00:30:00.000000+00',4,11,120),"));
	begin(0, load.units, 8);
	ck_assert(commit_says(false, "COMMIT"));
	ck_assert_str_eq(sql.p, "COMMIT");
}
END_TEST

START_TEST(filtered_is_clamped)
{
	add_filtered(1, 30, INT64_MAX);
	add_filtered(2, 30, INT64_MAX);
	begin(0, load.units, 0);
	ck_assert(commit_says(false, "4,11,9223372036854775807) ON "));
}
END_TEST

START_TEST(filtered_aside)
{
	add_filtered(1, 30, 100);
	begin(0, 1, 0);
	load_skip_rows(&load);
	ck_assert(commit_says(true, "'quarantined',103,"));
	ck_assert(!commit_says(true, "filtered_minute"));
}
END_TEST

/* A host that names minutes without end, two rows each; one row told many times takes
 * one from its share. */
START_TEST(filtered_beyond_the_share_of_a_day)
{
	const uint64_t hour = clock_wall_us() / (60 * MINUTE_US);
	uint64_t seq = 0;

	for (int i = 0; i < 1000; i++)
		add_filtered(++seq, 60 * hour, 1);
	for (uint64_t i = 1; i < FILTERED_A_DAY / 2; i++) {
		add_filtered(++seq, i, 1);
		if (i % 4096 == 0)
			load_clear(&load);
	}
	ck_assert_uint_eq(load.part[load.parts - 1].folded, 0);
	load_clear(&load);
	add_filtered(++seq, 60 * hour - 90, 50);
	add_filtered(++seq, 60 * hour - 91, 50);
	add_filtered(++seq, 7, 50); /* long past: now */
	ck_assert_uint_eq(load.part[0].folded, 2);
	ck_assert_uint_eq(load.questions, 0);
	begin(0, load.units, seq - 3);
	ck_assert(commit_says(false, ",-2,0,106),"));
	ck_assert(commit_says(false, ",-2,0,53) ON "));
	host.id++;
	load_clear(&load);
	add_filtered(++seq, 60 * hour - 90, 50);
	ck_assert_uint_eq(load.part[0].folded, 0);
	host.id--;
}
END_TEST

/* Retention would never come to them. */
START_TEST(filtered_in_times_to_come)
{
	add_filtered(1, clock_wall_us() / MINUTE_US + 2000000, 4);
	add_filtered(2, clock_wall_us() / MINUTE_US + 5, 4);
	ck_assert_uint_eq(load.part[0].folded, 2);
	ck_assert_uint_le(load.filtered.row[0].minute_us, clock_wall_us());
	ck_assert_uint_eq(load.part[1].folded, 0);
}
END_TEST

/* A host that sends batches that do not unpack: what goes beyond its share is counted.
 */
START_TEST(quarantine_has_its_bounds)
{
	for (uint64_t seq = 1; seq <= ASIDE_A_DAY / ASIDE_ROW_MIN + 2; seq++) {
		struct item *item = batch_item(seq, 1);

		item->len -= 5;
		ck_assert_int_eq(load_add(&load, tools, item), 0);
		ck_assert_ptr_nonnull(load.part[load.parts - 1].bad);
		item->len += 5;
	}
	begin(0, load.units, 0);
	ck_assert(commit_says(false, "(3,9,16384,"));
	ck_assert(!commit_says(false, "(3,9,16385,'"));
	ck_assert(commit_says(false, "loss_merge(3,9,"));
	ck_assert(commit_says(false, ",'quarantined',2);"));
}
END_TEST

START_TEST(aside_beyond_the_share)
{
	add_batch(1, 3);
	begin(1, 2, 1);
	load_skip_rows(&load);
	ck_assert(commit_says(true, "INSERT INTO fwlog.loss "));
	load.unkept = true;
	ck_assert(!commit_says(true, "INSERT INTO fwlog.loss "));
	ck_assert(commit_says(true, ",'quarantined',1);"));
	begin(2, 3, 2);
	ck_assert(!load.unkept);
}
END_TEST

/* A host that claims losses without end: a bounded number of rows, and exact sums. */
START_TEST(losses_beyond_the_share_of_a_day)
{
	for (uint64_t seq = 1; seq <= LOSSES_A_DAY; seq++)
		add_loss(seq, 1);
	begin(0, load.units, 0);
	ck_assert(commit_says(false, "(3,9,20000,"));
	ck_assert(!commit_says(false, "loss_merge"));
	load_clear(&load);
	for (uint64_t seq = 1; seq <= 3; seq++) {
		add_loss(LOSSES_A_DAY + seq, 1);
		load.part[load.parts - 1].item->loss.records =
		    seq == 3 ? UINT64_MAX : 7;
	}
	begin(0, load.units, LOSSES_A_DAY);
	ck_assert(!commit_says(false, "INSERT INTO fwlog.loss"));
	ck_assert(commit_says(false, "loss_merge(3,9,"));
	ck_assert(commit_says(false, ",'kernel',14);SELECT fwlog.loss_merge(3,9,"));
	ck_assert(commit_says(false, ",'kernel',NULL);"));
	ck_assert(commit_says(false, "(3,9,20003,now())"));
	/* What is stored already is not added again. */
	begin(0, load.units, LOSSES_A_DAY + 1);
	ck_assert(commit_says(false, ",'kernel',7);"));
	begin(0, load.units, LOSSES_A_DAY + 3);
	ck_assert(!commit_says(false, "fwlog.loss"));
}
END_TEST

/* As many numbers as a LOSS frame can tell: one unit, and no room for each of them. */
START_TEST(a_loss_of_very_many_numbers)
{
	add_loss(1, UINT32_MAX - 1);
	for (uint64_t i = 1; i <= 64; i++)
		add_loss(1 + i * (UINT32_MAX - 1), UINT32_MAX - 1);
	ck_assert_uint_eq(load.units, 65);
	ck_assert_uint_le(load.row_at_size, 128);
}
END_TEST

START_TEST(aside_takes_out_one_record)
{
	struct aside *a = aside_new();
	struct item *item = batch_item(1, 5);
	struct batch_reader *b = batch_reader_new();
	struct bytes_view v = aside_record(a, item->frame, item->len, 3);
	struct record rec;
	struct frame f;
	const char *why;

	ck_assert_int_eq(frame_parse(v.p, v.len, &f, &why), (long)v.len);
	ck_assert(frame_crc_ok(&f));
	ck_assert_int_eq(batch_open(b, f.payload, f.len, &why), 0);
	ck_assert_uint_eq(batch_reader_head(b)->first_seq, 4);
	ck_assert_uint_eq(batch_reader_head(b)->count, 1);
	ck_assert_int_eq(batch_next(b, &rec), 1);
	ck_assert_uint_eq(rec.mark, 3);
	ck_assert_mem_eq(batch_string(b, rec.prefix).p, "DROP", 4);
	batch_reader_free(b);
	aside_free(a);
	item_free(item);
}
END_TEST

START_TEST(minutes_fill_a_load)
{
	add_batch(1, 500);
	add_batch(501, 500);
	ck_assert_uint_eq(load.minutes, 1);
	ck_assert_int_eq(
	    load_add(&load, tools, batch_item_over(1001, 100, 60000000)), 0);
	ck_assert_uint_eq(load.minutes, 100);
	load_clear(&load);
	ck_assert_uint_eq(load.minutes, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("load");
	TCase *tc = tcase_create("load");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, everything_new);
	tcase_add_test(tc, known_numbers_are_dropped);
	tcase_add_test(tc, nothing_new_writes_nothing);
	tcase_add_test(tc, gap_to_the_mark_writes_nothing);
	tcase_add_test(tc, unknown_host_writes_nothing);
	tcase_add_test(tc, ranges_cut_batches);
	tcase_add_test(tc, split_prefers_items);
	tcase_add_test(tc, one_record_aside);
	tcase_add_test(tc, batch_that_does_not_unpack);
	tcase_add_test(tc, strings_are_asked_once);
	tcase_add_test(tc, many_days);
	tcase_add_test(tc, many_strings);
	tcase_add_test(tc, minutes_fill_a_load);
	tcase_add_test(tc, aside_takes_out_one_record);
	tcase_add_test(tc, losses_beyond_the_share_of_a_day);
	tcase_add_test(tc, a_loss_of_very_many_numbers);
	tcase_add_test(tc, filtered_is_added_up);
	tcase_add_test(tc, filtered_is_clamped);
	tcase_add_test(tc, filtered_aside);
	tcase_add_test(tc, filtered_beyond_the_share_of_a_day);
	tcase_add_test(tc, filtered_in_times_to_come);
	tcase_add_test(tc, quarantine_has_its_bounds);
	tcase_add_test(tc, aside_beyond_the_share);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
