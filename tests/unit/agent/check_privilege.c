/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up rights. Most of it takes root, and is left out without. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/privilege.h"

static char dir[40], why[512];
static struct identity them;

static bool
is_root(void)
{
	return geteuid() == 0 && privilege_find("nobody", &them, why, sizeof why) == 0;
}

static void
setup(void)
{
	snprintf(dir, sizeof dir, "/tmp/check-privilege-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
teardown(void)
{
	char command[64];

	snprintf(command, sizeof command, "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static const char *
in_dir(const char *name)
{
	static char path[2][80];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
	return path[turn];
}

static void
touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

static uid_t
owner(const char *path)
{
	struct stat st;

	ck_assert_int_eq(lstat(path, &st), 0);
	return st.st_uid;
}

/* A line of /proc/self/status as a hexadecimal number. */
static uint64_t
status(const char *name)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256], *end;
	uint64_t value = UINT64_MAX;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtoull(line + strlen(name), &end, 16);
	fclose(f);
	return value;
}

START_TEST(unknown_user)
{
	struct identity id;

	ck_assert_int_eq(privilege_find("no-such-user", &id, why, sizeof why), -1);
	ck_assert_ptr_nonnull(strstr(why, "no-such-user"));
}
END_TEST

START_TEST(assumed_user)
{
	struct identity id;
	const char *name = getpwnam("fwlog") != NULL ? "fwlog" : "nobody";

	ck_assert_int_eq(privilege_find(NULL, &id, why, sizeof why), 0);
	if (!is_root()) {
		ck_assert(!id.change);
		ck_assert_uint_eq(id.uid, geteuid());
		return;
	}
	ck_assert(id.change);
	ck_assert(id.assumed);
	ck_assert_str_eq(id.name, name);
	ck_assert_uint_ne(id.uid, 0);
}
END_TEST

START_TEST(nothing_is_left)
{
	struct rlimit core;

	if (!is_root())
		return;
	ck_assert_int_eq(privilege_drop(&them), 0);
	ck_assert_uint_eq(status("CapInh:"), 0);
	ck_assert_uint_eq(status("CapPrm:"), 0);
	ck_assert_uint_eq(status("CapEff:"), 0);
	ck_assert_uint_eq(status("CapBnd:"), 0);
	ck_assert_uint_eq(status("CapAmb:"), 0);
	ck_assert_uint_eq(status("NoNewPrivs:"), 1);
	ck_assert_uint_eq(getuid(), them.uid);
	ck_assert_uint_eq(getgid(), them.gid);
	ck_assert_int_eq(setuid(0), -1);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &core), 0);
	ck_assert_uint_eq(core.rlim_max, 0);
}
END_TEST

START_TEST(what_is_needed_is_left)
{
	const uint64_t keep = PRIVILEGE_BIT(CAP_NET_ADMIN) | PRIVILEGE_BIT(CAP_SETUID) |
			      PRIVILEGE_BIT(CAP_SETGID);

	if (!is_root())
		return;
	ck_assert_int_eq(privilege_limit(keep), 0);
	ck_assert_uint_eq(status("CapPrm:"), keep);
	ck_assert_uint_eq(status("CapEff:"), keep);
	ck_assert_uint_eq(status("CapBnd:"), 0);
	ck_assert_int_eq(chown(dir, 1, 1), -1);
	/* And is enough to become somebody else later. */
	ck_assert_int_eq(privilege_drop(&them), 0);
	ck_assert_uint_eq(status("CapPrm:"), 0);
}
END_TEST

START_TEST(spool_is_made)
{
	struct identity id;
	struct stat st;

	ck_assert_int_eq(privilege_find(NULL, &id, why, sizeof why), 0);
	ck_assert_int_eq(privilege_directory(in_dir("new"), &id, why, sizeof why), 0);
	ck_assert_int_eq(stat(in_dir("new"), &st), 0);
	ck_assert_uint_eq(st.st_uid, id.uid);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(privilege_directory(in_dir("new"), &id, why, sizeof why), 0);
}
END_TEST

START_TEST(spool_is_given)
{
	if (!is_root())
		return;
	ck_assert_int_eq(mkdir(in_dir("s"), 0700), 0);
	ck_assert_int_eq(mkdir(in_dir("s/damaged"), 0700), 0);
	touch(in_dir("s/1"));
	touch(in_dir("s/damaged/2"));
	touch(in_dir("precious"));
	ck_assert_int_eq(link(in_dir("precious"), in_dir("s/linked")), 0);
	ck_assert_int_eq(symlink(in_dir("precious"), in_dir("s/symbolic")), 0);
	ck_assert_int_eq(privilege_directory(in_dir("s"), &them, why, sizeof why), 0);
	ck_assert_uint_eq(owner(in_dir("s")), them.uid);
	ck_assert_uint_eq(owner(in_dir("s/1")), them.uid);
	ck_assert_uint_eq(owner(in_dir("s/damaged")), them.uid);
	ck_assert_uint_eq(owner(in_dir("s/damaged/2")), them.uid);
	ck_assert_uint_eq(owner(in_dir("precious")), 0);
}
END_TEST

START_TEST(spool_of_others_is_refused)
{
	if (!is_root())
		return;
	ck_assert_int_eq(mkdir(in_dir("s"), 0700), 0);
	ck_assert_int_eq(chmod(in_dir("s"), 0770), 0);
	ck_assert_int_eq(privilege_directory(in_dir("s"), &them, why, sizeof why), -1);
	ck_assert_int_eq(chmod(in_dir("s"), 0700), 0);
	ck_assert_int_eq(chown(in_dir("s"), 4711, 4711), 0);
	ck_assert_int_eq(privilege_directory(in_dir("s"), &them, why, sizeof why), -1);
	ck_assert_ptr_nonnull(strstr(why, "user 4711"));
	ck_assert_uint_eq(owner(in_dir("s")), 4711);
}
END_TEST

START_TEST(log_is_made_only_where_nothing_is)
{
	if (!is_root())
		return;
	touch(in_dir("precious"));
	ck_assert_int_eq(symlink(in_dir("precious"), in_dir("symbolic")), 0);
	ck_assert_int_eq(symlink(in_dir("absent"), in_dir("dangling")), 0);
	privilege_file(in_dir("precious"), &them);
	privilege_file(in_dir("symbolic"), &them);
	privilege_file(in_dir("dangling"), &them);
	ck_assert_uint_eq(owner(in_dir("precious")), 0);
	ck_assert_int_eq(access(in_dir("absent"), F_OK), -1);
	privilege_file(in_dir("log"), &them);
	ck_assert_uint_eq(owner(in_dir("log")), them.uid);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("privilege");
	TCase *t = tcase_create("privilege");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, unknown_user);
	tcase_add_test(t, assumed_user);
	tcase_add_test(t, nothing_is_left);
	suite_add_tcase(s, (t = tcase_create("files")));
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, what_is_needed_is_left);
	suite_add_tcase(s, (t = tcase_create("directories")));
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, spool_is_made);
	tcase_add_test(t, spool_is_given);
	tcase_add_test(t, spool_of_others_is_refused);
	tcase_add_test(t, log_is_made_only_where_nothing_is);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
