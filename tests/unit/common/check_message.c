/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/message.h"

#include <check.h>
#include <stdio.h>

static uint8_t space[FRAME_CONTROL_MAX + FRAME_HEADER];
static struct writer out;
static struct frame frame;
static const char *why;

/* The frame in space, which must be the only one and whole. */
static void
parse(enum frame_type type)
{
	size_t len = (size_t)(out.at - space);

	ck_assert(!out.full);
	ck_assert_int_eq(frame_parse(space, len, &frame, &why), (long)len);
	ck_assert_int_eq(frame.type, type);
	for (size_t cut = 0; cut < len; cut++)
		ck_assert_int_eq(frame_parse(space, cut, &frame, &why), 0);
	ck_assert_int_gt(frame_parse(space, len, &frame, &why), 0);
}

static void
begin(void)
{
	memset(space, 0xa5, sizeof space);
	out = writer_of(space, sizeof space);
}

START_TEST(hello_round_trip)
{
	static struct hello in = {.version = PROTOCOL_VERSION,
				.name = "web-1.example_org",
				.software = "fwlog-agent 0.1",
				.system = "Linux 6.1 x86_64",
				.time_us = 1700000000000000,
				.epochs = EPOCHS_MAX},
			    got;

	for (unsigned i = 0; i < EPOCHS_MAX; i++)
		in.epoch[i] = (struct epoch_mark){.epoch = 1000 + i, .seq = i};
	begin();
	message_put_hello(&out, &in);
	parse(FRAME_HELLO);
	ck_assert_int_eq(message_get_hello(frame.payload, frame.len, &got, &why), 0);
	ck_assert_str_eq(got.name, in.name);
	ck_assert_str_eq(got.software, in.software);
	ck_assert_str_eq(got.system, in.system);
	ck_assert_uint_eq(got.time_us, in.time_us);
	ck_assert_uint_eq(got.epochs, EPOCHS_MAX);
	ck_assert_uint_eq(got.epoch[EPOCHS_MAX - 1].epoch, 1000 + EPOCHS_MAX - 1);
	ck_assert_uint_eq(got.epoch[EPOCHS_MAX - 1].seq, EPOCHS_MAX - 1);
	for (size_t cut = 0; cut < frame.len; cut++)
		ck_assert_int_eq(message_get_hello(frame.payload, cut, &got, &why), -1);
}
END_TEST

START_TEST(hello_refuses_bad_names)
{
	static const char *const bad[] = {
	    "", "a b", "../etc", "a;b", "\xc3\xa4", "a\n"};
	static struct hello in = {.version = PROTOCOL_VERSION}, got;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		begin();
		snprintf(in.name, sizeof in.name, "%s", bad[i]);
		message_put_hello(&out, &in);
		parse(FRAME_HELLO);
		ck_assert_int_eq(
		    message_get_hello(frame.payload, frame.len, &got, &why), -1);
		ck_assert_ptr_nonnull(strstr(why, "name"));
	}
}
END_TEST

START_TEST(hello_refuses_epoch_zero_and_other_versions)
{
	static struct hello in = {.version = PROTOCOL_VERSION,
				.name = "a",
				.epochs = 1},
			    got;

	begin();
	message_put_hello(&out, &in);
	parse(FRAME_HELLO);
	ck_assert_int_eq(message_get_hello(frame.payload, frame.len, &got, &why), -1);
	in.version = PROTOCOL_VERSION + 1;
	in.epoch[0].epoch = 1;
	begin();
	message_put_hello(&out, &in);
	parse(FRAME_HELLO);
	ck_assert_int_eq(message_get_hello(frame.payload, frame.len, &got, &why), -1);
	ck_assert_ptr_nonnull(strstr(why, "version"));
}
END_TEST

START_TEST(welcome_round_trip)
{
	static struct welcome in = {.version = PROTOCOL_VERSION,
				  .time_us = 5,
				  .filter_version = 9,
				  .epochs = 2,
				  .epoch = {{7, 100}, {8, 0}}},
			      got;

	begin();
	message_put_welcome(&out, &in);
	parse(FRAME_WELCOME);
	ck_assert_int_eq(message_get_welcome(frame.payload, frame.len, &got, &why), 0);
	ck_assert_uint_eq(got.filter_version, 9);
	ck_assert_uint_eq(got.epochs, 2);
	ck_assert_uint_eq(got.epoch[0].seq, 100);
	ck_assert_uint_eq(got.epoch[1].epoch, 8);
}
END_TEST

START_TEST(loss_round_trip_and_bounds)
{
	struct loss in = {.epoch = 3,
	    .first_seq = 4,
	    .count = 5,
	    .bind_id = 6,
	    .group = 7,
	    .kseq = 8,
	    .cause = LOSS_SPOOL_FULL,
	    .records = 9,
	    .from_us = 10,
	    .to_us = 11};
	struct loss got;

	begin();
	message_put_loss(&out, &in);
	parse(FRAME_LOSS);
	ck_assert(frame_crc_ok(&frame));
	ck_assert_int_eq(message_get_loss(frame.payload, frame.len, &got, &why), 0);
	ck_assert_uint_eq(got.epoch, 3);
	ck_assert_uint_eq(got.first_seq, 4);
	ck_assert_uint_eq(got.count, 5);
	ck_assert_uint_eq(got.bind_id, 6);
	ck_assert_uint_eq(got.group, 7);
	ck_assert_uint_eq(got.kseq, 8);
	ck_assert_int_eq(got.cause, LOSS_SPOOL_FULL);
	ck_assert_uint_eq(got.records, 9);
	ck_assert_uint_eq(got.from_us, 10);
	ck_assert_uint_eq(got.to_us, 11);
	in.cause = LOSS_CAUSE_END;
	begin();
	message_put_loss(&out, &in);
	parse(FRAME_LOSS);
	ck_assert_int_eq(message_get_loss(frame.payload, frame.len, &got, &why), -1);
	in.cause = LOSS_KERNEL;
	in.count = 0;
	begin();
	message_put_loss(&out, &in);
	parse(FRAME_LOSS);
	ck_assert_int_eq(message_get_loss(frame.payload, frame.len, &got, &why), -1);
}
END_TEST

#define BYTES(s) ((struct bytes){(const uint8_t *)(s), sizeof(s) - 1})

static struct filtered
sample_filtered(uint16_t entries)
{
	static struct filtered m;

	m = (struct filtered){.epoch = 3,
	    .first_seq = 4,
	    .count = 1,
	    .bind_id = 6,
	    .group = 7,
	    .kseq = 8,
	    .entries = entries};
	for (uint16_t i = 0; i < entries; i++)
		m.entry[i] = (struct filtered_entry){
		    i - 1, (i + 1) * MINUTE_US, i + 1u, BYTES("[\0\xff drop] ")};
	return m;
}

START_TEST(filtered_round_trip)
{
	struct filtered in = sample_filtered(FILTERED_MAX);
	static struct filtered got;

	begin();
	message_put_filtered(&out, &in);
	parse(FRAME_FILTERED);
	ck_assert(frame_crc_ok(&frame));
	ck_assert(!frame.more);
	ck_assert_int_eq(message_get_filtered(frame.payload, frame.len, &got, &why), 0);
	ck_assert_uint_eq(got.epoch, 3);
	ck_assert_uint_eq(got.first_seq, 4);
	ck_assert_uint_eq(got.count, 1);
	ck_assert_uint_eq(got.bind_id, 6);
	ck_assert_uint_eq(got.group, 7);
	ck_assert_uint_eq(got.kseq, 8);
	ck_assert_uint_eq(got.entries, FILTERED_MAX);
	for (int i = 0; i < FILTERED_MAX; i++) {
		const struct filtered_entry *e = &got.entry[i];

		ck_assert_int_eq(e->filter_id, i - 1);
		ck_assert_uint_eq(e->minute_us, (uint64_t)(i + 1) * MINUTE_US);
		ck_assert_uint_eq(e->records, (uint64_t)i + 1);
		ck_assert_uint_eq(e->prefix.len, 10);
		ck_assert_mem_eq(e->prefix.p, "[\0\xff drop] ", 10);
	}
	for (size_t cut = 0; cut < frame.len; cut++)
		ck_assert_int_eq(
		    message_get_filtered(frame.payload, cut, &got, &why), -1);
}
END_TEST

/* The longest prefixes fit a frame, too. */
START_TEST(filtered_at_its_longest)
{
	struct filtered in = sample_filtered(FILTERED_MAX);
	static uint8_t prefix[UINT8_MAX];
	static struct filtered got;

	for (int i = 0; i < FILTERED_MAX; i++)
		in.entry[i].prefix = (struct bytes){prefix, sizeof prefix};
	begin();
	message_put_filtered(&out, &in);
	parse(FRAME_FILTERED);
	ck_assert_int_eq(message_get_filtered(frame.payload, frame.len, &got, &why), 0);
	ck_assert_uint_eq(got.entry[FILTERED_MAX - 1].prefix.len, UINT8_MAX);
}
END_TEST

START_TEST(filtered_bounds)
{
	static struct filtered bad[9], got;

	for (int i = 0; i < 9; i++)
		bad[i] = sample_filtered(2);
	bad[0].epoch = 0;
	bad[1].first_seq = 0;
	bad[2].count = 0;
	bad[3].entries = 0;
	bad[4].entry[1].filter_id = -2;
	bad[5].entry[1].minute_us++;
	bad[6].entry[1].records = 0;
	bad[7].entry[1].records = UINT64_MAX;
	bad[8].first_seq = INT64_MAX;
	for (int i = 0; i < 9; i++) {
		begin();
		message_put_filtered(&out, &bad[i]);
		parse(FRAME_FILTERED);
		ck_assert_int_eq(
		    message_get_filtered(frame.payload, frame.len, &got, &why), -1);
	}
}
END_TEST

START_TEST(filters_round_trip_and_bounds)
{
	static uint8_t document[FILTERS_PIECE_MAX + 1];
	struct filters in = {.version = 9,
	    .total = 2 * FILTERS_PIECE_MAX,
	    .crc = 0xdeadbeef,
	    .offset = FILTERS_PIECE_MAX,
	    .bytes = document,
	    .len = FILTERS_PIECE_MAX};
	struct filters bad[] = {in, in, in, in, in}, got;

	memset(document, 7, sizeof document);
	begin();
	message_put_filters(&out, &in);
	parse(FRAME_FILTERS);
	ck_assert_int_eq(message_get_filters(frame.payload, frame.len, &got, &why), 0);
	ck_assert_uint_eq(got.version, 9);
	ck_assert_uint_eq(got.total, 2 * FILTERS_PIECE_MAX);
	ck_assert_uint_eq(got.crc, 0xdeadbeef);
	ck_assert_uint_eq(got.offset, FILTERS_PIECE_MAX);
	ck_assert_uint_eq(got.len, FILTERS_PIECE_MAX);
	ck_assert_mem_eq(got.bytes, document, got.len);
	bad[0].version = 0;
	bad[1].offset++;
	bad[2].len = 0;
	bad[3].total = FILTERS_TOTAL_MAX + 1;
	bad[4].len++;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		begin();
		message_put_filters(&out, &bad[i]);
		parse(FRAME_FILTERS);
		ck_assert_int_eq(
		    message_get_filters(frame.payload, frame.len, &got, &why), -1);
	}
}
END_TEST

START_TEST(applied_round_trip)
{
	struct applied in = {4, 0xfedcba98, 5, 7, "filter noise: column 3"}, got;

	begin();
	message_put_applied(&out, &in);
	parse(FRAME_APPLIED);
	ck_assert_int_eq(message_get_applied(frame.payload, frame.len, &got, &why), 0);
	ck_assert_uint_eq(got.version, 4);
	ck_assert_uint_eq(got.crc, 0xfedcba98);
	ck_assert_uint_eq(got.refused, 5);
	ck_assert_uint_eq(got.refused_crc, 7);
	ck_assert_str_eq(got.reason, in.reason);
	ck_assert_int_eq(
	    message_get_applied(frame.payload, frame.len - 1, &got, &why), -1);
}
END_TEST

/* The mark of a group is in the frame, under its checksum, and changes nothing else. */
START_TEST(more_follows)
{
	struct filtered in = sample_filtered(1);
	static struct filtered got;
	struct ack ack = {1, 2};

	begin();
	message_put_filtered(&out, &in);
	frame_mark_more(space, (size_t)(out.at - space));
	parse(FRAME_FILTERED);
	ck_assert(frame.more);
	ck_assert(frame_crc_ok(&frame));
	ck_assert_int_eq(message_get_filtered(frame.payload, frame.len, &got, &why), 0);
	space[FRAME_HEADER - 1] &= (uint8_t)~FRAME_MORE;
	ck_assert_int_gt(frame_parse(space, (size_t)(out.at - space), &frame, &why), 0);
	ck_assert(!frame.more);
	ck_assert(!frame_crc_ok(&frame));
	begin();
	message_put_ack(&out, &ack);
	space[FRAME_HEADER - 1] |= FRAME_MORE;
	ck_assert_int_eq(
	    frame_parse(space, (size_t)(out.at - space), &frame, &why), -1);
}
END_TEST

START_TEST(stats_round_trip_and_bounds)
{
	static struct stats in = {.time_us = 1, .count = STATS_MAX}, got;

	for (int i = 0; i < STATS_MAX; i++) {
		snprintf(in.entry[i].name, sizeof in.entry[i].name, "counter_%d", i);
		in.entry[i].value = UINT64_MAX - (uint64_t)i;
	}
	begin();
	message_put_stats(&out, &in);
	parse(FRAME_STATS);
	ck_assert_int_eq(message_get_stats(frame.payload, frame.len, &got, &why), 0);
	ck_assert_uint_eq(got.count, STATS_MAX);
	ck_assert_str_eq(got.entry[63].name, "counter_63");
	ck_assert_uint_eq(got.entry[63].value, UINT64_MAX - 63);
	space[FRAME_HEADER + 8 + 1]++; /* the count */
	ck_assert_int_eq(message_get_stats(frame.payload, frame.len, &got, &why), -1);
}
END_TEST

START_TEST(small_messages_round_trip)
{
	struct ack ack = {.epoch = 1, .seq = UINT64_C(1) << 40}, ack_got;
	struct alive alive = {.time_us = 12345}, alive_got;
	struct bye bye = {.reason = "superseded"}, bye_got;

	begin();
	message_put_ack(&out, &ack);
	parse(FRAME_ACK);
	ck_assert_int_eq(message_get_ack(frame.payload, frame.len, &ack_got, &why), 0);
	ck_assert_uint_eq(ack_got.seq, UINT64_C(1) << 40);
	ck_assert_int_eq(
	    message_get_ack(frame.payload, frame.len - 1, &ack_got, &why), -1);
	begin();
	message_put_alive(&out, &alive);
	parse(FRAME_ALIVE);
	ck_assert_int_eq(
	    message_get_alive(frame.payload, frame.len, &alive_got, &why), 0);
	ck_assert_uint_eq(alive_got.time_us, 12345);
	begin();
	message_put_bye(&out, &bye);
	parse(FRAME_BYE);
	ck_assert_int_eq(message_get_bye(frame.payload, frame.len, &bye_got, &why), 0);
	ck_assert_str_eq(bye_got.reason, "superseded");
}
END_TEST

START_TEST(frame_bounds)
{
	static const struct {
		uint8_t bytes[5];
		long want;
	} cases[] = {
	    {{0, 0, 0, 0, 1}, -1},              /* no type */
	    {{0xff, 0xff, 0xff, 0xff, 3}, -1},  /* 4 GiB */
	    {{0, 0x11, 0, 1, 3}, -1},           /* FRAME_MAX + 1 */
	    {{0, 0x11, 0, 0, 3}, 0},            /* FRAME_MAX */
	    {{0, 0x11, 0, 0, 1}, -1},           /* too long for HELLO */
	    {{0, 0, 0, 1, 0}, -1},              /* type 0 */
	    {{0, 0, 0, 1, FRAME_TYPE_END}, -1}, /* unknown type */
	    {{0, 0, 0, 1, 9}, 5},               /* empty BYE: a frame, bad as message */
	    {{0x16, 3, 1, 2, 0}, -1},           /* TLS client hello */
	    {{'G', 'E', 'T', ' ', '/'}, -1},    /* HTTP */
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		why = NULL;
		ck_assert_int_eq(
		    frame_parse(cases[i].bytes, 5, &frame, &why), cases[i].want);
		ck_assert(cases[i].want >= 0 || why != NULL);
	}
}
END_TEST

START_TEST(writer_refuses_what_does_not_fit)
{
	struct ack ack = {.epoch = 1, .seq = 2};
	struct loss loss = {
	    .epoch = 1, .first_seq = 1, .count = 1, .cause = LOSS_KERNEL};

	for (size_t room = 0; room < FRAME_HEADER + 16; room++) {
		begin();
		out.left = room;
		message_put_ack(&out, &ack);
		ck_assert(out.full);
		ck_assert_uint_eq(space[room], 0xa5);
	}
	for (size_t room = 0; room < FRAME_HEADER + 63; room++) {
		begin();
		out.left = room;
		message_put_loss(&out, &loss);
		ck_assert(out.full);
		ck_assert_uint_eq(space[room], 0xa5);
	}
	begin();
	out.left = FRAME_HEADER + 63;
	message_put_loss(&out, &loss);
	ck_assert(!out.full);
}
END_TEST

START_TEST(agent_names)
{
	char name[NAME_MAX_LEN + 2];

	memset(name, 'n', sizeof name);
	name[NAME_MAX_LEN + 1] = '\0';
	ck_assert(!agent_name_ok(name));
	name[NAME_MAX_LEN] = '\0';
	ck_assert(agent_name_ok(name));
	ck_assert(!agent_name_ok(""));
	ck_assert(!agent_name_ok("a/b"));
	ck_assert_str_eq(loss_cause_name(LOSS_AGENT_DOWN), "agent_down");
	ck_assert_str_eq(loss_cause_name((enum loss_cause)99), "unknown");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("message");
	TCase *tc = tcase_create("message");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, hello_round_trip);
	tcase_add_test(tc, hello_refuses_bad_names);
	tcase_add_test(tc, hello_refuses_epoch_zero_and_other_versions);
	tcase_add_test(tc, welcome_round_trip);
	tcase_add_test(tc, loss_round_trip_and_bounds);
	tcase_add_test(tc, filtered_round_trip);
	tcase_add_test(tc, filtered_at_its_longest);
	tcase_add_test(tc, filtered_bounds);
	tcase_add_test(tc, filters_round_trip_and_bounds);
	tcase_add_test(tc, applied_round_trip);
	tcase_add_test(tc, more_follows);
	tcase_add_test(tc, stats_round_trip_and_bounds);
	tcase_add_test(tc, small_messages_round_trip);
	tcase_add_test(tc, frame_bounds);
	tcase_add_test(tc, writer_refuses_what_does_not_fit);
	tcase_add_test(tc, agent_names);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
