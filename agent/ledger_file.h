/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledgers between two runs: the file `reconcile` in the spool's directory, text
 * with a CRC-32C at its end, replaced in one step. It is worth nothing after a reboot
 * or in another network namespace, where counters and handles begin anew; it says so
 * itself.
 */
#ifndef FWLOG_AGENT_LEDGER_FILE_H
#define FWLOG_AGENT_LEDGER_FILE_H

#include <stddef.h>

#include "agent/ledger.h"

#define LEDGER_FILE "reconcile"
#define LEDGER_FILE_MAX (4u << 20) /* bytes */

/* 0, or -1 and errno. */
int ledger_file_write(const char *dir, const struct ledger *ledger, size_t count)
    __attribute__((warn_unused_result));
/*
 * Into ledger[0 .. max), whose counters the caller clears. Returns how many; 0 with why
 * empty when there is no file; -1 and a reason when what is there is of no use.
 */
int ledger_file_read(const char *dir, struct ledger *ledger, size_t max, char *why,
    size_t whysize) __attribute__((warn_unused_result));
/* The same from the file's text, which is changed: what it says, not where it was. */
int ledger_file_parse(char *text, struct ledger *ledger, size_t max, const char **why)
    __attribute__((warn_unused_result));
void ledger_file_remove(const char *dir);

#endif
