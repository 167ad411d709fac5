/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the page changes: forms with a token, their POSTs checked and handed to a
 * function of the database over a role of its own (fwlog_web), which checks the token
 * in the same transaction and keeps the user's name.
 */
#ifndef FWLOG_WEB_CHANGE_H
#define FWLOG_WEB_CHANGE_H

#include "web-cgi/visit.h"

#define CHANGE_TOKEN 80 /* bytes */

/* The user may save views; may change the filters of agents. */
bool change_user(const struct visit *v);
bool change_operator(const struct visit *v);

/* Token of forms for the user; "" when there is no way to make changes. */
void change_token(struct visit *v, char token[CHANGE_TOKEN]);

/* Opens a form to path with the parameters of st (NULL: none); what: the change. The
 * caller closes it. */
void change_form(struct visit *v, const char *path, const struct state *st,
    const char *token, const char *what);

/* Is the POST from a page of ours and a known user? 200, or 403 with the reason. */
int change_check(struct visit *v) __attribute__((warn_unused_result));
/*
 * Runs one SELECT of one function; *value (NULL: not wanted) gets the first column.
 * 200, or the status to return.
 */
int change_run(struct visit *v, const char *sql, int n, const char *const *params,
    int64_t *value) __attribute__((warn_unused_result));
/* 303 to a page of ours. */
int change_done(struct visit *v, const char *path);
/* Value of the form, without blanks around it; "" when it is missing. */
const char *change_field(
    const struct visit *v, const char *name, char *text, size_t size);

#endif
