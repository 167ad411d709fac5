/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the numbers in events of the database mean: its dictionaries with the hosts, and
 * the prefix map as it is resolved (fwlog.prefix_timeline). Filled by whoever talks to
 * the database, asked by the engine. Entries never change; the prefix map is replaced
 * as a whole. One thread at a time.
 */
#ifndef FWLOG_COLLECTOR_ALERT_NAMES_H
#define FWLOG_COLLECTOR_ALERT_NAMES_H

#include "collector/alert/engine.h"

#define NAMES_ID_MAX (16u << 20) /* ids above that stay unknown */
#define NAMES_DICTS (FILTER_NETNS + 1)

struct names;

struct names *names_new(void); /* NULL: no memory */
void names_free(struct names *n);

/* A copy is kept; one that is there already stays. 0, or -1 without memory. */
int names_add(struct names *n, enum filter_dict dict, uint32_t id, struct bytes raw)
    __attribute__((warn_unused_result));
bool names_has(const struct names *n, enum filter_dict dict, uint32_t id);
/*
 * The first id that the event or its host has and nothing is known of; false: none.
 */
bool names_missing(const struct names *n, const struct event *ev, int32_t host_id,
    enum filter_dict *dict, uint32_t *id);

/*
 * A row of prefix_timeline, host_id 0: of all hosts; it replaces the one that is there.
 * since: microseconds since 1970, "-" for the first, with blanks between them; verdict:
 * as many words, "-" for none. -1: they are not like that, or no memory.
 */
int names_add_verdicts(struct names *n, uint32_t prefix_id, int32_t host_id,
    const char *since, const char *verdict) __attribute__((warn_unused_result));
void names_clear_verdicts(struct names *n);

/* As struct engine_names and struct filter_sql_source have them. */
struct bytes names_string(const void *arg, enum filter_dict dict, uint32_t id);
enum filter_verdict names_verdict(
    const void *arg, int32_t host_id, const struct event *ev);
int names_dictionary(void *arg, enum filter_dict dict, filter_dict_add *add, void *to,
    char *why, size_t whysize);

/* SQL that gives id and raw, in hexadecimal, from the id $1 on. */
extern const char *const names_sql[NAMES_DICTS];
/* SQL that gives what names_add_verdicts takes, of the prefixes from $1 on. */
extern const char names_verdicts_sql[];

#endif
