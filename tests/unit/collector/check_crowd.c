/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has to go when connections are many. */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "collector/crowd.h"

static struct session_list list;
static struct session sessions[CROWD_OF_HOST_MAX + 2];

static void
setup(void)
{
	TAILQ_INIT(&list);
}

static struct address
from(const char *text)
{
	struct address a = {.sa = {.ss_family = AF_INET}};
	void *sa = &a.sa;

	if (strchr(text, ':') != NULL) {
		a.sa.ss_family = AF_INET6;
		ck_assert_int_eq(
		    inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)sa)->sin6_addr),
		    1);
	} else {
		ck_assert_int_eq(
		    inet_pton(AF_INET, text, &((struct sockaddr_in *)sa)->sin_addr), 1);
	}
	return a;
}

static struct session *
add(unsigned i, const char *name, enum session_state state, const char *address)
{
	struct session *s = &sessions[i];

	*s = (struct session){
	    .state = state, .sealed = name != NULL, .peer = from(address)};
	if (name != NULL)
		snprintf(s->who.name, sizeof s->who.name, "%s", name);
	TAILQ_INSERT_TAIL(&list, s, all);
	return s;
}

static uint64_t
same(const char *address)
{
	struct address a = from(address);

	return crowd_from(&list, &a);
}

START_TEST(counted_by_source)
{
	add(0, NULL, SESSION_HELLO, "2001:db8:1:2::1");
	add(1, NULL, SESSION_HELLO, "2001:db8:1:2:ffff::9");
	add(2, NULL, SESSION_HELLO, "2001:db8:1:3::1");
	add(3, NULL, SESSION_HELLO, "192.0.2.1");
	ck_assert_uint_eq(same("2001:db8:1:2:3:4:5:6"), 2);
	ck_assert_uint_eq(same("2001:db8:1:3::7"), 1);
	ck_assert_uint_eq(same("192.0.2.1"), 1);
	ck_assert_uint_eq(same("192.0.2.2"), 0);
}
END_TEST

START_TEST(a_host_has_so_many)
{
	struct session *open = add(0, "web1", SESSION_OPEN, "192.0.2.1"), *silent;

	for (unsigned i = 1; i < CROWD_OF_HOST_MAX - 1; i++)
		add(i, "web1", SESSION_OPEN, "192.0.2.1");
	add(CROWD_OF_HOST_MAX, "web2", SESSION_HELLO, "192.0.2.1");
	add(CROWD_OF_HOST_MAX + 1, NULL, SESSION_HELLO, "192.0.2.1");
	ck_assert_ptr_null(crowd_surplus(&list, "web1"));
	silent = add(CROWD_OF_HOST_MAX - 1, "web1", SESSION_HELLO, "192.0.2.1");
	ck_assert_ptr_eq(crowd_surplus(&list, "web1"), silent);
	silent->state = SESSION_OPEN;
	ck_assert_ptr_eq(crowd_surplus(&list, "web1"), open);
	ck_assert_ptr_null(crowd_surplus(&list, "web2"));
}
END_TEST

START_TEST(silent_ones_make_room)
{
	struct session *silent;

	ck_assert_ptr_null(crowd_silent(&list));
	add(0, NULL, SESSION_OPEN, "192.0.2.1");
	ck_assert_ptr_null(crowd_silent(&list));
	silent = add(1, NULL, SESSION_HELLO, "192.0.2.1");
	add(2, NULL, SESSION_HELLO, "192.0.2.1");
	ck_assert_ptr_eq(crowd_silent(&list), silent);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("crowd");
	TCase *tc = tcase_create("crowd");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, counted_by_source);
	tcase_add_test(tc, a_host_has_so_many);
	tcase_add_test(tc, silent_ones_make_room);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
