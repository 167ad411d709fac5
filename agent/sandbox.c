/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/sandbox.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#define SOCKET_TYPE_MASK 0xf /* without SOCK_CLOEXEC and SOCK_NONBLOCK */

/* Whatever their arguments. A name this libseccomp does not know is passed over. */
static const char *const allowed[] = {
    /* memory, threads, time */
    "brk", "munmap", "mremap", "madvise", "mincore", "msync", "mlock", "mlock2",
    "munlock", "membarrier", "futex", "futex_waitv", "set_robust_list",
    "get_robust_list", "set_tid_address", "rseq", "sched_yield", "sched_getaffinity",
    "sched_getparam", "sched_getscheduler", "getcpu", "exit", "exit_group",
    "restart_syscall", "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep",
    "gettimeofday", "time", "times", "getrusage", "getitimer", "setitimer", "sysinfo",
    "getrandom", "uname", "arch_prctl", "gettid", "getpid", "getppid", "getuid",
    "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups", "getpgrp",
    "getpgid", "getsid", "getrlimit", "capget",
    /* signals, to itself only: see below */
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending",
    "rt_sigtimedwait", "rt_sigsuspend", "sigaltstack", "signalfd4", "sigreturn",
    /* files, where the rights of its user end */
    "open", "openat", "openat2", "close", "close_range", "read", "write", "pread64",
    "pwrite64", "readv", "writev", "preadv", "pwritev", "preadv2", "pwritev2", "lseek",
    "_llseek", "stat", "fstat", "lstat", "newfstatat", "fstatat64", "stat64", "fstat64",
    "lstat64", "statx", "statfs", "fstatfs", "statfs64", "fstatfs64", "access",
    "faccessat", "faccessat2", "readlink", "readlinkat", "getcwd", "getdents",
    "getdents64", "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir", "rename",
    "renameat", "renameat2", "link", "linkat", "ftruncate", "ftruncate64", "truncate",
    "fallocate", "fsync", "fdatasync", "sync_file_range", "syncfs", "fadvise64",
    "readahead", "flock", "fcntl", "fcntl64", "dup", "dup2", "dup3", "pipe", "pipe2",
    "fchmod", "fchmodat", "umask", "utimensat", "inotify_init1", "inotify_add_watch",
    "inotify_rm_watch",
    /* waiting */
    "poll", "ppoll", "select", "_newselect", "pselect6", "epoll_create",
    "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
    "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime",
    /* sockets, made under the conditions below; none of them can be made to listen,
     * so accept4 is for what the monitor opened */
    "connect", "bind", "accept4", "getsockname", "getpeername", "getsockopt",
    "setsockopt", "send", "recv", "sendto", "recvfrom", "sendmsg", "recvmsg",
    "sendmmsg", "recvmmsg", "shutdown"};

/* One argument of a call: value & mask == wanted. All lines of a call are choices. */
struct condition {
	const char *name;
	unsigned argument;
	uint64_t mask, wanted;
};

#define ALL_BITS UINT64_MAX
#define LOW_BITS UINT64_C(0xffffffff)

static const struct condition conditions[] = {
    /* another thread, never another process */
    {"clone", 0, CLONE_THREAD, CLONE_THREAD},
    /* memory to be run cannot be written */
    {"mmap", 2, PROT_EXEC, 0},
    {"mmap", 2, PROT_WRITE, 0},
    {"mmap2", 2, PROT_EXEC, 0},
    {"mmap2", 2, PROT_WRITE, 0},
    {"mprotect", 2, PROT_EXEC, 0},
    {"mprotect", 2, PROT_WRITE, 0},
    {"socketpair", 0, LOW_BITS, AF_UNIX},
    {"ioctl", 1, LOW_BITS, FIONREAD},
    {"ioctl", 1, LOW_BITS, FIONBIO},
    {"ioctl", 1, LOW_BITS, FIOCLEX},
    {"ioctl", 1, LOW_BITS, TCGETS},
    {"ioctl", 1, LOW_BITS, TIOCGWINSZ},
    {"ioctl", 1, LOW_BITS, SIOCGIFNAME},
    {"ioctl", 1, LOW_BITS, SIOCGIFINDEX},
    {"prctl", 0, LOW_BITS, PR_SET_NAME},
    {"prctl", 0, LOW_BITS, PR_GET_NAME},
#ifdef PR_SET_VMA
    {"prctl", 0, LOW_BITS, PR_SET_VMA},
#endif
    /* asking, not setting */
    {"prlimit64", 2, ALL_BITS, 0},
};

struct socket_kind {
	int family;
	int mask, wanted; /* on the protocol, or the type */
	unsigned argument;
};

static const struct socket_kind sockets[] = {
    {AF_UNIX, 0, 0, 1},
    {AF_INET, SOCKET_TYPE_MASK, SOCK_STREAM, 1},
    {AF_INET, SOCKET_TYPE_MASK, SOCK_DGRAM, 1},
    {AF_INET6, SOCKET_TYPE_MASK, SOCK_STREAM, 1},
    {AF_INET6, SOCKET_TYPE_MASK, SOCK_DGRAM, 1},
    /* addresses and links; NFLOG's sockets come from the monitor */
    {AF_NETLINK, -1, NETLINK_ROUTE, 2},
};

#ifdef SANITIZED
/* What looks for leaks at the end stops all threads from a process of its own. */
static const char *const sanitizer[] = {"clone", "ptrace", "prctl", "wait4",
    "process_vm_readv", "kill", "tgkill", "mmap", "mprotect", "ioctl", "prlimit64",
    "personality", "setrlimit", "sched_setaffinity"};
#endif

static int
allow(scmp_filter_ctx f, const char *name)
{
	int call = seccomp_syscall_resolve_name(name);

	if (call == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 0);
}

static int
allow_list(scmp_filter_ctx f, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int rc = allow(f, names[i]);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
allow_conditions(scmp_filter_ctx f)
{
	for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
		const struct condition *c = &conditions[i];
		int call = seccomp_syscall_resolve_name(c->name), rc;

		if (call == __NR_SCMP_ERROR)
			continue;
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 1,
		    SCMP_CMP64(c->argument, SCMP_CMP_MASKED_EQ, c->mask, c->wanted));
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
allow_sockets(scmp_filter_ctx f)
{
	for (size_t i = 0; i < sizeof sockets / sizeof sockets[0]; i++) {
		const struct socket_kind *s = &sockets[i];
		int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
		    SCMP_CMP64(
			0, SCMP_CMP_MASKED_EQ, LOW_BITS, (uint64_t)(uint32_t)s->family),
		    SCMP_CMP64(s->argument, SCMP_CMP_MASKED_EQ,
			(uint64_t)(uint32_t)s->mask, (uint64_t)(uint32_t)s->wanted));

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Signals only to itself, which is how abort(3) ends it. */
static int
allow_itself(scmp_filter_ctx f)
{
	const scmp_datum_t self = (scmp_datum_t)getpid();
	int rc = seccomp_rule_add(
	    f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0_64(SCMP_CMP_EQ, self));

	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(rt_tgsigqueueinfo), 1,
		    SCMP_A0_64(SCMP_CMP_EQ, self));
	return rc;
}

/*
 * These are refused, not punished: the C library asks for clone3 first, whose flags a
 * filter cannot see, and goes on with clone; compilers at run time (PCRE2) go on
 * without when they may not write what they run.
 */
static int
refuse(scmp_filter_ctx f)
{
	static const char *const maps[] = {"mmap", "mmap2", "mprotect"};
	const uint64_t both = PROT_WRITE | PROT_EXEC;
	int rc = 0, call = seccomp_syscall_resolve_name("clone3");

	if (call != __NR_SCMP_ERROR)
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), call, 0);
	for (size_t i = 0; rc == 0 && i < sizeof maps / sizeof maps[0]; i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES),
		    seccomp_syscall_resolve_name(maps[i]), 1,
		    SCMP_A2_64(SCMP_CMP_MASKED_EQ, both, both));
	return rc;
}

static int
fill(scmp_filter_ctx f)
{
	int rc = allow_list(f, allowed, sizeof allowed / sizeof allowed[0]);

#ifdef SANITIZED
	if (rc == 0)
		rc = allow_list(f, sanitizer, sizeof sanitizer / sizeof sanitizer[0]);
#endif
	if (rc == 0)
		rc = allow_conditions(f);
	if (rc == 0)
		rc = allow_sockets(f);
	if (rc == 0)
		rc = allow_itself(f);
	return rc == 0 ? refuse(f) : rc;
}

bool
sandbox_is_possible(void)
{
	const uint32_t kill = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kill) == 0;
}

int
sandbox_enter(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (f == NULL) {
		errno = ENOMEM;
		return -1;
	}
	rc = fill(f);
	if (rc == 0)
		rc = seccomp_load(f);
	seccomp_release(f);
	errno = -rc;
	return rc < 0 ? -1 : 0;
}
