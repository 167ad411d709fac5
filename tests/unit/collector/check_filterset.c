/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/filterset.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/crc32c.h"

static struct filterset *set;

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
}

/* The document of a host, read; to be freed. */
static struct filter_document *
read_document(const char *host, struct bundle *b)
{
	const char *why = "";
	struct filter_document *d = filterset_document(set, host, &why);

	ck_assert_msg(d != NULL, "%s", why);
	ck_assert_uint_eq(d->version, 7);
	ck_assert_uint_eq(d->crc, crc32c(0, d->data, d->len));
	ck_assert_int_eq(bundle_read(b, d->data, d->len, &why), 0);
	return d;
}

static void
done(struct filter_document *d, struct bundle *b)
{
	bundle_free(b);
	filter_document_unref(d);
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
	struct filter_document *a, *b, *c;

	ck_assert_int_eq(add(2, "dport:1", "web1 web2", ""), 0);
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
	ck_assert_uint_eq(a->crc, crc32c(0, a->data, a->len));
	filter_document_unref(a);
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
