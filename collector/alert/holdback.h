/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that wait for earlier ones: put in as they come, taken out in the order of
 * time, host and number. Of two that are equal in all three one is enough. A wheel of
 * buckets by time; each is sorted when its time has come.
 */
#ifndef FWLOG_COLLECTOR_ALERT_HOLDBACK_H
#define FWLOG_COLLECTOR_ALERT_HOLDBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOLDBACK_BUCKETS 8192

/* Bytes of the owner's follow. */
struct held {
	uint64_t ts_us;
	int64_t n;
	int32_t host_id;
	uint32_t next; /* index + 1 */
};

struct holdback_bucket {
	uint32_t first, last; /* index + 1 */
	bool sorted;
};

struct holdback {
	uint8_t *pool;
	size_t stride;
	uint32_t size, fresh, free, count; /* free: list, index + 1 */
	uint64_t width_us;
	uint64_t horizon; /* number of the bucket that is taken out next */
	uint64_t end;     /* no bucket from here on has anything */
	struct holdback_bucket bucket[HOLDBACK_BUCKETS];
};

/* range_us: from the oldest to the newest event held at a time. 0, or -1. */
int holdback_init(struct holdback *h, size_t extra, size_t bytes, uint64_t range_us)
    __attribute__((warn_unused_result));
void holdback_destroy(struct holdback *h);

/* Is its turn over? */
bool holdback_is_late(const struct holdback *h, uint64_t ts_us);
/* Room for an event, to be filled; NULL: there is none. Not later than range_us behind
 * the horizon. */
struct held *holdback_put(
    struct holdback *h, uint64_t ts_us, int32_t host_id, int64_t n);
/*
 * The next one with its bucket wholly before this time, NULL: none. Those taken stay
 * as they are until the next is put.
 */
struct held *holdback_take(struct holdback *h, uint64_t before_us);
/* Where the bucket of the earliest one ends; 0: there is none. */
uint64_t holdback_earliest(struct holdback *h);

#endif
