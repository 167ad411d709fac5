/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local log: an optional text file kept beside the central store, one line a
 * record, either as the kernel's LOG target would have written it (with the head of a
 * syslog line, so that tools for /var/log/kern.log read it) or as JSON. It serves
 * people on the machine; it is never in the way of the pipeline: lines are gathered in
 * memory, written whole, and what cannot be written is counted and said once.
 */
#ifndef FWLOG_AGENT_LOCALLOG_H
#define FWLOG_AGENT_LOCALLOG_H

#include <stddef.h>
#include <stdint.h>

#include "common/batch.h"
#include "common/event.h"

/* In the order of the choices of the option: "kernel", "json". */
enum locallog_format { LOCALLOG_KERNEL, LOCALLOG_JSON };

struct locallog;

/*
 * Opens path for appending (made with mode 0640 when absent) and takes all memory it
 * will ever need. NULL with a reason and remedy in why[whysize].
 */
struct locallog *locallog_open(const char *path, enum locallog_format format, char *why,
    size_t whysize) __attribute__((warn_unused_result));
/* Flushes and closes. NULL-safe. */
void locallog_close(struct locallog *l);

/*
 * Adds one line; ev and pkt as event_from_record made them, strings from w, the batch
 * the record was added to (call it before batch_begin of the next one). Writes to the
 * file only when the buffer is full. Never fails: what is lost is counted.
 */
void locallog_write(struct locallog *l, const struct event *ev,
    const struct packet *pkt, const struct batch_writer *w);
/* Writes out what is buffered; call it once per datagram or loop turn. */
void locallog_flush(struct locallog *l);
/* Opens the path anew (log rotation); keeps the old file when that fails, and says so.
 */
void locallog_reopen(struct locallog *l);
/* Lines that could not be written since locallog_open: for the statistics. */
uint64_t locallog_lost(const struct locallog *l);

#endif
