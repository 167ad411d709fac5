/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of the filter language as the type of their field reads and writes them:
 * 10.0.0.0/8, 22, ssh, 1-1024, 0x10/0xff, SA, 00:16:3e:*, tcp …
 */
#ifndef FWLOG_COMMON_FILTER_VALUE_H
#define FWLOG_COMMON_FILTER_VALUE_H

#include <stdio.h>

#include "common/filter_lex.h"

/* Why a value is none, and where in its token. */
struct filter_why {
	size_t offset;
	char message[FILTER_MESSAGE_MAX];
};

/*
 * Reads the token as a value of the field. A value with text has only its length set:
 * the bytes are the token's. 0 or -1.
 */
int filter_value_read(const struct filter_field *field,
    const struct filter_token *token, struct filter_value *v, struct filter_why *why)
    __attribute__((warn_unused_result));
/* Does the value's meaning lie in its text? */
bool filter_value_has_text(const struct filter_value *v);

/* As filter_value_read would read it back. text: of a value that has one. */
void filter_value_print(const struct filter_field *field, const struct filter_value *v,
    const char *text, FILE *out);

#endif
