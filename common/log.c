/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_MAX 1024 /* bytes of the text alone; longer is cut */

static struct {
	const char *component;
	enum log_level level;
	bool to_syslog;
	bool journal; /* stderr is the journal: it has the time, and wants <n> for the
			 level */
} state = {.component = "fwlog", .level = LOG_LEVEL_INFO};

static const struct {
	const char *name;
	int priority;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", LOG_ERR},
    [LOG_LEVEL_WARN] = {"warning", LOG_WARNING},
    [LOG_LEVEL_INFO] = {"info", LOG_INFO},
    [LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};

void
log_init(const char *component, enum log_level level, bool to_syslog)
{
	state.component = component;
	state.level = level;
	state.to_syslog = to_syslog;
	state.journal = getenv("JOURNAL_STREAM") != NULL && !isatty(STDERR_FILENO);
	if (to_syslog)
		openlog(component, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void
log_set_level(enum log_level level)
{
	state.level = level;
}

/* Names and reasons may come from a peer: nothing in them reaches the terminal's
 * controls. */
static void
make_printable(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p != '\0'; p++)
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
}

static int
put_start(char *line, size_t size, enum log_level level)
{
	struct timespec now;
	struct tm tm;
	char stamp[32];

	if (state.journal)
		return snprintf(
		    line, size, "<%d>%s: ", levels[level].priority, levels[level].name);
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &tm);
	return snprintf(line, size, "%s.%03ld %s[%ld] %s: ", stamp,
	    now.tv_nsec / 1000000, state.component, (long)getpid(), levels[level].name);
}

/* One write a line, so that the lines of several processes do not mix. */
static void
put_stderr(enum log_level level, const char *text)
{
	char line[MESSAGE_MAX + 256];
	int n = put_start(line, sizeof line, level);
	size_t used = n < 0 ? 0 : (size_t)n;
	ssize_t written;

	if (used >= sizeof line)
		used = 0;
	n = snprintf(line + used, sizeof line - used, "%s\n", text);
	if (n < 0)
		return;
	used += (size_t)n;
	if (used >= sizeof line) {
		used = sizeof line - 1;
		line[used - 1] = '\n';
	}
	written = write(STDERR_FILENO, line, used);
	(void)written; /* there is nobody left to tell */
}

__attribute__((format(printf, 3, 0))) static void
put(enum log_level level, const char *extra, const char *fmt, va_list ap)
{
	char text[MESSAGE_MAX];
	int saved = errno;
	int n = vsnprintf(text, sizeof text, fmt, ap);

	if (n >= 0 && (size_t)n < sizeof text)
		snprintf(text + n, sizeof text - (size_t)n, "%s", extra);
	make_printable(text);
	if (state.to_syslog)
		syslog(levels[level].priority, "%s: %s", levels[level].name, text);
	else
		put_stderr(level, text);
	errno = saved;
}

#define DEFINE_LOG(name, which)               \
	void log_##name(const char *fmt, ...) \
	{                                     \
		va_list ap;                   \
                                              \
		if (state.level < (which))    \
			return;               \
		va_start(ap, fmt);            \
		put(which, "", fmt, ap);      \
		va_end(ap);                   \
	}
DEFINE_LOG(error, LOG_LEVEL_ERROR)
DEFINE_LOG(warn, LOG_LEVEL_WARN)
DEFINE_LOG(info, LOG_LEVEL_INFO)
DEFINE_LOG(debug, LOG_LEVEL_DEBUG)

static int64_t
monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
log_limited(struct log_limit *limit, enum log_level level, const char *fmt, ...)
{
	int64_t now;
	char extra[64] = "";
	va_list ap;

	if (state.level < level)
		return;
	now = monotonic_ms();
	if (limit->next_ms != 0 && now < limit->next_ms) {
		limit->held++;
		return;
	}
	if (limit->held > 0)
		snprintf(extra, sizeof extra, " (and %llu times before, not shown)",
		    (unsigned long long)limit->held);
	limit->held = 0;
	limit->next_ms = now + LOG_LIMIT_SECONDS * 1000;
	va_start(ap, fmt);
	put(level, extra, fmt, ap);
	va_end(ap);
}
