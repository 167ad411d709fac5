/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alerts, digests and rule sets as JSON (RFC 8259): as the functions of
 * sql/0011_alerts.sql take them, and as fwlogctl prints them.
 */
#ifndef FWLOG_COLLECTOR_ALERT_ALERT_JSON_H
#define FWLOG_COLLECTOR_ALERT_ALERT_JSON_H

#include <stdio.h>

#include "collector/alert/engine.h"

/* Is the action of that number told of it? */
typedef bool alert_json_wants(
    const void *arg, size_t action, const struct rule *rule, enum alert_change change);

struct alert_json_actions {
	const char *const *name;
	size_t count;
	alert_json_wants *wants;
	const void *arg;
};

/* An object of fwlog.alert_store. actions NULL: none. */
void alert_json(
    const struct alert *a, const struct alert_json_actions *actions, FILE *out);
/* One of fwlog.alert_digest_store. */
void alert_digest_json(
    const struct alert_digest *d, const struct alert_json_actions *actions, FILE *out);
/* The array of fwlog.rules_loaded. */
void rule_set_json(const struct rule_set *set, bool with_builtins, FILE *out);

/* The group in one line: name=value, with blanks between; "" when it has no fields. */
void alert_group_text(const struct alert *a, FILE *out);

const char *alert_change_name(enum alert_change change);
const char *alert_delivery_name(enum alert_delivery delivery);

#endif
