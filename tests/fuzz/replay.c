/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay CORPUS [ROUNDS [SEED]]: runs fuzz_target over every file of the folder and
 * over ROUNDS mutations of each, the same ones for the same seed. With FUZZ_LIBFUZZER
 * defined it is libFuzzer's entry point instead. A crash leaves the input's number and
 * seed on stderr.
 */
#include "tests/fuzz/fuzz.h"

#ifdef FUZZ_LIBFUZZER
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_target(data, len);
}
#else

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX 65536 /* bytes; mutations may grow an input up to this */
#define ROUNDS_DEFAULT 2000
#define SEED_DEFAULT UINT64_C(7514)

static uint64_t random_state;
static char running[640]; /* what is being run, for the signal handler */

/* xorshift64* (Vigna 2016). */
static uint64_t
random_next(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * UINT64_C(2685821657736338717);
}

static size_t
random_below(size_t n)
{
	return n == 0 ? 0 : (size_t)(random_next() % n);
}

static void
on_crash(int signo)
{
	ssize_t n = write(STDERR_FILENO, running, strlen(running));

	(void)n;
	signal(signo, SIG_DFL);
	raise(signo);
}

static size_t
insert_bytes(uint8_t *data, size_t len)
{
	size_t at = random_below(len + 1), n = 1 + random_below(8);

	if (len + n > INPUT_MAX)
		return len;
	memmove(data + at + n, data + at, len - at);
	for (size_t i = 0; i < n; i++)
		data[at + i] = (uint8_t)random_next();
	return len + n;
}

static size_t
remove_bytes(uint8_t *data, size_t len)
{
	size_t at = random_below(len), n = random_below(len - at) + 1;

	memmove(data + at, data + at + n, len - at - n);
	return len - n;
}

static void
copy_within(uint8_t *data, size_t len)
{
	size_t from = random_below(len), to = random_below(len);
	size_t n = random_below(len - (from > to ? from : to)) + 1;

	memmove(data + to, data + from, n);
}

/* Lengths and counts break at their ends. */
static void
set_integer(uint8_t *data, size_t len)
{
	static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
	size_t width = (size_t)1 << random_below(4);
	size_t at = random_below(len);

	for (size_t i = 0; i < width && at + i < len; i++)
		data[at + i] = edges[random_below(sizeof edges)];
}

static size_t
mutate(uint8_t *data, size_t len)
{
	size_t times = 1 + random_below(4);

	for (; times > 0; times--) {
		if (len == 0)
			return insert_bytes(data, len);
		switch (random_below(6)) {
		case 0:
			data[random_below(len)] ^= (uint8_t)(1u << random_below(8));
			break;
		case 1:
			data[random_below(len)] = (uint8_t)random_next();
			break;
		case 2:
			len = insert_bytes(data, len);
			break;
		case 3:
			len = remove_bytes(data, len);
			break;
		case 4:
			copy_within(data, len);
			break;
		case 5:
			set_integer(data, len);
			break;
		}
	}
	return len;
}

/* From memory of exactly this size, so that a sanitizer sees the first byte too far. */
static void
run(const uint8_t *data, size_t len)
{
	uint8_t *exact = malloc(len > 0 ? len : 1);

	if (exact == NULL)
		abort();
	memcpy(exact, data, len);
	fuzz_target(exact, len);
	free(exact);
}

static int
read_file(const char *path, uint8_t *data, size_t *len)
{
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		return -1;
	*len = fread(data, 1, INPUT_MAX, f);
	if (ferror(f)) {
		fclose(f);
		return -1;
	}
	return fclose(f);
}

static void
run_mutations(const char *path, const uint8_t *seed_data, size_t seed_len,
    unsigned rounds, uint64_t seed)
{
	static uint8_t data[INPUT_MAX];

	random_state = seed;
	for (unsigned i = 0; i <= rounds; i++) {
		size_t len = seed_len;

		memcpy(data, seed_data, seed_len);
		if (i > 0)
			len = mutate(data, len);
		snprintf(running, sizeof running,
		    "crashed at %s, mutation %u, seed %llu\n", path, i,
		    (unsigned long long)seed);
		run(data, len);
	}
}

static int
is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int
replay(const char *folder, unsigned rounds, uint64_t seed)
{
	static uint8_t data[INPUT_MAX];
	struct dirent **entries;
	int n = scandir(folder, &entries, is_visible, alphasort);
	int bad = 0;

	if (n <= 0) {
		fprintf(stderr, "%s: no corpus: %s\n", folder,
		    n < 0 ? strerror(errno) : "the folder is empty");
		return 1;
	}
	for (int i = 0; i < n; i++) {
		char path[512];
		size_t len;

		snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		if (read_file(path, data, &len) == 0) {
			run_mutations(path, data, len, rounds, seed);
		} else {
			fprintf(stderr, "%s: %s\n", path, strerror(errno));
			bad = 1;
		}
		free(entries[i]);
	}
	free(entries);
	run(data, 0);
	printf("%s: %d files, %u mutations of each, seed %llu\n", folder, n, rounds,
	    (unsigned long long)seed);
	return bad;
}

int
main(int argc, char **argv)
{
	unsigned rounds =
	    argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : ROUNDS_DEFAULT;
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : SEED_DEFAULT;

	if (argc < 2 || argc > 4 || seed == 0) {
		fprintf(stderr, "usage: %s CORPUS [ROUNDS [SEED]]\n", argv[0]);
		return 2;
	}
	signal(SIGABRT, on_crash);
	signal(SIGSEGV, on_crash);
	signal(SIGBUS, on_crash);
	signal(SIGFPE, on_crash);
	return replay(argv[1], rounds, seed);
}
#endif
