/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What roll-ups make of the facts of a transaction: sums, bounds, the rest. */
#include <check.h>
#include <stdlib.h>

#include "common/rollup_internal.h"

#define HOST 7
#define FACTS 200000
#define MINUTE 28333333 /* 13 minutes into an hour */

static struct rollup_fact fact[FACTS];
static const int32_t answer[1] = {42};
static struct rollup *rollup;

static void
setup(void)
{
	rollup = rollup_new();
	ck_assert_ptr_nonnull(rollup);
	for (uint32_t i = 0; i < FACTS; i++) {
		fact[i] = (struct rollup_fact){.minute = MINUTE,
		    .prefix = 1,
		    .bytes = 60,
		    .dport = 22,
		    .proto = 6,
		    .src = {4, {10, 0, 0, 1}},
		    .dst = {4, {10, 0, 0, 2}}};
	}
}

static void
teardown(void)
{
	rollup_free(rollup);
}

static void
set_source(uint32_t i, uint32_t number)
{
	uint32_t n = htobe32(number);

	memcpy(fact[i].src.byte, &n, sizeof n);
}

static void
collect(uint32_t from, uint32_t to)
{
	rollup_begin(rollup);
	rollup_take(rollup, HOST, fact + from, to - from, answer);
	rollup_end(rollup);
	ck_assert(!rollup->failed);
}

/* Rows of a cube and what they sum up to. */
static size_t
rows(enum rollup_cube which, uint64_t *events, uint64_t *bytes)
{
	const struct cube *c = &rollup->cube[which];
	size_t n = 0;

	*events = *bytes = 0;
	for (size_t i = 0; i < c->cells; i++) {
		if (c->cell[i].events == 0)
			continue;
		n++;
		*events += c->cell[i].events;
		*bytes += c->cell[i].bytes;
	}
	return n;
}

static void
check_sums(uint64_t want)
{
	uint64_t events, bytes;

	for (int which = 0; which < ROLLUP_CUBES; which++) {
		rows(which, &events, &bytes);
		ck_assert_uint_eq(events, want);
		ck_assert_uint_eq(bytes, 60 * want);
	}
}

static uint64_t
events_of(enum rollup_cube which, uint16_t family, int32_t dport, uint32_t address)
{
	const struct cube *c = &rollup->cube[which];
	uint32_t n = htobe32(address);

	for (size_t i = 0; i < c->cells; i++)
		if (c->cell[i].events > 0 && c->cell[i].key.family == family &&
		    c->cell[i].key.dport == dport &&
		    memcmp(c->cell[i].key.address, &n, sizeof n) == 0)
			return c->cell[i].events;
	return 0;
}

START_TEST(only_what_is_new_counts)
{
	collect(100, 300);
	check_sums(200);
	ck_assert_uint_eq(rollup->cube[ROLLUP_MINUTE].cells, 1);
	ck_assert_uint_eq(rollup->cube[ROLLUP_MINUTE].cell[0].key.at, MINUTE);
	ck_assert_uint_eq(rollup->cube[ROLLUP_HOUR].cell[0].key.at, MINUTE - 13);
	collect(300, 300);
	check_sums(0);
}
END_TEST

START_TEST(answers_take_the_place_of_questions)
{
	fact[0].prefix = ~0;
	collect(0, 1);
	ck_assert_int_eq(rollup->cube[ROLLUP_MINUTE].cell[0].key.prefix, 42);
}
END_TEST

/* Of a transaction of many hours, too, a source with one event has its row. */
START_TEST(history_keeps_small_keys)
{
	uint64_t events, bytes;

	for (uint32_t i = 0; i < 50000; i++) {
		fact[i].minute = MINUTE + 60 * (i / 500);
		set_source(i, 0x0b000000 + i);
		fact[i].dport = (int32_t)(i % 500);
	}
	collect(0, 50000);
	check_sums(50000);
	ck_assert_uint_eq(
	    rows(ROLLUP_SRC, &events, &bytes), 100); /* the rest of each */
	rollup_keep(rollup);
	collect(0, 50000);
	check_sums(50000);
	ck_assert_uint_eq(rows(ROLLUP_SRC, &events, &bytes), 50000);
	ck_assert_uint_ge(rows(ROLLUP_PORT, &events, &bytes), 50000);
}
END_TEST

/* A host is flooded from ever new addresses, in small and in large transactions. */
START_TEST(spoofed_sources_are_bounded)
{
	uint64_t events, bytes, seen = 0;
	size_t own = 0;

	for (uint32_t i = 0; i < FACTS; i++)
		if (i % 10 != 0) /* one is a real talker */
			set_source(i, 0x0b000000 + i);
	for (uint32_t at = 0; at < FACTS / 2; at += 1000) {
		size_t n;

		collect(at, at + 1000);
		check_sums(1000);
		n = rows(ROLLUP_SRC, &events, &bytes);
		seen += events_of(ROLLUP_SRC, 4, 0, 0x0a000001);
		own += n - 1;
	}
	ck_assert_uint_eq(seen, FACTS / 2 / 10);
	ck_assert_uint_le(own, ROLLUP_ADDRESS_KEYS + FACTS / 2 / 1000);
	collect(FACTS / 2, FACTS);
	check_sums(FACTS / 2);
	ck_assert_uint_eq(rows(ROLLUP_SRC, &events, &bytes), 2);
	ck_assert_uint_eq(
	    events_of(ROLLUP_SRC, ROLLUP_REST_FAMILY, 0, 0), FACTS / 2 / 10 * 9);
}
END_TEST

/* A talker that comes after the flood has taken all places still gets one. */
START_TEST(a_frequent_source_gets_a_place_late)
{
	for (uint32_t i = 0; i < 2000; i++)
		set_source(i, 0x0b000000 + i);
	collect(0, 2000);
	collect(2000, 2010);
	ck_assert_uint_eq(events_of(ROLLUP_SRC, 4, 0, 0x0a000001), 0);
	collect(2000, 2020);
	ck_assert_uint_eq(events_of(ROLLUP_SRC, 4, 0, 0x0a000001), 20);
	collect(2000, 2001);
	ck_assert_uint_eq(events_of(ROLLUP_SRC, 4, 0, 0x0a000001), 1);
}
END_TEST

START_TEST(a_port_scan_is_bounded)
{
	uint64_t events, bytes;

	for (uint32_t i = 0; i < 65536; i++)
		fact[i].dport = (int32_t)i;
	for (uint32_t at = 0; at < 65536; at += 512) {
		collect(at, at + 512);
		check_sums(512);
		ck_assert_uint_le(rows(ROLLUP_MINUTE, &events, &bytes),
		    at == 0 ? ROLLUP_MINUTE_KEYS + 1 : 1);
		ck_assert_uint_le(
		    rows(ROLLUP_PORT, &events, &bytes), at == 0 ? ROLLUP_PORT_KEYS : 1);
	}
	ck_assert_uint_eq(events_of(ROLLUP_MINUTE, 0, ROLLUP_REST_PORT, 0), 512);
}
END_TEST

/* What has none is told from the rest and never folded. */
START_TEST(no_port_and_no_address_are_values)
{
	for (uint32_t i = 0; i < 3000; i++) {
		fact[i].dport = -1;
		fact[i].src = (struct ip_addr){0};
	}
	collect(0, 3000);
	check_sums(3000);
	ck_assert_uint_eq(events_of(ROLLUP_SRC, 0, 0, 0), 3000);
	ck_assert_uint_eq(events_of(ROLLUP_PORT, 0, -1, 0), 3000);
}
END_TEST

START_TEST(sketches_are_sent_once)
{
	collect(0, 10);
	ck_assert_uint_eq(rollup->distinct.cells, 1);
	ck_assert(!rollup_is_known(rollup, 0));
	collect(0, 10); /* the first was not committed */
	ck_assert(!rollup_is_known(rollup, 0));
	rollup_committed(rollup);
	collect(10, 20);
	ck_assert(rollup_is_known(rollup, 0));
	set_source(20, 0x0b000001);
	collect(20, 21);
	ck_assert(!rollup_is_known(rollup, 0));
}
END_TEST

START_TEST(sql_is_whole)
{
	struct text sql;

	text_init(&sql);
	collect(0, 2);
	rollup_add_sql(rollup, &sql);
	ck_assert(!sql.failed);
	ck_assert_ptr_nonnull(strstr(sql.p,
	    "INSERT INTO fwlog.rollup_hour_src AS r (host_id, hour, address, events, "
	    "bytes) SELECT * FROM unnest('{7}'::int[],'{\"2023-11-14 22:00:00.000000+00"
	    "\"}'::timestamptz[],'{10.0.0.1}'::inet[],'{2}'::bigint[],'{120}'::bigint[]"
	    ") ON CONFLICT (host_id, hour, address) DO UPDATE"));
	text_clear(&sql);
	collect(0, 0);
	rollup_add_sql(rollup, &sql);
	ck_assert_str_eq(sql.p, "");
	text_free(&sql);
}
END_TEST

/* However many hours an agent names, the statement stays small; sums lose nothing. */
START_TEST(sketches_have_a_bound)
{
	struct text sql;

	for (uint32_t i = 0; i < 3 * ROLLUP_SKETCHES_MAX; i++)
		fact[i].minute = MINUTE + 60 * i;
	collect(0, 3 * ROLLUP_SKETCHES_MAX);
	check_sums(3 * ROLLUP_SKETCHES_MAX);
	text_init(&sql);
	rollup_add_sql(rollup, &sql);
	ck_assert(!sql.failed);
	ck_assert_uint_lt(sql.len, 2 * ROLLUP_SKETCHES_MAX * 2 * 2 * SKETCH_BYTES);
	rollup_committed(rollup);
	text_free(&sql);
}
END_TEST

/* Who knows one table cannot choose keys that meet in another one. */
START_TEST(hashes_are_secret)
{
	struct rollup *other = rollup_new();
	struct cube_key key = {.at = MINUTE, .host_id = HOST, .dport = 22};
	int64_t here = cube_add(&rollup->host, &key, 1, 1);
	int64_t there = cube_add(&other->host, &key, 1, 1);

	ck_assert_int_eq(here, 0);
	ck_assert_int_eq(there, 0);
	ck_assert(rollup->host.cell[0].hash != other->host.cell[0].hash);
	key.dport = 23;
	ck_assert_int_eq(cube_add(&rollup->host, &key, 1, 1), 1);
	ck_assert(rollup->host.cell[0].hash != rollup->host.cell[1].hash);
	rollup_free(other);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("rollup");
	TCase *c = tcase_create("rollup");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 30);
	tcase_add_test(c, history_keeps_small_keys);
	tcase_add_test(c, only_what_is_new_counts);
	tcase_add_test(c, answers_take_the_place_of_questions);
	tcase_add_test(c, spoofed_sources_are_bounded);
	tcase_add_test(c, a_frequent_source_gets_a_place_late);
	tcase_add_test(c, a_port_scan_is_bounded);
	tcase_add_test(c, no_port_and_no_address_are_values);
	tcase_add_test(c, sketches_are_sent_once);
	tcase_add_test(c, sql_is_whole);
	tcase_add_test(c, sketches_have_a_bound);
	tcase_add_test(c, hashes_are_secret);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
