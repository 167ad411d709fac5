/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/import_journal.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64 /* of values in values */

/* ---- fields */

static bool
is_name(struct span name, const char *text)
{
	return name.len == strlen(text) && memcmp(name.p, text, name.len) == 0;
}

static bool
is_wanted(struct span name)
{
	return is_name(name, "MESSAGE") || is_name(name, "_HOSTNAME") ||
	       is_name(name, "__CURSOR") || is_name(name, "__REALTIME_TIMESTAMP") ||
	       is_name(name, "_SOURCE_REALTIME_TIMESTAMP");
}

static uint64_t
number_of(struct span value)
{
	uint64_t n = 0;

	for (size_t i = 0; i < value.len && i < 19; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return 0;
		n = n * 10 + (uint64_t)(value.p[i] - '0');
	}
	return n;
}

/* The kernel's own time goes before that of the journal's receipt. */
static void
put_field(struct journal_entry *e, struct span name, struct span value)
{
	if (is_name(name, "MESSAGE"))
		e->message = value;
	else if (is_name(name, "_HOSTNAME"))
		e->host = value;
	else if (is_name(name, "__CURSOR"))
		e->cursor = value;
	else if (is_name(name, "_SOURCE_REALTIME_TIMESTAMP") || e->ts_us == 0)
		e->ts_us = number_of(value);
}

static void
put_byte(struct journal_entry *e, unsigned byte)
{
	if (e->used < sizeof e->room)
		e->room[e->used++] = (char)byte;
}

static void
start(struct journal_entry *e)
{
	e->host = e->message = e->cursor = (struct span){0};
	e->ts_us = 0;
	e->used = 0;
}

/* ---- JSON (RFC 8259), as far as it is needed to find fields */

struct json {
	const char *at, *end;
	struct journal_entry *e;
};

static void
skip_blanks(struct json *j)
{
	while (j->at < j->end && (*j->at == ' ' || *j->at == '\t'))
		j->at++;
}

static bool
take(struct json *j, char c)
{
	skip_blanks(j);
	if (j->at == j->end || *j->at != c)
		return false;
	j->at++;
	return true;
}

static void
put_unicode(struct journal_entry *e, unsigned c)
{
	if (c < 0x80) {
		put_byte(e, c);
	} else if (c < 0x800) {
		put_byte(e, 0xc0 | c >> 6);
		put_byte(e, 0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		put_byte(e, 0xe0 | c >> 12);
		put_byte(e, 0x80 | (c >> 6 & 0x3f));
		put_byte(e, 0x80 | (c & 0x3f));
	} else {
		put_byte(e, 0xf0 | c >> 18);
		put_byte(e, 0x80 | (c >> 12 & 0x3f));
		put_byte(e, 0x80 | (c >> 6 & 0x3f));
		put_byte(e, 0x80 | (c & 0x3f));
	}
}

/* Four digits behind \u; -1: they are none. */
static int
take_hex(struct json *j)
{
	char digits[5] = "";
	char *end;
	long n;

	if (j->end - j->at < 4)
		return -1;
	memcpy(digits, j->at, 4);
	n = strtol(digits, &end, 16);
	if (end != digits + 4)
		return -1;
	j->at += 4;
	return (int)n;
}

static bool
put_escape(struct json *j)
{
	static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
	char c = *j->at++;
	const char *letter = strchr(letters, c);
	int high, low;

	if (c != 'u') {
		put_byte(j->e, (unsigned char)(c != '\0' && letter != NULL
						   ? meanings[letter - letters]
						   : c));
		return true;
	}
	high = take_hex(j);
	if (high < 0)
		return false;
	if (high >= 0xd800 && high < 0xdc00 && j->end - j->at >= 6 &&
	    j->at[0] == '\\' && j->at[1] == 'u') {
		j->at += 2;
		low = take_hex(j);
		if (low < 0xdc00 || low > 0xdfff)
			return false;
		high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	}
	put_unicode(j->e, (unsigned)high);
	return true;
}

/* Behind its first quote. One that is kept goes to the entry's room. */
static bool
take_string(struct json *j, bool keep, struct span *value)
{
	size_t from = j->e->used;
	const char *raw = j->at;

	while (j->at < j->end && *j->at != '"') {
		if (*j->at != '\\') {
			if (keep)
				put_byte(j->e, (unsigned char)*j->at);
			j->at++;
			continue;
		}
		if (++j->at == j->end)
			return false;
		if (!keep)
			j->at++;
		else if (!put_escape(j))
			return false;
	}
	if (j->at == j->end)
		return false;
	*value = keep ? (struct span){j->e->room + from, j->e->used - from}
		      : (struct span){raw, (size_t)(j->at - raw)};
	j->at++;
	return true;
}

/* Bytes that are no text come as an array of numbers. */
static bool
take_bytes(struct json *j, struct span *value)
{
	size_t from = j->e->used;
	unsigned n;

	while (!take(j, ']')) {
		skip_blanks(j);
		for (n = 0; j->at < j->end && *j->at >= '0' && *j->at <= '9'; j->at++)
			n = n * 10 + (unsigned)(*j->at - '0');
		put_byte(j->e, n & 0xff);
		if (!take(j, ',') && (j->at == j->end || *j->at != ']'))
			return false;
	}
	*value = (struct span){j->e->room + from, j->e->used - from};
	return true;
}

/* Any value whose contents are of no interest. */
static bool
skip_value(struct json *j)
{
	struct span ignored;
	int depth = 0;

	skip_blanks(j);
	while (j->at < j->end) {
		char c = *j->at;

		if (depth == 0 && (c == ',' || c == '}'))
			return true;
		j->at++;
		if (c == '"' && !take_string(j, false, &ignored))
			return false;
		if ((c == '[' || c == '{') && ++depth > DEPTH_MAX)
			return false;
		if ((c == ']' || c == '}') && --depth < 0)
			return false;
	}
	return false;
}

static bool
take_member(struct json *j)
{
	struct span name, value;

	if (!take(j, '"') || !take_string(j, false, &name) || !take(j, ':'))
		return false;
	if (!is_wanted(name))
		return skip_value(j);
	if (take(j, '"')) {
		if (!take_string(j, true, &value))
			return false;
	} else if (take(j, '[')) {
		if (!take_bytes(j, &value))
			return false;
	} else {
		return skip_value(j);
	}
	put_field(j->e, name, value);
	return true;
}

bool
journal_read_json(const char *line, size_t len, struct journal_entry *e)
{
	struct json j = {line, line + len, e};

	start(e);
	if (!take(&j, '{'))
		return false;
	if (take(&j, '}'))
		return true;
	do {
		if (!take_member(&j))
			return false;
	} while (take(&j, ','));
	return take(&j, '}');
}

/* ---- export */

static struct span
keep(struct journal_entry *e, struct span value)
{
	char *to = e->room + e->used;

	if (value.len > sizeof e->room - e->used)
		value.len = sizeof e->room - e->used;
	memcpy(to, value.p, value.len);
	e->used += value.len;
	return (struct span){to, value.len};
}

static int
read_binary(struct import_input *in, struct journal_entry *e, struct span name)
{
	char copy[32];
	struct span value, kept = {copy, name.len};
	uint64_t size, piece;
	bool wanted = name.len < sizeof copy && is_wanted(name);
	int rc;

	if (wanted)
		memcpy(copy, name.p, name.len);
	rc = import_input_bytes(in, sizeof size, &value);
	if (rc <= 0)
		return rc;
	memcpy(&size, value.p, sizeof size);
	size = le64toh(size);
	while (size > 0) {
		piece = size < IMPORT_LINE_MAX ? size : IMPORT_LINE_MAX;
		rc = import_input_bytes(in, (size_t)piece, &value);
		if (rc <= 0)
			return rc;
		if (wanted)
			put_field(e, kept, keep(e, value));
		wanted = false;
		size -= piece;
	}
	return import_input_bytes(in, 1, &value); /* the end of the line */
}

int
journal_read_export(struct import_input *in, struct journal_entry *e)
{
	struct span line;
	bool any = false;
	int rc;

	start(e);
	while ((rc = import_input_line(in, &line)) > 0) {
		const char *equals;
		struct span name;

		if (line.len == 0 && any)
			return 1;
		if (line.len == 0)
			continue;
		any = true;
		equals = memchr(line.p, '=', line.len);
		if (equals == NULL) {
			rc = read_binary(in, e, line);
			if (rc <= 0)
				break;
			continue;
		}
		name = (struct span){line.p, (size_t)(equals - line.p)};
		if (is_wanted(name))
			put_field(e, name,
			    keep(
				e, (struct span){equals + 1, line.len - name.len - 1}));
	}
	return rc < 0 ? -1 : any;
}
