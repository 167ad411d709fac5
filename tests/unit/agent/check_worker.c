/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole worker in a child process, with this test as its monitor. Sockets of UDP
 * stand for the kernel's: what they hold is no datagram of NFLOG, but is read all the
 * same.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/binding.h"
#include "agent/worker.h"

#define MANY 6000 /* datagrams left behind */

static char dir[64];
static int channel[2];
static pid_t worker;

static void
run_worker(void)
{
	struct options o = {
	    .name = "unit",
	    .collector = "unix:/nowhere",
	    .allow_plain_network = true,
	    .failback = 1000,
	    .stats_interval = 1000,
	    .spool_dir = dir,
	    .spool_size = 64u << 20,
	    .segment_size = 2u << 20,
	    .sync = SYNC_NEVER,
	    .defaults = {.flush_timeout = 10},
	    .groups = 1,
	};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(channel[0]);
	_exit(worker_run(&o, NULL, NULL, channel[1], &(struct worker_port){.fd = -1}));
}

static void
set_up(void)
{
	char ready;
	struct pollfd p;

	snprintf(dir, sizeof dir, "/tmp/fwlog-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
	worker = fork();
	if (worker == 0)
		run_worker();
	close(channel[1]);
	p = (struct pollfd){.fd = channel[0], .events = POLLIN};
	ck_assert_int_eq(poll(&p, 1, 10000), 1);
	ck_assert_int_eq(recv(channel[0], &ready, 1, 0), 1);
	ck_assert_int_eq(ready, WORKER_READY);
}

static void
tear_down(void)
{
	char command[128];

	close(channel[0]);
	if (worker > 0) {
		kill(worker, SIGKILL);
		waitpid(worker, NULL, 0);
	}
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	ck_assert_int_eq(system(command), 0);
}

/* 0 and the worker's exit status, or -1 when it lives on. */
static int
wait_worker(int ms, int *status)
{
	for (; ms > 0; ms -= 20) {
		if (waitpid(worker, status, WNOHANG) == worker) {
			worker = 0;
			return 0;
		}
		poll(NULL, 0, 20);
	}
	return -1;
}

/* A bound UDP socket with room for MANY. */
static int
make_socket(struct sockaddr_in *sa)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), room = 32 << 20;
	socklen_t len = sizeof *sa;

	*sa = (struct sockaddr_in){
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)sa, sizeof *sa), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)sa, &len), 0);
	return fd;
}

static bool
is_empty(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static bool
becomes_empty(int fd, int ms)
{
	for (; ms > 0 && !is_empty(fd); ms -= 20)
		poll(NULL, 0, 20);
	return is_empty(fd);
}

START_TEST(an_ended_binding_is_read_to_its_end)
{
	struct sockaddr_in sa;
	struct binding b = {
	    .group = 5, .netns = "web", .fd = make_socket(&sa), .link_fd = -1};
	int fd = b.fd, from = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(binding_draw(&b), 0);
	/* Nothing is read before the worker goes on, and by then the binding ended. */
	kill(worker, SIGSTOP);
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(
		    sendto(from, "x", 1, 0, (struct sockaddr *)&sa, sizeof sa), 1);
	ck_assert_int_eq(binding_send(channel[0], &b), 1);
	b.fd = -1;
	ck_assert_int_eq(binding_send(channel[0], &b), 1);
	kill(worker, SIGCONT);
	ck_assert(becomes_empty(fd, 10000));
	close(from);
	close(fd);
}
END_TEST

/* A successor is given all of them again: better than one that nobody reads. */
START_TEST(who_cannot_read_a_group_ends)
{
	struct sockaddr_in sa;
	struct binding b = {.group = 5, .fd = make_socket(&sa), .link_fd = -1};
	int status, rc = 1;

	for (int i = 0; rc >= 0 && i < OPTIONS_GROUPS_MAX + 20; i++) {
		ck_assert_int_eq(binding_draw(&b), 0);
		while ((rc = binding_send(channel[0], &b)) == 0)
			poll(NULL, 0, 5);
	}
	ck_assert_int_eq(wait_worker(5000, &status), 0);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	close(b.fd);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("worker");
	TCase *t = tcase_create("worker");
	SRunner *r = srunner_create(s);
	int failed;

	signal(SIGPIPE, SIG_IGN);
	suite_add_tcase(s, t);
	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, an_ended_binding_is_read_to_its_end);
	tcase_add_test(t, who_cannot_read_a_group_ends);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
