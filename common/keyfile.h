/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key files (docs/noise.md): text, one key a line, blank lines and lines that begin
 * with # left out:
 *
 *     fwlog-key-1 NAME ID SECRET
 *
 * NAME is the agent the key stands for, ID its 16 hexadecimal digits that go over the
 * wire in clear, SECRET 64 hexadecimal digits. An agent's file holds its key, a
 * collector's the keys of all its agents. A file that anyone but its owner may read or
 * write, or that belongs to somebody else, is refused.
 *
 * Secrets are held in memory from noise_secret_new and never stand in a message.
 * Messages (why, whysize) name file, line and remedy; KEYFILE_WHY_SIZE is enough for
 * any path.
 */
#ifndef FWLOG_COMMON_KEYFILE_H
#define FWLOG_COMMON_KEYFILE_H

#include <limits.h>

#include "common/message.h"
#include "common/noise_stream.h"

#define KEYFILE_KEYS_MAX 16384      /* keys of one file */
#define KEYFILE_SIZE_MAX (4u << 20) /* bytes of one file */
#define KEYFILE_WHY_SIZE (2 * PATH_MAX + 256)
#define KEY_ID_TEXT_SIZE (2 * NOISE_ID_SIZE + 1)

struct key {
	char name[NAME_MAX_LEN + 1];
	uint8_t id[NOISE_ID_SIZE];
	uint8_t secret[NOISE_KEY_SIZE];
};

struct keyfile;

/* A new random id and secret for this agent. 0, or -1: the name cannot be an agent's.
 */
int key_generate(struct key *key, const char *name) __attribute__((warn_unused_result));
/* Hexadecimal, into buf of KEY_ID_TEXT_SIZE; returns buf. */
const char *key_id_text(const uint8_t *id, char *buf);
/* 0, or -1 when text is not exactly 16 hexadecimal digits. */
int key_id_parse(const char *text, uint8_t *id) __attribute__((warn_unused_result));

/* All keys of the file, at least one, no id twice; or NULL and why. */
struct keyfile *keyfile_load(const char *path, char *why, size_t whysize)
    __attribute__((warn_unused_result));
void keyfile_free(struct keyfile *keys); /* wipes; NULL-safe */
size_t keyfile_count(const struct keyfile *keys);
/* In the order of the file; i below keyfile_count. Lives as long as keys. */
const struct key *keyfile_at(const struct keyfile *keys, size_t i);
/* By id, or NULL. Always looks at every key, so its time does not tell which are known.
 */
const struct key *keyfile_find(const struct keyfile *keys, const uint8_t *id);

enum keyfile_mode {
	KEYFILE_NEW,     /* the file must not exist */
	KEYFILE_REPLACE, /* takes the place, and the owner, of the one that may be there
			  */
};

/*
 * Writes n keys: into PATH.new, made with mode 0600, synced, then moved to its place,
 * so that the file is there whole or not at all. 0, or -1 and why.
 */
int keyfile_write(const char *path, const struct key *keys, size_t n,
    enum keyfile_mode mode, char *why, size_t whysize)
    __attribute__((warn_unused_result));

#endif
