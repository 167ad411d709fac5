/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/message.h"

#include <ctype.h>

static const char *const cause_names[LOSS_CAUSE_END] = {
    [LOSS_KERNEL] = "kernel",
    [LOSS_SPOOL_FULL] = "spool_full",
    [LOSS_AGENT_DOWN] = "agent_down",
    [LOSS_FILTERED] = "filtered",
    [LOSS_RATE_LIMITED] = "rate_limited",
    [LOSS_CORRUPT] = "corrupt",
    [LOSS_QUARANTINED] = "quarantined",
};

const char *
loss_cause_name(enum loss_cause cause)
{
	return cause >= 1 && cause < LOSS_CAUSE_END ? cause_names[cause] : "unknown";
}

bool
agent_name_ok(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && strchr("._-", name[i]) == NULL)
			return false;
	return len >= 1 && len <= NAME_MAX_LEN;
}

static void
put_text(struct writer *w, const char *text, size_t max)
{
	size_t len = strnlen(text, max);

	put_u8(w, (uint8_t)len);
	put_bytes(w, text, len);
}

/* text has room for max bytes and the terminator; a NUL inside is refused. */
static void
get_text(struct reader *r, char *text, size_t max)
{
	size_t len = get_u8(r);
	const uint8_t *p = get_bytes(r, len);

	text[0] = '\0';
	if (p == NULL || len > max || memchr(p, '\0', len) != NULL) {
		r->bad = true;
		return;
	}
	memcpy(text, p, len);
	text[len] = '\0';
}

/* Every get ends here: nothing missing and nothing left over. */
static int
get_done(const struct reader *r, const char **why)
{
	if (!r->bad && r->left == 0)
		return 0;
	*why = r->bad ? "message cut short or a value out of bounds"
		      : "bytes left over behind the message";
	return -1;
}

static void
put_epochs(struct writer *w, const struct epoch_mark *epoch, uint16_t n)
{
	put_u16(w, n);
	for (uint16_t i = 0; i < n; i++) {
		put_u64(w, epoch[i].epoch);
		put_u64(w, epoch[i].seq);
	}
}

static uint16_t
get_epochs(struct reader *r, struct epoch_mark *epoch)
{
	uint16_t n = get_u16(r);

	if (n > EPOCHS_MAX) {
		r->bad = true;
		return 0;
	}
	for (uint16_t i = 0; i < n; i++) {
		epoch[i].epoch = get_u64(r);
		epoch[i].seq = get_u64(r);
		if (epoch[i].epoch == 0 || epoch[i].epoch > INT64_MAX ||
		    epoch[i].seq > INT64_MAX)
			r->bad = true;
	}
	return n;
}

void
message_put_hello(struct writer *w, const struct hello *m)
{
	uint8_t *payload = frame_begin(w, FRAME_HELLO);

	put_u16(w, m->version);
	put_text(w, m->name, NAME_MAX_LEN);
	put_text(w, m->software, TEXT_MAX_LEN);
	put_text(w, m->system, TEXT_MAX_LEN);
	put_u64(w, m->time_us);
	put_epochs(w, m->epoch, m->epochs);
	frame_end(w, payload, false);
}

int
message_get_hello(const uint8_t *payload, size_t len, struct hello *m, const char **why)
{
	struct reader r = reader_of(payload, len);

	m->version = get_u16(&r);
	if (!r.bad && m->version != PROTOCOL_VERSION) {
		*why = "protocol version not known here";
		return -1;
	}
	get_text(&r, m->name, NAME_MAX_LEN);
	if (!r.bad && !agent_name_ok(m->name)) {
		*why = "agent name is not 1 to 64 of A-Z a-z 0-9 . _ -";
		return -1;
	}
	get_text(&r, m->software, TEXT_MAX_LEN);
	get_text(&r, m->system, TEXT_MAX_LEN);
	m->time_us = get_u64(&r);
	m->epochs = get_epochs(&r, m->epoch);
	return get_done(&r, why);
}

void
message_put_welcome(struct writer *w, const struct welcome *m)
{
	uint8_t *payload = frame_begin(w, FRAME_WELCOME);

	put_u16(w, m->version);
	put_u64(w, m->time_us);
	put_u32(w, m->filter_version);
	put_epochs(w, m->epoch, m->epochs);
	frame_end(w, payload, false);
}

int
message_get_welcome(
    const uint8_t *payload, size_t len, struct welcome *m, const char **why)
{
	struct reader r = reader_of(payload, len);

	m->version = get_u16(&r);
	if (!r.bad && m->version != PROTOCOL_VERSION) {
		*why = "protocol version not known here";
		return -1;
	}
	m->time_us = get_u64(&r);
	m->filter_version = get_u32(&r);
	m->epochs = get_epochs(&r, m->epoch);
	return get_done(&r, why);
}

void
message_put_ack(struct writer *w, const struct ack *m)
{
	uint8_t *payload = frame_begin(w, FRAME_ACK);

	put_u64(w, m->epoch);
	put_u64(w, m->seq);
	frame_end(w, payload, false);
}

int
message_get_ack(const uint8_t *payload, size_t len, struct ack *m, const char **why)
{
	struct reader r = reader_of(payload, len);

	m->epoch = get_u64(&r);
	m->seq = get_u64(&r);
	return get_done(&r, why);
}

void
message_put_loss(struct writer *w, const struct loss *m)
{
	uint8_t *payload = frame_begin(w, FRAME_LOSS);

	put_u64(w, m->epoch);
	put_u64(w, m->first_seq);
	put_u32(w, m->count);
	put_u64(w, m->bind_id);
	put_u16(w, m->group);
	put_u32(w, m->kseq);
	put_u8(w, (uint8_t)m->cause);
	put_u64(w, m->records);
	put_u64(w, m->from_us);
	put_u64(w, m->to_us);
	frame_end(w, payload, true);
}

int
message_get_loss(const uint8_t *payload, size_t len, struct loss *m, const char **why)
{
	struct reader r = reader_of(payload, len < FRAME_CRC ? 0 : len - FRAME_CRC);

	m->epoch = get_u64(&r);
	m->first_seq = get_u64(&r);
	m->count = get_u32(&r);
	m->bind_id = get_u64(&r);
	m->group = get_u16(&r);
	m->kseq = get_u32(&r);
	m->cause = get_u8(&r);
	m->records = get_u64(&r);
	m->from_us = get_u64(&r);
	m->to_us = get_u64(&r);
	if (m->epoch == 0 || m->epoch > INT64_MAX || m->first_seq == 0 ||
	    m->count == 0 || m->first_seq > (uint64_t)INT64_MAX - m->count ||
	    m->cause < 1 || m->cause >= LOSS_CAUSE_END ||
	    (m->records > INT64_MAX && m->records != LOSS_RECORDS_UNKNOWN))
		r.bad = true;
	return get_done(&r, why);
}

static void
put_bytes8(struct writer *w, struct bytes s)
{
	uint8_t len = s.len < UINT8_MAX ? (uint8_t)s.len : UINT8_MAX;

	put_u8(w, len);
	put_bytes(w, s.p, len);
}

void
message_put_filtered(struct writer *w, const struct filtered *m)
{
	uint8_t *payload = frame_begin(w, FRAME_FILTERED);

	put_u64(w, m->epoch);
	put_u64(w, m->first_seq);
	put_u32(w, m->count);
	put_u64(w, m->bind_id);
	put_u16(w, m->group);
	put_u32(w, m->kseq);
	put_u16(w, m->entries);
	for (uint16_t i = 0; i < m->entries; i++) {
		put_u32(w, (uint32_t)m->entry[i].filter_id);
		put_u64(w, m->entry[i].minute_us);
		put_u64(w, m->entry[i].records);
		put_bytes8(w, m->entry[i].prefix);
	}
	frame_end(w, payload, true);
}

static void
get_filtered_entry(struct reader *r, struct filtered_entry *e)
{
	e->filter_id = (int32_t)get_u32(r);
	e->minute_us = get_u64(r);
	e->records = get_u64(r);
	e->prefix.len = get_u8(r);
	e->prefix.p = get_bytes(r, e->prefix.len);
	if (e->filter_id < FILTERED_BY_RATE || e->minute_us > INT64_MAX ||
	    e->minute_us % MINUTE_US != 0 || e->records == 0 || e->records > INT64_MAX)
		r->bad = true;
}

int
message_get_filtered(
    const uint8_t *payload, size_t len, struct filtered *m, const char **why)
{
	struct reader r = reader_of(payload, len < FRAME_CRC ? 0 : len - FRAME_CRC);

	m->epoch = get_u64(&r);
	m->first_seq = get_u64(&r);
	m->count = get_u32(&r);
	m->bind_id = get_u64(&r);
	m->group = get_u16(&r);
	m->kseq = get_u32(&r);
	m->entries = get_u16(&r);
	if (m->epoch == 0 || m->epoch > INT64_MAX || m->first_seq == 0 ||
	    m->count == 0 || m->first_seq > (uint64_t)INT64_MAX - m->count ||
	    m->entries < 1 || m->entries > FILTERED_MAX)
		r.bad = true;
	for (uint16_t i = 0; i < m->entries && !r.bad; i++)
		get_filtered_entry(&r, &m->entry[i]);
	return get_done(&r, why);
}

void
message_put_filters(struct writer *w, const struct filters *m)
{
	uint8_t *payload = frame_begin(w, FRAME_FILTERS);

	put_u32(w, m->version);
	put_u32(w, m->total);
	put_u32(w, m->crc);
	put_u32(w, m->offset);
	put_bytes(w, m->bytes, m->len);
	frame_end(w, payload, false);
}

int
message_get_filters(
    const uint8_t *payload, size_t len, struct filters *m, const char **why)
{
	struct reader r = reader_of(payload, len);

	m->version = get_u32(&r);
	m->total = get_u32(&r);
	m->crc = get_u32(&r);
	m->offset = get_u32(&r);
	m->len = r.left;
	m->bytes = get_bytes(&r, m->len);
	if (m->version == 0 || m->total > FILTERS_TOTAL_MAX || m->len == 0 ||
	    m->len > FILTERS_PIECE_MAX || m->offset > m->total ||
	    m->len > m->total - m->offset)
		r.bad = true;
	return get_done(&r, why);
}

void
message_put_applied(struct writer *w, const struct applied *m)
{
	uint8_t *payload = frame_begin(w, FRAME_APPLIED);

	put_u32(w, m->version);
	put_u32(w, m->crc);
	put_u32(w, m->refused);
	put_u32(w, m->refused_crc);
	put_text(w, m->reason, TEXT_MAX_LEN);
	frame_end(w, payload, false);
}

int
message_get_applied(
    const uint8_t *payload, size_t len, struct applied *m, const char **why)
{
	struct reader r = reader_of(payload, len);

	m->version = get_u32(&r);
	m->crc = get_u32(&r);
	m->refused = get_u32(&r);
	m->refused_crc = get_u32(&r);
	get_text(&r, m->reason, TEXT_MAX_LEN);
	return get_done(&r, why);
}

void
message_put_stats(struct writer *w, const struct stats *m)
{
	uint8_t *payload = frame_begin(w, FRAME_STATS);

	put_u64(w, m->time_us);
	put_u16(w, m->count);
	for (uint16_t i = 0; i < m->count; i++) {
		put_text(w, m->entry[i].name, sizeof m->entry[i].name - 1);
		put_u64(w, m->entry[i].value);
	}
	frame_end(w, payload, false);
}

int
message_get_stats(const uint8_t *payload, size_t len, struct stats *m, const char **why)
{
	struct reader r = reader_of(payload, len);

	m->time_us = get_u64(&r);
	m->count = get_u16(&r);
	if (m->count > STATS_MAX) {
		*why = "more counters than allowed";
		m->count = 0;
		return -1;
	}
	for (uint16_t i = 0; i < m->count; i++) {
		get_text(&r, m->entry[i].name, sizeof m->entry[i].name - 1);
		m->entry[i].value = get_u64(&r);
	}
	return get_done(&r, why);
}

void
message_put_alive(struct writer *w, const struct alive *m)
{
	uint8_t *payload = frame_begin(w, FRAME_ALIVE);

	put_u64(w, m->time_us);
	frame_end(w, payload, false);
}

int
message_get_alive(const uint8_t *payload, size_t len, struct alive *m, const char **why)
{
	struct reader r = reader_of(payload, len);

	m->time_us = get_u64(&r);
	return get_done(&r, why);
}

void
message_put_bye(struct writer *w, const struct bye *m)
{
	uint8_t *payload = frame_begin(w, FRAME_BYE);

	put_text(w, m->reason, TEXT_MAX_LEN);
	frame_end(w, payload, false);
}

int
message_get_bye(const uint8_t *payload, size_t len, struct bye *m, const char **why)
{
	struct reader r = reader_of(payload, len);

	get_text(&r, m->reason, TEXT_MAX_LEN);
	return get_done(&r, why);
}
