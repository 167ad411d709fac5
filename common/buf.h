/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded cursors over bytes, big-endian. A reader refuses to overrun, a writer
 * refuses what does not fit; both remember the refusal, so a codec may do its gets
 * or puts in a row and ask once at the end. They never allocate and own nothing.
 */
#ifndef FWLOG_COMMON_BUF_H
#define FWLOG_COMMON_BUF_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
	const uint8_t *at;
	size_t left;
	bool bad; /* a get asked for more than was left */
};

struct writer {
	uint8_t *at;
	size_t left;
	bool full; /* a put did not fit */
};

static inline struct reader
reader_of(const void *data, size_t len)
{
	return (struct reader){.at = data, .left = len};
}

static inline struct writer
writer_of(void *data, size_t len)
{
	return (struct writer){.at = data, .left = len};
}

/* len bytes as they lie, or NULL (and bad) when fewer are left. */
static inline const uint8_t *
get_bytes(struct reader *r, size_t len)
{
	const uint8_t *p = r->at;

	if (r->bad || len > r->left) {
		r->bad = true;
		return NULL;
	}
	r->at += len;
	r->left -= len;
	return p;
}

#define DEFINE_GET(bits, convert)                                  \
	static inline uint##bits##_t get_u##bits(struct reader *r) \
	{                                                          \
		uint##bits##_t v = 0;                              \
		const uint8_t *p = get_bytes(r, sizeof v);         \
		if (p != NULL)                                     \
			memcpy(&v, p, sizeof v);                   \
		return convert(v);                                 \
	}
DEFINE_GET(8, )
DEFINE_GET(16, be16toh)
DEFINE_GET(32, be32toh)
DEFINE_GET(64, be64toh)
#undef DEFINE_GET

static inline void
put_bytes(struct writer *w, const void *data, size_t len)
{
	if (w->full || len > w->left) {
		w->full = true;
		return;
	}
	if (len > 0)
		memcpy(w->at, data, len);
	w->at += len;
	w->left -= len;
}

#define DEFINE_PUT(bits, convert)                                          \
	static inline void put_u##bits(struct writer *w, uint##bits##_t v) \
	{                                                                  \
		v = convert(v);                                            \
		put_bytes(w, &v, sizeof v);                                \
	}
DEFINE_PUT(8, )
DEFINE_PUT(16, htobe16)
DEFINE_PUT(32, htobe32)
DEFINE_PUT(64, htobe64)
#undef DEFINE_PUT

#endif
