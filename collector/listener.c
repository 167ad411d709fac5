/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/listener.h"

#include <errno.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "collector/clock.h"
#include "common/log.h"

struct place {
	struct listener *listener;
	struct evconnlistener *at;
	struct address address;
	enum transport_kind kind;
};

struct listener {
	struct place place[LISTENER_ADDRESSES_MAX];
	size_t count;
	bool sealed_too; /* the keys are there */
	bool pausing;
	struct event *pause;
	struct log_limit limit;
	listener_accepted *accepted;
	void *arg;
};

static const char *
unix_path(const struct address *a)
{
	return ((const struct sockaddr_un *)(const void *)&a->sa)->sun_path;
}

/* ---- opening */

static void
complain(const struct address *a, int error)
{
	const char *remedy = "";

	switch (error) {
	case EADDRINUSE:
		remedy = ": another process has it (ss -ltnxp shows which): stop that "
			 "or change listen";
		break;
	case EADDRNOTAVAIL:
		remedy = ": no interface has this address: change listen";
		break;
	case EACCES:
		remedy = address_is_unix(a)
			     ? ": the folder must be writable for the collector's user"
			     : ": ports below 1024 need CAP_NET_BIND_SERVICE";
		break;
	case ENOENT:
		remedy = ": the folder of the socket does not exist: create it";
		break;
	default:
		break;
	}
	log_error("cannot listen on %s: %s%s", a->text, strerror(error), remedy);
}

/* A socket file that nobody listens on is what a killed collector left behind. */
static void
remove_stale(const struct address *a)
{
	struct stat st;
	int fd;

	if (lstat(unix_path(a), &st) != 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)&a->sa, a->len) != 0 &&
	    errno == ECONNREFUSED)
		unlink(unix_path(a));
	close(fd);
}

static int
set_options(int fd, const struct address *a)
{
	int on = 1;

	if (address_is_unix(a))
		return 0;
	if (a->sa.ss_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
		return -1;
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

/* The bound socket, or -1 with errno. */
static int
open_socket(const struct address *a, unsigned mode)
{
	int fd, saved;

	if (address_is_unix(a))
		remove_stale(a);
	fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (set_options(fd, a) == 0 &&
	    bind(fd, (const struct sockaddr *)&a->sa, a->len) == 0 &&
	    (!address_is_unix(a) || chmod(unix_path(a), mode) == 0) &&
	    listen(fd, SOMAXCONN) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* ---- accepting */

static void
on_accept(struct evconnlistener *at, evutil_socket_t fd, struct sockaddr *sa, int len,
    void *arg)
{
	const struct place *p = arg;
	struct address peer;

	(void)at;
	address_of_peer(&peer, fd, sa, (socklen_t)len);
	p->listener->accepted(p->listener->arg, fd, &peer, p->kind);
}

/* Which sockets accept follows from what holds now. */
static void
listener_set(struct listener *l)
{
	for (size_t i = 0; i < l->count; i++) {
		struct place *p = &l->place[i];

		if (l->pausing || (p->kind == TRANSPORT_SEALED && !l->sealed_too))
			evconnlistener_disable(p->at);
		else
			evconnlistener_enable(p->at);
	}
}

static void
on_error(struct evconnlistener *at, void *arg)
{
	struct listener *l = ((struct place *)arg)->listener;
	struct timeval wait = clock_timeval(LISTENER_PAUSE_MS);

	(void)at;
	log_limited(&l->limit, LOG_LEVEL_ERROR,
	    "cannot accept connections: %s: waiting; raise LimitNOFILE if it lasts",
	    evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	l->pausing = true;
	listener_set(l);
	evtimer_add(l->pause, &wait);
}

static void
on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)fd;
	(void)what;
	l->pausing = false;
	listener_set(l);
}

void
listener_begin_sealed(struct listener *l)
{
	if (l == NULL || l->sealed_too)
		return;
	l->sealed_too = true;
	listener_set(l);
}

bool
listener_has_sealed(const struct listener *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->place[i].kind == TRANSPORT_SEALED)
			return true;
	return false;
}

static int
listener_allow(
    const struct address *a, enum transport_kind kind, const struct options *o)
{
	if (transport_allowed(kind, a, o->allow_plain_network))
		return 0;
	log_error(
	    "cannot listen on %s: a plain stream sends records in clear and is only "
	    "for loopback and Unix sockets: use listen with transport = sealed, "
	    "or set allow_plain_network = yes if the network itself is sealed "
	    "(WireGuard, IPsec)",
	    a->text);
	return -1;
}

static int
listener_open(struct listener *l, struct event_base *base, const struct address *a,
    enum transport_kind kind, const struct options *o)
{
	struct place *p = &l->place[l->count];
	int fd;

	if (listener_allow(a, kind, o) != 0)
		return EXIT_CONFIG;
	fd = open_socket(a, options_mode(o));
	if (fd < 0) {
		complain(a, errno);
		return EXIT_FAILED;
	}
	p->at = evconnlistener_new(base, on_accept, p,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_DISABLED, 0, fd);
	if (p->at == NULL) {
		close(fd);
		return EXIT_FAILED;
	}
	evconnlistener_set_error_cb(p->at, on_error);
	p->listener = l;
	p->address = *a;
	p->kind = kind;
	l->count++;
	log_info(
	    "listening on %s%s", a->text, kind == TRANSPORT_PLAIN ? ", plain" : "");
	return EXIT_OK;
}

/* list: of the option of that name, NULL: none. */
static int
listener_open_list(struct listener *l, struct event_base *base, const char *name,
    const char *list, enum transport_kind kind, const struct options *o)
{
	struct address found[LISTENER_ADDRESSES_MAX];
	char why[256];
	int rc = EXIT_OK, n;

	if (list == NULL)
		return EXIT_OK;
	n = address_parse_list(
	    list, found, LISTENER_ADDRESSES_MAX - l->count, why, sizeof why);
	if (n < 0) {
		log_error("%s: %s", name, why);
		return EXIT_CONFIG;
	}
	for (int i = 0; i < n && rc == EXIT_OK; i++)
		rc = listener_open(l, base, &found[i], kind, o);
	return rc;
}

static int
listener_open_all(struct listener *l, struct event_base *base, const struct options *o)
{
	int rc = listener_open_list(
	    l, base, "listen", options_listen(o), (enum transport_kind)o->transport, o);

	if (rc == EXIT_OK)
		rc = listener_open_list(
		    l, base, "listen_plain", o->listen_plain, TRANSPORT_PLAIN, o);
	listener_set(l);
	return rc;
}

struct listener *
listener_new(struct event_base *base, const struct options *options,
    listener_accepted *accepted, void *arg, int *rc)
{
	struct listener *l = calloc(1, sizeof *l);

	*rc = EXIT_FAILED;
	if (l == NULL)
		return NULL;
	l->accepted = accepted;
	l->arg = arg;
	l->pause = evtimer_new(base, on_pause_over, l);
	if (l->pause != NULL)
		*rc = listener_open_all(l, base, options);
	if (*rc != EXIT_OK) {
		listener_free(l);
		return NULL;
	}
	return l;
}

void
listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->count; i++) {
		evconnlistener_free(l->place[i].at);
		if (address_is_unix(&l->place[i].address))
			unlink(unix_path(&l->place[i].address));
	}
	if (l->pause != NULL)
		event_free(l->pause);
	free(l);
}
