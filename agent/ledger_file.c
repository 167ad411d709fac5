/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/ledger_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crc32c.h"

#define MAGIC "fwlog-reconcile 1\n"
#define GROUP_LINE                                                                    \
	"group %" SCNu16 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64  \
	" %" SCNu64 " %" SCNu32 " %u %" SCNd64 " %" SCNd64 " %u %" SCNu64 " %" SCNu64 \
	" %" SCNu64 " %" SCNu64 " %zu%n"

/* ---- where this is */

/* "BOOT-ID INODE": this run of the kernel and this network namespace. */
static void
place(char *buf, size_t size)
{
	char boot[64] = "-";
	struct stat ns = {0};
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (f != NULL) {
		if (fgets(boot, sizeof boot, f) == NULL)
			strcpy(boot, "-");
		fclose(f);
	}
	boot[strcspn(boot, " \n")] = '\0';
	(void)stat("/proc/self/ns/net", &ns);
	snprintf(buf, size, "%s %ju", boot, (uintmax_t)ns.st_ino);
}

/* ---- writing */

static void
put_ledger(FILE *out, const struct ledger *l)
{
	fprintf(out,
	    "group %" PRIu16 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
	    " %" PRIu64 " %" PRIu32 " %u %" PRId64 " %" PRId64 " %u %" PRIu64
	    " %" PRIu64 " %" PRIu64 " %" PRIu64 " %zu\n",
	    l->group, l->id, l->hits, l->settled, l->counted, l->tail, l->bind_id,
	    l->kseq, l->based, l->base, l->floor, (unsigned)l->down, l->down_from_us,
	    l->down_to_us, l->told, l->left_us, l->counters);
	for (size_t i = 0; i < l->counters; i++)
		fprintf(out, "rule %" PRIx64 " %" PRIu64 "\n", l->counter[i].key,
		    l->counter[i].packets);
}

/* The file's text; NULL: no memory. */
static char *
make_text(const struct ledger *ledger, size_t count, size_t *len)
{
	char *text = NULL, here[100];
	FILE *out = open_memstream(&text, len);
	int rc;

	if (out == NULL)
		return NULL;
	place(here, sizeof here);
	fprintf(out, MAGIC "place %s\n", here);
	for (size_t i = 0; i < count; i++)
		put_ledger(out, &ledger[i]);
	if (fflush(out) == 0)
		fprintf(out, "crc %08" PRIx32 "\n", crc32c(0, text, *len));
	rc = ferror(out);
	if (fclose(out) != 0 || rc != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static int
write_all(int fd, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* Not synced: after a power failure, which is a reboot, it is worth nothing anyway. */
static int
replace(int dir, const char *text, size_t len)
{
	int fd = openat(dir, LEDGER_FILE ".new",
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc;

	if (fd < 0)
		return -1;
	rc = write_all(fd, text, len);
	if (close(fd) < 0)
		rc = -1;
	if (rc == 0)
		rc = renameat(dir, LEDGER_FILE ".new", dir, LEDGER_FILE);
	if (rc < 0)
		unlinkat(dir, LEDGER_FILE ".new", 0);
	return rc;
}

int
ledger_file_write(const char *dir, const struct ledger *ledger, size_t count)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t len;
	char *text;
	int rc = -1;

	if (fd < 0)
		return -1;
	text = make_text(ledger, count, &len);
	if (text != NULL)
		rc = replace(fd, text, len);
	free(text);
	close(fd);
	return rc;
}

/* ---- reading */

/* Takes "crc …" off the end when it fits. */
static bool
crc_fits(char *text)
{
	char *last = NULL, expected[24];

	for (char *next = strstr(text, "\ncrc "); next != NULL;
	     next = strstr(last + 1, "\ncrc "))
		last = next;
	if (last == NULL)
		return false;
	snprintf(expected, sizeof expected, "crc %08" PRIx32 "\n",
	    crc32c(0, text, (size_t)(last + 1 - text)));
	if (strcmp(last + 1, expected) != 0)
		return false;
	last[1] = '\0';
	return true;
}

static char *
next_line(char **rest)
{
	char *line = *rest, *end = strchr(line, '\n');

	if (end == NULL)
		return NULL;
	*end = '\0';
	*rest = end + 1;
	return line;
}

static int
get_counters(char **rest, struct ledger *l, size_t n)
{
	l->counter = calloc(n + 1, sizeof *l->counter);
	if (l->counter == NULL)
		return -1;
	for (; l->counters < n; l->counters++) {
		struct ruleset_counter *c = &l->counter[l->counters];
		const char *line = next_line(rest);
		int end = 0;

		if (line == NULL ||
		    sscanf(line, "rule %" SCNx64 " %" SCNu64 "%n", &c->key, &c->packets,
			&end) != 2 ||
		    line[end] != '\0')
			return -1;
		if (l->counters > 0 && c->key <= c[-1].key)
			return -1;
	}
	return 0;
}

static int
get_ledger(const char *line, char **rest, struct ledger *l)
{
	unsigned based, down;
	size_t n;
	int end = 0;

	*l = (struct ledger){0};
	if (sscanf(line, GROUP_LINE, &l->group, &l->id, &l->hits, &l->settled,
		&l->counted, &l->tail, &l->bind_id, &l->kseq, &based, &l->base,
		&l->floor, &down, &l->down_from_us, &l->down_to_us, &l->told,
		&l->left_us, &n, &end) != 17 ||
	    line[end] != '\0' || l->id == 0 || l->bind_id == 0 || based > 1 ||
	    down > LEDGER_TOLD || n > RULESET_COUNTERS_MAX)
		return -1;
	l->based = based != 0;
	l->down = (enum ledger_down)down;
	return get_counters(rest, l, n);
}

int
ledger_file_parse(char *text, struct ledger *ledger, size_t max, const char **why)
{
	char *rest = text + strlen(MAGIC), here[100];
	const char *line;
	size_t n = 0;

	*why = "it is damaged";
	if (strncmp(text, MAGIC, strlen(MAGIC)) != 0 || !crc_fits(text))
		return -1;
	place(here, sizeof here);
	line = next_line(&rest);
	if (line == NULL || strncmp(line, "place ", 6) != 0)
		return -1;
	if (strcmp(line + 6, here) != 0) {
		*why = "the host was restarted since, or the agent runs in another "
		       "network namespace";
		return -1;
	}
	while ((line = next_line(&rest)) != NULL) {
		if (n < max && get_ledger(line, &rest, &ledger[n++]) == 0)
			continue;
		while (n > 0)
			ledger_clear(&ledger[--n]);
		return -1;
	}
	return (int)n;
}

static char *
read_text(int fd)
{
	char *text = malloc(LEDGER_FILE_MAX + 1);
	size_t len = 0;
	ssize_t n = 1;

	while (text != NULL && n > 0 && len < LEDGER_FILE_MAX) {
		n = read(fd, text + len, LEDGER_FILE_MAX - len);
		if (n > 0)
			len += (size_t)n;
	}
	if (text != NULL)
		text[len] = '\0';
	return text;
}

int
ledger_file_read(
    const char *dir, struct ledger *ledger, size_t max, char *why, size_t whysize)
{
	char path[4096];
	const char *reason;
	char *text;
	int fd, rc;

	why[0] = '\0';
	snprintf(path, sizeof path, "%s/%s", dir, LEDGER_FILE);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return 0;
	text = fd >= 0 ? read_text(fd) : NULL;
	if (text == NULL) {
		snprintf(why, whysize, "it cannot be read: %s", strerror(errno));
		rc = -1;
	} else {
		rc = ledger_file_parse(text, ledger, max, &reason);
		if (rc < 0)
			snprintf(why, whysize, "%s", reason);
	}
	free(text);
	if (fd >= 0)
		close(fd);
	return rc;
}

void
ledger_file_remove(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	unlinkat(fd, LEDGER_FILE, 0);
	close(fd);
}
