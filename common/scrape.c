/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/scrape.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define UNIX_PREFIX "unix:"
#define TEXT_TYPE "text/plain; charset=utf-8"
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* A connection evhttp has: the second reference keeps it until it is looked at. */
struct slot {
	struct bufferevent *bev; /* NULL: free */
	int64_t since_ms;
};

struct scrape {
	struct scrape_calls calls;
	struct event_base *base;
	struct evhttp *http;
	struct evconnlistener *listener;
	struct event *sweep;
	struct slot slot[SCRAPE_CONNECTIONS_MAX];
	bool full; /* nothing is accepted */
};

/* ---- addresses */

union socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un path;
};

static bool
parse_port(const char *text, in_port_t *port)
{
	char *end;
	unsigned long value;

	if (text[0] < '0' || text[0] > '9')
		return false;
	value = strtoul(text, &end, 10);
	*port = htons((uint16_t)value);
	return *end == '\0' && value > 0 && value <= 65535;
}

static bool
parse_path(const char *path, union socket_address *a, socklen_t *len)
{
	size_t n = strlen(path);

	if (path[0] != '/' || n >= sizeof a->path.sun_path)
		return false;
	a->path.sun_family = AF_UNIX;
	memcpy(a->path.sun_path, path, n + 1);
	*len = sizeof a->path;
	return true;
}

static bool
parse_inet(const char *host, size_t n, union socket_address *a, socklen_t *len)
{
	char text[INET6_ADDRSTRLEN];
	bool v6 = n > 2 && host[0] == '[' && host[n - 1] == ']';

	if (n - (v6 ? 2 : 0) >= sizeof text)
		return false;
	snprintf(text, sizeof text, "%.*s", (int)(v6 ? n - 2 : n), host + v6);
	if (v6) {
		a->v6.sin6_family = AF_INET6;
		*len = sizeof a->v6;
		return inet_pton(AF_INET6, text, &a->v6.sin6_addr) == 1 &&
		       IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
	}
	a->v4.sin_family = AF_INET;
	*len = sizeof a->v4;
	if (strcmp(text, "localhost") == 0)
		snprintf(text, sizeof text, "127.0.0.1");
	return inet_pton(AF_INET, text, &a->v4.sin_addr) == 1 &&
	       ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
}

static bool
parse(const char *address, union socket_address *a, socklen_t *len)
{
	const char *colon = strrchr(address, ':');
	in_port_t port;

	memset(a, 0, sizeof *a);
	if (strncmp(address, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return parse_path(address + strlen(UNIX_PREFIX), a, len);
	if (colon == NULL || !parse_port(colon + 1, &port) ||
	    !parse_inet(address, (size_t)(colon - address), a, len))
		return false;
	if (a->any.sa_family == AF_INET6)
		a->v6.sin6_port = port;
	else
		a->v4.sin_port = port;
	return true;
}

int
scrape_check(const char *address, char *why, size_t whysize)
{
	union socket_address a;
	socklen_t len;

	if (parse(address, &a, &len))
		return 0;
	snprintf(why, whysize,
	    "must be of this host, 127.0.0.1:PORT, [::1]:PORT or unix:/path; a proxy "
	    "that authenticates may show it to others");
	return -1;
}

/* ---- listening */

/* A file that a killed process left, not one that is in use. */
static void
remove_stale(const union socket_address *a, socklen_t len)
{
	struct stat st;
	int fd;

	if (lstat(a->path.sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, &a->any, len) < 0 && errno == ECONNREFUSED)
		unlink(a->path.sun_path);
	close(fd);
}

static int
bind_there(int fd, const union socket_address *a, socklen_t len)
{
	const int on = 1;
	mode_t mask;
	int rc;

	if (a->any.sa_family != AF_UNIX) {
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		return bind(fd, &a->any, len);
	}
	remove_stale(a, len);
	mask = umask(0117);
	rc = bind(fd, &a->any, len);
	umask(mask);
	return rc;
}

int
scrape_listen(const char *address, char *why, size_t whysize)
{
	union socket_address a;
	socklen_t len;
	int fd;

	if (!parse(address, &a, &len))
		return scrape_check(address, why, whysize);
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && bind_there(fd, &a, len) == 0 && listen(fd, SCRAPE_BACKLOG) == 0)
		return fd;
	snprintf(why, whysize, "%s: %s%s", address, strerror(errno),
	    errno == EADDRINUSE ? "; ss -lp tells whose it is, choose another" : "");
	if (fd >= 0)
		close(fd);
	return -1;
}

void
scrape_forget(const char *address)
{
	if (strncmp(address, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		unlink(address + strlen(UNIX_PREFIX));
}

/* ---- connections */

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* evhttp clears the callbacks of what it is done with. */
static bool
slot_is_left(const struct slot *slot)
{
	void *arg = NULL;

	bufferevent_getcb(slot->bev, NULL, NULL, NULL, &arg);
	return arg == NULL;
}

static void
slot_clear(struct slot *slot)
{
	bufferevent_decref(slot->bev);
	slot->bev = NULL;
}

static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct scrape *s = arg;
	int64_t now = now_ms();
	size_t used = 0;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < SCRAPE_CONNECTIONS_MAX; i++) {
		struct slot *slot = &s->slot[i];

		if (slot->bev == NULL)
			continue;
		if (slot_is_left(slot)) {
			slot_clear(slot);
			continue;
		}
		used++;
		/* evhttp reads the end, and closes. */
		if (now - slot->since_ms >= SCRAPE_LIMIT_MS)
			shutdown(bufferevent_getfd(slot->bev), SHUT_RDWR);
	}
	if (used == 0)
		event_del(s->sweep);
	if (s->full && used < SCRAPE_CONNECTIONS_MAX) {
		s->full = false;
		evconnlistener_enable(s->listener);
	}
}

/* NULL: none is free. */
static struct slot *
slot_find(struct scrape *s)
{
	for (size_t i = 0; i < SCRAPE_CONNECTIONS_MAX; i++)
		if (s->slot[i].bev == NULL)
			return &s->slot[i];
	return NULL;
}

/* evhttp asks for it with each connection it accepts. */
static struct bufferevent *
on_connection(struct event_base *base, void *arg)
{
	const struct timeval period = {.tv_usec = SCRAPE_SWEEP_MS * 1000};
	struct bufferevent *bev =
	    bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	struct scrape *s = arg;
	struct slot *slot = slot_find(s);

	if (bev == NULL)
		return NULL;
	if (slot != NULL) {
		bufferevent_incref(bev);
		*slot = (struct slot){bev, now_ms()};
	}
	if (slot_find(s) == NULL) {
		s->full = true;
		evconnlistener_disable(s->listener);
	}
	if (!event_pending(s->sweep, EV_TIMEOUT, NULL))
		event_add(s->sweep, &period);
	return bev;
}

/* ---- answers */

static void
answer(struct evhttp_request *req, int code, const char *type, const struct text *body)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	struct evbuffer *out = evbuffer_new();
	char len[24];

	snprintf(len, sizeof len, "%zu", body->len);
	if (out == NULL || body->failed ||
	    evhttp_add_header(headers, "Content-Type", type) != 0 ||
	    evhttp_add_header(headers, "Content-Length", len) != 0 ||
	    evhttp_add_header(headers, "Cache-Control", "no-store") != 0 ||
	    evhttp_add_header(headers, "Connection", "close") != 0)
		code = HTTP_INTERNAL;
	else if (evhttp_request_get_command(req) == EVHTTP_REQ_GET)
		evbuffer_add(out, body->p, body->len);
	evhttp_send_reply(req, code, NULL, out);
	if (out != NULL)
		evbuffer_free(out);
}

static void
on_metrics(struct evhttp_request *req, void *arg)
{
	struct scrape *s = arg;
	struct text body;

	text_init(&body);
	s->calls.metrics(s->calls.arg, &body);
	answer(req, HTTP_OK, METRICS_TYPE, &body);
	text_free(&body);
}

static void
answer_line(struct evhttp_request *req, int code, const char *line)
{
	struct text body;

	text_init(&body);
	text_add(&body, "%s\n", line);
	answer(req, code, TEXT_TYPE, &body);
	text_free(&body);
}

static void
on_health(struct evhttp_request *req, void *arg)
{
	(void)arg;
	answer_line(req, HTTP_OK, "ok");
}

static void
on_ready(struct evhttp_request *req, void *arg)
{
	struct scrape *s = arg;
	char why[512] = "ok";
	bool ready = s->calls.ready(s->calls.arg, why, sizeof why);

	answer_line(req, ready ? HTTP_OK : HTTP_SERVUNAVAIL, why);
}

static void
on_other(struct evhttp_request *req, void *arg)
{
	(void)arg;
	answer_line(req, HTTP_NOTFOUND, "there is /metrics, /healthz and /readyz");
}

/* ---- life */

static int
set_up(struct scrape *s)
{
	evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(s->http, SCRAPE_REQUEST_MAX);
	evhttp_set_max_body_size(s->http, 1);
	evhttp_set_timeout(s->http, SCRAPE_LIMIT_MS / 1000);
	evhttp_set_bevcb(s->http, on_connection, s);
	evhttp_set_gencb(s->http, on_other, s);
	if (evhttp_set_cb(s->http, "/metrics", on_metrics, s) != 0 ||
	    evhttp_set_cb(s->http, "/healthz", on_health, s) != 0 ||
	    evhttp_set_cb(s->http, "/readyz", on_ready, s) != 0)
		return -1;
	return evhttp_bind_listener(s->http, s->listener) != NULL ? 0 : -1;
}

struct scrape *
scrape_new(struct event_base *base, int fd, const struct scrape_calls *calls)
{
	struct scrape *s = calloc(1, sizeof *s);

	if (s != NULL) {
		s->base = base;
		s->calls = *calls;
		s->http = evhttp_new(base);
		s->sweep = event_new(base, -1, EV_PERSIST, on_sweep, s);
		s->listener = evconnlistener_new(base, NULL, NULL,
		    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	}
	if (s == NULL || s->listener == NULL)
		close(fd);
	else if (s->http != NULL && s->sweep != NULL && set_up(s) == 0)
		return s;
	scrape_free(s);
	return NULL;
}

void
scrape_free(struct scrape *s)
{
	if (s == NULL)
		return;
	if (s->http != NULL)
		evhttp_free(s->http); /* the listener, too, once it is bound */
	for (size_t i = 0; i < SCRAPE_CONNECTIONS_MAX; i++)
		if (s->slot[i].bev != NULL)
			slot_clear(&s->slot[i]);
	if (s->sweep != NULL)
		event_free(s->sweep);
	free(s);
}
