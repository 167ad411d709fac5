/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP flags as the filter language writes them: S has SYN set, SA SYN and ACK, S-A SYN
 * but not ACK, -A not ACK. Letters F S R P A U E C; W is C too; names as SYN or
 * SYN+ACK.
 */
#ifndef FWLOG_COMMON_FILTER_FLAGS_H
#define FWLOG_COMMON_FILTER_FLAGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define FILTER_FLAGS_ALL 0xffu

/* The flags that must be set, and those that are looked at at all. */
bool filter_flags_read(const char *text, uint64_t *set, uint64_t *mask);
void filter_flags_print(uint64_t set, uint64_t mask, FILE *out);

#endif
