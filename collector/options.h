/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of fwlog-collector: one struct, one table. Durations are milliseconds,
 * sizes bytes. fwlog-collector.conf(5) explains each.
 */
#ifndef FWLOG_COLLECTOR_OPTIONS_H
#define FWLOG_COLLECTOR_OPTIONS_H

#include "collector/notify_options.h"
#include "collector/transport.h"
#include "common/cli.h"

struct options {
	char *listen;  /* NULL: see options_listen */
	int transport; /* of listen, enum transport_kind */
	char *listen_plain;
	char *listen_mode; /* octal digits */
	bool allow_plain_network;
	char *database; /* libpq connection string or URI */
	uint64_t database_timeout;
	uint64_t sinks;
	uint64_t commit_rows;
	uint64_t commit_bytes;
	uint64_t commit_interval;
	uint64_t queue_size;
	uint64_t session_queue;
	uint64_t max_connections;
	uint64_t max_connections_per_address;
	uint64_t max_unauthenticated;
	uint64_t hello_timeout;
	uint64_t idle_timeout;
	uint64_t stop_timeout;
	char *metrics; /* NULL: none */
	uint64_t max_age;
	uint64_t new_strings;
	bool maintain;
	uint64_t maintain_interval;
	char *maintain_database; /* NULL: database */
	uint64_t seal_after;
	uint64_t retain; /* 0: for ever, as the next two */
	uint64_t retain_size;
	uint64_t retain_rollups;
	bool alerts;
	char *rules; /* files and folders, one a line; NULL: none */
	char *rule_overrides, *rule_vars;
	char *alert_database; /* NULL: database, as fwlog_report */
	uint64_t alert_hold;
	uint64_t alert_grace;
	uint64_t alert_queue;
	uint64_t alert_groups;
	uint64_t alert_memory;
	uint64_t alert_storm;
	uint64_t alert_storm_all;
	uint64_t alert_resolve;
	uint64_t host_silent_after; /* 0: never, as the next two */
	uint64_t prefix_quiet_after;
	uint64_t skew_limit;
	struct actions actions; /* notify_options.h */
};

extern const struct cli_program options_program;

void options_free(struct options *o);
/* What listen says; with neither listen nor listen_plain set, loopback. NULL: nothing.
 */
const char *options_listen(const struct options *o);
/* The permission bits listen_mode names; options_program's check keeps it octal. */
unsigned options_mode(const struct options *o);

#endif
