/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/batch.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/crc32c.h"
#include "common/frame.h"

static struct batch_writer *writer;
static struct batch_reader *reader;

static void
setup(void)
{
	writer = batch_writer_new(1);
	reader = batch_reader_new();
	ck_assert_ptr_nonnull(writer);
	ck_assert_ptr_nonnull(reader);
}

static void
teardown(void)
{
	batch_writer_free(writer);
	batch_reader_free(reader);
}

static struct batch_head
head_of(uint64_t first_seq)
{
	return (struct batch_head){
	    .epoch = 77,
	    .first_seq = first_seq,
	    .source = {.bind_id = UINT64_MAX, .group = 5, .kseq = 4242},
	};
}

/* A record in which every field has a value of its own. */
static struct record
full_record(struct batch_writer *w)
{
	static const uint8_t mac[] = {2, 0, 0, 0, 0, 1};
	static const uint8_t header[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 0};
	static const uint8_t payload[] = {0x45, 0, 0, 20};
	struct record rec = {0};

	RECORD_SET(&rec, ts_us, UINT64_C(1700000000123456));
	RECORD_SET(&rec, flags, RECORD_F_CUT);
	RECORD_SET(&rec, family, 2);
	RECORD_SET(&rec, hook, 1);
	RECORD_SET(&rec, group, 5);
	RECORD_SET(&rec, hw_proto, 0x0800);
	RECORD_SET(&rec, kseq, 4242);
	RECORD_SET(&rec, prefix, (uint16_t)batch_intern(w, "DROP in: ", 9));
	RECORD_SET(&rec, in, (uint16_t)batch_intern(w, "eth0", 4));
	RECORD_SET(&rec, out, (uint16_t)batch_intern(w, "eth1", 4));
	RECORD_SET(&rec, physin, (uint16_t)batch_intern(w, "vnet0", 5));
	RECORD_SET(&rec, physout, (uint16_t)batch_intern(w, "vnet1", 5));
	RECORD_SET(&rec, netns, (uint16_t)batch_intern(w, "", 0));
	RECORD_SET(&rec, mark, 0xdeadbeef);
	RECORD_SET(&rec, uid, 0);
	RECORD_SET(&rec, gid, UINT32_MAX);
	RECORD_SET(&rec, hw_type, 1);
	RECORD_SET(&rec, hw_addr, ((struct bytes){mac, sizeof mac}));
	RECORD_SET(&rec, hw_header, ((struct bytes){header, sizeof header}));
	RECORD_SET(&rec, vlan_proto, 0x8100);
	RECORD_SET(&rec, vlan_tci, 0x2064);
	RECORD_SET(&rec, ct_state, 2);
	RECORD_SET(&rec, ct_id, 99);
	RECORD_SET(&rec, pkt_len, 1500);
	RECORD_SET(&rec, payload, ((struct bytes){payload, sizeof payload}));
	return rec;
}

/* Opens what the writer made, as the collector does. */
static void
open_frame(struct bytes_view view)
{
	struct frame frame;
	const char *why = "";

	ck_assert_int_eq(frame_parse(view.p, view.len, &frame, &why), (long)view.len);
	ck_assert_int_eq(frame.type, FRAME_BATCH);
	ck_assert(frame_crc_ok(&frame));
	ck_assert_msg(
	    batch_open(reader, frame.payload, frame.len, &why) == 0, "%s", why);
}

static void
assert_bytes(struct bytes got, const void *want, size_t len)
{
	ck_assert_uint_eq(got.len, len);
	ck_assert_mem_eq(got.p, want, len);
}

START_TEST(every_field_survives)
{
	struct record in = full_record(writer), out;
	struct batch_head head = head_of(1);

	ck_assert_uint_eq(in.has, (UINT64_C(1) << RECORD_FIELD_COUNT) - 1);
	ck_assert_int_eq(batch_add(writer, &in), 0);
	open_frame(batch_finish(writer, &head));
	ck_assert_int_eq(batch_next(reader, &out), 1);
	ck_assert_uint_eq(out.has, in.has);
#define SAME_U8(f) ck_assert_uint_eq(out.f, in.f);
#define SAME_U16 SAME_U8
#define SAME_U32 SAME_U8
#define SAME_U64 SAME_U8
#define SAME_STR SAME_U8
#define SAME_BYTES(f) assert_bytes(out.f, in.f.p, in.f.len);
#define SAME(kind, name, meaning) SAME_##kind(name)
	RECORD_FIELDS(SAME)
	assert_bytes(batch_string(reader, out.prefix), "DROP in: ", 9);
	assert_bytes(batch_string(reader, out.physout), "vnet1", 5);
	ck_assert_int_eq(batch_next(reader, &out), 0);
	ck_assert_uint_eq(batch_reader_head(reader)->source.bind_id, UINT64_MAX);
	ck_assert_uint_eq(batch_reader_head(reader)->source.kseq, 4242);
}
END_TEST

START_TEST(strings_are_shared)
{
	ck_assert_int_eq(batch_intern(writer, "a", 1), 0);
	ck_assert_int_eq(batch_intern(writer, "b", 1), 1);
	ck_assert_int_eq(batch_intern(writer, "a", 1), 0);
	ck_assert_int_eq(batch_intern(writer, "a\0", 2), 2);
	batch_begin(writer);
	ck_assert_int_eq(batch_intern(writer, "b", 1), 0);
}
END_TEST

START_TEST(string_table_refuses_the_4097th)
{
	char name[16];

	for (int i = 0; i < BATCH_STRINGS_MAX; i++) {
		snprintf(name, sizeof name, "s%d", i);
		ck_assert_int_eq(batch_intern(writer, name, strlen(name)), i);
	}
	ck_assert_int_eq(batch_intern(writer, "one more", 8), -1);
	ck_assert_int_eq(batch_intern(writer, "s4000", 5), 4000);
}
END_TEST

/* Fills a batch with incompressible payload until it refuses. */
static uint32_t
fill(uint8_t *noise, size_t len)
{
	struct record rec = {0};
	uint32_t n = 0, x = 2463534242u;

	for (size_t i = 0; i < len; i++) {
		x ^= x << 13, x ^= x >> 17, x ^= x << 5;
		noise[i] = (uint8_t)x;
	}
	do {
		RECORD_SET(&rec, ts_us, 1000 + n);
		RECORD_SET(&rec, payload, ((struct bytes){noise + n % 7, 1400}));
	} while (batch_add(writer, &rec) == 0 && ++n > 0);
	return n;
}

START_TEST(full_batch_is_refused_and_intact)
{
	static uint8_t noise[1500];
	uint32_t n = fill(noise, sizeof noise), got = 0;
	struct batch_head head = head_of(10);
	struct record rec;

	ck_assert_uint_gt(n, 600);
	open_frame(batch_finish(writer, &head));
	ck_assert_uint_eq(head.count, n);
	ck_assert_uint_eq(head.first_ts_us, 1000);
	ck_assert_uint_eq(head.last_ts_us, 1000 + n - 1);
	while (batch_next(reader, &rec) == 1)
		ck_assert_uint_eq(rec.ts_us, 1000 + got++);
	ck_assert_uint_eq(got, n);
}
END_TEST

START_TEST(compression_is_optional)
{
	struct batch_writer *plain = batch_writer_new(0);
	struct batch_head head = head_of(1);
	struct record rec = {0};
	size_t raw, packed;

	for (int i = 0; i < 100; i++) {
		RECORD_SET(&rec, mark, 7);
		ck_assert_int_eq(batch_add(plain, &rec), 0);
		ck_assert_int_eq(batch_add(writer, &rec), 0);
	}
	open_frame(batch_finish(plain, &head));
	raw = batch_finish(plain, &head).len;
	packed = batch_finish(writer, &head).len;
	ck_assert_uint_lt(packed, raw / 4);
	batch_writer_free(plain);
}
END_TEST

/* Every single-byte change is noticed by the CRC; behind it the reader never overruns.
 */
START_TEST(damage_is_noticed)
{
	struct record rec = full_record(writer), out;
	struct batch_head head = head_of(1);
	struct bytes_view view;
	uint8_t *copy;
	struct frame frame;
	const char *why;

	ck_assert_int_eq(batch_add(writer, &rec), 0);
	view = batch_finish(writer, &head);
	copy = malloc(view.len);
	for (size_t i = 0; i < view.len; i++) {
		memcpy(copy, view.p, view.len);
		copy[i] ^= 0x41;
		if (frame_parse(copy, view.len, &frame, &why) > 0 &&
		    frame.type == FRAME_BATCH)
			ck_assert(!frame_crc_ok(&frame));
		if (batch_open(reader, copy + FRAME_HEADER, view.len - FRAME_HEADER,
			&why) == 0)
			while (batch_next(reader, &out) == 1)
				;
	}
	free(copy);
}
END_TEST

START_TEST(truncation_is_refused)
{
	struct record rec = full_record(writer);
	struct batch_head head = head_of(1);
	struct bytes_view view;
	const char *why = NULL;

	ck_assert_int_eq(batch_add(writer, &rec), 0);
	view = batch_finish(writer, &head);
	for (size_t len = 0; len < view.len - FRAME_HEADER; len++) {
		why = NULL;
		ck_assert_int_eq(
		    batch_open(reader, view.p + FRAME_HEADER, len, &why), -1);
		ck_assert_ptr_nonnull(why);
	}
}
END_TEST

START_TEST(bytes_behind_the_last_record_are_malformed)
{
	struct batch_writer *plain = batch_writer_new(0);
	struct record rec = {0}, out;
	struct batch_head head = head_of(1);
	struct bytes_view view;
	uint8_t bytes[256];
	const char *why;

	RECORD_SET(&rec, mark, 7);
	ck_assert_int_eq(batch_add(plain, &rec), 0);
	ck_assert_int_eq(batch_add(plain, &rec), 0);
	view = batch_finish(plain, &head);
	memcpy(bytes, view.p, view.len);
	bytes[FRAME_HEADER + 18 + 3] = 1; /* the count */
	ck_assert_int_eq(
	    batch_open(reader, bytes + FRAME_HEADER, view.len - FRAME_HEADER, &why), 0);
	ck_assert_int_eq(batch_next(reader, &out), 1);
	ck_assert_int_eq(batch_next(reader, &out), -1);
	batch_writer_free(plain);
}
END_TEST

/* RFC 3720, B.4, and the check value of the CRC catalogues. */
START_TEST(crc_vectors)
{
	uint8_t zero[32] = {0}, ones[32], rising[32];

	for (int i = 0; i < 32; i++) {
		ones[i] = 0xff;
		rising[i] = (uint8_t)i;
	}
	ck_assert_uint_eq(crc32c(0, "123456789", 9), 0xe3069283u);
	ck_assert_uint_eq(crc32c(0, zero, 32), 0x8a9136aau);
	ck_assert_uint_eq(crc32c(0, ones, 32), 0x62a8ab43u);
	ck_assert_uint_eq(crc32c(0, rising, 32), 0x46dd794eu);
	for (size_t cut = 0; cut <= 32; cut++) {
		uint32_t whole = crc32c(0, rising, 32);

		ck_assert_uint_eq(
		    crc32c(crc32c(0, rising, cut), rising + cut, 32 - cut), whole);
		ck_assert_uint_eq(
		    crc32c_portable(0, rising, cut), crc32c(0, rising, cut));
		ck_assert_uint_eq(crc32c_join(crc32c(0, rising, cut),
				      crc32c(0, rising + cut, 32 - cut), 32 - cut),
		    whole);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("batch");
	TCase *tc = tcase_create("batch");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_field_survives);
	tcase_add_test(tc, strings_are_shared);
	tcase_add_test(tc, string_table_refuses_the_4097th);
	tcase_add_test(tc, full_batch_is_refused_and_intact);
	tcase_add_test(tc, compression_is_optional);
	tcase_add_test(tc, damage_is_noticed);
	tcase_add_test(tc, truncation_is_refused);
	tcase_add_test(tc, bytes_behind_the_last_record_are_malformed);
	tcase_add_test(tc, crc_vectors);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
