/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Old aggregations become correlations: "condition: sel | count(x) by y > n" loses what
 * is behind the bar, timeframe goes, and a second document follows the first. All other
 * lines stay as they are, comments too.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collector/alert/rule.h"
#include "collector/alert/yaml.h"

#define CHANGES_MAX 1024
#define WORD_MAX 128

/* What happens to one document. */
struct change {
	unsigned condition_line, timeframe_line;
	char *condition;   /* what is left of it */
	char *correlation; /* the second document */
};

struct aggregation {
	char type[16], field[WORD_MAX], by[4 * WORD_MAX], op[4], number[24];
};

struct conversion {
	struct change change[CHANGES_MAX];
	size_t changes;
	char *why;
	size_t whysize;
};

static int refuse(struct conversion *c, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int
refuse(struct conversion *c, unsigned line, const char *fmt, ...)
{
	int n = snprintf(c->why, c->whysize, "line %u: ", line);
	va_list ap;

	va_start(ap, fmt);
	if (n >= 0 && (size_t)n < c->whysize)
		vsnprintf(c->why + n, c->whysize - (size_t)n, fmt, ap);
	va_end(ap);
	return -1;
}

/* ---- count(x) by y > n */

static const char *
skip_blanks(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

/* Bytes up to one of the signs, without blanks at the end. */
static const char *
take(const char *p, const char *signs, char *to, size_t size)
{
	size_t n, kept;

	p = skip_blanks(p);
	n = kept = strcspn(p, signs);
	while (kept > 0 && isspace((unsigned char)p[kept - 1]))
		kept--;
	if (kept >= size)
		return NULL;
	memcpy(to, p, kept);
	to[kept] = '\0';
	return p + n;
}

static const char *
read_function(const char *p, struct aggregation *a)
{
	static const struct {
		const char *name, *plain, *field;
	} types[] = {
	    {"count", "event_count", "value_count"},
	    {"sum", NULL, "value_sum"},
	    {"avg", NULL, "value_avg"},
	};
	char name[WORD_MAX];

	p = take(p, "(", name, sizeof name);
	if (p == NULL || *p != '(')
		return NULL;
	p = take(p + 1, ")", a->field, sizeof a->field);
	if (p == NULL || *p != ')')
		return NULL;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		const char *type =
		    a->field[0] != '\0' ? types[i].field : types[i].plain;

		if (strcasecmp(name, types[i].name) == 0 && type != NULL) {
			snprintf(a->type, sizeof a->type, "%s", type);
			return p + 1;
		}
	}
	return NULL;
}

static bool
read_bound(const char *p, struct aggregation *a)
{
	static const struct {
		const char *sign, *key;
	} signs[] = {{">=", "gte"}, {"<=", "lte"}, {"==", "eq"}, {">", "gt"},
	    {"<", "lt"}, {"=", "eq"}};
	size_t i = 0, n = sizeof signs / sizeof signs[0];

	while (i < n && strncmp(p, signs[i].sign, strlen(signs[i].sign)) != 0)
		i++;
	if (i == n)
		return false;
	snprintf(a->op, sizeof a->op, "%s", signs[i].key);
	p = take(p + strlen(signs[i].sign), "", a->number, sizeof a->number);
	return p != NULL && a->number[0] != '\0' &&
	       a->number[strspn(a->number, "0123456789")] == '\0';
}

static bool
read_aggregation(const char *p, struct aggregation *a)
{
	*a = (struct aggregation){.type = ""};
	p = read_function(p, a);
	if (p == NULL)
		return false;
	p = skip_blanks(p);
	if (strncasecmp(p, "by", 2) == 0 && isspace((unsigned char)p[2])) {
		p = take(p + 2, "<>=", a->by, sizeof a->by);
		if (p == NULL || a->by[0] == '\0')
			return false;
	}
	return read_bound(p, a);
}

/* ---- the second document */

static void
put_scalar(const char *text, FILE *out)
{
	bool lines = strpbrk(text, "\n\r\t") != NULL;

	fputc(lines ? '"' : '\'', out);
	for (; *text != '\0'; text++) {
		if (!lines)
			fputs(*text == '\'' ? "'" : "", out);
		else if (strchr("\"\\", *text) != NULL)
			fputc('\\', out);
		if (*text == '\n' || *text == '\r' || *text == '\t')
			fputs(*text == '\n'   ? "\\n"
			      : *text == '\r' ? "\\r"
					      : "\\t",
			    out);
		else
			fputc(*text, out);
	}
	fputc(lines ? '"' : '\'', out);
}

static void
put_key(const struct yaml_node *root, const char *key, FILE *out)
{
	const struct yaml_node *n = yaml_get(root, key);

	if (n == NULL || n->kind == YAML_MAP)
		return;
	fprintf(out, "%s:", key);
	if (n->kind == YAML_SCALAR) {
		fputc(' ', out);
		put_scalar(n->text, out);
	}
	fputc('\n', out);
	for (const struct yaml_node *e = n->kind == YAML_LIST ? n->first : NULL;
	     e != NULL; e = e->next) {
		if (e->kind != YAML_SCALAR)
			continue;
		fputs("    - ", out);
		put_scalar(e->text, out);
		fputc('\n', out);
	}
}

/* Always the same for the same rule: FNV-1a, in the form of a UUID of version 8. */
static void
put_id(const char *id, FILE *out)
{
	uint64_t hash[2] = {UINT64_C(0xcbf29ce484222325), UINT64_C(0x84222325cbf29ce4)};

	for (unsigned i = 0; i < 2; i++)
		for (const char *p = id; *p != '\0'; p++)
			hash[i] = (hash[i] ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
	fprintf(out, "id: %08x-%04x-8%03x-%04x-%012llx\n", (unsigned)(hash[0] >> 32),
	    (unsigned)(hash[0] >> 16 & 0xffff), (unsigned)(hash[0] & 0xfff),
	    (unsigned)(hash[1] >> 48 & 0x3fff) | 0x8000u,
	    (unsigned long long)(hash[1] & UINT64_C(0xffffffffffff)));
}

static void
put_group(const char *by, FILE *out)
{
	char field[WORD_MAX];

	fputs("    group-by:\n", out);
	while (by != NULL && *by != '\0') {
		by = take(by, ",", field, sizeof field);
		if (by == NULL)
			return;
		fputs("        - ", out);
		put_scalar(field, out);
		fputc('\n', out);
		by += *by == ',';
	}
}

static void
put_correlation(const struct yaml_node *root, const struct aggregation *a,
    const char *timeframe, const char *reference, FILE *out)
{
	static const char *const copied[] = {"status", "description", "references",
	    "author", "date", "license", "tags", "falsepositives", "level"};

	fputs("---\n", out);
	put_key(root, "title", out);
	put_id(reference, out);
	for (size_t i = 0; i < sizeof copied / sizeof copied[0]; i++)
		put_key(root, copied[i], out);
	fprintf(out, "correlation:\n    type: %s\n    rules:\n        - ", a->type);
	put_scalar(reference, out);
	fputc('\n', out);
	if (a->by[0] != '\0')
		put_group(a->by, out);
	fprintf(out, "    timespan: %s\n    condition:\n", timeframe);
	if (a->field[0] != '\0') {
		fputs("        field: ", out);
		put_scalar(a->field, out);
		fputc('\n', out);
	}
	fprintf(out, "        %s: %s\n", a->op, a->number);
}

/* ---- documents */

static const char *
scalar_of(const struct yaml_node *root, const char *key)
{
	const struct yaml_node *n = yaml_get(root, key);

	return n != NULL && n->kind == YAML_SCALAR && n->len > 0 ? n->text : NULL;
}

static int
make_change(struct conversion *c, const struct yaml_node *root,
    const struct yaml_node *condition, const char *bar)
{
	const struct yaml_node *detection = yaml_get(root, "detection");
	const struct yaml_node *frame = yaml_get(detection, "timeframe");
	const char *reference = scalar_of(root, "id");
	struct change *change = &c->change[c->changes];
	struct aggregation a;
	size_t len;
	FILE *out;

	if (reference == NULL)
		reference = scalar_of(root, "name");
	if (reference == NULL)
		return refuse(c, root->line, "the rule has no id to refer to");
	if (!read_aggregation(bar + 1, &a))
		return refuse(c, condition->line,
		    "only count(), count(x), sum(x) and avg(x), by fields or not, and "
		    "> "
		    ">= < <= = with a number become correlations, not: %.80s",
		    bar);
	if (frame == NULL || frame->kind != YAML_SCALAR)
		return refuse(c, condition->line, "the timeframe is missing");
	if (c->changes == CHANGES_MAX)
		return refuse(c, condition->line, "too many documents");
	*change = (struct change){condition->line, frame->line, NULL, NULL};
	c->changes++;
	len = (size_t)(bar - condition->text);
	while (len > 0 && isspace((unsigned char)condition->text[len - 1]))
		len--;
	change->condition = strndup(condition->text, len);
	out = open_memstream(&change->correlation, &len);
	if (out == NULL)
		return refuse(c, condition->line, "out of memory");
	put_correlation(root, &a, frame->text, reference, out);
	return fclose(out) == 0 && change->condition != NULL
		   ? 0
		   : refuse(c, condition->line, "out of memory");
}

static int
read_document(struct conversion *c, const struct yaml_document *doc)
{
	const struct yaml_node *condition =
	    yaml_get(yaml_get(doc->root, "detection"), "condition");
	const char *bar;

	if (doc->fault_line != 0)
		return refuse(c, doc->fault_line, "%s", doc->fault);
	if (condition == NULL || condition->kind == YAML_MAP)
		return 0;
	if (condition->kind == YAML_LIST) {
		for (const struct yaml_node *n = condition->first; n != NULL;
		     n = n->next)
			if (n->kind == YAML_SCALAR && strchr(n->text, '|') != NULL)
				return refuse(c, n->line,
				    "aggregations in a list of conditions: write one "
				    "rule "
				    "for each");
		return 0;
	}
	bar = strchr(condition->text, '|');
	return bar != NULL ? make_change(c, doc->root, condition, bar) : 0;
}

static int
read_all(struct conversion *c, const char *text, size_t len)
{
	struct yaml_text *yaml = yaml_open(text, len);
	struct yaml_document doc;
	int rc = yaml != NULL ? 1 : -1, read = 0;

	if (len > RULE_FILE_MAX) {
		yaml_close(yaml);
		return refuse(c, 1, "the file is larger than 1 MiB");
	}
	while (rc > 0 && read == 0 && (rc = yaml_next(yaml, &doc)) > 0)
		read = read_document(c, &doc);
	yaml_close(yaml);
	return rc < 0 ? refuse(c, 1, "out of memory") : read;
}

/* ---- the text, line by line */

/* Blanks before key: when the line begins with it; -1: it does not. */
static int
indent_of(const char *line, size_t len, const char *key)
{
	size_t n = 0, k = strlen(key);

	while (n < len && line[n] == ' ')
		n++;
	return len - n > k && strncmp(line + n, key, k) == 0 && line[n + k] == ':'
		   ? (int)n
		   : -1;
}

static bool
is_separator(const char *line, size_t len)
{
	return len >= 3 &&
	       (strncmp(line, "---", 3) == 0 || strncmp(line, "...", 3) == 0) &&
	       (len == 3 || isspace((unsigned char)line[3]));
}

/* One line; *open: the change whose second document is still to come. */
static int
put_line(struct conversion *c, unsigned number, const char *line, size_t len,
    struct change **open, FILE *out)
{
	int indent;

	for (size_t i = 0; i < c->changes; i++) {
		struct change *change = &c->change[i];

		if (number == change->timeframe_line) {
			if (indent_of(line, len, "timeframe") < 0)
				return refuse(
				    c, number, "timeframe is not on a line of its own");
			return 0;
		}
		if (number != change->condition_line)
			continue;
		indent = indent_of(line, len, "condition");
		if (indent < 0)
			return refuse(
			    c, number, "condition is not on a line of its own");
		fprintf(out, "%*scondition: ", indent, "");
		put_scalar(change->condition, out);
		fputc('\n', out);
		*open = change;
		return 0;
	}
	if (*open != NULL && is_separator(line, len)) {
		fputs((*open)->correlation, out);
		*open = NULL;
	}
	fwrite(line, 1, len, out);
	fputc('\n', out);
	return 0;
}

static int
write_text(struct conversion *c, const char *text, size_t len, FILE *out)
{
	struct change *open = NULL;
	unsigned number = 1;

	for (size_t at = 0, n; at < len; at += n + 1, number++) {
		const char *end = memchr(text + at, '\n', len - at);

		n = end != NULL ? (size_t)(end - text) - at : len - at;
		if (put_line(c, number, text + at, n, &open, out) < 0)
			return -1;
	}
	if (open != NULL)
		fputs(open->correlation, out);
	return 0;
}

char *
rule_convert(const char *text, size_t len, char *why, size_t whysize)
{
	struct conversion *c = calloc(1, sizeof *c);
	char *made = NULL;
	size_t size;
	FILE *out = open_memstream(&made, &size);
	int rc = c != NULL && out != NULL ? 0 : -1;

	snprintf(why, whysize, "out of memory");
	if (c != NULL) {
		c->why = why;
		c->whysize = whysize;
	}
	if (rc == 0)
		rc = read_all(c, text, len);
	if (rc == 0 && c->changes == 0)
		fwrite(text, 1, len, out);
	else if (rc == 0)
		rc = write_text(c, text, len, out);
	for (size_t i = 0; c != NULL && i < c->changes; i++) {
		free(c->change[i].condition);
		free(c->change[i].correlation);
	}
	free(c);
	if (out != NULL && fclose(out) != 0)
		rc = -1;
	if (rc == 0)
		return made;
	free(made);
	return NULL;
}
