/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/nflog_owner.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROTOCOL_NETFILTER 12 /* NETLINK_NETFILTER, as /proc/net/netlink prints it */

/* /proc/net/netfilter/nfnetlink_log: "group portid queued copy_mode …" */
static bool
find_port(uint16_t group, unsigned *port)
{
	FILE *f = fopen("/proc/net/netfilter/nfnetlink_log", "re");
	char line[256];
	unsigned g, p;
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "%u %u", &g, &p) == 2 && g == group) {
			*port = p;
			found = true;
		}
	fclose(f);
	return found;
}

/* /proc/net/netlink: "sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode" */
static bool
find_inode(unsigned port, unsigned long *inode)
{
	FILE *f = fopen("/proc/net/netlink", "re");
	char line[256];
	unsigned protocol, pid;
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && fgets(line, sizeof line, f) != NULL)
		found = sscanf(line, "%*s %u %u %*s %*s %*s %*s %*s %*s %lu", &protocol,
			    &pid, inode) == 3 &&
			protocol == PROTOCOL_NETFILTER && pid == port;
	fclose(f);
	return found;
}

static bool
has_socket(const char *pid, const char *wanted)
{
	char path[300], target[64];
	struct dirent *e;
	bool found = false;
	ssize_t n;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%s/fd", pid);
	if ((dir = opendir(path)) == NULL)
		return false;
	while (!found && (e = readdir(dir)) != NULL) {
		n = readlinkat(dirfd(dir), e->d_name, target, sizeof target - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		found = strcmp(target, wanted) == 0;
	}
	closedir(dir);
	return found;
}

static bool
find_process(unsigned long inode, char *pid, size_t size)
{
	DIR *proc = opendir("/proc");
	char wanted[64];
	struct dirent *e;
	bool found = false;

	if (proc == NULL)
		return false;
	snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
	while (!found && (e = readdir(proc)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]) ||
		    !has_socket(e->d_name, wanted))
			continue;
		snprintf(pid, size, "%.15s", e->d_name);
		found = true;
	}
	closedir(proc);
	return found;
}

static bool
process_name(const char *pid, char *name, size_t size)
{
	char path[300];
	FILE *f;
	bool ok;

	snprintf(path, sizeof path, "/proc/%s/comm", pid);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	ok = fgets(name, (int)size, f) != NULL;
	fclose(f);
	if (ok)
		name[strcspn(name, "\n")] = '\0';
	return ok;
}

void
nflog_owner(uint16_t group, char *buf, size_t size)
{
	char pid[16], name[32];
	unsigned long inode;
	unsigned port;

	if (find_port(group, &port) && find_inode(port, &inode) &&
	    find_process(inode, pid, sizeof pid) &&
	    process_name(pid, name, sizeof name))
		snprintf(buf, size, "another process, %s (pid %s)", name, pid);
	else
		snprintf(buf, size, "another process (ulogd2? another fwlog-agent?)");
}
