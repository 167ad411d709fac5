/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sandbox as the worker is in it: what must not be done ends the process by SIGSYS,
 * what the worker does goes on. Each test is a process of its own.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/sandbox.h"

/* ---- what kills; harmless where it does not */

static void
run_program(void)
{
	char path[] = "/bin/true", *argv[] = {path, NULL};

	execve(path, argv, environ);
}

static void
run_program_at(void)
{
	char path[] = "/bin/true", *argv[] = {path, NULL};

	syscall(SYS_execveat, AT_FDCWD, path, argv, environ, 0);
}

static void
make_packet_socket(void)
{
	(void)socket(AF_PACKET, SOCK_RAW, 0);
}

static void
make_raw_socket(void)
{
	(void)socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
}

static void
make_netfilter_socket(void)
{
	(void)socket(AF_NETLINK, SOCK_RAW, 12);
}

static void
make_vsock(void)
{
	(void)socket(AF_VSOCK, SOCK_STREAM, 0);
}

static void
mount_something(void)
{
	(void)mount("none", "/no/such/place", "tmpfs", 0, NULL);
}

static void
leave_namespace(void)
{
	(void)unshare(CLONE_NEWUSER);
}

static void
enter_namespace(void)
{
	(void)setns(-1, CLONE_NEWNET);
}

static void
change_user(void)
{
	syscall(SYS_setuid, 0);
}

static void
change_owner(void)
{
	syscall(SYS_fchown, -1, 0, 0);
}

static void
load_program(void)
{
	syscall(SYS_bpf, 0, NULL, 0);
}

static void
make_ring(void)
{
	syscall(SYS_io_uring_setup, 1, NULL);
}

static void
use_keys(void)
{
	syscall(SYS_keyctl, 0, 0, 0, 0, 0);
}

static void
listen_for_others(void)
{
	(void)listen(-1, 1);
}

#if !defined(__SANITIZE_ADDRESS__)
/* What looks for leaks does these, so a build with sanitizers lets them be done. */
static void
make_child(void)
{
	if (fork() == 0)
		_exit(0);
}

static void
make_process(void)
{
	if (syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) == 0)
		_exit(0);
}

static void
trace(void)
{
	ptrace(PTRACE_ATTACH, 0, NULL, NULL);
}

static void
read_memory(void)
{
	char byte;
	struct iovec here = {&byte, 1};

	(void)process_vm_readv(getppid(), &here, 1, &here, 1, 0);
}

static void
signal_others(void)
{
	(void)kill(getppid(), 0);
}

static void
signal_thread_of_others(void)
{
	syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static void
become_dumpable(void)
{
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void
type_for_others(void)
{
	(void)ioctl(-1, TIOCSTI, "x");
}
#endif

static void (*const deadly[])(void) = {
    run_program,
    run_program_at,
    make_packet_socket,
    make_raw_socket,
    make_netfilter_socket,
    make_vsock,
    mount_something,
    leave_namespace,
    enter_namespace,
    change_user,
    change_owner,
    load_program,
    make_ring,
    use_keys,
    listen_for_others,
#if !defined(__SANITIZE_ADDRESS__)
    make_child,
    make_process,
    trace,
    read_memory,
    signal_others,
    signal_thread_of_others,
    become_dumpable,
    type_for_others,
#endif
};

START_TEST(kills)
{
	ck_assert(sandbox_is_possible());
	ck_assert_int_eq(sandbox_enter(), 0);
	deadly[_i]();
}
END_TEST

/* Without the sandbox none of them does. */
START_TEST(kills_nobody_else)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		alarm(5);
		deadly[_i]();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS);
}
END_TEST

/* ---- what goes on; each test ends itself, as the library would ask for a timer */

static void *
thread(void *arg)
{
	struct addrinfo *list = NULL;

	/* No answer is as good as one: it must not kill. */
	(void)getaddrinfo("localhost", "7514", NULL, &list);
	if (list != NULL)
		freeaddrinfo(list);
	list = NULL;
	(void)getaddrinfo("nobody.invalid", "7514", NULL, &list);
	if (list != NULL)
		freeaddrinfo(list);
	*(int *)arg = 1;
	return NULL;
}

START_TEST(names_are_looked_up_in_a_thread)
{
	pthread_t t;
	int done = 0;

	ck_assert_int_eq(sandbox_enter(), 0);
	ck_assert_int_eq(pthread_create(&t, NULL, thread, &done), 0);
	ck_assert_int_eq(pthread_join(t, NULL), 0);
	ck_assert_int_eq(done, 1);
	_exit(0);
}
END_TEST

START_TEST(files_are_written)
{
	char dir[] = "/tmp/check-sandbox-XXXXXX", path[64], other[64];
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/a", dir);
	snprintf(other, sizeof other, "%s/b", dir);
	ck_assert_int_eq(sandbox_enter(), 0);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(posix_fallocate(fd, 0, 4096), 0);
	ck_assert_int_eq(pwrite(fd, "x", 1, 0), 1);
	ck_assert_int_eq(fdatasync(fd), 0);
	ck_assert_int_eq(fsync(fd), 0);
	ck_assert_int_eq(rename(path, other), 0);
	ck_assert_ptr_ne(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0), MAP_FAILED);
	ck_assert_int_eq(unlink(other), 0);
	ck_assert_int_eq(rmdir(dir), 0);
	close(fd);
	_exit(0);
}
END_TEST

START_TEST(the_loop_turns)
{
	struct epoll_event e = {.events = EPOLLIN};
	int pair[2], epoll, event;

	ck_assert_int_eq(sandbox_enter(), 0);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	event = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	ck_assert_int_ge(epoll, 0);
	ck_assert_int_ge(event, 0);
	ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &e), 0);
	ck_assert_int_eq(epoll_wait(epoll, &e, 1, 0), 1);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_eq(send(pair[0], "x", 1, MSG_NOSIGNAL), 1);
	ck_assert_int_ge(socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0), -1);
	ck_assert_int_ge(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP), 0);
	ck_assert_int_ge(socket(AF_NETLINK, SOCK_RAW, 0), 0);
	_exit(0);
}
END_TEST

#if !defined(__SANITIZE_ADDRESS__)
START_TEST(no_code_is_written)
{
	ck_assert_int_eq(sandbox_enter(), 0);
	errno = 0;
	ck_assert_ptr_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	    MAP_FAILED);
	ck_assert_int_eq(errno, EACCES);
	_exit(0);
}
END_TEST
#endif

START_TEST(aborts)
{
	ck_assert_int_eq(sandbox_enter(), 0);
	abort();
}
END_TEST

int
main(void)
{
	const int n = sizeof deadly / sizeof deadly[0];
	Suite *s = suite_create("sandbox");
	TCase *t = tcase_create("sandbox");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test_raise_signal(t, kills, SIGSYS, 0, n);
	tcase_add_loop_test(t, kills_nobody_else, 0, n);
#if !defined(__SANITIZE_ADDRESS__)
	tcase_add_exit_test(t, no_code_is_written, 0);
#endif
	tcase_add_exit_test(t, names_are_looked_up_in_a_thread, 0);
	tcase_add_exit_test(t, files_are_written, 0);
	tcase_add_exit_test(t, the_loop_turns, 0);
	tcase_add_test_raise_signal(t, aborts, SIGABRT);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
