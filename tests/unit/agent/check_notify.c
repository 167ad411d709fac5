/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The protocol with the service manager, whose end is a socket of this test. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/notify.h"

#define FIRST_FD 3
#define FDS 3

static char dir[32], path[64];
static int manager;

static void
setup(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	snprintf(dir, sizeof dir, "/tmp/check-notify-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/s", dir);
	memcpy(at.sun_path, path, sizeof path);
	manager = socket(AF_UNIX, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&at, sizeof at), 0);
	setenv("NOTIFY_SOCKET", path, 1);
}

static void
teardown(void)
{
	notify_close();
	unlink(path);
	rmdir(dir);
}

/* The next message, and the descriptor that came along or -1. */
static const char *
next(int *fd)
{
	static char text[2048];
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {text, sizeof text - 1};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof control};
	ssize_t n = recvmsg(manager, &msg, MSG_DONTWAIT);
	const struct cmsghdr *cmsg;

	if (n < 0)
		return "";
	text[n] = '\0';
	cmsg = CMSG_FIRSTHDR(&msg);
	if (fd != NULL)
		*fd = -1;
	if (fd != NULL && cmsg != NULL)
		memcpy(fd, CMSG_DATA(cmsg), sizeof *fd);
	return text;
}

START_TEST(says)
{
	setenv("WATCHDOG_USEC", "3000000", 1);
	notify_open();
	ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
	ck_assert_ptr_null(getenv("WATCHDOG_USEC"));
	ck_assert_int_eq(notify_watchdog_ms(), 1500);
	notify_say("READY=1\nSTATUS=%d groups", 2);
	ck_assert_str_eq(next(NULL), "READY=1\nSTATUS=2 groups");
	notify_reloading();
	ck_assert_int_eq(strncmp(next(NULL), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
	notify_drop("fwlog-1");
	ck_assert_str_eq(next(NULL), "FDSTOREREMOVE=1\nFDNAME=fwlog-1");
}
END_TEST

START_TEST(stores)
{
	struct stat a, b;
	int pair[2], fd;

	notify_open();
	ck_assert_int_eq(pipe(pair), 0);
	notify_store(pair[0], "fwlog-1");
	ck_assert_str_eq(next(&fd), "FDSTORE=1\nFDPOLL=0\nFDNAME=fwlog-1");
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &a), 0);
	ck_assert_int_eq(fstat(pair[0], &b), 0);
	ck_assert_uint_eq(a.st_ino, b.st_ino);
}
END_TEST

START_TEST(abstract_address)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int len = snprintf(
	    at.sun_path + 1, sizeof at.sun_path - 1, "check-notify-%d", (int)getpid());
	char name[sizeof at.sun_path + 1];

	close(manager);
	manager = socket(AF_UNIX, SOCK_DGRAM, 0);
	ck_assert_int_eq(
	    bind(manager, (struct sockaddr *)&at,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)),
	    0);
	snprintf(name, sizeof name, "@%s", at.sun_path + 1);
	setenv("NOTIFY_SOCKET", name, 1);
	notify_open();
	notify_say("READY=1");
	ck_assert_str_eq(next(NULL), "READY=1");
}
END_TEST

START_TEST(nobody_listens)
{
	unsetenv("NOTIFY_SOCKET");
	setenv("WATCHDOG_USEC", "3000000", 1);
	notify_open();
	ck_assert_int_eq(notify_watchdog_ms(), 0);
	notify_say("READY=1");
	notify_store(0, "x");
	ck_assert_str_eq(next(NULL), "");
	notify_close();
	setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
	notify_open();
	notify_say("READY=1");
	notify_close();
	setenv("NOTIFY_SOCKET", "relative", 1);
	notify_open();
	notify_say("READY=1");
	ck_assert_str_eq(next(NULL), "");
}
END_TEST

/* ---- what comes back */

static struct {
	int fd;
	char name[32];
} taken[FDS];
static int takes;

static void
take(void *arg, int fd, const char *name)
{
	ck_assert_ptr_eq(arg, taken);
	ck_assert_int_lt(takes, FDS);
	taken[takes].fd = fd;
	snprintf(taken[takes++].name, sizeof taken[0].name, "%s", name);
}

static void
listen_fds(const char *pid, const char *n, const char *names)
{
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", n, 1);
	if (names != NULL)
		setenv("LISTEN_FDNAMES", names, 1);
}

static const char *
own_pid(void)
{
	static char text[16];

	snprintf(text, sizeof text, "%d", (int)getpid());
	return text;
}

START_TEST(takes_back)
{
	listen_fds(own_pid(), "2", "fwlog-1:fwlog-2");
	notify_open();
	ck_assert_ptr_null(getenv("LISTEN_FDS"));
	notify_take(take, taken);
	ck_assert_int_eq(takes, 2);
	ck_assert_int_eq(taken[0].fd, FIRST_FD);
	ck_assert_str_eq(taken[0].name, "fwlog-1");
	ck_assert_int_eq(taken[1].fd, FIRST_FD + 1);
	ck_assert_str_eq(taken[1].name, "fwlog-2");
	ck_assert_int_eq(fcntl(FIRST_FD, F_GETFD), FD_CLOEXEC);
	notify_take(take, taken);
	ck_assert_int_eq(takes, 2);
}
END_TEST

START_TEST(takes_what_has_no_name)
{
	listen_fds(own_pid(), "2", "one");
	notify_open();
	notify_take(take, taken);
	ck_assert_int_eq(takes, 2);
	ck_assert_str_eq(taken[0].name, "one");
	ck_assert_str_eq(taken[1].name, "");
}
END_TEST

START_TEST(takes_nothing_of_others)
{
	listen_fds("1", "2", "a:b");
	notify_open();
	notify_take(take, taken);
	ck_assert_int_eq(takes, 0);
	notify_close();
	listen_fds(own_pid(), "-2", "a:b");
	notify_open();
	notify_take(take, taken);
	notify_close();
	listen_fds(own_pid(), "99999999999999999999", "a:b");
	notify_open();
	notify_take(take, taken);
	ck_assert_int_eq(takes, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("notify");
	TCase *t = tcase_create("notify");
	SRunner *r = srunner_create(s);
	int failed;

	/* Before the library opens files of its own there. */
	for (int i = 0; i < FDS; i++)
		if (dup2(STDERR_FILENO, FIRST_FD + i) < 0)
			return 1;
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, says);
	tcase_add_test(t, stores);
	tcase_add_test(t, abstract_address);
	tcase_add_test(t, nobody_listens);
	tcase_add_test(t, takes_back);
	tcase_add_test(t, takes_what_has_no_name);
	tcase_add_test(t, takes_nothing_of_others);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
