/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter language (docs/filter.md): one small language that selects events, with a
 * parser, a canonical form and two back ends that mean the same: in memory, over struct
 * event, and SQL over fwlog.event. A term about a field that an event does not have is
 * false, its negation true, in both. Filters come from strangers: any bytes parse or
 * are refused, nothing grows beyond the limits below.
 *
 * Objects belong to the caller and to one thread at a time.
 */
#ifndef FWLOG_COMMON_FILTER_H
#define FWLOG_COMMON_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/event.h"

#define FILTER_TEXT_MAX 1024   /* bytes, of a filter and of its canonical form */
#define FILTER_TERMS_MAX 64    /* terms */
#define FILTER_DEPTH_MAX 8     /* parentheses in parentheses */
#define FILTER_REGEX_MAX 128   /* bytes between the slashes */
#define FILTER_MESSAGE_MAX 240 /* bytes, with the NUL */

/* Why there is no result. */
struct filter_error {
	size_t column; /* of the text, in characters from 1; 0: no place in it */
	char message[FILTER_MESSAGE_MAX]; /* what is wrong and what would be right */
};

/* ---- trees */

struct filter_tree;

/* NULL and *error when the text is no filter. An empty text selects everything. */
struct filter_tree *filter_parse(
    const char *text, size_t len, struct filter_error *error);
void filter_tree_free(struct filter_tree *tree); /* NULL-safe */

/*
 * The canonical form, NUL-terminated, to be freed; NULL without memory. Parsing it
 * gives the same tree; it is at most FILTER_TEXT_MAX bytes and valid UTF-8.
 */
char *filter_canon(const struct filter_tree *tree);

/* Names of the lists (@name) the tree uses, by index; NULL behind the last. */
const char *filter_list_name(const struct filter_tree *tree, size_t index);

/* ---- what filters are resolved against */

/* Strings that events hold as numbers. */
enum filter_dict { FILTER_HOST, FILTER_PREFIX, FILTER_IFACE, FILTER_NETNS };

/* What the rule did, by the prefix map. */
enum filter_verdict {
	FILTER_UNKNOWN,
	FILTER_ACCEPT,
	FILTER_DROP,
	FILTER_REJECT,
};

struct filter_list; /* a named list being read */
/*
 * One entry of it, as it would stand in a filter: an address or network, a port or
 * range, a name. 0, or -1 when it is none for the field in question, or when memory
 * ended: then the filter will not compile, and reading may stop.
 */
int filter_list_add(struct filter_list *list, const char *text, size_t len);

/* Where named lists come from; read NULL: there are none here. */
struct filter_lists {
	/* Gives each entry of the list to filter_list_add. 0, or -1 and why[whysize].
	 */
	int (*read)(void *arg, const char *name, struct filter_list *list, char *why,
	    size_t whysize);
	void *arg;
};

/* ---- in memory */

/* Fields that not every place can answer; a filter with others does not compile. */
enum filter_can { FILTER_CAN_VERDICT = 1, FILTER_CAN_ID = 2, FILTER_CAN_LINE = 4 };

/* What the numbers in events mean, from one filter_begin to the next. */
struct filter_source {
	struct bytes host; /* the machine that logged */
	/*
	 * The string with this id; called for each distinct one once. Ids of different
	 * dictionaries may overlap.
	 */
	struct bytes (*string)(const void *arg, enum filter_dict dict, uint32_t id);
	/* With FILTER_CAN_VERDICT; may look at prefix and time of the event. */
	enum filter_verdict (*verdict)(const void *arg, const struct event *ev);
	const void *arg;
	/* Answers are remembered for ids below this: size of the string table. */
	uint32_t strings;
	/* What was remembered holds as long as this stays the same; not 0. */
	uint64_t generation;
};

struct filter;

/* NULL and *error: unknown list, field that is not available (can), no memory. */
struct filter *filter_compile(const struct filter_tree *tree,
    const struct filter_lists *lists, unsigned can, struct filter_error *error);
void filter_free(struct filter *f); /* NULL-safe */

/* Before the first event and whenever the source changes; it must live until the next.
 * May allocate. */
void filter_begin(struct filter *f, const struct filter_source *source);
/* Allocates nothing. */
bool filter_match(struct filter *f, const struct event *ev)
    __attribute__((warn_unused_result));
/* With FILTER_CAN_ID: the event as it is numbered in the database. */
bool filter_match_stored(struct filter *f, const struct event *ev, int32_t host_id,
    int64_t n) __attribute__((warn_unused_result));
/* Strings on which a regular expression gave up at its limits; they do not match. */
uint64_t filter_regex_failures(const struct filter *f);

/* ---- SQL */

/* Takes one entry of a dictionary; to and the function come from filter_sql. */
typedef void filter_dict_add(void *to, int32_t id, struct bytes raw);

struct filter_sql_source {
	struct filter_lists lists;
	/*
	 * Gives every entry of the dictionary to add: dict_prefix, dict_iface,
	 * dict_netns (raw), host (name). 0, or -1 and why[whysize]. NULL: there is no
	 * database at hand; in the place of values stand words in <>.
	 */
	int (*dictionary)(void *arg, enum filter_dict dict, filter_dict_add *add,
	    void *to, char *why, size_t whysize);
	void *arg;
	unsigned first; /* number of the first parameter, 1 as a rule */
	/* Fields that SQL has no answer for are no error: the condition then selects
	 * more events than the filter, never fewer. */
	bool widen;
};

/* By enum filter_dict: a statement whose rows are an id and its string in hexadecimal.
 */
extern const char *const filter_dictionary_sql[];

struct filter_sql {
	char *text; /* a condition over "fwlog.event e" with $n */
	size_t count;
	char **value; /* of $first … as text; their types are in the condition */
};

/*
 * 0, or -1 and *error. Where the condition is not true, because it is false or null,
 * the filter does not select the event. Time is the caller's to add.
 */
int filter_sql(const struct filter_tree *tree, const struct filter_sql_source *source,
    struct filter_sql *sql, struct filter_error *error)
    __attribute__((warn_unused_result));
void filter_sql_free(struct filter_sql *sql);

#endif
