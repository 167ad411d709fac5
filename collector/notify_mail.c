/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/notify_mail.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/clock.h"
#include "collector/notify_program.h"
#include "collector/notify_way.h"
#include "common/text.h"

#define WORD_BYTES 42      /* of text: 56 characters of base64, 68 with the frame */
#define BODY_LINE_BYTES 57 /* 76 characters (RFC 2045) */
#define PLAIN_LINE_MAX 900 /* below SMTP's 998 */
#define RECIPIENTS_MAX 32
#define GROUP_IN_SUBJECT 120

/* ---- encodings */

static void
add_base64(FILE *out, const char *p, size_t len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		unsigned long v = (unsigned long)(unsigned char)p[i] << 16;

		if (i + 1 < len)
			v |= (unsigned long)(unsigned char)p[i + 1] << 8;
		if (i + 2 < len)
			v |= (unsigned char)p[i + 2];
		fputc(digits[v >> 18], out);
		fputc(digits[v >> 12 & 63], out);
		fputc(i + 1 < len ? digits[v >> 6 & 63] : '=', out);
		fputc(i + 2 < len ? digits[v & 63] : '=', out);
	}
}

static bool
is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (((unsigned char)*text < ' ' && *text != '\n') || *text > '~' ||
		    (unsigned char)*text > '~')
			return false;
	return true;
}

/* As much of text as fits, but no half character. */
static size_t
piece(const char *text, size_t max)
{
	size_t len = strnlen(text, max + 1);

	if (len <= max)
		return len;
	for (len = max; len > 0 && (text[len] & 0xC0) == 0x80; len--)
		continue;
	return len > 0 ? len : max;
}

static void
add_encoded_words(FILE *out, const char *text)
{
	bool first = true;

	while (*text != '\0') {
		size_t len = piece(text, WORD_BYTES);

		fputs(first ? "=?UTF-8?B?" : "\n =?UTF-8?B?", out);
		add_base64(out, text, len);
		fputs("?=", out);
		text += len;
		first = false;
	}
}

/* Broken at blanks before it is longer than a line should be. */
static void
add_folded(FILE *out, const char *text, size_t column)
{
	while (*text != '\0') {
		size_t word = strcspn(text, " ");
		size_t blanks = strspn(text + word, " ");

		fprintf(out, "%.*s", (int)word, text);
		column += word;
		text += word + blanks;
		if (*text == '\0')
			return;
		if (column + 1 + strcspn(text, " ") > 76) {
			fputs("\n ", out);
			column = 1;
		} else {
			fputc(' ', out);
			column++;
		}
	}
}

void
mail_header(FILE *out, const char *name, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return;
	for (char *p = copy; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	fprintf(out, "%s: ", name);
	/* What looks encoded already would be decoded by the reader. */
	if (is_plain(copy) && strstr(copy, "=?") == NULL && strlen(copy) < 900)
		add_folded(out, copy, strlen(name) + 2);
	else
		add_encoded_words(out, copy);
	fputc('\n', out);
	free(copy);
}

/* ---- the message */

static void
add_date(FILE *out, int64_t now_us)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = (time_t)(now_us / 1000000);
	struct tm tm;

	gmtime_r(&now, &tm);
	fprintf(out, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\n",
	    days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void
add_subject(FILE *out, const struct notice *n, size_t count)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		return;
	fputs("fwlog: ", f);
	notice_line(n, f);
	fflush(f);
	if (size > GROUP_IN_SUBJECT) {
		size = piece(text, GROUP_IN_SUBJECT);
		fseek(f, (long)size, SEEK_SET);
		fputs(" ...", f);
	}
	if (count > 1)
		fprintf(f, " and %zu more", count - 1);
	if (fclose(f) == 0)
		mail_header(out, "Subject", text);
	free(text);
}

static void
add_line(FILE *out, const char *name, const char *text)
{
	if (text[0] != '\0')
		fprintf(out, "    %-10s %s\n", name, text);
}

static void
add_notice(FILE *out, const struct notice *n)
{
	notice_line(n, out);
	fputc('\n', out);
	if (notice_is(n, "digest"))
		fprintf(out, "%s\n", notice_text(n, NOTICE_ENTRIES));
	add_line(out, "first", notice_text(n, NOTICE_FIRST));
	add_line(out, "last", notice_text(n, NOTICE_LAST));
	add_line(out, "resolved", notice_text(n, NOTICE_RESOLVED));
	add_line(out, "events", notice_text(n, NOTICE_EVENTS));
	add_line(out, "rule", notice_text(n, NOTICE_RULE));
	add_line(out, "author", notice_text(n, NOTICE_AUTHOR));
	add_line(out, "see", notice_text(n, NOTICE_REFERENCES));
	add_line(out, "link", notice_text(n, NOTICE_LINK));
	add_line(out, "delivery", notice_text(n, NOTICE_DELIVERY));
	fputc('\n', out);
}

static bool
has_long_line(const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		if (len > PLAIN_LINE_MAX)
			return true;
		text += len + (text[len] == '\n');
	}
	return false;
}

static void
add_body(FILE *out, const char *text)
{
	bool plain = is_plain(text) && !has_long_line(text);
	size_t len = strlen(text);

	fprintf(out,
	    "MIME-Version: 1.0\nContent-Type: text/plain; charset=%s\n"
	    "Content-Transfer-Encoding: %s\n\n",
	    plain ? "US-ASCII" : "UTF-8", plain ? "7bit" : "base64");
	if (plain) {
		fputs(text, out);
		return;
	}
	for (size_t i = 0; i < len; i += BODY_LINE_BYTES) {
		add_base64(out, text + i,
		    len - i < BODY_LINE_BYTES ? len - i : BODY_LINE_BYTES);
		fputc('\n', out);
	}
}

static char *
make_body(const struct notice *n, size_t count)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		add_notice(f, &n[i]);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

static void
add_recipients(FILE *out, const char *to)
{
	bool first = true;

	fputs("To: ", out);
	while (*(to += strspn(to, " \t")) != '\0') {
		size_t len = strcspn(to, " \t");

		fprintf(out, "%s%.*s", first ? "" : ",\n ", (int)len, to);
		first = false;
		to += len;
	}
	fputc('\n', out);
}

char *
mail_message(const struct mail_envelope *e, const struct notice *n, size_t count)
{
	char *message = NULL, *body = make_body(n, count);
	size_t size;
	FILE *out = body != NULL ? open_memstream(&message, &size) : NULL;

	if (out == NULL) {
		free(body);
		return NULL;
	}
	if (e->from != NULL)
		mail_header(out, "From", e->from);
	add_recipients(out, e->to);
	add_subject(out, n, count);
	add_date(out, e->now_us);
	/* The number of the first delivery and how many: the same in a second try. */
	fprintf(out, "Message-ID: <fwlog.%s.%zu@%s>\n", notice_text(n, NOTICE_DELIVERY),
	    count, e->host);
	fputs("Auto-Submitted: auto-generated\n", out);
	add_body(out, body);
	free(body);
	if (fclose(out) == 0)
		return message;
	free(message);
	return NULL;
}

/* ---- the way */

static void *
mail_open(const struct action *a, char *why, size_t whysize)
{
	struct action *copy = malloc(sizeof *copy);

	if (copy == NULL)
		snprintf(why, whysize, "no memory");
	else
		*copy = *a;
	return copy;
}

/* Cuts to up at its blanks; argv has room for RECIPIENTS_MAX + 1. */
static void
split(char *to, char **argv)
{
	size_t count = 0;
	char *rest = NULL;

	for (char *p = strtok_r(to, " \t", &rest); p != NULL && count < RECIPIENTS_MAX;
	     p = strtok_r(NULL, " \t", &rest))
		argv[count++] = p;
	argv[count] = NULL;
}

static int
hand_over(const struct action *a, const char *message, char *why, size_t whysize)
{
	char oi[] = "-oi", f[] = "-f", end[] = "--";
	char path[] = "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin", lang[] = "LANG=C";
	char *const envp[] = {path, lang, NULL};
	char *argv[8 + RECIPIENTS_MAX] = {a->sendmail, oi};
	char *to = strdup(a->to);
	size_t at = 2;
	int rc = -1;
	const struct program program = {
	    .path = a->sendmail,
	    .argv = argv,
	    .envp = envp,
	    .user = a->user,
	    .may_gain = true,
	    .input = message,
	    .len = strlen(message),
	    .timeout_ms = a->timeout,
	};

	if (to == NULL) {
		snprintf(why, whysize, "no memory");
		return -1;
	}
	if (a->from != NULL) {
		argv[at++] = f;
		argv[at++] = a->from;
	}
	argv[at++] = end;
	split(to, argv + at);
	rc = program_run(&program, why, whysize);
	free(to);
	return rc;
}

static enum way_outcome
mail_send(void *self, const struct notice *n, size_t count, char *why, size_t whysize)
{
	const struct action *a = self;
	char host[256] = "";
	const struct mail_envelope e = {
	    .to = a->to,
	    .from = a->from,
	    .host = host,
	    .now_us = (int64_t)clock_wall_us(),
	};
	char *message;
	int rc;

	gethostname(host, sizeof host - 1);
	message = mail_message(&e, n, count);
	if (message == NULL) {
		snprintf(why, whysize, "no memory");
		return WAY_FAILED;
	}
	rc = hand_over(a, message, why, whysize);
	free(message);
	return rc == 0 ? WAY_SENT : WAY_FAILED;
}

const struct way way_mail = {.batch = 200, .open = mail_open, .send = mail_send};
