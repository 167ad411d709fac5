/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/keyfile.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ID "0123456789abcdef"
#define SECRET "00112233445566778899aabbccddeeff0123456789abcdefFEDCBA9876543210"
#define GOOD "fwlog-key-1 web-1 " ID " " SECRET "\n"

static char folder[PATH_MAX / 4], path[PATH_MAX / 2], why[KEYFILE_WHY_SIZE];

static void
set_up(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, sizeof folder, "%s/fwlog-keyfile-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/agent.key", folder);
	why[0] = '\0';
}

static void
tear_down(void)
{
	char temp[PATH_MAX];

	snprintf(temp, sizeof temp, "%s.new", path);
	unlink(temp);
	unlink(path);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void
write_file(const char *text, size_t len, mode_t mode)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static struct keyfile *
load_text(const char *text)
{
	write_file(text, strlen(text), 0600);
	return keyfile_load(path, why, sizeof why);
}

/* Loading must fail with a message that has all of the path and this in it. */
static void
assert_refused(const char *said)
{
	struct keyfile *keys = keyfile_load(path, why, sizeof why);

	ck_assert_ptr_null(keys);
	ck_assert_msg(strstr(why, path) == why, "no path: %s", why);
	ck_assert_msg(strstr(why, said) != NULL, "\"%s\" is not in: %s", said, why);
	ck_assert_msg(strstr(why, "0011223344") == NULL, "a secret is in: %s", why);
}

static bool
exists(const char *suffix)
{
	char name[PATH_MAX];

	snprintf(name, sizeof name, "%s%s", path, suffix);
	return access(name, F_OK) == 0;
}

START_TEST(reads_one_key)
{
	static const uint8_t id[] = {1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
	struct keyfile *keys = load_text(GOOD);
	const struct key *key;

	ck_assert_msg(keys != NULL, "%s", why);
	ck_assert_uint_eq(keyfile_count(keys), 1);
	key = keyfile_at(keys, 0);
	ck_assert_str_eq(key->name, "web-1");
	ck_assert_mem_eq(key->id, id, sizeof id);
	ck_assert_uint_eq(key->secret[0], 0);
	ck_assert_uint_eq(key->secret[1], 0x11);
	ck_assert_uint_eq(key->secret[24], 0xfe);
	ck_assert_uint_eq(key->secret[31], 0x10);
	keyfile_free(keys);
}
END_TEST

START_TEST(layout_is_free)
{
	static const char *const text[] = {
	    "fwlog-key-1 web-1 " ID " " SECRET,
	    "# the key of web-1\n\n  \t\n" GOOD "\n# end",
	    "\tfwlog-key-1   web-1\t" ID "  " SECRET "  \r\n",
	};

	for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
		struct keyfile *keys = load_text(text[i]);

		ck_assert_msg(keys != NULL, "%s", why);
		ck_assert_uint_eq(keyfile_count(keys), 1);
		ck_assert_str_eq(keyfile_at(keys, 0)->name, "web-1");
		keyfile_free(keys);
	}
}
END_TEST

START_TEST(reads_many_and_finds_by_id)
{
	enum { MANY = 1000 };
	static struct key made[MANY];
	uint8_t unknown[NOISE_ID_SIZE];
	struct keyfile *keys;
	char name[32];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "agent-%d", i);
		ck_assert_int_eq(key_generate(&made[i], name), 0);
	}
	ck_assert_int_eq(
	    keyfile_write(path, made, MANY, KEYFILE_NEW, why, sizeof why), 0);
	keys = keyfile_load(path, why, sizeof why);
	ck_assert_msg(keys != NULL, "%s", why);
	ck_assert_uint_eq(keyfile_count(keys), MANY);
	for (size_t i = 0; i < MANY; i++) {
		const struct key *key = keyfile_find(keys, made[i].id);

		ck_assert_ptr_eq(key, keyfile_at(keys, i));
		ck_assert_str_eq(key->name, made[i].name);
		ck_assert_mem_eq(key->secret, made[i].secret, sizeof key->secret);
	}
	memcpy(unknown, made[7].id, sizeof unknown);
	unknown[7] ^= 1;
	ck_assert_ptr_null(keyfile_find(keys, unknown));
	keyfile_free(keys);
}
END_TEST

START_TEST(bad_lines_are_named)
{
	static const struct {
		const char *text, *said;
	} bad[] = {
	    {"fwlog-key-2 web-1 " ID " " SECRET, ":1: does not begin with fwlog-key-1"},
	    {"fwlog-key-1x web-1 " ID " " SECRET, ":1: does not begin"},
	    {SECRET, ":1: does not begin"},
	    {"\n# a\n" GOOD "fwlog-key-1\n", ":4: the second word"},
	    {"fwlog-key-1 we/b " ID " " SECRET, ":1: the second word"},
	    {"fwlog-key-1 " SECRET SECRET " " ID " " SECRET, ":1: the second word"},
	    {"fwlog-key-1 web-1", ":1: the third word"},
	    {"fwlog-key-1 web-1 " SECRET " " ID, ":1: the third word"},
	    {"fwlog-key-1 web-1 0123456789abcdeg " SECRET, ":1: the third word"},
	    {"fwlog-key-1 web-1 " ID "0 " SECRET, ":1: the third word"},
	    {"fwlog-key-1 web-1 " ID, ":1: the fourth word"},
	    {"fwlog-key-1 web-1 " ID " 00112233445566778899", "cut off"},
	    {"fwlog-key-1 web-1 " ID " " SECRET "00", ":1: the fourth word"},
	    {GOOD "fwlog-key-1 w " ID " 0x" SECRET, ":2: the fourth word"},
	    {"fwlog-key-1 web-1 " ID " " SECRET " 10.0.0.0/8", ":1: more than four"},
	    {GOOD "\n" GOOD, ":3: key id " ID " is in the file twice"},
	    {"fwlog-key-1 web-1 " ID " 00000000000000000000000000000000"
	     "00000000000000000000000000000000",
		":1: the secret is all zeros"},
	    {"", "holds no key"},
	    {"# nothing\n\n", "holds no key"},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		write_file(bad[i].text, strlen(bad[i].text), 0600);
		assert_refused(bad[i].said);
	}
}
END_TEST

/* Cut after any byte but the newline, the only key is refused. */
START_TEST(cut_anywhere_is_refused)
{
	for (size_t len = 0; len < strlen(GOOD) - 1; len++) {
		write_file(GOOD, len, 0600);
		ck_assert_ptr_null(keyfile_load(path, why, sizeof why));
	}
}
END_TEST

START_TEST(nul_bytes_are_refused)
{
	char text[sizeof GOOD];

	for (size_t i = 0; i < strlen(GOOD) - 1; i++) {
		memcpy(text, GOOD, sizeof text);
		text[i] = '\0';
		write_file(text, strlen(GOOD), 0600);
		ck_assert_ptr_null(keyfile_load(path, why, sizeof why));
	}
}
END_TEST

START_TEST(too_many_keys_are_refused)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	for (int i = 0; i <= KEYFILE_KEYS_MAX; i++)
		fprintf(f, "fwlog-key-1 a %016x " SECRET "\n", i);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
	assert_refused("holds more than 16384 keys");
	ck_assert_int_eq(truncate(path, KEYFILE_SIZE_MAX + 1), 0);
	assert_refused("longer than 4194304 bytes");
}
END_TEST

START_TEST(rights_are_checked)
{
	static const mode_t bad[] = {0640, 0604, 0620, 0602, 0610, 0666, 0777};
	static const mode_t good[] = {0600, 0400, 0700};
	char remedy[PATH_MAX];

	snprintf(remedy, sizeof remedy, "chmod 600 %s", path);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		write_file(GOOD, strlen(GOOD), bad[i]);
		assert_refused(remedy);
	}
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct keyfile *keys;

		unlink(path);
		write_file(GOOD, strlen(GOOD), good[i]);
		keys = keyfile_load(path, why, sizeof why);
		ck_assert_msg(keys != NULL, "%s", why);
		keyfile_free(keys);
	}
}
END_TEST

START_TEST(owner_is_checked)
{
	struct keyfile *keys;

	if (geteuid() != 0)
		return; /* only root can give files away */
	write_file(GOOD, strlen(GOOD), 0600);
	ck_assert_int_eq(chown(path, 12345, 12345), 0);
	assert_refused("belongs to user id 12345");
	ck_assert_int_eq(seteuid(12345), 0);
	keys = keyfile_load(path, why, sizeof why);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_ptr_null(keys); /* the folder is closed to that user */
	ck_assert_ptr_nonnull(strstr(why, "readable for the user"));
	ck_assert_int_eq(chmod(folder, 0711), 0);
	ck_assert_int_eq(seteuid(12345), 0);
	keys = keyfile_load(path, why, sizeof why);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_msg(keys != NULL, "%s", why);
	keyfile_free(keys);
}
END_TEST

START_TEST(other_things_than_files_are_refused)
{
	char saved[sizeof path];

	assert_refused("fwlogctl key new");
	memcpy(saved, path, sizeof saved);
	snprintf(path, sizeof path, "%s", folder);
	assert_refused("not a file");
	memcpy(path, saved, sizeof path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	assert_refused("not a file");
}
END_TEST

START_TEST(generated_keys_differ)
{
	struct key a, b;

	ck_assert_int_eq(key_generate(&a, "web-1"), 0);
	ck_assert_int_eq(key_generate(&b, "web-1"), 0);
	ck_assert_str_eq(a.name, "web-1");
	ck_assert_mem_ne(a.id, b.id, sizeof a.id);
	ck_assert_mem_ne(a.secret, b.secret, sizeof a.secret);
	ck_assert_int_eq(key_generate(&a, ""), -1);
	ck_assert_int_eq(key_generate(&a, "a b"), -1);
	ck_assert_int_eq(key_generate(&a, SECRET "-"), -1);
}
END_TEST

START_TEST(id_as_text)
{
	static const uint8_t id[] = {1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
	uint8_t got[NOISE_ID_SIZE];
	char buf[KEY_ID_TEXT_SIZE];

	ck_assert_str_eq(key_id_text(id, buf), ID);
	ck_assert_int_eq(key_id_parse(ID, got), 0);
	ck_assert_mem_eq(got, id, sizeof id);
	ck_assert_int_eq(key_id_parse("0123456789ABCDEF", got), 0);
	ck_assert_mem_eq(got, id, sizeof id);
	ck_assert_int_eq(key_id_parse("", got), -1);
	ck_assert_int_eq(key_id_parse("0123456789abcde", got), -1);
	ck_assert_int_eq(key_id_parse(ID "0", got), -1);
	ck_assert_int_eq(key_id_parse("0123456789abcd f", got), -1);
}
END_TEST

START_TEST(writes_a_new_file)
{
	struct keyfile *keys;
	struct key key;
	struct stat st;
	mode_t mask = umask(0);

	ck_assert_int_eq(key_generate(&key, "web-1"), 0);
	ck_assert_int_eq(keyfile_write(path, &key, 1, KEYFILE_NEW, why, sizeof why), 0);
	umask(mask);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_uint_eq(st.st_nlink, 1);
	ck_assert(!exists(".new"));
	keys = keyfile_load(path, why, sizeof why);
	ck_assert_msg(keys != NULL, "%s", why);
	ck_assert_mem_eq(keyfile_at(keys, 0), &key, sizeof key);
	keyfile_free(keys);
}
END_TEST

START_TEST(new_never_overwrites)
{
	struct keyfile *keys = load_text(GOOD);
	struct key key;

	ck_assert_ptr_nonnull(keys);
	keyfile_free(keys);
	ck_assert_int_eq(key_generate(&key, "other"), 0);
	ck_assert_int_eq(
	    keyfile_write(path, &key, 1, KEYFILE_NEW, why, sizeof why), -1);
	ck_assert_ptr_nonnull(strstr(why, "exists"));
	ck_assert(!exists(".new"));
	keys = keyfile_load(path, why, sizeof why);
	ck_assert_str_eq(keyfile_at(keys, 0)->name, "web-1");
	keyfile_free(keys);
}
END_TEST

START_TEST(replace_keeps_the_owner)
{
	struct keyfile *keys;
	struct key key;
	struct stat st;

	write_file(GOOD, strlen(GOOD), 0600);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(path, 12345, 12346), 0);
	ck_assert_int_eq(key_generate(&key, "other"), 0);
	ck_assert_int_eq(
	    keyfile_write(path, &key, 1, KEYFILE_REPLACE, why, sizeof why), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	if (geteuid() == 0) {
		ck_assert_uint_eq(st.st_uid, 12345);
		ck_assert_uint_eq(st.st_gid, 12346);
		ck_assert_int_eq(chown(path, 0, 0), 0);
	}
	keys = keyfile_load(path, why, sizeof why);
	ck_assert_msg(keys != NULL, "%s", why);
	ck_assert_str_eq(keyfile_at(keys, 0)->name, "other");
	keyfile_free(keys);
}
END_TEST

START_TEST(replace_makes_a_first_file)
{
	struct key key;

	ck_assert_int_eq(key_generate(&key, "web-1"), 0);
	ck_assert_int_eq(
	    keyfile_write(path, &key, 1, KEYFILE_REPLACE, why, sizeof why), 0);
	ck_assert(exists(""));
}
END_TEST

START_TEST(writing_fails_with_a_reason)
{
	struct key key;
	char temp[PATH_MAX], long_path[PATH_MAX];
	FILE *f;

	ck_assert_int_eq(key_generate(&key, "web-1"), 0);
	snprintf(temp, sizeof temp, "%s.new", path);
	f = fopen(temp, "w");
	ck_assert_ptr_nonnull(f);
	fclose(f);
	ck_assert_int_eq(
	    keyfile_write(path, &key, 1, KEYFILE_NEW, why, sizeof why), -1);
	ck_assert_ptr_nonnull(strstr(why, "interrupted run: remove it"));
	ck_assert(exists(".new") && !exists(""));

	snprintf(temp, sizeof temp, "%s/none/agent.key", folder);
	ck_assert_int_eq(
	    keyfile_write(temp, &key, 1, KEYFILE_NEW, why, sizeof why), -1);
	ck_assert_ptr_nonnull(strstr(why, strerror(ENOENT)));

	memset(long_path, 'x', sizeof long_path - 1);
	long_path[sizeof long_path - 1] = '\0';
	ck_assert_int_eq(
	    keyfile_write(long_path, &key, 1, KEYFILE_NEW, why, sizeof why), -1);
	ck_assert_ptr_nonnull(strstr(why, strerror(ENAMETOOLONG)));
}
END_TEST

/* A write that fails in the middle leaves the old file and no piece of the new one. */
START_TEST(full_disk_leaves_the_old_file)
{
	static struct key key[64];
	struct keyfile *keys;
	pid_t child;
	int status;

	write_file(GOOD, strlen(GOOD), 0600);
	for (size_t i = 0; i < 64; i++)
		ck_assert_int_eq(key_generate(&key[i], "web-1"), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct rlimit limit = {2000, 2000};

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		_exit(keyfile_write(path, key, 64, KEYFILE_REPLACE, why, sizeof why) ==
				  -1 &&
			      strstr(why, strerror(EFBIG)) != NULL
			  ? 0
			  : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert(!exists(".new"));
	keys = keyfile_load(path, why, sizeof why);
	ck_assert_msg(keys != NULL, "%s", why);
	ck_assert_uint_eq(keyfile_count(keys), 1);
	keyfile_free(keys);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("keyfile");
	TCase *tests = tcase_create("keyfile");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, reads_one_key);
	tcase_add_test(tests, layout_is_free);
	tcase_add_test(tests, reads_many_and_finds_by_id);
	tcase_add_test(tests, bad_lines_are_named);
	tcase_add_test(tests, cut_anywhere_is_refused);
	tcase_add_test(tests, nul_bytes_are_refused);
	tcase_add_test(tests, too_many_keys_are_refused);
	tcase_add_test(tests, rights_are_checked);
	tcase_add_test(tests, owner_is_checked);
	tcase_add_test(tests, other_things_than_files_are_refused);
	tcase_add_test(tests, generated_keys_differ);
	tcase_add_test(tests, id_as_text);
	tcase_add_test(tests, writes_a_new_file);
	tcase_add_test(tests, new_never_overwrites);
	tcase_add_test(tests, replace_keeps_the_owner);
	tcase_add_test(tests, replace_makes_a_first_file);
	tcase_add_test(tests, writing_fails_with_a_reason);
	tcase_add_test(tests, full_disk_leaves_the_old_file);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
