/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/batch.h"

#include <stdlib.h>
#include <zstd.h>

#include "common/frame.h"

#define HEAD_LEN 56                   /* bytes before the body, docs/protocol.md */
#define STRINGS_BYTES_MAX (64u << 10) /* bytes of the string table */
#define SLOTS (2 * BATCH_STRINGS_MAX) /* of the hash over it; a power of two */
#define RECORDS_BYTES_MAX (BATCH_BODY_MAX - STRINGS_BYTES_MAX)

enum encoding { ENCODING_RAW, ENCODING_ZSTD };

struct string_ref {
	uint32_t offset; /* of the characters in strings[] */
	uint8_t len;
};

struct batch_writer {
	ZSTD_CCtx *zstd; /* NULL: not compressed */
	int level;
	uint32_t count;
	uint64_t first_ts_us, last_ts_us;
	uint16_t nstrings;
	struct writer strings, records;
	uint16_t slot[SLOTS]; /* index + 1 into ref, 0 free */
	struct string_ref ref[BATCH_STRINGS_MAX];
	uint8_t strings_bytes[STRINGS_BYTES_MAX];
	uint8_t frame[FRAME_HEADER + HEAD_LEN + BATCH_BODY_MAX + FRAME_CRC];
	/* The string table is copied right before the records when the batch is done.
	 */
	uint8_t body[BATCH_BODY_MAX];
};
_Static_assert(
    1 + HEAD_LEN + BATCH_BODY_MAX + FRAME_CRC <= FRAME_MAX, "a batch is a frame");

struct batch_reader {
	ZSTD_DCtx *zstd;
	struct batch_head head;
	uint32_t left; /* records not yet read */
	uint16_t nstrings;
	struct reader records;
	struct bytes string[BATCH_STRINGS_MAX];
	uint8_t body[BATCH_BODY_MAX];
};

struct batch_writer *
batch_writer_new(int zstd_level)
{
	struct batch_writer *w = calloc(1, sizeof *w);

	if (w == NULL)
		return NULL;
	w->level = zstd_level;
	if (zstd_level != 0 && (w->zstd = ZSTD_createCCtx()) == NULL) {
		free(w);
		return NULL;
	}
	batch_begin(w);
	return w;
}

void
batch_writer_free(struct batch_writer *w)
{
	if (w == NULL)
		return;
	ZSTD_freeCCtx(w->zstd);
	free(w);
}

void
batch_begin(struct batch_writer *w)
{
	w->count = 0;
	w->nstrings = 0;
	w->strings = writer_of(w->strings_bytes, sizeof w->strings_bytes);
	put_u16(&w->strings, 0);
	w->records = writer_of(w->body + STRINGS_BYTES_MAX, RECORDS_BYTES_MAX);
	memset(w->slot, 0, sizeof w->slot);
}

/* FNV-1a, 32 bits. */
static uint32_t
string_hash(const uint8_t *p, size_t len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 16777619u;
	return hash;
}

static int
string_append(struct batch_writer *w, uint32_t slot, const void *string, size_t len)
{
	struct string_ref *ref;

	if (w->nstrings == BATCH_STRINGS_MAX || w->strings.left < len + 1)
		return -1;
	ref = &w->ref[w->nstrings];
	put_u8(&w->strings, (uint8_t)len);
	ref->offset = (uint32_t)(w->strings.at - w->strings_bytes);
	ref->len = (uint8_t)len;
	put_bytes(&w->strings, string, len);
	w->slot[slot] = ++w->nstrings;
	return w->nstrings - 1;
}

int
batch_intern(struct batch_writer *w, const void *string, size_t len)
{
	uint32_t slot;

	if (len > RECORD_STRING_MAX)
		len = RECORD_STRING_MAX;
	slot = string_hash(string, len) % SLOTS;
	for (; w->slot[slot] != 0; slot = (slot + 1) % SLOTS) {
		const struct string_ref *ref = &w->ref[w->slot[slot] - 1];

		if (ref->len == len &&
		    memcmp(w->strings_bytes + ref->offset, string, len) == 0)
			return w->slot[slot] - 1;
	}
	return string_append(w, slot, string, len);
}

int
batch_add(struct batch_writer *w, const struct record *rec)
{
	size_t most = RECORD_FIXED_MAX + (size_t)rec->hw_addr.len + rec->hw_header.len +
		      rec->payload.len;

	if (w->count == BATCH_RECORDS_MAX || w->records.left < most)
		return -1;
	record_put(&w->records, rec);
	if (w->count++ == 0)
		w->first_ts_us = rec->ts_us;
	w->last_ts_us = rec->ts_us;
	return 0;
}

uint32_t
batch_count(const struct batch_writer *w)
{
	return w->count;
}

struct bytes
batch_writer_string(const struct batch_writer *w, uint16_t index)
{
	const struct string_ref *ref = &w->ref[index];

	if (index >= w->nstrings)
		return (struct bytes){0};
	return (struct bytes){w->strings_bytes + ref->offset, ref->len};
}

/* Puts the strings before the records and returns both. */
static struct bytes_view
body_join(struct batch_writer *w)
{
	size_t strings_len = (size_t)(w->strings.at - w->strings_bytes);
	uint8_t *start = w->body + STRINGS_BYTES_MAX - strings_len;
	struct writer count = writer_of(w->strings_bytes, 2);

	put_u16(&count, w->nstrings);
	memcpy(start, w->strings_bytes, strings_len);
	return (struct bytes_view){start, (size_t)(w->records.at - start)};
}

static void
put_head(
    struct writer *w, enum encoding encoding, const struct batch_head *h, uint32_t raw)
{
	put_u8(w, BATCH_VERSION);
	put_u8(w, (uint8_t)encoding);
	put_u64(w, h->epoch);
	put_u64(w, h->first_seq);
	put_u32(w, h->count);
	put_u64(w, h->source.bind_id);
	put_u16(w, h->source.group);
	put_u32(w, h->source.kseq);
	put_u64(w, h->first_ts_us);
	put_u64(w, h->last_ts_us);
	put_u32(w, raw);
}

/* The body at out, compressed when that makes it smaller; *len is what it takes. */
static enum encoding
body_encode(struct batch_writer *w, struct bytes_view body, uint8_t *out, size_t *len)
{
	size_t n;

	if (w->zstd != NULL) {
		n = ZSTD_compressCCtx(
		    w->zstd, out, body.len - 1, body.p, body.len, w->level);
		if (!ZSTD_isError(n)) {
			*len = n;
			return ENCODING_ZSTD;
		}
	}
	memcpy(out, body.p, body.len);
	*len = body.len;
	return ENCODING_RAW;
}

struct bytes_view
batch_finish(struct batch_writer *w, struct batch_head *head)
{
	struct bytes_view body = body_join(w);
	struct writer out = writer_of(w->frame, sizeof w->frame);
	uint8_t *payload = frame_begin(&out, FRAME_BATCH);
	enum encoding encoding;
	size_t len;
	struct writer at_head;

	head->count = w->count;
	head->first_ts_us = w->first_ts_us;
	head->last_ts_us = w->last_ts_us;
	encoding = body_encode(w, body, payload + HEAD_LEN, &len);
	at_head = writer_of(payload, HEAD_LEN);
	put_head(&at_head, encoding, head, (uint32_t)body.len);
	out.at += HEAD_LEN + len;
	out.left -= HEAD_LEN + len;
	frame_end(&out, payload, true);
	return (struct bytes_view){w->frame, (size_t)(out.at - w->frame)};
}

struct batch_reader *
batch_reader_new(void)
{
	struct batch_reader *b = calloc(1, sizeof *b);

	if (b == NULL)
		return NULL;
	b->zstd = ZSTD_createDCtx();
	if (b->zstd == NULL) {
		free(b);
		return NULL;
	}
	return b;
}

void
batch_reader_free(struct batch_reader *b)
{
	if (b == NULL)
		return;
	ZSTD_freeDCtx(b->zstd);
	free(b);
}

/* Reads the head; *encoding and *raw are checked against their bounds. */
static int
get_head(struct reader *r, struct batch_head *h, uint8_t *encoding, uint32_t *raw,
    const char **why)
{
	uint8_t version = get_u8(r);

	if (!r->bad && version != BATCH_VERSION) {
		*why = "batch version not known here";
		return -1;
	}
	*encoding = get_u8(r);
	h->epoch = get_u64(r);
	h->first_seq = get_u64(r);
	h->count = get_u32(r);
	h->source.bind_id = get_u64(r);
	h->source.group = get_u16(r);
	h->source.kseq = get_u32(r);
	h->first_ts_us = get_u64(r);
	h->last_ts_us = get_u64(r);
	*raw = get_u32(r);
	if (r->bad || *encoding > ENCODING_ZSTD || h->epoch == 0 ||
	    h->epoch > INT64_MAX || h->first_seq == 0 ||
	    h->first_seq > INT64_MAX - BATCH_RECORDS_MAX || h->count == 0 ||
	    h->count > BATCH_RECORDS_MAX || *raw > BATCH_BODY_MAX) {
		*why = "batch head cut short or a value out of bounds";
		return -1;
	}
	return 0;
}

int
batch_peek(
    const uint8_t *payload, size_t len, struct batch_head *head, const char **why)
{
	struct reader r = reader_of(payload, len);
	uint8_t encoding;
	uint32_t raw;

	return get_head(&r, head, &encoding, &raw, why);
}

static int
body_decode(struct batch_reader *b, struct reader *in, uint8_t encoding, uint32_t raw,
    struct reader *body)
{
	size_t n;

	if (encoding == ENCODING_RAW) {
		*body = *in;
		return in->left == raw ? 0 : -1;
	}
	n = ZSTD_decompressDCtx(b->zstd, b->body, raw, in->at, in->left);
	*body = reader_of(b->body, raw);
	return !ZSTD_isError(n) && n == raw ? 0 : -1;
}

static int
get_strings(struct batch_reader *b, struct reader *body)
{
	uint16_t n = get_u16(body);

	if (n > BATCH_STRINGS_MAX)
		return -1;
	for (uint16_t i = 0; i < n; i++) {
		b->string[i].len = get_u8(body);
		b->string[i].p = get_bytes(body, b->string[i].len);
	}
	b->nstrings = n;
	return body->bad ? -1 : 0;
}

int
batch_open(struct batch_reader *b, const uint8_t *payload, size_t len, const char **why)
{
	struct reader r = reader_of(payload, len < FRAME_CRC ? 0 : len - FRAME_CRC);
	struct reader body;
	uint8_t encoding;
	uint32_t raw;

	b->left = 0;
	b->nstrings = 0;
	if (get_head(&r, &b->head, &encoding, &raw, why) < 0)
		return -1;
	if (body_decode(b, &r, encoding, raw, &body) < 0) {
		*why = "batch body does not unpack to the length it tells";
		return -1;
	}
	if (get_strings(b, &body) < 0) {
		*why = "string table of the batch is malformed";
		return -1;
	}
	b->records = body;
	b->left = b->head.count;
	return 0;
}

const struct batch_head *
batch_reader_head(const struct batch_reader *b)
{
	return &b->head;
}

uint16_t
batch_strings(const struct batch_reader *b)
{
	return b->nstrings;
}

struct bytes
batch_string(const struct batch_reader *b, uint16_t index)
{
	return index < b->nstrings ? b->string[index] : (struct bytes){0};
}

int
batch_next(struct batch_reader *b, struct record *rec)
{
	if (b->left == 0)
		return b->records.left == 0 ? 0 : -1;
	if (record_get(&b->records, rec, b->nstrings) < 0) {
		b->left = 0;
		b->records.left = 1; /* stays malformed when asked again */
		return -1;
	}
	b->left--;
	return 1;
}
