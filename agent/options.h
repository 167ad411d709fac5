/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent's settings: the one table of options, and the struct they are read into.
 * fwlog-agent.conf(5) describes each. The struct lives as long as the program.
 */
#ifndef FWLOG_AGENT_OPTIONS_H
#define FWLOG_AGENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/message.h"

#define OPTIONS_GROUPS_MAX 64 /* NFLOG groups of one agent */

enum option_transport { TRANSPORT_SEALED, TRANSPORT_PLAIN };
enum option_sync { SYNC_INTERVAL, SYNC_ALWAYS, SYNC_NEVER };
enum option_local_log { LOCAL_LOG_NONE, LOCAL_LOG_KERNEL, LOCAL_LOG_JSON };
enum option_conntrack { CONNTRACK_AUTO, CONNTRACK_NO };
enum option_sandbox { SANDBOX_AUTO, SANDBOX_YES, SANDBOX_NO };

/* How the kernel is to gather the records of a group. In a [group], 0: as above it. */
struct group_options {
	uint64_t snaplen;         /* bytes of each packet */
	uint64_t queue_threshold; /* records */
	uint64_t flush_timeout;   /* ms */
	uint64_t nlbufsiz;        /* bytes */
	uint64_t receive_buffer;  /* bytes */
};

/* What is kept of the records; each a query or rate a line, or NULL. In a [group],
 * NULL: as above it. */
struct filter_options {
	char *only;
	char *drop;
	char *rate;
};

struct group_section {
	uint16_t number;
	char
	    name[NAME_MAX_LEN + 1]; /* of the namespace, as the heading has it, or "" */
	char *netns;                /* where it is found; NULL: by that name */
	struct group_options own;
	struct filter_options filters;
};

struct options {
	char *name;
	char *collector;
	int transport; /* enum option_transport */
	char *key_file;
	bool allow_plain_network;
	uint64_t failback;       /* ms */
	uint64_t stats_interval; /* ms */

	char *spool_dir;
	uint64_t spool_size, segment_size; /* bytes */
	int sync;                          /* enum option_sync */
	uint64_t sync_interval;            /* ms */
	int when_full;                     /* enum spool_when_full */
	uint64_t retain_after_ack;         /* ms, 0: not */
	uint64_t zstd_level;

	int local_log; /* enum option_local_log */
	char *local_log_path;

	bool reconcile;
	uint64_t reconcile_interval; /* ms */

	char *user;
	char *pid_file;
	char *metrics; /* NULL: none */
	int sandbox;   /* enum option_sandbox */

	struct group_options defaults;
	struct filter_options filters;
	int conntrack; /* enum option_conntrack */
	struct group_section group[OPTIONS_GROUPS_MAX];
	size_t groups;
};

extern const struct conf_spec options_spec;

/* The settings of a group with everything it does not say itself taken from above. */
struct group_options options_group(const struct options *o, size_t index);
struct filter_options options_filters(const struct options *o, size_t index);
/* Where the group's namespace is found (agent/netns.h); NULL: the agent's own. */
const char *options_place(const struct options *o, size_t index);
/* What events call that namespace; "": the agent's own. */
const char *options_netns(const struct options *o, size_t index);
/* The configured name, else the host's short name; NULL when that cannot be a name. */
const char *options_name(const struct options *o, char *buf, size_t size);
void options_free(struct options *o);

#endif
