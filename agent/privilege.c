/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int
privilege_find(const char *user, struct identity *id, char *why, size_t whysize)
{
	const struct passwd *pw;

	*id = (struct identity){.uid = geteuid(), .gid = getegid()};
	if (user == NULL)
		return 0;
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
	id->change = pw->pw_uid != geteuid();
	id->uid = pw->pw_uid;
	id->gid = pw->pw_gid;
	snprintf(id->name, sizeof id->name, "%s", user);
	return 0;
}

/* Without capabilities even root may write only where it owns or is let in. */
static int
check_directory(const char *path, const struct identity *id, char *why, size_t whysize)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		snprintf(why, whysize, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (!S_ISDIR(st.st_mode)) {
		snprintf(why, whysize, "%s: is no directory", path);
		return -1;
	}
	if (st.st_uid != id->uid) {
		snprintf(why, whysize,
		    "%s: belongs to user %u, but the worker runs as user %u: set "
		    "user =, or chown the directory",
		    path, st.st_uid, id->uid);
		return -1;
	}
	return 0;
}

int
privilege_directory(
    const char *path, const struct identity *id, char *why, size_t whysize)
{
	if (mkdir(path, 0700) < 0) {
		if (errno == EEXIST)
			return check_directory(path, id, why, whysize);
		snprintf(why, whysize, "%s: cannot be made: %s", path, strerror(errno));
		return -1;
	}
	if (id->change && chown(path, id->uid, id->gid) < 0) {
		snprintf(why, whysize, "%s: chown: %s", path, strerror(errno));
		return -1;
	}
	return 0;
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
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (become(id) < 0)
		return -1;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 &&
	    errno != EINVAL)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return syscall(SYS_capset, &head, none) < 0 ? -1 : 0;
}
