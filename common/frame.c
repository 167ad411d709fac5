/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/frame.h"

#include "common/crc32c.h"
#include "common/planted.h"

static const char *const frame_names[FRAME_TYPE_END] = {
    [FRAME_HELLO] = "HELLO",
    [FRAME_WELCOME] = "WELCOME",
    [FRAME_BATCH] = "BATCH",
    [FRAME_ACK] = "ACK",
    [FRAME_LOSS] = "LOSS",
    [FRAME_STATS] = "STATS",
    [FRAME_ALIVE] = "ALIVE",
    [FRAME_FILTERS] = "FILTERS",
    [FRAME_BYE] = "BYE",
    [FRAME_APPLIED] = "APPLIED",
    [FRAME_FILTERED] = "FILTERED",
};

const char *
frame_type_name(enum frame_type type)
{
	if (type < 1 || type >= FRAME_TYPE_END)
		return "unknown";
	return frame_names[type];
}

bool
frame_is_numbered(enum frame_type type)
{
	return type == FRAME_BATCH || type == FRAME_LOSS || type == FRAME_FILTERED;
}

long
frame_parse(const uint8_t *data, size_t len, struct frame *frame, const char **why)
{
	struct reader r = reader_of(data, len);
	uint32_t length = get_u32(&r);
	uint8_t byte = get_u8(&r);
	uint8_t type = byte & (uint8_t)~FRAME_MORE;
	bool more = type != byte;

	if (len >= 4 && (length < 1 || length > FRAME_MAX)) {
		*why = "frame length out of bounds";
		return -1;
	}
	if (r.bad)
		return 0;
	if (type < 1 || type >= FRAME_TYPE_END || (more && !frame_is_numbered(type))) {
		*why = "unknown frame type";
		return -1;
	}
	if (type != FRAME_BATCH && length > FRAME_CONTROL_MAX) {
		*why = "control frame too long";
		return -1;
	}
	frame->type = type;
	frame->more = more;
	frame->len = length - 1;
	frame->payload = get_bytes(&r, frame->len);
	return r.bad ? 0 : FRAME_HEADER + (long)frame->len;
}

bool
frame_crc_ok(const struct frame *frame)
{
	const uint8_t *start = frame->payload - FRAME_HEADER;
	struct reader r;

	if (frame->len < FRAME_CRC)
		return false;
	r = reader_of(frame->payload + frame->len - FRAME_CRC, FRAME_CRC);
	return planted(ignore_crc) ||
	       crc32c(0, start, FRAME_HEADER + frame->len - FRAME_CRC) == get_u32(&r);
}

uint8_t *
frame_begin(struct writer *w, enum frame_type type)
{
	put_u32(w, 0);
	put_u8(w, (uint8_t)type);
	return w->full ? NULL : w->at;
}

void
frame_end(struct writer *w, uint8_t *payload, bool with_crc)
{
	uint8_t *start;
	struct writer head;

	if (w->full || payload == NULL)
		return;
	start = payload - FRAME_HEADER;
	if (with_crc && w->left < FRAME_CRC) {
		w->full = true;
		return;
	}
	head = writer_of(start, 4);
	put_u32(&head, (uint32_t)(w->at - start) - 4 + (with_crc ? FRAME_CRC : 0));
	if (with_crc)
		put_u32(w, crc32c(0, start, (size_t)(w->at - start)));
}

void
frame_mark_more(uint8_t *frame, size_t len)
{
	struct writer crc = writer_of(frame + len - FRAME_CRC, FRAME_CRC);

	frame[FRAME_HEADER - 1] |= FRAME_MORE;
	put_u32(&crc, crc32c(0, frame, len - FRAME_CRC));
}
