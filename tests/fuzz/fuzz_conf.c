/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration files: any bytes load or are refused, and what was loaded, dumped and
 * loaded again gives the same dump.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/conf.h"

#define GROUPS_MAX 4

struct group {
	char *name;
	char *prefix;
	uint64_t size;
};

struct target {
	char *spool;
	bool sync;
	uint64_t count, size, interval;
	int when_full;
	struct group group[GROUPS_MAX];
	size_t groups;
};

#define T(member) offsetof(struct target, member)
#define G(member) offsetof(struct group, member)
static const char *const when_full[] = {"drop_newest", "drop_oldest", NULL};
static const struct conf_option options[] = {
    {"", "spool", CONF_STRING, T(spool), "/var/spool", 1, 50, NULL, ""},
    {"", "sync", CONF_BOOL, T(sync), "yes", 0, 0, NULL, ""},
    {"", "count", CONF_UINT, T(count), "3", 1, 9999, NULL, ""},
    {"", "size", CONF_SIZE, T(size), "64M", 0, 0, NULL, ""},
    {"", "interval", CONF_DURATION, T(interval), "200ms", 0, 60000, NULL, ""},
    {"", "when_full", CONF_ENUM, T(when_full), "drop_newest", 0, 0, when_full, ""},
    {"group", "prefix", CONF_STRING, G(prefix), NULL, 0, 0, NULL, ""},
    {"group", "size", CONF_SIZE, G(size), "1K", 0, 0, NULL, ""},
};

static void *section_new(
    void *arg, const char *kind, const char *argument, char *why, size_t whysize);
static void section_each(const void *arg,
    void (*dump)(
	void *dump_arg, const char *kind, const char *argument, const void *base),
    void *dump_arg);

static const struct conf_spec spec = {
    .options = options,
    .count = sizeof options / sizeof options[0],
    .section_new = section_new,
    .section_each = section_each,
};

static void *
section_new(
    void *arg, const char *kind, const char *argument, char *why, size_t whysize)
{
	struct target *t = arg;
	struct group *g;

	for (size_t i = 0; i < t->groups; i++)
		if (strcmp(t->group[i].name, argument) == 0)
			return &t->group[i];
	if (t->groups == GROUPS_MAX) {
		snprintf(why, whysize, "too many");
		return NULL;
	}
	g = &t->group[t->groups++];
	g->name = strdup(argument);
	if (g->name == NULL)
		abort();
	conf_defaults(&spec, kind, g);
	return g;
}

static void
section_each(const void *arg,
    void (*dump)(
	void *dump_arg, const char *kind, const char *argument, const void *base),
    void *dump_arg)
{
	const struct target *t = arg;

	for (size_t i = 0; i < t->groups; i++)
		dump(dump_arg, "group", t->group[i].name, &t->group[i]);
}

static void
free_target(struct target *t)
{
	for (size_t i = 0; i < t->groups; i++) {
		free(t->group[i].name);
		conf_free_strings(&spec, "group", &t->group[i]);
	}
	conf_free_strings(&spec, "", t);
}

/* Loads the bytes and returns the dump, malloced; *rc as conf_load's. */
static char *
load(const void *data, size_t len, FILE *quiet, int *rc)
{
	static int fd = -1;
	struct target t = {0};
	struct conf_errors errors = {.out = quiet};
	char path[64], *text = NULL;
	size_t size = 0;
	FILE *out;

	if (fd < 0)
		fd = memfd_create("fuzz_conf", 0);
	if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, len, 0) != (ssize_t)len)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	conf_defaults(&spec, "", &t);
	*rc = conf_load(&spec, path, &t, &errors);
	if ((*rc < 0) != (errors.count > 0))
		abort();
	out = open_memstream(&text, &size);
	if (out == NULL)
		abort();
	conf_dump(&spec, &t, out);
	fclose(out);
	free_target(&t);
	return text;
}

int
fuzz_target(const uint8_t *data, size_t len)
{
	static FILE *quiet;
	char *first, *again;
	int rc;

	if (quiet == NULL)
		quiet = fopen("/dev/null", "w");
	if (quiet == NULL)
		abort();
	first = load(data, len, quiet, &rc);
	if (rc == 0) {
		again = load(first, strlen(first), quiet, &rc);
		if (rc < 0 || strcmp(first, again) != 0)
			abort();
		free(again);
	}
	free(first);
	return 0;
}
