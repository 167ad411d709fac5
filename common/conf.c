/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/conf.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_value.h"
#include "common/nearest.h"

#define BLANKS " \t\r\n\v\f"
#define INIH_SLACK 3 /* inih's buffer holds "\r\n" and a NUL besides the line */

/* Where settings come from, and where complaints about them go. */
struct input {
	const struct conf_spec *spec;
	void *target;
	struct conf_errors *errors;
	const char *path;
	unsigned line; /* 0: path stands for itself */
};

/* An option that the file has already given for this base. */
struct seen {
	const struct conf_option *opt;
	const void *base;
	unsigned line;
};

struct file {
	struct input in;
	FILE *stream;
	char *text; /* of getline */
	size_t text_size;
	bool pending; /* inih has a line that must turn out to be "name = value" */
	void *base;   /* of the section; NULL when its heading was refused */
	const char *kind;
	struct seen *seen;
	size_t seen_count;
};

__attribute__((format(printf, 2, 3))) static void
complain(const struct input *in, const char *fmt, ...)
{
	va_list ap;

	in->errors->count++;
	fputs(in->path, in->errors->out);
	if (in->line > 0)
		fprintf(in->errors->out, ":%u", in->line);
	fputs(": ", in->errors->out);
	va_start(ap, fmt);
	vfprintf(in->errors->out, fmt, ap);
	va_end(ap);
	fputc('\n', in->errors->out);
}

static char *
trim(char *text)
{
	size_t len;

	text += strspn(text, BLANKS);
	len = strlen(text);
	while (len > 0 && strchr(BLANKS, text[len - 1]) != NULL)
		text[--len] = '\0';
	return text;
}

static bool
has_control(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++)
		if ((*p < 0x20 && *p != '\t') || *p == 0x7f)
			return true;
	return false;
}

/* What inih, or a reader used to other files, would take for a comment behind a value.
 */
static bool
has_inline_comment(const char *text)
{
	for (; *text != '\0'; text++)
		if ((*text == ' ' || *text == '\t') &&
		    (text[1] == ';' || text[1] == '#'))
			return true;
	return false;
}

static const struct conf_option *
find_option(const struct conf_spec *spec, const char *kind, const char *name)
{
	for (size_t i = 0; i < spec->count; i++)
		if (strcmp(spec->options[i].section, kind) == 0 &&
		    strcmp(spec->options[i].name, name) == 0)
			return &spec->options[i];
	return NULL;
}

/* The option of that name in another kind of section than this one. */
static const struct conf_option *
find_elsewhere(const struct conf_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->count; i++)
		if (strcmp(spec->options[i].name, name) == 0)
			return &spec->options[i];
	return NULL;
}

static void
complain_unknown(const struct input *in, const char *kind, const char *name)
{
	const struct conf_option *other = find_elsewhere(in->spec, name);
	struct nearest near;

	if (other != NULL && other->section[0] == '\0') {
		complain(in,
		    "%s: no option of [%s]; it belongs above the first section", name,
		    kind);
		return;
	}
	if (other != NULL) {
		complain(in, "%s: belongs into a section [%s]", name, other->section);
		return;
	}
	nearest_begin(&near, name);
	for (size_t i = 0; i < in->spec->count; i++)
		if (strcmp(in->spec->options[i].section, kind) == 0)
			nearest_offer(&near, in->spec->options[i].name);
	if (near.best != NULL)
		complain(in, "%s: unknown option; did you mean %s?", name, near.best);
	else
		complain(in, "%s: unknown option", name);
}

/* The option that was set, or NULL after a complaint. */
static const struct conf_option *
set_option(const struct input *in, const char *kind, void *base, const char *name,
    const char *value)
{
	const struct conf_option *opt = find_option(in->spec, kind, name);
	char why[640];

	if (opt == NULL) {
		complain_unknown(in, kind, name);
		return NULL;
	}
	if (value[0] == ';' || value[0] == '#' || has_inline_comment(value)) {
		complain(in, "%s: a comment must stand on a line of its own", name);
		return NULL;
	}
	if (conf_value_set(opt, base, value, why, sizeof why) < 0) {
		complain(in, "%s: \"%s\" %s", name, value, why);
		return NULL;
	}
	return opt;
}

/* The table's own name of a kind of section, or NULL after a complaint. */
static const char *
find_kind(const struct input *in, const char *kind)
{
	struct nearest near;

	nearest_begin(&near, kind);
	for (size_t i = 0; i < in->spec->count; i++) {
		const char *known = in->spec->options[i].section;

		if (known[0] == '\0')
			continue;
		if (strcmp(known, kind) == 0)
			return known;
		nearest_offer(&near, known);
	}
	if (near.best != NULL)
		complain(
		    in, "[%s]: unknown section; did you mean [%s]?", kind, near.best);
	else
		complain(in, "[%s]: unknown section", kind);
	return NULL;
}

/* Begins the section "kind argument"; cuts heading up. NULL after a complaint. */
static void *
enter_section(const struct input *in, char *heading, const char **kind)
{
	char why[256] = "not allowed here";
	char *argument;
	void *base;

	heading = trim(heading);
	argument = heading + strcspn(heading, BLANKS);
	if (*argument != '\0')
		*argument++ = '\0';
	argument = trim(argument);
	*kind = find_kind(in, heading);
	if (*kind == NULL)
		return NULL;
	base = in->spec->section_new(in->target, *kind, argument, why, sizeof why);
	if (base == NULL)
		complain(in, "[%s%s%s]: %s", *kind, argument[0] != '\0' ? " " : "",
		    argument, why);
	return base;
}

/* ---- the file: our reader sees every line first, inih then takes the pairs apart */

static const struct seen *
find_seen(const struct file *f, const struct conf_option *opt)
{
	for (size_t i = 0; i < f->seen_count; i++)
		if (f->seen[i].opt == opt && f->seen[i].base == f->base)
			return &f->seen[i];
	return NULL;
}

static void
remember(struct file *f, const struct conf_option *opt)
{
	const struct seen *before = find_seen(f, opt);
	struct seen *grown;

	if (opt->type == CONF_LINES)
		return;
	if (before != NULL) {
		complain(&f->in, "%s: given twice, first in line %u", opt->name,
		    before->line);
		return;
	}
	grown = reallocarray(f->seen, f->seen_count + 1, sizeof *grown);
	if (grown == NULL) {
		complain(&f->in, "out of memory");
		return;
	}
	f->seen = grown;
	f->seen[f->seen_count++] = (struct seen){opt, f->base, f->in.line};
}

static void
complain_no_pair(struct file *f)
{
	f->pending = false;
	complain(&f->in, "this is not \"name = value\"");
}

static int
on_pair(void *arg, const char *section, const char *name, const char *value)
{
	struct file *f = arg;
	const struct conf_option *opt;

	(void)section; /* inih cuts it at 50 characters; f->kind has it whole */
	if (name == NULL || name[0] == '\0' || value == NULL)
		return 1; /* still pending: the reader complains */
	f->pending = false;
	if (f->base == NULL)
		return 1;
	opt = set_option(&f->in, f->kind, f->base, name, value);
	if (opt != NULL)
		remember(f, opt);
	return 1;
}

static void
on_heading(struct file *f, char *text)
{
	size_t len = strlen(text);

	f->base = NULL;
	if (text[len - 1] != ']' || strcspn(text + 1, "[]") != len - 2) {
		complain(&f->in, "%s: a section is written [name] on a line of its own",
		    text);
		return;
	}
	text[len - 1] = '\0';
	f->base = enter_section(&f->in, text + 1, &f->kind);
}

/* Whether the line is for inih. */
static bool
is_pair(struct file *f, char *text, size_t size)
{
	if (text[0] == '\0' || text[0] == '#' || text[0] == ';')
		return false;
	if (text[0] == '[') {
		on_heading(f, text);
		return false;
	}
	if (strlen(text) + INIH_SLACK > size) {
		complain(&f->in, "the line has %zu characters; at most %zu are allowed",
		    strlen(text), size - INIH_SLACK);
		return false;
	}
	if (has_inline_comment(text)) {
		complain(&f->in, "a comment must stand on a line of its own");
		return false;
	}
	return true;
}

/*
 * inih's fgets. Indentation goes, since inih would take an indented line for more of
 * the value above; what is no pair reaches inih as an empty line.
 */
static char *
read_line(char *buf, int size, void *arg)
{
	struct file *f = arg;
	ssize_t len;
	char *text;

	if (f->pending)
		complain_no_pair(f);
	len = getline(&f->text, &f->text_size, f->stream);
	if (len < 0)
		return NULL;
	f->in.line++;
	buf[0] = '\0';
	text = f->text;
	if (f->in.line == 1 && strncmp(text, "\xEF\xBB\xBF", 3) == 0)
		text += 3;
	if (strlen(f->text) != (size_t)len || has_control(trim(text))) {
		complain(&f->in, "the line holds control characters");
		return buf;
	}
	text = trim(text);
	if (is_pair(f, text, (size_t)size)) {
		memcpy(buf, text, strlen(text) + 1);
		f->pending = true;
	}
	return buf;
}

int
conf_load(const struct conf_spec *spec, const char *path, void *target,
    struct conf_errors *errors)
{
	struct file f = {
	    .in = {spec, target, errors, path, 0}, .base = target, .kind = ""};
	unsigned before = errors->count;
	int rc;

	f.stream = fopen(path, "re");
	if (f.stream == NULL) {
		complain(&f.in, "cannot be read: %s", strerror(errno));
		return -1;
	}
	rc = ini_parse_stream(read_line, &f, on_pair, &f);
	if (f.pending)
		complain_no_pair(&f);
	if (ferror(f.stream) || rc < 0) {
		f.in.line = 0;
		complain(
		    &f.in, "cannot be read: %s", strerror(rc < 0 ? ENOMEM : errno));
	}
	fclose(f.stream);
	free(f.text);
	free(f.seen);
	return errors->count > before ? -1 : 0;
}

int
conf_set(const struct conf_spec *spec, const char *assignment, void *target,
    struct conf_errors *errors)
{
	struct input in = {spec, target, errors, "-o", 0};
	const char *kind = "";
	void *base = target;
	char *name = strdup(assignment);
	char *value = name != NULL ? strchr(name, '=') : NULL;
	char *slash;
	int rc = -1;

	if (value == NULL || has_control(assignment)) {
		complain(&in, "%s: this is not NAME=VALUE", assignment);
		free(name);
		return -1;
	}
	*value++ = '\0';
	slash = strrchr(name, '/');
	if (slash != NULL) {
		*slash = '\0';
		base = enter_section(&in, name, &kind);
	}
	if (base != NULL &&
	    set_option(&in, kind, base, trim(slash != NULL ? slash + 1 : name),
		trim(value)) != NULL)
		rc = 0;
	free(name);
	return rc;
}

int
conf_validate(
    const struct conf_spec *spec, const void *target, struct conf_errors *errors)
{
	const char *why = spec->validate != NULL ? spec->validate(target) : NULL;

	if (why == NULL)
		return 0;
	errors->count++;
	fprintf(errors->out, "configuration: %s\n", why);
	return -1;
}

/* ---- the table */

void
conf_defaults(const struct conf_spec *spec, const char *kind, void *base)
{
	for (size_t i = 0; i < spec->count; i++)
		if (strcmp(spec->options[i].section, kind) == 0)
			conf_value_default(&spec->options[i], base);
}

void
conf_free_strings(const struct conf_spec *spec, const char *kind, void *base)
{
	for (size_t i = 0; i < spec->count; i++) {
		const struct conf_option *opt = &spec->options[i];
		char **place = (char **)((char *)base + opt->offset);

		if ((opt->type != CONF_STRING && opt->type != CONF_LINES) ||
		    strcmp(opt->section, kind) != 0)
			continue;
		free(*place);
		*place = NULL;
	}
}

struct dump {
	const struct conf_spec *spec;
	FILE *out;
};

static void
dump_options(const struct dump *d, const char *kind, const void *base)
{
	char buf[CONF_VALUE_TEXT];

	for (size_t i = 0; i < d->spec->count; i++) {
		const struct conf_option *opt = &d->spec->options[i];
		const char *text;

		if (strcmp(opt->section, kind) != 0)
			continue;
		text = conf_value_text(opt, base, buf);
		do {
			size_t len = strcspn(text, "\n");

			fprintf(d->out, "%s =%s%.*s\n", opt->name, len > 0 ? " " : "",
			    (int)len, text);
			text += len;
		} while (*text++ != '\0');
	}
}

static void
dump_section(void *arg, const char *kind, const char *argument, const void *base)
{
	const struct dump *d = arg;

	fprintf(d->out, "\n[%s%s%s]\n", kind, argument[0] != '\0' ? " " : "", argument);
	dump_options(d, kind, base);
}

void
conf_dump(const struct conf_spec *spec, const void *target, FILE *out)
{
	struct dump d = {spec, out};

	dump_options(&d, "", target);
	if (spec->section_each != NULL)
		spec->section_each(target, dump_section, &d);
}

void
conf_print_options(const struct conf_spec *spec, FILE *out)
{
	char range[512];

	for (size_t i = 0; i < spec->count; i++) {
		const struct conf_option *opt = &spec->options[i];

		conf_value_range(opt, range, sizeof range);
		fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", opt->section, opt->name,
		    conf_type_name(opt->type), opt->def != NULL ? opt->def : "", range,
		    opt->help);
	}
}
