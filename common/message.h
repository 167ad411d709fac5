/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The payloads of all frames but BATCH: one struct, one put and one get for each.
 * Every put writes a complete frame into w (w->full when it did not fit); every get
 * takes a frame's payload and returns 0, or -1 and *why (static text). Strings in a
 * struct that was got are copied and always terminated. Layouts: docs/protocol.md.
 */
#ifndef FWLOG_COMMON_MESSAGE_H
#define FWLOG_COMMON_MESSAGE_H

#include "common/frame.h"
#include "common/record.h"

#define PROTOCOL_VERSION 1
#define NAME_MAX_LEN 64               /* bytes of an agent's name: [A-Za-z0-9._-]+ */
#define TEXT_MAX_LEN 255              /* bytes of a fact or a reason */
#define EPOCHS_MAX 1024               /* epochs one spool may offer at once */
#define STATS_MAX 64                  /* counters in a STATS frame */
#define FILTERS_TOTAL_MAX (64u << 20) /* bytes of a document of central filters */
#define FILTERS_PIECE_MAX 60000       /* bytes of it in one FILTERS frame */
#define FILTERED_MAX 128              /* entries of a FILTERED frame */
#define MINUTE_US UINT64_C(60000000)

struct epoch_mark {
	uint64_t epoch;
	uint64_t
	    seq; /* HELLO: first held in the spool; WELCOME: last committed, 0 none */
};

struct hello {
	uint16_t version; /* PROTOCOL_VERSION */
	char name[NAME_MAX_LEN + 1];
	char software[TEXT_MAX_LEN + 1]; /* "fwlog-agent 0.1" */
	char system[TEXT_MAX_LEN + 1];   /* sysname, release and machine of uname(2) */
	uint64_t time_us;                /* the agent's clock */
	uint16_t epochs;
	struct epoch_mark epoch[EPOCHS_MAX]; /* oldest first */
};

struct welcome {
	uint16_t version;
	uint64_t time_us;
	uint32_t filter_version; /* 0: no central filters */
	uint16_t epochs;
	struct epoch_mark epoch[EPOCHS_MAX]; /* same order as in HELLO */
};

struct ack {
	uint64_t epoch;
	uint64_t seq; /* all records up to and including this one are committed */
};

enum loss_cause {
	LOSS_KERNEL = 1,   /* the kernel numbered but did not deliver */
	LOSS_SPOOL_FULL,   /* when_full struck */
	LOSS_AGENT_DOWN,   /* nobody held the group */
	LOSS_FILTERED,     /* a filter said so */
	LOSS_RATE_LIMITED, /* a rate limit said so */
	LOSS_CORRUPT,      /* spooled, but damaged or gone */
	LOSS_QUARANTINED,  /* kept aside by the collector */
	LOSS_CAUSE_END
};

#define LOSS_RECORDS_UNKNOWN UINT64_MAX

/*
 * A loss takes part in the stream's numbering, so that it too is stored exactly once:
 * it covers count numbers from first_seq. For records that once had numbers (CORRUPT,
 * drop_oldest) that is their range; a loss of what never got a number takes one (count
 * 1).
 */
struct loss {
	uint64_t epoch;
	uint64_t first_seq;
	uint32_t count;
	uint64_t bind_id; /* as struct batch_source; 0 when no group is concerned */
	uint16_t group;
	uint32_t kseq;
	enum loss_cause cause;
	uint64_t records; /* how many are missing, or LOSS_RECORDS_UNKNOWN */
	uint64_t from_us;
	uint64_t to_us;
};

/*
 * What filters suppressed. It takes part in the numbering as a LOSS of what never got a
 * number does: count is 1. kseq: all records up to it are settled once this is stored.
 */
#define FILTERED_BY_LOCAL 0   /* filter_id: drop and only of the agent's own options */
#define FILTERED_BY_RATE (-1) /* filter_id: its rate limit */

struct filtered_entry {
	int32_t filter_id;   /* of a central filter, or FILTERED_BY_* */
	uint64_t minute_us;  /* beginning of a minute UTC */
	uint64_t records;    /* at least 1 */
	struct bytes prefix; /* as the kernel gave it; got: points into the payload */
};

struct filtered {
	uint64_t epoch;
	uint64_t first_seq;
	uint32_t count;
	uint64_t bind_id;
	uint16_t group;
	uint32_t kseq;
	uint16_t entries; /* 1 to FILTERED_MAX */
	struct filtered_entry entry[FILTERED_MAX];
};

/* A piece of the document (common/filter_bundle.h). Pieces come in order. */
struct filters {
	uint32_t version;     /* not 0 */
	uint32_t total;       /* bytes of the whole document */
	uint32_t crc;         /* CRC-32C of it */
	uint32_t offset;      /* of this piece in it; 0 begins anew */
	const uint8_t *bytes; /* got: points into the payload */
	size_t len;           /* 1 to FILTERS_PIECE_MAX, within total */
};

/* After WELCOME and whenever it changes. */
struct applied {
	uint32_t version; /* in force, 0: none */
	uint32_t crc;     /* of its document: a restored database may have another one
			   * of that version */
	uint32_t refused; /* could not be used, 0: none */
	uint32_t refused_crc; /* of its document */
	char reason[TEXT_MAX_LEN + 1];
};

struct stat_entry {
	char name[32];
	uint64_t value;
};

struct stats {
	uint64_t time_us;
	uint16_t count;
	struct stat_entry entry[STATS_MAX];
};

struct alive {
	uint64_t time_us; /* the collector's clock */
};

struct bye {
	char reason[TEXT_MAX_LEN + 1];
};

#define DECLARE_MESSAGE(name)                                                      \
	void message_put_##name(struct writer *w, const struct name *m);           \
	int message_get_##name(const uint8_t *payload, size_t len, struct name *m, \
	    const char **why) __attribute__((warn_unused_result));
DECLARE_MESSAGE(hello)
DECLARE_MESSAGE(welcome)
DECLARE_MESSAGE(ack)
DECLARE_MESSAGE(loss)
DECLARE_MESSAGE(filtered)
DECLARE_MESSAGE(filters)
DECLARE_MESSAGE(applied)
DECLARE_MESSAGE(stats)
DECLARE_MESSAGE(alive)
DECLARE_MESSAGE(bye)
#undef DECLARE_MESSAGE

const char *loss_cause_name(
    enum loss_cause cause);           /* as in SQL: "kernel", "spool_full" … */
bool agent_name_ok(const char *name); /* 1..NAME_MAX_LEN of [A-Za-z0-9._-] */

#endif
