/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/groups.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/binding.h"
#include "agent/netns.h"
#include "agent/nflog.h"
#include "agent/notify.h"
#include "common/log.h"

#define RETRY_MIN_MS 1000 /* for a group another process holds, doubling */
#define RETRY_MAX_MS 8000
#define LOOK_MS 1000 /* how often to see whether a namespace is (still) there */
#define OWED_MS 100  /* until the worker is offered again what it did not take */

struct group {
	struct nflog_conf conf;
	const char *place; /* of its namespace; NULL: the agent's own */
	struct netns_id netns;
	struct binding binding; /* fd -1: not ours yet */
	/* What the worker did not take yet; the end of a binding goes before the next.
	 */
	bool owed, end_owed;
	struct binding ended;
	bool said_owed;
	char label[BINDING_LABEL_MAX];
	int64_t retry_ms; /* 0: the next attempt says why it fails */
	int64_t retry_at;
};

struct groups {
	struct group group[OPTIONS_GROUPS_MAX];
	size_t count;
	int channel;     /* to the worker, -1 none */
	int64_t look_at; /* at the namespaces of bound groups */
	int64_t pay_at;  /* what is owed to the worker */
};

static void
init_group(struct group *g, const struct options *o, size_t i)
{
	const struct group_options own = options_group(o, i);
	uint16_t number = o->group[i].number;

	*g = (struct group){
	    .conf =
		{
		    .group = number,
		    .snaplen = (uint32_t)own.snaplen,
		    .queue_threshold = (uint32_t)own.queue_threshold,
		    .timeout_ms = (uint32_t)own.flush_timeout,
		    .nlbufsiz = (uint32_t)own.nlbufsiz,
		    .receive_buffer = (uint32_t)own.receive_buffer,
		    .conntrack = o->conntrack == CONNTRACK_AUTO,
		},
	    .place = options_place(o, i),
	    .binding = {.group = number, .fd = -1, .link_fd = -1},
	};
	snprintf(g->binding.netns, sizeof g->binding.netns, "%s", options_netns(o, i));
	binding_label(&g->binding, g->label);
}

struct groups *
groups_new(const struct options *options)
{
	struct groups *g = calloc(1, sizeof *g);

	if (g == NULL)
		return NULL;
	g->channel = -1;
	g->look_at = GROUPS_NEVER;
	g->count = options->groups;
	for (size_t i = 0; i < g->count; i++) {
		init_group(&g->group[i], options, i);
		if (g->group[i].place != NULL)
			g->look_at = 0;
	}
	return g;
}

void
groups_free(struct groups *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->count; i++)
		if (g->group[i].binding.fd >= 0)
			close(g->group[i].binding.fd);
	free(g);
}

/* ---- to the worker and the store */

/* Whether the matter is closed: the worker has it, or is dead, which SIGCHLD tells. */
static bool
offer(const struct groups *all, struct group *g, const struct binding *b)
{
	int rc = binding_send(all->channel, b);

	if (rc == 0 && !g->said_owed) {
		g->said_owed = true;
		log_warn("group %s: the worker does not take it now: %s; trying again",
		    g->label, strerror(errno));
	}
	return rc != 0;
}

static bool
offer_binding(const struct groups *all, struct group *g)
{
	struct binding *b = &g->binding;
	bool taken;

	if (g->place != NULL)
		b->link_fd = netns_link_socket(b->fd);
	taken = offer(all, g, b);
	if (b->link_fd >= 0)
		close(b->link_fd);
	b->link_fd = -1;
	return taken;
}

static void
pay(const struct groups *all, struct group *g)
{
	if (all->channel < 0)
		return;
	if (g->end_owed)
		g->end_owed = !offer(all, g, &g->ended);
	if (g->owed && !g->end_owed)
		g->owed = !offer_binding(all, g);
	if (!g->owed && !g->end_owed)
		g->said_owed = false;
}

static bool
owes(const struct groups *all, const struct group *g)
{
	return all->channel >= 0 && (g->owed || g->end_owed);
}

/* A worker that never had a binding need not hear of its end. */
void
groups_give(struct groups *g, int channel)
{
	g->channel = channel;
	for (size_t i = 0; i < g->count; i++) {
		g->group[i].end_owed = false;
		g->group[i].said_owed = false;
		g->group[i].owed = g->group[i].binding.fd >= 0;
		pay(g, &g->group[i]);
	}
}

/* fwlog-BIND_ID-BOUND_US-GROUP[-NETNS] */
static void
store_name(const struct group *g, char name[NOTIFY_NAME_MAX + 1])
{
	const struct binding *b = &g->binding;

	snprintf(name, NOTIFY_NAME_MAX + 1,
	    "fwlog-%016" PRIx64 "-%016" PRIx64 "-%u%s%s", b->bind_id, b->bound_us,
	    b->group, b->netns[0] != '\0' ? "-" : "", b->netns);
}

static struct group *
find_group(struct groups *all, unsigned number, const char *netns)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->group[i].binding.group == number &&
		    strcmp(all->group[i].binding.netns, netns) == 0)
			return &all->group[i];
	return NULL;
}

/* Whether the socket is of the namespace that the group is to be read in now. */
static bool
is_in_place(struct group *g, int fd)
{
	struct netns_id now;

	return g->place == NULL ||
	       (netns_of_socket(fd, &g->netns) == 0 &&
		   netns_find(g->place, &now) == 0 && netns_same(&g->netns, &now));
}

static bool
adopt(struct groups *all, int fd, const char *name)
{
	struct binding b = {.fd = fd, .link_fd = -1};
	struct nflog_socket s;
	struct group *g;
	unsigned number;
	int end = 0;

	if (sscanf(name, "fwlog-%16" SCNx64 "-%16" SCNx64 "-%5u%n", &b.bind_id,
		&b.bound_us, &number, &end) != 3)
		return false;
	name += end;
	g = find_group(all, number, *name == '-' ? name + 1 : name);
	if (g == NULL || g->binding.fd >= 0 ||
	    (uint32_t)b.bind_id != binding_place(g->binding.netns) ||
	    !is_in_place(g, fd) || nflog_adopt(fd, &g->conf, &s) < 0)
		return false;
	g->binding.bind_id = b.bind_id;
	g->binding.bound_us = b.bound_us;
	g->binding.fd = fd;
	log_info("group %s taken back from the service manager", g->label);
	return true;
}

static void
take_stored(void *arg, int fd, const char *name)
{
	if (adopt(arg, fd, name))
		return;
	log_info("the service manager had kept a socket that is of no use: %s", name);
	close(fd);
	notify_drop(name);
}

/* ---- binding */

static void
report_bound(const struct group *g, const struct nflog_socket *s)
{
	log_info("group %s bound: snaplen %u, receive buffer %u KiB%s", g->label,
	    g->conf.snaplen, s->receive_buffer / 1024,
	    s->conntrack ? ", with conntrack" : "");
	if (s->receive_buffer < g->conf.receive_buffer)
		log_warn(
		    "group %s: the kernel grants a receive buffer of %u KiB instead "
		    "of %u KiB: raise it with sysctl net.core.rmem_max=%u",
		    g->label, s->receive_buffer / 1024, g->conf.receive_buffer / 1024,
		    g->conf.receive_buffer);
}

/* A name is there before its namespace is mounted over it: EINVAL. */
static bool
is_absent(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ESRCH || error == EINVAL;
}

static enum nflog_result
explain_netns(const struct group *g, char *why, size_t whysize)
{
	int error = errno;
	bool absent = is_absent(error);

	if (why == NULL)
		return absent ? NFLOG_TAKEN : NFLOG_FAILED;
	if (absent)
		snprintf(why, whysize, "group %s: there is no network namespace %s%s%s",
		    g->label, g->place[0] == '/' ? "" : NETNS_DIR "/", g->place,
		    error == EINVAL ? " (what is there is none)" : "");
	else
		snprintf(why, whysize,
		    "group %s: the network namespace %s cannot be entered: %s: the "
		    "agent needs CAP_SYS_ADMIN, and CAP_SYS_PTRACE for a path "
		    "under /proc",
		    g->label, g->place, strerror(error));
	return absent ? NFLOG_TAKEN : NFLOG_FAILED;
}

static enum nflog_result
bind_in_place(struct group *g, struct nflog_socket *s, char *why, size_t whysize)
{
	enum nflog_result result;

	if (g->place == NULL)
		return nflog_bind(&g->conf, s, why, whysize);
	if (netns_enter(g->place, &g->netns) < 0)
		return explain_netns(g, why, whysize);
	result = nflog_bind(&g->conf, s, why, whysize);
	netns_leave();
	return result;
}

static void
plan_retry(struct group *g, int64_t now)
{
	g->retry_ms = g->retry_ms == 0 ? RETRY_MIN_MS : g->retry_ms * 2;
	if (g->retry_ms > RETRY_MAX_MS)
		g->retry_ms = RETRY_MAX_MS;
	/* Looking for a namespace is cheap, and it may log from its first moment on. */
	if (g->place != NULL)
		g->retry_ms = LOOK_MS;
	g->retry_at = now + g->retry_ms;
}

/* Tries once; on failure sets when to try again, and says why when it is news. */
static enum nflog_result
try_group(struct groups *all, struct group *g, int64_t now)
{
	bool first = g->retry_ms == 0;
	struct nflog_socket s;
	char why[512], name[NOTIFY_NAME_MAX + 1];
	enum nflog_result result = bind_in_place(g, &s, first ? why : NULL, sizeof why);

	if (result != NFLOG_BOUND) {
		plan_retry(g, now);
		if (first && result == NFLOG_TAKEN)
			log_warn("%s; trying again every %d s", why,
			    (g->place != NULL ? LOOK_MS : RETRY_MAX_MS) / 1000);
		else if (first)
			log_error("%s", why);
		return result;
	}
	if (binding_draw(&g->binding) < 0) {
		log_error("no random numbers: %s", strerror(errno));
		close(s.fd);
		return NFLOG_FAILED;
	}
	g->binding.fd = s.fd;
	report_bound(g, &s);
	store_name(g, name);
	notify_store(s.fd, name);
	g->owed = true;
	pay(all, g);
	return NFLOG_BOUND;
}

int
groups_bind(struct groups *g, int64_t now)
{
	int rc = 0;

	notify_take(take_stored, g);
	for (size_t i = 0; i < g->count; i++) {
		enum nflog_result result;

		if (g->group[i].binding.fd >= 0)
			continue;
		result = try_group(g, &g->group[i], now);
		if (result == NFLOG_DENIED)
			return -1;
		if (result == NFLOG_FAILED)
			rc = -1;
	}
	return rc;
}

/* ---- as time goes by */

/* Its socket would keep the namespace alive as long as it is open. */
static void
let_go(struct groups *all, struct group *g)
{
	char name[NOTIFY_NAME_MAX + 1];

	store_name(g, name);
	notify_drop(name);
	close(g->binding.fd);
	g->binding.fd = -1;
	if (!g->owed) {
		g->ended = g->binding;
		g->end_owed = true;
	}
	g->owed = false;
	pay(all, g);
	g->retry_ms = g->retry_at = 0;
}

static void
look_after(struct groups *all, struct group *g)
{
	struct netns_id now;
	bool there = netns_find(g->place, &now) == 0;

	if (there ? netns_same(&now, &g->netns) : !is_absent(errno))
		return;
	log_info("group %s: the network namespace %s", g->label,
	    there ? "is another one now" : "is gone");
	let_go(all, g);
}

static void
look_after_all(struct groups *g, int64_t now)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->group[i].place != NULL && g->group[i].binding.fd >= 0)
			look_after(g, &g->group[i]);
	g->look_at = now + LOOK_MS;
}

int64_t
groups_due(const struct groups *g)
{
	int64_t due = g->look_at;

	for (size_t i = 0; i < g->count; i++)
		if (owes(g, &g->group[i]) && g->pay_at < due)
			due = g->pay_at;
	for (size_t i = 0; i < g->count; i++)
		if (g->group[i].binding.fd < 0 && g->group[i].retry_at < due)
			due = g->group[i].retry_at;
	return due;
}

bool
groups_tick(struct groups *g, int64_t now)
{
	bool given = false;

	if (g->look_at <= now)
		look_after_all(g, now);
	for (size_t i = 0; i < g->count; i++)
		if (owes(g, &g->group[i]))
			pay(g, &g->group[i]);
	g->pay_at = now + OWED_MS;
	for (size_t i = 0; i < g->count; i++)
		if (g->group[i].binding.fd < 0 && g->group[i].retry_at <= now)
			given |= try_group(g, &g->group[i], now) == NFLOG_BOUND;
	return given && g->channel >= 0;
}

size_t
groups_bound(const struct groups *g)
{
	size_t bound = 0;

	for (size_t i = 0; i < g->count; i++)
		bound += g->group[i].binding.fd >= 0;
	return bound;
}
