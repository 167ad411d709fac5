/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The typed values of common/conf.h: from text into the place an option points to, and
 * back into text that reads the same. Serves conf.c only.
 */
#ifndef FWLOG_COMMON_CONF_VALUE_H
#define FWLOG_COMMON_CONF_VALUE_H

#include "common/conf.h"

#define CONF_VALUE_TEXT 64 /* bytes that hold any value but a string's */

/*
 * Stores text at base; a string that was there is freed. 0, or -1 with nothing changed
 * and what is allowed in why ("is not a duration: …", to be put behind the quoted
 * value).
 */
int conf_value_set(const struct conf_option *opt, void *base, const char *text,
    char *why, size_t whysize) __attribute__((warn_unused_result));
/* As it would stand in the file; unset is "". buf backs all but strings. */
const char *conf_value_text(
    const struct conf_option *opt, const void *base, char buf[CONF_VALUE_TEXT]);
/* "from 0 to 60s", "yes or no", "one of a, b"; "" when everything goes. */
void conf_value_range(const struct conf_option *opt, char *buf, size_t size);
const char *conf_type_name(enum conf_type type);
/* What def says; unset is NULL for a string, 0 for a number. What was there is not
 * freed. */
void conf_value_default(const struct conf_option *opt, void *base);

#endif
