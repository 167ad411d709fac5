/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlogctl key: makes the keys agents show to the collector, and leads them through
 * their life: next, active, retiring, revoked (sql/0006_keys.sql). A secret is written
 * into the database and one key file, and printed never.
 */
#ifndef FWLOG_CTL_KEY_H
#define FWLOG_CTL_KEY_H

#include "ctl/args.h"

int key_new(const struct args *args); /* operands: hosts */
int key_list(const struct args *args);
/* Operands: ids of keys, or hosts. */
int key_promote(const struct args *args);
int key_retire(const struct args *args);
int key_revoke(const struct args *args);

#endif
