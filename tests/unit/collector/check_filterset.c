/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/filterset.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "common/crc32c.h"

static struct filterset *set;
static uint8_t *whole; /* the document read last */

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, (uint16_t)strlen(s)};
}

static int
add(int32_t id, const char *query, const char *hosts, const char *lists)
{
	struct bundle_filter f = {
	    .id = id, .name = text("f"), .query = text(query), .sample = 10};

	return filterset_add(set, &f, hosts, lists);
}

static void
setup(void)
{
	set = filterset_new(7);
	ck_assert_ptr_nonnull(set);
}

static void
teardown(void)
{
	filterset_free(set);
	free(whole);
	whole = NULL;
}

/* The document of a host, read; to be freed. */
static struct filter_document *
read_document(const char *host, struct bundle *b)
{
	const char *why = "";
	struct filter_document *d = filterset_document(set, host, &why);

	ck_assert_msg(d != NULL, "%s", why);
	ck_assert_uint_eq(d->version, 7);
	whole = realloc(whole, d->len);
	ck_assert_ptr_nonnull(whole);
	filter_document_copy(d, 0, whole, d->len);
	ck_assert_uint_eq(d->crc, crc32c(0, whole, d->len));
	ck_assert_int_eq(bundle_read(b, whole, d->len, &why), 0);
	return d;
}

static void
done(struct filter_document *d, struct bundle *b)
{
	bundle_free(b);
	filter_document_unref(d);
}

static long
cpu_ms(const struct rusage *r)
{
	return (r->ru_utime.tv_sec + r->ru_stime.tv_sec) * 1000 +
	       (r->ru_utime.tv_usec + r->ru_stime.tv_usec) / 1000;
}

START_TEST(without_filters)
{
	struct bundle b;
	struct filter_document *d = read_document("web1", &b);

	ck_assert_uint_eq(b.filters, 0);
	ck_assert_uint_eq(b.lists, 0);
	done(d, &b);
}
END_TEST

START_TEST(each_host_gets_its_own)
{
	struct bundle b;
	struct filter_document *d;

	ck_assert_int_eq(add(1, "dport:53", NULL, ""), 0);
	ck_assert_int_eq(add(2, "src:@bad", "web1 web22", "bad"), 0);
	ck_assert_int_eq(add(3, "dst:@good", "web2", "good"), 0);
	ck_assert_int_eq(filterset_add_entry(set, "bad", "10.0.0.0/8"), 0);
	ck_assert_int_eq(filterset_add_entry(set, "bad", "192.0.2.1"), 0);
	ck_assert_int_lt(filterset_add_entry(set, "nobody", "192.0.2.1"), 0);

	d = read_document("web1", &b);
	ck_assert_uint_eq(b.filters, 2);
	ck_assert_int_eq(b.filter[1].id, 2);
	ck_assert_mem_eq(b.filter[1].query.p, "src:@bad", 8);
	ck_assert_uint_eq(b.filter[1].sample, 10);
	ck_assert_uint_eq(b.lists, 1);
	ck_assert_uint_eq(b.list[0].entries, 2);
	done(d, &b);
	/* web2 is not web22; a list without entries is a list. */
	d = read_document("web2", &b);
	ck_assert_uint_eq(b.filters, 2);
	ck_assert_int_eq(b.filter[1].id, 3);
	ck_assert_uint_eq(b.lists, 1);
	ck_assert_mem_eq(b.list[0].name.p, "good", 4);
	ck_assert_uint_eq(b.list[0].entries, 0);
	done(d, &b);
	d = read_document("web", &b);
	ck_assert_uint_eq(b.filters, 1);
	ck_assert_uint_eq(b.lists, 0);
	done(d, &b);
}
END_TEST

START_TEST(hosts_share_and_outlive)
{
	const char *why;
	uint8_t *bytes;
	struct filter_document *a, *b, *c;

	ck_assert_int_eq(add(2, "dport:1 src:@bad", "web1 web2", "bad"), 0);
	ck_assert_int_eq(filterset_add_entry(set, "bad", "192.0.2.1"), 0);
	a = filterset_document(set, "web1", &why);
	b = filterset_document(set, "web2", &why);
	c = filterset_document(set, "web3", &why);
	ck_assert_ptr_eq(a, b);
	ck_assert_ptr_ne(a, c);
	filter_document_unref(b);
	filter_document_unref(c);
	filterset_free(set);
	set = NULL;
	ck_assert_uint_eq(a->refs, 1);
	bytes = malloc(a->len);
	ck_assert_ptr_nonnull(bytes);
	filter_document_copy(a, 0, bytes, a->len);
	ck_assert_uint_eq(a->crc, crc32c(0, bytes, a->len));
	free(bytes);
	filter_document_unref(a);
}
END_TEST

/* Wherever a piece begins and ends: in filters, between lists, in entries. */
START_TEST(pieces_of_any_kind)
{
	struct bundle b;
	struct filter_document *d;
	uint8_t piece[7];
	size_t n;

	ck_assert_int_eq(add(1, "src:@a src:@none dst:@b", NULL, "a none b"), 0);
	ck_assert_int_eq(filterset_add_entry(set, "a", "192.0.2.1"), 0);
	ck_assert_int_eq(filterset_add_entry(set, "b", "2001:db8::/32"), 0);
	d = read_document("web1", &b);
	ck_assert_uint_eq(b.lists, 3);
	ck_assert_int_lt(filterset_add_entry(set, "b", "192.0.2.9"), 0);
	for (size_t at = 0; at < d->len; at++)
		for (size_t len = 0; len <= sizeof piece; len++) {
			n = len < d->len - at ? len : d->len - at;
			filter_document_copy(d, at, piece, n);
			ck_assert_mem_eq(piece, whole + at, n);
		}
	done(d, &b);
}
END_TEST

#define MANY_HOSTS 1000
#define MANY_ENTRIES 200000

/* A filter for each host, and one list for all: what they have in common lies in memory
 * once, and is not read again for each. */
START_TEST(many_hosts_and_a_long_list)
{
	static struct filter_document *of[MANY_HOSTS];
	struct rusage before, after;
	struct bundle b;
	const char *why;
	size_t own = 0;
	char s[40];

	for (int i = 0; i < MANY_HOSTS; i++) {
		snprintf(s, sizeof s, "host%d", i);
		ck_assert_int_eq(add(i + 1, "src:@bad", s, "bad"), 0);
	}
	for (unsigned i = 0; i < MANY_ENTRIES; i++) {
		snprintf(s, sizeof s, "2001:db8:%x:%x::/64", i >> 16, i & 0xffff);
		ck_assert_int_eq(filterset_add_entry(set, "bad", s), 0);
	}
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &before), 0);
	for (int i = 0; i < MANY_HOSTS; i++) {
		snprintf(s, sizeof s, "host%d", i);
		of[i] = filterset_document(set, s, &why);
		ck_assert_ptr_nonnull(of[i]);
		ck_assert_uint_gt(of[i]->len, 10 * MANY_ENTRIES);
		own += of[i]->own_len;
	}
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &after), 0);
	ck_assert_uint_lt(own, 100 * MANY_HOSTS);
	/* A copy each were some 4 GB and as many seconds. */
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 32 << 10);
	ck_assert_int_lt(cpu_ms(&after) - cpu_ms(&before), 1000);
	done(read_document("host7", &b), &b);
	for (int i = 0; i < MANY_HOSTS; i++)
		filter_document_unref(of[i]);
}
END_TEST

START_TEST(bounds)
{
	char long_entry[300], name[80];
	const char *why = NULL;

	memset(long_entry, 'x', sizeof long_entry - 1);
	long_entry[sizeof long_entry - 1] = '\0';
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	ck_assert_int_lt(add(1, "src:@n", NULL, name), 0);
	ck_assert_int_eq(add(2, "src:@bad", NULL, "bad"), 0);
	ck_assert_int_lt(filterset_add_entry(set, "bad", long_entry), 0);
	ck_assert_int_lt(filterset_add_entry(set, "bad", ""), 0);
	long_entry[255] = '\0';
	for (int i = 0; i < (int)(FILTERS_TOTAL_MAX / 256); i++)
		ck_assert_int_eq(filterset_add_entry(set, "bad", long_entry), 0);
	ck_assert_ptr_null(filterset_document(set, "web1", &why));
	ck_assert_ptr_nonnull(strstr(why, "64 MiB"));
}
END_TEST

static TCase *
filterset_cases(void)
{
	TCase *tc = tcase_create("filterset");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, without_filters);
	tcase_add_test(tc, each_host_gets_its_own);
	tcase_add_test(tc, hosts_share_and_outlive);
	tcase_add_test(tc, pieces_of_any_kind);
	tcase_add_test(tc, many_hosts_and_a_long_list);
	tcase_add_test(tc, bounds);
	return tc;
}

int
main(void)
{
	Suite *suite = suite_create("filterset");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, filterset_cases());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
