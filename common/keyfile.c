/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT "fwlog-key-1"
#define ID_DIGITS (2 * NOISE_ID_SIZE)
#define SECRET_DIGITS (2 * NOISE_KEY_SIZE)
#define LINE_SIZE (sizeof FORMAT + NAME_MAX_LEN + 1 + ID_DIGITS + 1 + SECRET_DIGITS + 1)

struct keyfile {
	size_t count;
	struct key key[];
};

/* ---- hexadecimal */

static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int
hex_decode(const char *text, size_t digits, uint8_t *out)
{
	for (size_t i = 0; i < digits; i += 2) {
		int high = digit_value(text[i]), low = digit_value(text[i + 1]);

		if (high < 0 || low < 0)
			return -1;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

/* Two digits a byte, not terminated. */
static void
hex_encode(const uint8_t *data, size_t len, char *out)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digit[data[i] >> 4];
		out[2 * i + 1] = digit[data[i] & 15];
	}
}

/* ---- one key */

int
key_generate(struct key *key, const char *name)
{
	memset(key, 0, sizeof *key);
	if (!agent_name_ok(name) || noise_init() < 0)
		return -1;
	memcpy(key->name, name, strlen(name));
	noise_random(key->id, sizeof key->id);
	noise_random(key->secret, sizeof key->secret);
	return 0;
}

const char *
key_id_text(const uint8_t *id, char *buf)
{
	hex_encode(id, NOISE_ID_SIZE, buf);
	buf[ID_DIGITS] = '\0';
	return buf;
}

int
key_id_parse(const char *text, uint8_t *id)
{
	return strlen(text) == ID_DIGITS ? hex_decode(text, ID_DIGITS, id) : -1;
}

/* ---- parsing */

struct text {
	const char *at;
	size_t len;
};

/* What is parsed, and where messages about it go. */
struct parse {
	const char *path;
	struct text left; /* lines not yet read */
	unsigned line;    /* number of the last one read */
	char *why;
	size_t whysize;
};

static int
parse_error(const struct parse *p, const char *what)
{
	snprintf(p->why, p->whysize, "%s:%u: %s", p->path, p->line, what);
	return -1;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The first word of the text, taken off it; of length 0 when there is none. */
static struct text
take_word(struct text *t)
{
	struct text word;

	for (; t->len > 0 && is_blank(*t->at); t->at++)
		t->len--;
	for (word = *t; t->len > 0 && !is_blank(*t->at); t->at++)
		t->len--;
	word.len -= t->len;
	return word;
}

/* The next line that holds something, or false at the end. */
static bool
take_line(struct parse *p, struct text *line)
{
	while (p->left.len > 0) {
		const char *end = memchr(p->left.at, '\n', p->left.len);
		struct text rest;

		line->at = p->left.at;
		line->len = end != NULL ? (size_t)(end - line->at) : p->left.len;
		p->left.at += line->len + (end != NULL);
		p->left.len -= line->len + (end != NULL);
		p->line++;
		rest = *line;
		rest = take_word(&rest);
		if (rest.len > 0 && *rest.at != '#')
			return true;
	}
	return false;
}

/* What is said of a word must not repeat it: it may be a secret in the wrong place. */
static int
parse_key(const struct parse *p, struct text line, struct key *key)
{
	static const uint8_t zero[NOISE_KEY_SIZE];
	struct text format = take_word(&line), name = take_word(&line),
		    id = take_word(&line), secret = take_word(&line);

	memset(key, 0, sizeof *key);
	if (format.len != strlen(FORMAT) || memcmp(format.at, FORMAT, format.len) != 0)
		return parse_error(p,
		    "does not begin with " FORMAT ": not a key, or of a newer fwlog; "
		    "make one with: fwlogctl key new");
	if (name.len > 0 && name.len <= NAME_MAX_LEN)
		memcpy(key->name, name.at, name.len);
	if (strlen(key->name) != name.len || !agent_name_ok(key->name))
		return parse_error(p, "the second word must be the agent's name, 1 to "
				      "64 of A-Z a-z 0-9 . _ -");
	if (id.len != ID_DIGITS || hex_decode(id.at, ID_DIGITS, key->id) < 0)
		return parse_error(
		    p, "the third word must be the key's id, 16 hexadecimal digits");
	if (secret.len != SECRET_DIGITS ||
	    hex_decode(secret.at, SECRET_DIGITS, key->secret) < 0)
		return parse_error(p,
		    "the fourth word must be the secret, 64 hexadecimal digits: "
		    "is the line cut off? copy it again");
	if (noise_equal(key->secret, zero, sizeof zero))
		return parse_error(
		    p, "the secret is all zeros: make a key with: fwlogctl key new");
	if (take_word(&line).len > 0)
		return parse_error(
		    p, "more than four words: put each key on a line of its own");
	return 0;
}

static size_t
count_lines(struct parse p)
{
	struct text line;
	size_t n = 0;

	while (take_line(&p, &line))
		n++;
	return n;
}

static int
parse_keys(struct parse *p, struct keyfile *keys)
{
	char id[KEY_ID_TEXT_SIZE], what[80];
	struct text line;

	while (take_line(p, &line)) {
		struct key *key = &keys->key[keys->count];

		if (parse_key(p, line, key) < 0)
			return -1;
		if (keyfile_find(keys, key->id) != NULL) {
			snprintf(what, sizeof what,
			    "key id %s is in the file twice: remove one of the lines",
			    key_id_text(key->id, id));
			return parse_error(p, what);
		}
		keys->count++;
	}
	return 0;
}

static struct keyfile *
parse_text(struct parse *p)
{
	size_t n = count_lines(*p);
	struct keyfile *keys;

	if (n == 0 || n > KEYFILE_KEYS_MAX) {
		snprintf(p->why, p->whysize,
		    n == 0 ? "%s: holds no key: make one with: fwlogctl key new"
			   : "%s: holds more than %d keys: divide it among collectors",
		    p->path, KEYFILE_KEYS_MAX);
		return NULL;
	}
	keys = noise_secret_new(sizeof *keys + n * sizeof keys->key[0]);
	if (keys == NULL) {
		snprintf(p->why, p->whysize, "%s: no memory for %zu keys", p->path, n);
		return NULL;
	}
	keys->count = 0;
	if (parse_keys(p, keys) < 0) {
		keyfile_free(keys);
		return NULL;
	}
	return keys;
}

/* ---- reading the file */

static int
check_file(const char *path, const struct stat *st, char *why, size_t whysize)
{
	uid_t me = geteuid();

	if (!S_ISREG(st->st_mode))
		snprintf(
		    why, whysize, "%s: not a file: name the key file itself", path);
	else if (st->st_uid != me && st->st_uid != 0)
		snprintf(why, whysize,
		    "%s: belongs to user id %lu, who could change it: chown %lu %s",
		    path, (unsigned long)st->st_uid, (unsigned long)me, path);
	else if ((st->st_mode & 077) != 0)
		snprintf(why, whysize,
		    "%s: mode %04o lets others than its owner at the secret: chmod 600 "
		    "%s",
		    path, (unsigned)(st->st_mode & 07777), path);
	else if (st->st_size > KEYFILE_SIZE_MAX)
		snprintf(why, whysize, "%s: longer than %u bytes: not a key file", path,
		    KEYFILE_SIZE_MAX);
	else
		return 0;
	return -1;
}

/* Fills size bytes of out or as many as there are. -1 and errno on failure. */
static ssize_t
read_all(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, out + len, size - len);
		if (n > 0)
			len += (size_t)n;
	} while (len < size && (n > 0 || (n < 0 && errno == EINTR)));
	return n < 0 ? -1 : (ssize_t)len;
}

static struct keyfile *
load_open(const char *path, int fd, char *why, size_t whysize)
{
	struct parse p = {.path = path, .why = why, .whysize = whysize};
	struct keyfile *keys = NULL;
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) < 0) {
		snprintf(why, whysize, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (check_file(path, &st, why, whysize) < 0)
		return NULL;
	/* A byte more than there should be tells a file that grows meanwhile. */
	text = noise_secret_new((size_t)st.st_size + 1);
	n = text != NULL ? read_all(fd, text, (size_t)st.st_size + 1) : -1;
	if (n < 0) {
		snprintf(why, whysize, "%s: %s", path, strerror(errno));
	} else if (n != st.st_size) {
		snprintf(
		    why, whysize, "%s: was changed while it was read: try again", path);
	} else {
		p.left = (struct text){text, (size_t)n};
		keys = parse_text(&p);
	}
	noise_secret_free(text);
	return keys;
}

struct keyfile *
keyfile_load(const char *path, char *why, size_t whysize)
{
	/* O_NONBLOCK: a fifo in its place must not hold up the start. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct keyfile *keys;

	if (fd < 0) {
		snprintf(why, whysize, "%s: %s: %s", path, strerror(errno),
		    errno == ENOENT ? "make a key with: fwlogctl key new"
				    : "it must be readable for the user fwlog runs as");
		return NULL;
	}
	keys = load_open(path, fd, why, whysize);
	close(fd);
	return keys;
}

void
keyfile_free(struct keyfile *keys)
{
	noise_secret_free(keys);
}

size_t
keyfile_count(const struct keyfile *keys)
{
	return keys->count;
}

const struct key *
keyfile_at(const struct keyfile *keys, size_t i)
{
	return &keys->key[i];
}

const struct key *
keyfile_find(const struct keyfile *keys, const uint8_t *id)
{
	size_t found = keys->count;

	for (size_t i = 0; i < keys->count; i++)
		if (noise_equal(keys->key[i].id, id, NOISE_ID_SIZE))
			found = i;
	return found < keys->count ? &keys->key[found] : NULL;
}

/* ---- writing */

/* What is written, and where messages about it go. */
struct output {
	const char *path;
	char temp[PATH_MAX];
	char *why;
	size_t whysize;
};

static int
write_error(const struct output *o, const char *doing, const char *path)
{
	snprintf(o->why, o->whysize, "%s: cannot %s: %s", path, doing, strerror(errno));
	return -1;
}

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* The line of a key with its newline; returns its length. */
static size_t
format_key(const struct key *key, char *line)
{
	char id[KEY_ID_TEXT_SIZE];
	int n = snprintf(
	    line, LINE_SIZE, FORMAT " %s %s ", key->name, key_id_text(key->id, id));

	hex_encode(key->secret, sizeof key->secret, line + n);
	line[(size_t)n + SECRET_DIGITS] = '\n';
	return (size_t)n + SECRET_DIGITS + 1;
}

static int
write_keys(int fd, const struct key *keys, size_t n)
{
	char line[LINE_SIZE];
	int result = 0;

	for (size_t i = 0; i < n && result == 0; i++)
		result = write_all(fd, line, format_key(&keys[i], line));
	noise_wipe(line, sizeof line);
	return result;
}

/* A file written by root for a daemon's user stays that user's. */
static int
keep_owner(const struct output *o, int fd)
{
	struct stat st;

	if (stat(o->path, &st) < 0)
		return errno == ENOENT ? 0 : write_error(o, "look at it", o->path);
	if (fchown(fd, st.st_uid, st.st_gid) < 0)
		return write_error(o, "give it the owner of the old file", o->temp);
	return 0;
}

static int
fill_temp(const struct output *o, int fd, const struct key *keys, size_t n,
    enum keyfile_mode mode)
{
	if (mode == KEYFILE_REPLACE && keep_owner(o, fd) < 0)
		return -1;
	if (fchmod(fd, 0600) < 0 || write_keys(fd, keys, n) < 0 || fsync(fd) < 0)
		return write_error(o, "write", o->temp);
	return 0;
}

/* Moves the complete file to its place; -1 leaves it where it is. */
static int
move_temp(const struct output *o, enum keyfile_mode mode)
{
	if (mode == KEYFILE_REPLACE) {
		if (rename(o->temp, o->path) < 0)
			return write_error(o, "replace", o->path);
		return 0;
	}
	/* link, unlike rename, never takes the place of a key that is there. */
	if (link(o->temp, o->path) == 0) {
		unlink(o->temp);
		return 0;
	}
	if (errno != EEXIST)
		return write_error(o, "make", o->path);
	snprintf(o->why, o->whysize,
	    "%s: exists: choose another name, or remove it if no agent uses it",
	    o->path);
	return -1;
}

/* Until the folder is synced, a power failure may take the file away again. */
static int
sync_folder(const struct output *o)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(o->path, '/');
	int fd, result;

	snprintf(folder, sizeof folder, "%.*s",
	    slash == NULL ? 1 : (int)(slash - o->path + 1),
	    slash == NULL ? "." : o->path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return write_error(o, "open", folder);
	result = fsync(fd) < 0 ? write_error(o, "sync", folder) : 0;
	close(fd);
	return result;
}

static int
open_temp(const struct output *o)
{
	int fd =
	    open(o->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		snprintf(o->why, o->whysize,
		    "%s: exists, left by an interrupted run: remove it", o->temp);
	else if (fd < 0)
		write_error(o, "make", o->temp);
	return fd;
}

int
keyfile_write(const char *path, const struct key *keys, size_t n,
    enum keyfile_mode mode, char *why, size_t whysize)
{
	struct output o = {.path = path, .why = why, .whysize = whysize};
	int fd, result;

	if ((size_t)snprintf(o.temp, sizeof o.temp, "%s.new", path) >= sizeof o.temp) {
		errno = ENAMETOOLONG;
		return write_error(&o, "make", path);
	}
	fd = open_temp(&o);
	if (fd < 0)
		return -1;
	result = fill_temp(&o, fd, keys, n, mode);
	if (close(fd) < 0 && result == 0)
		result = write_error(&o, "close", o.temp);
	if (result == 0)
		result = move_temp(&o, mode);
	if (result < 0) {
		unlink(o.temp);
		return -1;
	}
	return sync_folder(&o);
}
