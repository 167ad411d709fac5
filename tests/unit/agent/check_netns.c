/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network namespaces, with one made on the spot, and bindings on their way through a
 * channel. Where making one is not allowed that part is left out.
 */
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/binding.h"
#include "agent/ifname.h"
#include "agent/netns.h"

static pid_t holder;
static char place[64];

/* A process in a namespace of its own; false where that cannot be. */
static bool
make_namespace(void)
{
	int ready[2];
	char c = 0;

	ck_assert_int_eq(pipe(ready), 0);
	holder = fork();
	if (holder == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		c = unshare(CLONE_NEWNET) == 0 ? 'y' : 'n';
		if (write(ready[1], &c, 1) == 1)
			pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	snprintf(place, sizeof place, "/proc/%d/ns/net", holder);
	return c == 'y';
}

static void
end_namespace(void)
{
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
}

START_TEST(places)
{
	char long_name[BINDING_NETNS_MAX + 2];

	ck_assert(netns_place_ok("web"));
	ck_assert(netns_place_ok("/proc/812/ns/net"));
	ck_assert(!netns_place_ok(""));
	ck_assert(!netns_place_ok("."));
	ck_assert(!netns_place_ok(".."));
	ck_assert(!netns_place_ok("../web"));
	ck_assert(!netns_place_ok("a/b"));
	ck_assert(!netns_place_ok("/run/a:b"));
	ck_assert(!netns_place_ok("we\nb"));
	memset(long_name, 'a', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	ck_assert(!netns_place_ok(long_name));
	long_name[BINDING_NETNS_MAX] = '\0';
	ck_assert(netns_place_ok(long_name));
}
END_TEST

START_TEST(goes_in_and_out)
{
	struct netns_id own, there, now;
	int fd;

	if (!make_namespace())
		return;
	ck_assert_int_eq(netns_find("/proc/self/ns/net", &own), 0);
	ck_assert_int_eq(netns_enter(place, &there), 0);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(netns_find("/proc/self/ns/net", &now), 0);
	ck_assert(netns_same(&there, &now));
	ck_assert(!netns_same(&there, &own));
	netns_leave();
	ck_assert_int_eq(netns_find("/proc/self/ns/net", &now), 0);
	ck_assert(netns_same(&own, &now));
	ck_assert_int_eq(netns_of_socket(fd, &now), 0);
	ck_assert(netns_same(&there, &now));
	ck_assert_int_eq(netns_find(place, &now), 0);
	ck_assert(netns_same(&there, &now));
	end_namespace();
	ck_assert_int_eq(netns_find(place, &now), -1);
	ck_assert_int_eq(errno, ENOENT);
	/* The socket keeps it. */
	ck_assert_int_eq(netns_of_socket(fd, &now), 0);
	ck_assert(netns_same(&there, &now));
	close(fd);
	netns_forget();
}
END_TEST

START_TEST(names_of_links_there)
{
	struct netns_id there;
	struct ifname *names;
	struct bytes b;
	int fd;

	if (!make_namespace())
		return;
	ck_assert_int_eq(netns_enter(place, &there), 0);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	netns_leave();
	names = ifname_new_elsewhere(netns_link_socket(fd));
	ck_assert_ptr_nonnull(names);
	ck_assert_int_ge(ifname_fd(names), 0);
	b = ifname_lookup(names, 1);
	ck_assert_uint_eq(b.len, 2);
	ck_assert_mem_eq(b.p, "lo", 2);
	/* Those of this namespace are none of its. */
	b = ifname_lookup(names, 4711);
	ck_assert_mem_eq(b.p, "#4711", 5);
	ifname_free(names);
	close(fd);
	end_namespace();
}
END_TEST

START_TEST(what_is_none_is_refused)
{
	struct netns_id id;

	ck_assert_int_eq(netns_enter("/nowhere", &id), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(netns_enter("/dev/null", &id), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(netns_enter("/proc/self/ns/uts", &id), -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

/* ---- bindings */

static bool
is_same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

START_TEST(bindings_go_through)
{
	struct binding b = {.group = 5, .netns = "web", .fd = -1, .link_fd = -1}, c;
	int channel[2], other[2];

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, other), 0);
	ck_assert_int_eq(binding_receive(channel[1], &c), 0);
	ck_assert_int_eq(binding_draw(&b), 0);
	b.fd = other[0];
	b.link_fd = other[1];
	ck_assert_int_eq(binding_send(channel[0], &b), 1);
	b.link_fd = -1;
	ck_assert_int_eq(binding_send(channel[0], &b), 1);
	b.fd = -1;
	ck_assert_int_eq(binding_send(channel[0], &b), 1);
	ck_assert_int_eq(binding_receive(channel[1], &c), 1);
	ck_assert_uint_eq(c.bind_id, b.bind_id);
	ck_assert_uint_eq(c.bound_us, b.bound_us);
	ck_assert_uint_eq(c.group, 5);
	ck_assert_str_eq(c.netns, "web");
	ck_assert(is_same_file(c.fd, other[0]));
	ck_assert(is_same_file(c.link_fd, other[1]));
	ck_assert_int_eq(binding_receive(channel[1], &c), 1);
	ck_assert(is_same_file(c.fd, other[0]));
	ck_assert_int_eq(c.link_fd, -1);
	ck_assert_int_eq(binding_receive(channel[1], &c), 1);
	ck_assert_int_eq(c.fd, -1);
	close(channel[0]);
	ck_assert_int_eq(binding_receive(channel[1], &c), -1);
}
END_TEST

/* A worker that stands still must not make the monitor wait, or lose a group. */
START_TEST(a_full_channel_is_not_waited_for)
{
	struct binding b = {.group = 5, .fd = -1, .link_fd = -1}, c;
	int channel[2], sent = 0, rc;

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
	while ((rc = binding_send(channel[0], &b)) == 1)
		ck_assert_int_lt(sent++, 100000);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(binding_receive(channel[1], &c), 1);
	ck_assert_int_eq(binding_send(channel[0], &b), 1);
	close(channel[1]);
	ck_assert_int_eq(binding_send(channel[0], &b), -1);
	close(channel[0]);
}
END_TEST

START_TEST(ids_tell_places_apart)
{
	struct binding own = {.group = 5}, web = {.group = 5, .netns = "web"}, again;
	char label[BINDING_LABEL_MAX];

	ck_assert_int_eq(binding_draw(&own), 0);
	ck_assert_int_eq(binding_draw(&web), 0);
	again = own;
	ck_assert_int_eq(binding_draw(&again), 0);
	ck_assert_uint_ne(own.bind_id, again.bind_id);
	ck_assert_uint_ne(own.bind_id, 0);
	ck_assert_uint_eq((uint32_t)own.bind_id, 0);
	ck_assert_uint_eq((uint32_t)web.bind_id, binding_place("web"));
	ck_assert_uint_ne(binding_place("web"), binding_place("db"));
	binding_label(&own, label);
	ck_assert_str_eq(label, "5");
	binding_label(&web, label);
	ck_assert_str_eq(label, "5 in web");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("netns");
	TCase *t = tcase_create("netns");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, places);
	tcase_add_test(t, goes_in_and_out);
	tcase_add_test(t, names_of_links_there);
	tcase_add_test(t, what_is_none_is_refused);
	tcase_add_test(t, bindings_go_through);
	tcase_add_test(t, a_full_channel_is_not_waited_for);
	tcase_add_test(t, ids_tell_places_apart);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
