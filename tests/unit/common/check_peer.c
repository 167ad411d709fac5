/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Peers on loopback that read, that read nothing, and that are not there any more. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/peer.h"

static int listener, client, server;

static void
set_up(void)
{
	struct sockaddr_in sa = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof sa;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&sa, sizeof sa), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&sa, &len), 0);
	client = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&sa, sizeof sa), 0);
	server = accept(listener, NULL, NULL);
	ck_assert_int_ge(server, 0);
}

static void
tear_down(void)
{
	close(listener);
	close(client);
	close(server);
}

/* Until the peer's window is closed. */
static void
fill(int fd)
{
	static char bytes[65536];
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (poll(&p, 1, 50) > 0)
		if (write(fd, bytes, sizeof bytes) < 0)
			ck_assert_int_eq(errno, EAGAIN);
}

/* Asks every 200 ms, for so long. */
static bool
is_gone_within(struct peer *p, int ms)
{
	bool gone = false;

	for (; !gone && ms > 0; ms -= 200) {
		poll(NULL, 0, 200);
		gone = peer_is_gone(p, client, 200);
	}
	return gone;
}

START_TEST(quiet_is_not_silent)
{
	struct peer p = {0};

	ck_assert(!is_gone_within(&p, 600));
	ck_assert_uint_eq(p.silent_ms, 0);
	/* Long ago, but nothing waits for an answer. */
	ck_assert_int_eq(write(client, "x", 1), 1);
	ck_assert(!is_gone_within(&p, 600));
	ck_assert_uint_eq(p.silent_ms, 0);
}
END_TEST

/* Closed windows are asked for at growing pauses; each answer begins the count anew. */
START_TEST(who_reads_nothing_answers)
{
	struct peer p = {0};
	char c;

	fill(client);
	for (int i = 0; i < 10; i++) {
		poll(NULL, 0, 100);
		ck_assert_int_eq(write(server, "a", 1), 1);
		poll(NULL, 0, 100);
		ck_assert_int_eq(read(client, &c, 1), 1);
		ck_assert(!peer_is_gone(&p, client, PEER_SILENT_MS / 2));
	}
}
END_TEST

/* The same without a word of the peer: counted, until it speaks. */
START_TEST(silence_is_counted)
{
	struct peer p = {0};

	fill(client);
	for (uint32_t i = 0; p.silent_ms < PEER_SILENT_MS && i < 100; i++)
		ck_assert_int_eq(peer_is_gone(&p, client, 0), false);
	ck_assert_uint_eq(p.silent_ms, 0);
	poll(NULL, 0, 10);
	for (uint32_t i = 1; i < PEER_SILENT_MS; i++)
		if (peer_is_gone(&p, client, 1))
			ck_abort_msg("gone after %u calls", i);
	ck_assert(peer_is_gone(&p, client, 1));
	ck_assert_int_eq(write(server, "a", 1), 1);
	ck_assert(!peer_is_gone(&p, client, 60000));
	ck_assert_uint_eq(p.silent_ms, 0);
}
END_TEST

START_TEST(other_sockets_have_no_say)
{
	struct peer p = {0};
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fill(pair[0]);
	for (int i = 0; i < 100; i++)
		ck_assert(!peer_is_gone(&p, pair[0], 1000));
	ck_assert(!peer_is_gone(&p, -1, 20000));
	close(pair[0]);
	close(pair[1]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("peer");
	TCase *t = tcase_create("peer");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 20);
	tcase_add_test(t, quiet_is_not_silent);
	tcase_add_test(t, who_reads_nothing_answers);
	tcase_add_test(t, silence_is_counted);
	tcase_add_test(t, other_sockets_have_no_say);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
