/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/notify_syslog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "collector/clock.h"
#include "collector/notify_way.h"
#include "common/text.h"

#define NAME_MAX_LEN 32 /* SD-NAME */
#define TICK_MS 20

/* ---- the message */

static int
severity(const struct notice *n)
{
	static const struct {
		const char *level;
		int number;
	} levels[] = {{"critical", 2}, {"high", 3}, {"medium", 4}, {"low", 5}};

	for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
		if (!notice_is(n, "resolved") &&
		    strcmp(levels[i].level, notice_text(n, NOTICE_LEVEL)) == 0)
			return levels[i].number;
	return 6;
}

/* PARAM-NAME: printable ASCII but '=', ']', '"' and blanks. */
static void
add_name(FILE *out, const char *name)
{
	for (size_t i = 0; i < NAME_MAX_LEN && name[i] != '\0'; i++) {
		char c = name[i];

		fputc(c <= ' ' || c > '~' || strchr("=]\"", c) != NULL ? '_' : c, out);
	}
}

static void
add_param(void *arg, const char *name, const char *value)
{
	FILE *out = arg;

	if (name[0] == '\0' || value[0] == '\0')
		return;
	fputc(' ', out);
	add_name(out, name);
	fputs("=\"", out);
	for (; *value != '\0'; value++) {
		if (strchr("\"\\]", *value) != NULL)
			fputc('\\', out);
		fputc((unsigned char)*value < ' ' ? ' ' : *value, out);
	}
	fputc('"', out);
}

static void
add_data(FILE *out, const struct notice *n)
{
	static const struct {
		const char *name;
		enum notice_part part;
	} params[] = {
	    {"delivery", NOTICE_DELIVERY},
	    {"change", NOTICE_CHANGE},
	    {"rule", NOTICE_RULE},
	    {"level", NOTICE_LEVEL},
	    {"events", NOTICE_EVENTS},
	    {"first", NOTICE_FIRST},
	    {"last", NOTICE_LAST},
	    {"link", NOTICE_LINK},
	};

	fputs("[" SYSLOG_SD_ID, out);
	for (size_t i = 0; i < sizeof params / sizeof params[0]; i++)
		add_param(out, params[i].name, notice_text(n, params[i].part));
	fputc(']', out);
	if (notice_text(n, NOTICE_PAIRS)[0] == '\0')
		return;
	fputs("[" SYSLOG_GROUP_ID, out);
	notice_each_pair(n, add_param, out);
	fputc(']', out);
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text > '~')
			return false;
	return true;
}

/* The text behind the header; BOM where it is not ASCII (6.4). */
static void
add_text(FILE *out, const struct notice *n)
{
	char *line = NULL;
	size_t size;
	FILE *f = open_memstream(&line, &size);

	if (f == NULL)
		return;
	notice_line(n, f);
	if (notice_is(n, "digest"))
		fprintf(f, ": %s", notice_text(n, NOTICE_ENTRIES));
	if (fclose(f) == 0) {
		fputs(is_ascii(line) ? " " : " \xEF\xBB\xBF", out);
		for (const char *p = line; *p != '\0'; p++)
			fputc((unsigned char)*p < ' ' ? ';' : *p, out);
	}
	free(line);
}

char *
syslog_message(const struct notice *n, int facility, const char *host, int64_t now_us)
{
	char *message = NULL, time[TEXT_TIME], change[16];
	size_t size, i;
	FILE *out = open_memstream(&message, &size);

	if (out == NULL)
		return NULL;
	text_time(now_us, time);
	snprintf(change, sizeof change, "%s", notice_text(n, NOTICE_CHANGE));
	fprintf(out, "<%d>1 %s %s fwlog - %s ", facility * 8 + severity(n), time,
	    host[0] != '\0' ? host : "-", change);
	add_data(out, n);
	add_text(out, n);
	if (fclose(out) != 0) {
		free(message);
		return NULL;
	}
	if (size > SYSLOG_MESSAGE_MAX) {
		for (i = SYSLOG_MESSAGE_MAX; (message[i] & 0xC0) == 0x80; i--)
			continue;
		message[i] = '\0';
	}
	return message;
}

/* ---- the way */

struct syslog_way {
	const struct action *action;
	int fd; /* -1: not connected */
	bool stream;
	uint64_t end_ms; /* of this try */
};

static int
left_ms(const struct syslog_way *s)
{
	uint64_t now = clock_ms();

	return now < s->end_ms ? (int)(s->end_ms - now) : 0;
}

static void
drop(struct syslog_way *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* A connection that was begun: 0 when it stands in time. */
static int
await_connected(struct syslog_way *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};
	socklen_t len = sizeof errno;
	int error = 0;

	while (poll(&p, 1, left_ms(s)) < 1) {
		if (left_ms(s) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		return -1;
	errno = error;
	return error == 0 ? 0 : -1;
}

static int
connect_to(struct syslog_way *s, int family, const struct sockaddr *to, socklen_t len)
{
	int saved;

	s->fd = socket(family,
	    (s->stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return -1;
	if (connect(s->fd, to, len) == 0)
		return 0;
	if (errno == EINPROGRESS && await_connected(s) == 0)
		return 0;
	saved = errno;
	drop(s);
	errno = saved;
	return -1;
}

static int
connect_unix(struct syslog_way *s, char *why, size_t whysize)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *path = s->action->address + strlen("unix:");

	s->stream = false;
	snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
	if (connect_to(s, AF_UNIX, (const struct sockaddr *)&to, sizeof to) == 0)
		return 0;
	snprintf(why, whysize, "%s: %s", path, strerror(errno));
	return -1;
}

/* "udp:host:port", "tcp:[host]:port": checked when the options were read. */
static int
connect_network(struct syslog_way *s, char *why, size_t whysize)
{
	const struct addrinfo hints = {
	    .ai_socktype = s->stream ? SOCK_STREAM : SOCK_DGRAM,
	    .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *found = NULL;
	char copy[256];
	char *host = copy, *port;
	int rc;

	snprintf(copy, sizeof copy, "%s", s->action->address + 4);
	port = strrchr(copy, ':');
	*port++ = '\0';
	if (host[0] == '[') {
		host++;
		host[strlen(host) - 1] = '\0';
	}
	rc = getaddrinfo(host, port, &hints, &found);
	if (rc != 0) {
		snprintf(why, whysize, "%s: %s", host, gai_strerror(rc));
		return -1;
	}
	for (const struct addrinfo *a = found; a != NULL && s->fd < 0; a = a->ai_next)
		if (connect_to(s, a->ai_family, a->ai_addr, a->ai_addrlen) < 0)
			snprintf(why, whysize, "%s: %s", s->action->address,
			    strerror(errno));
	freeaddrinfo(found);
	return s->fd >= 0 ? 0 : -1;
}

/* A server that went away is noticed before the message is given to nobody. */
static void
drop_if_closed(struct syslog_way *s)
{
	char byte;
	ssize_t n;

	if (s->fd < 0 || !s->stream)
		return;
	n = recv(s->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		drop(s);
}

static int
open_way(struct syslog_way *s, char *why, size_t whysize)
{
	drop_if_closed(s);
	if (s->fd >= 0)
		return 0;
	s->stream = strncmp(s->action->address, "tcp:", 4) == 0;
	if (strncmp(s->action->address, "unix:", 5) == 0)
		return connect_unix(s, why, whysize);
	return connect_network(s, why, whysize);
}

static int
write_all(struct syslog_way *s, const char *p, size_t len)
{
	struct pollfd ready = {.fd = s->fd, .events = POLLOUT};

	while (len > 0) {
		ssize_t n = send(s->fd, p, len, MSG_NOSIGNAL);

		if (n >= 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -1;
		if (left_ms(s) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		poll(&ready, 1, left_ms(s));
	}
	return 0;
}

/* The syslog protocols acknowledge nothing; but the other kernel does. */
static int
await_taken(struct syslog_way *s)
{
	struct pollfd closed = {.fd = s->fd, .events = POLLIN};
	int left = 0;

	while (ioctl(s->fd, SIOCOUTQ, &left) == 0 && left > 0) {
		if (left_ms(s) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (poll(&closed, 1, TICK_MS) > 0 &&
		    (closed.revents & (POLLERR | POLLHUP)) != 0) {
			errno = ECONNRESET;
			return -1;
		}
	}
	return 0;
}

static int
transmit(struct syslog_way *s, const char *message)
{
	char count[32];
	size_t len = strlen(message);

	if (!s->stream)
		return write_all(s, message, len);
	/* RFC 6587, 3.4.1: octets are counted. */
	snprintf(count, sizeof count, "%zu ", len);
	if (write_all(s, count, strlen(count)) < 0 || write_all(s, message, len) < 0)
		return -1;
	return await_taken(s);
}

static enum way_outcome
syslog_send(void *self, const struct notice *n, size_t count, char *why, size_t whysize)
{
	struct syslog_way *s = self;
	char host[256] = "";
	char *message;
	int rc = -1;

	(void)count;
	gethostname(host, sizeof host - 1);
	s->end_ms = clock_ms() + s->action->timeout;
	message =
	    syslog_message(n, s->action->facility, host, (int64_t)clock_wall_us());
	if (message == NULL) {
		snprintf(why, whysize, "no memory");
		return WAY_FAILED;
	}
	if (open_way(s, why, whysize) == 0) {
		rc = transmit(s, message);
		if (rc < 0) {
			snprintf(why, whysize, "%s: %s", s->action->address,
			    strerror(errno));
			drop(s);
		}
	}
	free(message);
	return rc == 0 ? WAY_SENT : WAY_FAILED;
}

static void *
syslog_open(const struct action *a, char *why, size_t whysize)
{
	struct syslog_way *s = calloc(1, sizeof *s);

	if (s == NULL) {
		snprintf(why, whysize, "no memory");
		return NULL;
	}
	s->action = a;
	s->fd = -1;
	return s;
}

const struct way way_syslog = {.batch = 1, .open = syslog_open, .send = syslog_send};
