/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/privilege.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEPTH_MAX 3 /* of directories in the spool; it has one */

/* ---- who */

/* "inside outside count" a line: whether the user namespace knows that id. */
static bool
is_mapped(const char *map, unsigned long id)
{
	FILE *f = fopen(map, "re");
	unsigned long first, count;
	bool found = false;

	if (f == NULL)
		return true; /* a kernel without user namespaces */
	while (!found && fscanf(f, "%lu %*u %lu", &first, &count) == 2)
		found = id >= first && id - first < count;
	fclose(f);
	return found;
}

static bool
groups_can_change(void)
{
	char text[8] = "";
	FILE *f = fopen("/proc/self/setgroups", "re");

	if (f == NULL)
		return true;
	if (fgets(text, sizeof text, f) == NULL)
		text[0] = '\0';
	fclose(f);
	return strncmp(text, "deny", 4) != 0;
}

static bool
can_become(const struct passwd *pw)
{
	return is_mapped("/proc/self/uid_map", pw->pw_uid) &&
	       is_mapped("/proc/self/gid_map", pw->pw_gid) && groups_can_change();
}

static void
take(struct identity *id, const struct passwd *pw)
{
	id->change = pw->pw_uid != geteuid();
	id->uid = pw->pw_uid;
	id->gid = pw->pw_gid;
	snprintf(id->name, sizeof id->name, "%s", pw->pw_name);
}

static int
find_default(struct identity *id, char *why, size_t whysize)
{
	static const char *const names[] = {"fwlog", "nobody"};
	bool found = false;

	if (geteuid() != 0)
		return 0;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const struct passwd *pw = getpwnam(names[i]);

		if (pw == NULL)
			continue;
		found = true;
		if (!can_become(pw))
			continue;
		take(id, pw);
		id->assumed = true;
		return 0;
	}
	/* Root of a user namespace, which has nobody else. */
	if (found)
		return 0;
	snprintf(why, whysize,
	    "user is not set, and there is neither fwlog nor nobody: make a user for "
	    "the worker: useradd -r fwlog");
	return -1;
}

int
privilege_find(const char *user, struct identity *id, char *why, size_t whysize)
{
	const struct passwd *pw;

	*id = (struct identity){.uid = geteuid(), .gid = getegid()};
	if (user == NULL)
		return find_default(id, why, whysize);
	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL) {
		snprintf(why, whysize,
		    "user = %s: %s: make it (useradd -r %s) or "
		    "name another",
		    user, errno != 0 ? strerror(errno) : "no such user", user);
		return -1;
	}
	if (geteuid() != 0 && pw->pw_uid != geteuid()) {
		snprintf(why, whysize,
		    "user = %s: only root can become another user: start as root, or "
		    "as that user with CAP_NET_ADMIN",
		    user);
		return -1;
	}
	take(id, pw);
	if (id->change && !can_become(pw)) {
		snprintf(why, whysize,
		    "user = %s: this user namespace does not have that user", user);
		return -1;
	}
	return 0;
}

/* ---- what is the worker's */

static int give_contents(int dir, const struct identity *id, int depth);

/* A file with a second name may be anybody's: it stays. */
static int
give(int parent, const char *name, const struct identity *id, int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC),
	    rc = 0;
	struct stat st;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid()) {
		if (S_ISDIR(st.st_mode))
			rc = give_contents(dup(fd), id, depth + 1);
		if (rc == 0 &&
		    (S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && st.st_nlink == 1)))
			rc = fchown(fd, id->uid, id->gid);
	}
	close(fd);
	return rc;
}

/* dir is closed. */
static int
give_contents(int dir, const struct identity *id, int depth)
{
	DIR *d = depth < DEPTH_MAX ? fdopendir(dir) : NULL;
	const struct dirent *e;
	int rc = 0;

	if (d == NULL) {
		if (dir >= 0)
			close(dir);
		return depth < DEPTH_MAX ? -1 : 0;
	}
	while (rc == 0 && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = give(dirfd(d), e->d_name, id, depth);
	closedir(d);
	return rc;
}

/*
 * Without capabilities even root may write only where it owns or is let in. What only
 * this process could write to holds nothing that others slipped in.
 */
static int
give_directory(
    int dir, const char *path, const struct identity *id, char *why, size_t whysize)
{
	struct stat st;

	if (fstat(dir, &st) < 0) {
		snprintf(why, whysize, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (st.st_uid == id->uid)
		return 0;
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		snprintf(why, whysize,
		    "%s: belongs to user %u, but the worker runs as user %u: set "
		    "user =, or chown -R the directory",
		    path, st.st_uid, id->uid);
		return -1;
	}
	if (give_contents(dup(dir), id, 0) < 0 || fchown(dir, id->uid, id->gid) < 0) {
		snprintf(why, whysize, "%s: cannot be given to user %u: %s", path,
		    id->uid, strerror(errno));
		return -1;
	}
	return 0;
}

int
privilege_directory(
    const char *path, const struct identity *id, char *why, size_t whysize)
{
	int dir, rc;

	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		snprintf(why, whysize, "%s: cannot be made: %s", path, strerror(errno));
		return -1;
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		snprintf(why, whysize, "%s: %s", path,
		    errno == ENOTDIR ? "is no directory" : strerror(errno));
		return -1;
	}
	rc = give_directory(dir, path, id, why, whysize);
	close(dir);
	return rc;
}

void
privilege_file(const char *path, const struct identity *id)
{
	int fd;

	if (!id->change)
		return;
	/* What is there already may be a link to something else. */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return;
	if (fchown(fd, id->uid, id->gid) < 0)
		unlink(path);
	close(fd);
}

/* ---- capabilities */

static int
get_capabilities(struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3])
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capget, &head, data) < 0 ? -1 : 0;
}

static int
set_capabilities(const struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3])
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capset, &head, data) < 0 ? -1 : 0;
}

/*
 * The bounding set matters to those who run other programs, which nobody here does.
 * Where the right to change it is missing, no-new-privileges has the same effect.
 */
static int
empty_bounding_set(void)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return errno == EPERM ? 0 : -1;
	return 0;
}

int
privilege_limit(uint64_t keep)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || empty_bounding_set() < 0)
		return -1;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 &&
	    errno != EINVAL)
		return -1;
	if (get_capabilities(data) < 0)
		return -1;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= (uint32_t)(keep >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return set_capabilities(data);
}

static int
become(const struct identity *id)
{
	if (!id->change)
		return 0;
	if (initgroups(id->name, id->gid) < 0 ||
	    setresgid(id->gid, id->gid, id->gid) < 0 ||
	    setresuid(id->uid, id->uid, id->uid) < 0)
		return -1;
	return 0;
}

int
privilege_drop(const struct identity *id)
{
	const struct rlimit no_core = {0, 0};

	/* While the right to do so is still there. */
	if (empty_bounding_set() < 0 || become(id) < 0 || privilege_limit(0) < 0)
		return -1;
	if (setrlimit(RLIMIT_CORE, &no_core) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -1;
	return 0;
}
