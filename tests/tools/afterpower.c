/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * afterpower BEFORE JOURNAL FOLDER SEED: makes of FOLDER what may be left of it after a
 * power failure at the end of JOURNAL (tests/torture/preload_journal.c), having been
 * like BEFORE at its beginning. What a sync that ended well covers is there. Of what
 * came later, in files as well as in the folder itself, each step is kept, lost or,
 * when it is a write, kept in some of its sectors only, whatever becomes of the steps
 * before and behind it. Subfolders and the file `lock` stay as they are. Prints what it
 * did.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/torture/journal.h"

#define SECTOR 512u
#define FILES_MAX 8192
#define SYNCS_MAX 64 /* under way at once */

/* A step that may be lost. */
struct step {
	STAILQ_ENTRY(step) link;
	uint64_t time; /* counted in notes */
	struct note note;
	const uint8_t *data;
	size_t file; /* NOTE_OPEN: which is to be found under that name */
};
STAILQ_HEAD(steps, step);

struct file {
	uint64_t inode;
	uint8_t *data;
	size_t size, room;
	struct steps steps;
};

struct name {
	char text[NOTE_NAME];
	size_t file;
};

struct names {
	struct name name[FILES_MAX];
	size_t count;
};

static struct file files[FILES_MAX];
static size_t file_count;
static struct names now, safe; /* as the agent saw them; as they are on disk */
static struct steps folder_steps = STAILQ_HEAD_INITIALIZER(folder_steps);
static struct {
	uint64_t number, time;
} syncs[SYNCS_MAX];
static unsigned long kept, lost, torn;

static void
fail(const char *what, const char *name)
{
	fprintf(stderr, "afterpower: %s %s: %s\n", what, name, strerror(errno));
	exit(1);
}

static void *
need(void *p)
{
	if (p == NULL)
		fail("memory", "");
	return p;
}

static bool
chance(unsigned of)
{
	return (unsigned)random() % of == 0;
}

/* ---- names */

static struct name *
names_find(struct names *names, const char *text)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->name[i].text, text) == 0)
			return &names->name[i];
	return NULL;
}

static void
names_set(struct names *names, const char *text, size_t file)
{
	struct name *n = names_find(names, text);

	if (n == NULL) {
		if (names->count == FILES_MAX)
			fail("too many names", text);
		n = &names->name[names->count++];
		snprintf(n->text, sizeof n->text, "%s", text);
	}
	n->file = file;
}

static void
names_remove(struct names *names, const char *text)
{
	struct name *n = names_find(names, text);

	if (n != NULL)
		*n = names->name[--names->count];
}

static void
names_step(struct names *names, const struct step *s)
{
	const char *text = (const char *)s->data;
	struct name *n;

	switch (s->note.kind) {
	case NOTE_OPEN:
		names_set(names, text, s->file);
		break;
	case NOTE_RENAME:
		n = names_find(names, text);
		if (n == NULL)
			break;
		names_set(names, text + strlen(text) + 1, n->file);
		names_remove(names, text);
		break;
	default:
		names_remove(names, text);
		break;
	}
}

/* ---- files */

static size_t
file_new(uint64_t inode)
{
	struct file *f = &files[file_count];

	if (file_count == FILES_MAX)
		fail("too many files", "");
	*f = (struct file){.inode = inode};
	STAILQ_INIT(&f->steps);
	return file_count++;
}

/* The youngest: numbers are used again. */
static struct file *
file_find(uint64_t inode)
{
	for (size_t i = file_count; i-- > 0;)
		if (files[i].inode == inode)
			return &files[i];
	return NULL;
}

static void
file_resize(struct file *f, size_t size)
{
	if (size > f->room) {
		f->data = need(realloc(f->data, size * 2));
		f->room = size * 2;
	}
	if (size > f->size)
		memset(f->data + f->size, 0, size - f->size);
	f->size = size;
}

static void
file_write(struct file *f, uint64_t at, const uint8_t *data, size_t len)
{
	if (at + len > f->size)
		file_resize(f, at + len);
	memcpy(f->data + at, data, len);
}

static void
file_step(struct file *f, const struct step *s)
{
	if (s->note.kind == NOTE_WRITE)
		file_write(f, s->note.at, s->data, s->note.len);
	else if (s->note.kind == NOTE_TRUNCATE || s->note.at > f->size)
		file_resize(f, s->note.at);
}

/* Some sectors of a write. */
static void
file_tear(struct file *f, const struct step *s)
{
	uint64_t at = s->note.at, end = at + s->note.len;

	while (at < end) {
		uint64_t next = (at / SECTOR + 1) * SECTOR;

		if (next > end)
			next = end;
		if (chance(2))
			file_write(f, at, s->data + (at - s->note.at), next - at);
		at = next;
	}
}

/* ---- the journal */

static struct step *
add_step(struct steps *steps, const struct note *n, const uint8_t *data, uint64_t time)
{
	struct step *s = need(calloc(1, sizeof *s));

	*s = (struct step){.time = time, .note = *n, .data = data};
	STAILQ_INSERT_TAIL(steps, s, link);
	return s;
}

static void
play_name(const struct note *n, const uint8_t *data, uint64_t time)
{
	const char *text = (const char *)data;
	struct name *known = names_find(&now, text);
	struct step *s;

	/* Opened, not made. */
	if (n->kind == NOTE_OPEN && known != NULL) {
		struct file *f = &files[known->file];

		if (f->inode == 0)
			f->inode = n->file;
		if (f->inode == n->file)
			return;
	}
	s = add_step(&folder_steps, n, data, time);
	if (n->kind == NOTE_OPEN)
		s->file = file_new(n->file);
	names_step(&now, s);
}

/* All that was noted before the sync began is safe. */
static void
play_synced(const struct note *n)
{
	struct file *f = n->file != 0 ? file_find(n->file) : NULL;
	struct steps *steps = f != NULL ? &f->steps : &folder_steps;
	uint64_t time = 0;
	struct step *s;

	for (size_t i = 0; i < SYNCS_MAX; i++)
		if (syncs[i].number == n->at)
			time = syncs[i].time;
	while ((s = STAILQ_FIRST(steps)) != NULL && s->time < time) {
		if (f != NULL)
			file_step(f, s);
		else
			names_step(&safe, s);
		STAILQ_REMOVE_HEAD(steps, link);
		free(s);
	}
}

static void
play(const struct note *n, const uint8_t *data, uint64_t time)
{
	struct file *f = n->file != 0 ? file_find(n->file) : NULL;

	switch (n->kind) {
	case NOTE_OPEN:
	case NOTE_RENAME:
	case NOTE_UNLINK:
		play_name(n, data, time);
		break;
	case NOTE_SYNC:
		syncs[n->at % SYNCS_MAX].number = n->at;
		syncs[n->at % SYNCS_MAX].time = time;
		break;
	case NOTE_SYNCED:
		if (f != NULL || n->file == 0)
			play_synced(n);
		break;
	default:
		if (f != NULL)
			add_step(&f->steps, n, data, time);
		break;
	}
}

/* The last note may be cut short: its writer was killed. */
static void
play_all(const uint8_t *p, size_t len)
{
	struct note n;

	for (uint64_t time = 1; len >= sizeof n; time++) {
		memcpy(&n, p, sizeof n);
		if (len - sizeof n < n.len)
			return;
		play(&n, p + sizeof n, time);
		p += sizeof n + n.len;
		len -= sizeof n + n.len;
	}
}

/* ---- the failure */

static void
fail_file(struct file *f)
{
	struct step *s;

	STAILQ_FOREACH (s, &f->steps, link)
		switch (random() % 3) {
		case 0:
			lost++;
			break;
		case 1:
			if (s->note.kind == NOTE_WRITE) {
				file_tear(f, s);
				torn++;
				break;
			}
			/* fall through */
		default:
			file_step(f, s);
			kept++;
		}
}

static void
fail_folder(void)
{
	struct step *s;

	STAILQ_FOREACH (s, &folder_steps, link)
		if (chance(2)) {
			names_step(&safe, s);
			kept++;
		} else {
			lost++;
		}
}

/* ---- real folders */

static uint8_t *
read_file(int dir, const char *name, size_t *len)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *data;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		fail("open", name);
	data = need(malloc((size_t)st.st_size + 1));
	for (*len = 0; *len < (size_t)st.st_size; *len += (size_t)n) {
		n = read(fd, data + *len, (size_t)st.st_size - *len);
		if (n <= 0)
			fail("read", name);
	}
	close(fd);
	return data;
}

static bool
is_file(int dir, const char *name)
{
	struct stat st;

	return strcmp(name, "lock") != 0 &&
	       fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static void
load_folder(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (d == NULL)
		fail("open", path);
	while ((e = readdir(d)) != NULL) {
		struct file *f;

		if (!is_file(dirfd(d), e->d_name))
			continue;
		f = &files[file_new(0)];
		f->data = read_file(dirfd(d), e->d_name, &f->size);
		f->room = f->size;
		names_set(&now, e->d_name, (size_t)(f - files));
		names_set(&safe, e->d_name, (size_t)(f - files));
	}
	closedir(d);
}

static void
empty_folder(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (d == NULL)
		fail("open", path);
	while ((e = readdir(d)) != NULL)
		if (is_file(dirfd(d), e->d_name) &&
		    unlinkat(dirfd(d), e->d_name, 0) < 0)
			fail("remove", e->d_name);
	closedir(d);
}

/* The files belong to whom the folder belongs. */
static void
write_folder(const char *path)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (dir < 0 || fstat(dir, &st) < 0)
		fail("open", path);
	for (size_t i = 0; i < safe.count; i++) {
		const struct name *n = &safe.name[i];
		const struct file *f = &files[n->file];
		int fd;

		if (strcmp(n->text, "lock") == 0)
			continue;
		fd =
		    openat(dir, n->text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 || fchown(fd, st.st_uid, st.st_gid) < 0 ||
		    write(fd, f->data, f->size) != (ssize_t)f->size || close(fd) < 0)
			fail("write", n->text);
	}
	close(dir);
}

int
main(int argc, char **argv)
{
	uint8_t *journal;
	size_t len;

	if (argc != 5) {
		fprintf(stderr, "usage: afterpower BEFORE JOURNAL FOLDER SEED\n");
		return 2;
	}
	srandom((unsigned)strtoul(argv[4], NULL, 10));
	load_folder(argv[1]);
	journal = read_file(AT_FDCWD, argv[2], &len);
	play_all(journal, len);
	fail_folder();
	for (size_t i = 0; i < file_count; i++)
		fail_file(&files[i]);
	empty_folder(argv[3]);
	write_folder(argv[3]);
	printf("steps after the last sync: %lu kept, %lu lost, %lu torn\n", kept, lost,
	    torn);
	return 0;
}
