/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/alert/rule_draft.h"

#define FOLDERS_MAX 32 /* in each other */
#define PATH_LONGEST 4096

static int
no_memory(char *why, size_t whysize)
{
	snprintf(why, whysize, "out of memory");
	return -1;
}

/* ---- files */

/* At most RULE_FILE_MAX bytes, and one more of a larger one. NULL: errno. */
static char *
read_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t size = RULE_FILE_MAX + 1;
	struct stat st;
	char *data = NULL;
	ssize_t n = 1;

	*len = 0;
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < RULE_FILE_MAX)
		size = (size_t)st.st_size + 1;
	data = malloc(size);
	while (data != NULL && n > 0 && *len < size) {
		n = read(fd, data + *len, size - *len);
		*len += n > 0 ? (size_t)n : 0;
		if (n < 0 && errno == EINTR)
			n = 1;
	}
	close(fd);
	if (n >= 0)
		return data;
	free(data);
	return NULL;
}

/* ---- maps: variables, overrides */

static int
open_map(struct rule_map *m, const char *path, char *why, size_t whysize)
{
	struct yaml_document *doc = &m->doc;
	size_t len;
	int rc;

	if (path == NULL)
		return 0;
	m->data = read_file(path, &len);
	if (m->data == NULL || len > RULE_FILE_MAX) {
		snprintf(why, whysize, "%s: %s", path,
		    m->data == NULL ? strerror(errno) : "larger than 1 MiB");
		return -1;
	}
	m->yaml = yaml_open(m->data, len);
	rc = m->yaml != NULL ? yaml_next(m->yaml, doc) : -1;
	if (rc < 0)
		return no_memory(why, whysize);
	if (doc->fault_line != 0) {
		snprintf(why, whysize, "%s:%u: %s", path, doc->fault_line, doc->fault);
		return -1;
	}
	if (doc->root != NULL && doc->root->kind != YAML_MAP &&
	    !yaml_is_null(doc->root)) {
		snprintf(
		    why, whysize, "%s:%u: a map is expected", path, doc->root->line);
		return -1;
	}
	return 0;
}

static void
close_map(struct rule_map *m)
{
	yaml_close(m->yaml);
	free(m->data);
}

/* ---- sets */

void
rule_reader_free(struct rule_reader *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->drafts; i++)
		rule_draft_free(&r->draft[i]);
	free(r->draft);
	free(r->name);
	close_map(&r->vars);
	close_map(&r->overrides);
	free(r);
}

struct rule_set *
rule_set_new(const struct rule_options *options, char *why, size_t whysize)
{
	struct rule_set *set = calloc(1, sizeof *set);

	if (set != NULL)
		set->reader = calloc(1, sizeof *set->reader);
	if (set == NULL || set->reader == NULL) {
		no_memory(why, whysize);
		rule_set_free(set);
		return NULL;
	}
	set->reader->options = options;
	if (open_map(&set->reader->vars, options->vars, why, whysize) == 0 &&
	    open_map(&set->reader->overrides, options->overrides, why, whysize) == 0)
		return set;
	rule_set_free(set);
	return NULL;
}

void
rule_set_free(struct rule_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++)
		rule_free(set->rule[i]);
	for (size_t i = 0; i < set->report_count; i++) {
		free(set->report[i].path);
		free(set->report[i].id);
		free(set->report[i].title);
		free(set->report[i].reason);
		free(set->report[i].warning);
	}
	free(set->rule);
	free(set->report);
	rule_reader_free(set->reader);
	free(set);
}

static struct rule_draft *
new_draft(struct rule_reader *r, const char *path)
{
	size_t size = r->size == 0 ? 64 : r->size * 2;
	struct rule_draft *grown;

	if (r->drafts == r->size) {
		grown = realloc(r->draft, size * sizeof *grown);
		if (grown == NULL)
			return NULL;
		r->draft = grown;
		r->size = size;
	}
	grown = &r->draft[r->drafts];
	*grown = (struct rule_draft){.path = strdup(path)};
	if (grown->path == NULL)
		return NULL;
	r->drafts++;
	return grown;
}

int
rule_set_add_text(struct rule_set *set, const char *name, const char *text, size_t len,
    char *why, size_t whysize)
{
	struct rule_reader *r = set->reader;
	struct yaml_text *yaml = yaml_open(text, len);
	struct yaml_document doc;
	struct rule_draft *d;
	int rc = yaml != NULL ? 1 : -1;

	if (len > RULE_FILE_MAX) {
		yaml_close(yaml);
		d = new_draft(r, name);
		if (d == NULL)
			return no_memory(why, whysize);
		(void)rule_refuse(d, 1, "the file is larger than 1 MiB");
		return 0;
	}
	while (rc > 0 && (rc = yaml_next(yaml, &doc)) > 0) {
		if (doc.root == NULL ? doc.fault_line == 0 : yaml_is_null(doc.root))
			continue;
		d = new_draft(r, name);
		if (d == NULL)
			rc = -1;
		else
			rule_draft_read(d, name, &doc, r->vars.doc.root);
	}
	yaml_close(yaml);
	return rc < 0 ? no_memory(why, whysize) : 0;
}

/* ---- paths */

static int
fail_path(const char *path, char *why, size_t whysize)
{
	snprintf(why, whysize, "%s: %s", path, strerror(errno));
	return -1;
}

static int
add_file(struct rule_set *set, const char *path, char *why, size_t whysize)
{
	size_t len;
	char *data = read_file(path, &len);
	int rc;

	if (data == NULL)
		return fail_path(path, why, whysize);
	rc = rule_set_add_text(set, path, data, len, why, whysize);
	free(data);
	return rc;
}

static int
is_candidate(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static bool
has_rules_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && (strcmp(dot, ".yml") == 0 || strcmp(dot, ".yaml") == 0);
}

static int add_folder(
    struct rule_set *set, const char *path, unsigned depth, char *why, size_t whysize);

static int
add_entry(struct rule_set *set, const char *folder, const char *name, unsigned depth,
    char *why, size_t whysize)
{
	char path[PATH_LONGEST];
	struct stat st;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path) {
		errno = ENAMETOOLONG;
		return fail_path(folder, why, whysize);
	}
	if (stat(path, &st) < 0)
		return has_rules_name(name) ? fail_path(path, why, whysize) : 0;
	if (S_ISDIR(st.st_mode))
		return add_folder(set, path, depth + 1, why, whysize);
	if (!S_ISREG(st.st_mode) || !has_rules_name(name))
		return 0;
	return add_file(set, path, why, whysize);
}

static int
add_folder(
    struct rule_set *set, const char *path, unsigned depth, char *why, size_t whysize)
{
	struct dirent **entry;
	int n, rc = 0;

	if (depth > FOLDERS_MAX) {
		errno = ELOOP;
		return fail_path(path, why, whysize);
	}
	n = scandir(path, &entry, is_candidate, alphasort);
	if (n < 0)
		return fail_path(path, why, whysize);
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc =
			    add_entry(set, path, entry[i]->d_name, depth, why, whysize);
		free(entry[i]);
	}
	free(entry);
	return rc;
}

int
rule_set_add_path(struct rule_set *set, const char *path, char *why, size_t whysize)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return fail_path(path, why, whysize);
	return S_ISDIR(st.st_mode) ? add_folder(set, path, 0, why, whysize)
				   : add_file(set, path, why, whysize);
}

struct rule_set *
rule_set_load(const char *const *paths, size_t count,
    const struct rule_options *options, char *why, size_t whysize)
{
	struct rule_set *set = rule_set_new(options, why, whysize);
	int rc = 0;

	for (size_t i = 0; set != NULL && i < count && rc == 0; i++)
		rc = rule_set_add_path(set, paths[i], why, whysize);
	if (set != NULL && rc == 0 && rule_set_link(set, why, whysize) == 0)
		return set;
	rule_set_free(set);
	return NULL;
}
