/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/conf_value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/log.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/* Largest first: that is how a value is written. */
static const struct unit size_units[] = {
    {"T", UINT64_C(1) << 40},
    {"G", UINT64_C(1) << 30},
    {"M", UINT64_C(1) << 20},
    {"K", UINT64_C(1) << 10},
    {"", 1},
    {NULL, 0},
};

static const struct unit duration_units[] = {
    {"d", 86400000},
    {"h", 3600000},
    {"m", 60000},
    {"s", 1000},
    {"ms", 1},
    {NULL, 0},
};

static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

static const struct unit *
units_of(enum conf_type type)
{
	if (type == CONF_SIZE)
		return size_units;
	return type == CONF_DURATION ? duration_units : no_units;
}

const char *
conf_type_name(enum conf_type type)
{
	static const char *const names[] = {
	    [CONF_STRING] = "string",
	    [CONF_LINES] = "lines",
	    [CONF_BOOL] = "bool",
	    [CONF_UINT] = "number",
	    [CONF_SIZE] = "size",
	    [CONF_DURATION] = "duration",
	    [CONF_ENUM] = "choice",
	};

	return names[type];
}

static void
number_text(enum conf_type type, uint64_t value, char *buf, size_t size)
{
	const struct unit *u = units_of(type);

	if (value == 0) {
		snprintf(buf, size, "0");
		return;
	}
	while (value % u->factor != 0)
		u++;
	snprintf(buf, size, "%" PRIu64 "%s", value / u->factor, u->name);
}

static void
choices_text(const char *const *choice, char *buf, size_t size)
{
	size_t used = (size_t)snprintf(buf, size, "one of ");

	for (; *choice != NULL && used < size; choice++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", *choice,
		    choice[1] != NULL ? ", " : "");
}

static void
number_range(const struct conf_option *opt, char *buf, size_t size)
{
	char min[CONF_VALUE_TEXT], max[CONF_VALUE_TEXT];

	number_text(opt->type, opt->min, min, sizeof min);
	number_text(opt->type, opt->max, max, sizeof max);
	if (opt->max != 0)
		snprintf(buf, size, "from %s to %s", min, max);
	else if (opt->min != 0)
		snprintf(buf, size, "from %s", min);
}

static void
string_range(const struct conf_option *opt, char *buf, size_t size)
{
	if (opt->max != 0)
		snprintf(buf, size, "%" PRIu64 " to %" PRIu64 " characters", opt->min,
		    opt->max);
	else if (opt->min != 0)
		snprintf(buf, size, "at least %" PRIu64 " characters", opt->min);
}

void
conf_value_range(const struct conf_option *opt, char *buf, size_t size)
{
	buf[0] = '\0';
	switch (opt->type) {
	case CONF_STRING:
	case CONF_LINES:
		string_range(opt, buf, size);
		break;
	case CONF_BOOL:
		snprintf(buf, size, "yes or no");
		break;
	case CONF_ENUM:
		choices_text(opt->choices, buf, size);
		break;
	case CONF_UINT:
	case CONF_SIZE:
	case CONF_DURATION:
		number_range(opt, buf, size);
		break;
	}
}

static int
parse_number(enum conf_type type, const char *text, uint64_t *out)
{
	const struct unit *u = units_of(type);
	uint64_t value = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (value > (UINT64_MAX - 9) / 10)
			return -1;
		value = value * 10 + (uint64_t)(*p - '0');
	}
	if (p == text)
		return -1;
	/* A bare 0 needs no unit; any other duration without one would be a guess. */
	if (value == 0 && *p == '\0') {
		*out = 0;
		return 0;
	}
	while (u->name != NULL && strcasecmp(u->name, p) != 0)
		u++;
	if (u->name == NULL || value > UINT64_MAX / u->factor)
		return -1;
	*out = value * u->factor;
	return 0;
}

static int
set_number(const struct conf_option *opt, uint64_t *place, const char *text)
{
	uint64_t value = 0;

	if (text[0] == '\0' && opt->def == NULL) {
		*place = 0;
		return 0;
	}
	if (parse_number(opt->type, text, &value) < 0 || value < opt->min ||
	    (opt->max != 0 && value > opt->max))
		return -1;
	*place = value;
	return 0;
}

static int
set_bool(bool *place, const char *text)
{
	static const char *const words[2][4] = {
	    {"no", "false", "off", "0"},
	    {"yes", "true", "on", "1"},
	};

	for (int v = 0; v < 2; v++)
		for (int i = 0; i < 4; i++)
			if (strcasecmp(text, words[v][i]) == 0) {
				*place = v == 1;
				return 0;
			}
	return -1;
}

static int
set_enum(const struct conf_option *opt, int *place, const char *text)
{
	for (int i = 0; opt->choices[i] != NULL; i++)
		if (strcmp(text, opt->choices[i]) == 0) {
			*place = i;
			return 0;
		}
	return -1;
}

static char *
copy_string(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL) {
		log_error("out of memory while reading the configuration");
		exit(EXIT_FAILURE);
	}
	return copy;
}

static int
set_string(const struct conf_option *opt, char **place, const char *text)
{
	size_t len = strlen(text);

	/* Empty unsets what may be unset. */
	if (len == 0 && opt->def == NULL) {
		free(*place);
		*place = NULL;
		return 0;
	}
	if (len < opt->min || (opt->max != 0 && len > opt->max))
		return -1;
	free(*place);
	*place = copy_string(text);
	return 0;
}

/* One line more; empty, none any more. */
static int
set_lines(const struct conf_option *opt, char **place, const char *text)
{
	size_t len = strlen(text), before = *place != NULL ? strlen(*place) : 0;
	char *lines;

	if (len == 0 || before == 0)
		return set_string(opt, place, text);
	if (len < opt->min || (opt->max != 0 && len > opt->max))
		return -1;
	lines = realloc(*place, before + 1 + len + 1);
	if (lines == NULL) {
		log_error("out of memory while reading the configuration");
		exit(EXIT_FAILURE);
	}
	lines[before] = '\n';
	memcpy(lines + before + 1, text, len + 1);
	*place = lines;
	return 0;
}

static void
say_why(const struct conf_option *opt, char *why, size_t whysize)
{
	char range[512];
	const char *what = "has the wrong length: ";

	switch (opt->type) {
	case CONF_STRING:
	case CONF_LINES:
		break;
	case CONF_BOOL:
	case CONF_ENUM:
		what = "is not allowed: ";
		break;
	case CONF_UINT:
		what = "is not a number ";
		break;
	case CONF_SIZE:
		what = "is not a size: a number of bytes, or with K, M, G or T, ";
		break;
	case CONF_DURATION:
		what = "is not a duration: a number with ms, s, m, h or d, ";
		break;
	}
	conf_value_range(opt, range, sizeof range);
	snprintf(why, whysize, "%s%s", what, range);
	/* Without a range nothing follows the last comma or blank. */
	for (size_t n = strlen(why); n > 0 && strchr(", ", why[n - 1]) != NULL; n--)
		why[n - 1] = '\0';
}

int
conf_value_set(const struct conf_option *opt, void *base, const char *text, char *why,
    size_t whysize)
{
	void *place = (char *)base + opt->offset;
	int rc = -1;

	if (opt->check != NULL && text[0] != '\0' && opt->check(text, why, whysize) < 0)
		return -1;
	switch (opt->type) {
	case CONF_STRING:
		rc = set_string(opt, place, text);
		break;
	case CONF_LINES:
		rc = set_lines(opt, place, text);
		break;
	case CONF_BOOL:
		rc = set_bool(place, text);
		break;
	case CONF_ENUM:
		rc = set_enum(opt, place, text);
		break;
	case CONF_UINT:
	case CONF_SIZE:
	case CONF_DURATION:
		rc = set_number(opt, place, text);
		break;
	}
	if (rc < 0)
		say_why(opt, why, whysize);
	return rc;
}

const char *
conf_value_text(
    const struct conf_option *opt, const void *base, char buf[CONF_VALUE_TEXT])
{
	const void *place = (const char *)base + opt->offset;
	const char *string;

	switch (opt->type) {
	case CONF_STRING:
	case CONF_LINES:
		string = *(char *const *)place;
		return string != NULL ? string : "";
	case CONF_BOOL:
		return *(const bool *)place ? "yes" : "no";
	case CONF_ENUM:
		return opt->choices[*(const int *)place];
	case CONF_UINT:
	case CONF_SIZE:
	case CONF_DURATION:
		if (opt->def == NULL && *(const uint64_t *)place == 0)
			return "";
		number_text(opt->type, *(const uint64_t *)place, buf, CONF_VALUE_TEXT);
		break;
	}
	return buf;
}

void
conf_value_default(const struct conf_option *opt, void *base)
{
	void *place = (char *)base + opt->offset;
	char why[256];

	if (opt->type == CONF_STRING || opt->type == CONF_LINES) {
		*(char **)place = opt->def != NULL ? copy_string(opt->def) : NULL;
	} else if (opt->def == NULL) {
		*(uint64_t *)place = 0;
	} else if (conf_value_set(opt, base, opt->def, why, sizeof why) < 0) {
		log_error("the default of %s, \"%s\", %s", opt->name, opt->def, why);
		abort();
	}
}
