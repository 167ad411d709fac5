/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the daemons and tools: one line each, to stderr or to syslog, with
 * component, level, reason. A repeating fault is said once and then counted
 * (log_limited). Keys and packet contents never go through here.
 */
#ifndef FWLOG_COMMON_LOG_H
#define FWLOG_COMMON_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* component is kept by reference. to_syslog false: stderr. */
void log_init(const char *component, enum log_level level, bool to_syslog);
void log_set_level(enum log_level level);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * One place that may repeat for ever: the first message goes out, then at most one
 * every LOG_LIMIT_SECONDS that tells how many were held back. Zero-initialise.
 */
#define LOG_LIMIT_SECONDS 30
struct log_limit {
	int64_t next_ms; /* CLOCK_MONOTONIC */
	uint64_t held;
};
void log_limited(struct log_limit *limit, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
