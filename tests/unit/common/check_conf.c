/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/conf.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUPS_MAX 2

struct group {
	char name[16];
	char *prefix;
	uint64_t buffer, own;
};

struct target {
	char *spool;
	char *log; /* unset by default */
	bool sync;
	uint64_t count;
	uint64_t size;
	uint64_t interval;
	int when_full;
	char *words; /* LINES */
	struct group group[GROUPS_MAX];
	size_t groups;
};

enum { DROP_NEWEST, DROP_OLDEST };
static const char *const when_full[] = {"drop_newest", "drop_oldest", NULL};

static int
check_word(const char *text, char *why, size_t whysize)
{
	if (strchr(text, ' ') == NULL)
		return 0;
	snprintf(why, whysize, "is more than a word");
	return -1;
}

#define T(member) offsetof(struct target, member)
#define G(member) offsetof(struct group, member)
static const struct conf_option options[] = {
    {"", "spool", CONF_STRING, T(spool), "/var/spool", 1, 20, NULL, "folder"},
    {"", "local_log", CONF_STRING, T(log), NULL, 0, 0, NULL, "file"},
    {"", "sync", CONF_BOOL, T(sync), "yes", 0, 0, NULL, "sync it"},
    {"", "count", CONF_UINT, T(count), "3", 1, 100, NULL, "how many"},
    {"", "spool_size", CONF_SIZE, T(size), "64M", 1 << 20, 0, NULL, "bytes"},
    {"", "sync_interval", CONF_DURATION, T(interval), "200ms", 0, 60000, NULL, "pause"},
    {"", "when_full", CONF_ENUM, T(when_full), "drop_newest", 0, 0, when_full, "what"},
    {"", "word", CONF_LINES, T(words), NULL, 1, 5, NULL, "words", check_word},
    {"group", "prefix", CONF_STRING, G(prefix), "none", 0, 0, NULL, "prefix"},
    {"group", "own", CONF_UINT, G(own), NULL, 5, 9, NULL, "unset by default"},
    {"group", "buffer", CONF_SIZE, G(buffer), "1K", 1, 1 << 20, NULL, "bytes"},
};

static void *section_new(
    void *arg, const char *kind, const char *argument, char *why, size_t whysize);

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

static const char *
validate(const void *arg)
{
	const struct target *t = arg;

	return t->count == 99 ? "count must not be 99" : NULL;
}

static const struct conf_spec spec = {
    .options = options,
    .count = sizeof options / sizeof options[0],
    .section_new = section_new,
    .section_each = section_each,
    .validate = validate,
};

static void *
section_new(
    void *arg, const char *kind, const char *argument, char *why, size_t whysize)
{
	struct target *t = arg;
	struct group *g;

	ck_assert_str_eq(kind, "group");
	for (size_t i = 0; i < t->groups; i++)
		if (strcmp(t->group[i].name, argument) == 0)
			return &t->group[i];
	if (t->groups == GROUPS_MAX || strlen(argument) >= sizeof g->name) {
		snprintf(why, whysize, "no more than %d groups", GROUPS_MAX);
		return NULL;
	}
	g = &t->group[t->groups++];
	strcpy(g->name, argument);
	conf_defaults(&spec, kind, g);
	return g;
}

static struct target t;
static struct conf_errors errors;
static char *said;
static size_t said_size;
static char path[] = "/tmp/fwlog-check-conf-XXXXXX";

static void
setup(void)
{
	int fd;

	memset(&t, 0, sizeof t);
	conf_defaults(&spec, "", &t);
	errors = (struct conf_errors){.out = open_memstream(&said, &said_size)};
	ck_assert_ptr_nonnull(errors.out);
	strcpy(path + sizeof path - 7, "XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void
teardown(void)
{
	fclose(errors.out);
	free(said);
	unlink(path);
	for (size_t i = 0; i < t.groups; i++)
		conf_free_strings(&spec, "group", &t.group[i]);
	conf_free_strings(&spec, "", &t);
}

static int
load_bytes(const char *text, size_t len)
{
	FILE *f = fopen(path, "w");
	int rc;

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
	rc = conf_load(&spec, path, &t, &errors);
	fflush(errors.out);
	return rc;
}

static int
load(const char *text)
{
	return load_bytes(text, strlen(text));
}

/* The file is refused with this one message behind "path:line: ". */
static void
refused(const char *text, unsigned line, const char *message)
{
	char expected[512];

	fclose(errors.out);
	free(said);
	errors = (struct conf_errors){.out = open_memstream(&said, &said_size)};
	ck_assert_int_eq(load(text), -1);
	snprintf(expected, sizeof expected, "%s:%u: %s\n", path, line, message);
	ck_assert_str_eq(said, expected);
	ck_assert_uint_eq(errors.count, 1);
}

static void
fine(const char *text)
{
	int rc = load(text);

	ck_assert_msg(rc == 0, "%s", said);
	ck_assert_uint_eq(errors.count, 0);
}

START_TEST(defaults)
{
	fine("");
	ck_assert_str_eq(t.spool, "/var/spool");
	ck_assert_ptr_null(t.log);
	ck_assert(t.sync);
	ck_assert_uint_eq(t.count, 3);
	ck_assert_uint_eq(t.size, 64 << 20);
	ck_assert_uint_eq(t.interval, 200);
	ck_assert_int_eq(t.when_full, DROP_NEWEST);
}
END_TEST

START_TEST(every_type)
{
	fine("\xEF\xBB\xBFspool = /a b=c\n"
	     "  # a comment\n; another\n\n"
	     "\tlocal_log=/var/log/x;y#z\r\n"
	     "sync = OFF\n"
	     "  count : 100  \n"
	     "spool_size = 2G\n"
	     "sync_interval = 1m\n"
	     "when_full = drop_oldest");
	ck_assert_str_eq(t.spool, "/a b=c");
	ck_assert_str_eq(t.log, "/var/log/x;y#z");
	ck_assert(!t.sync);
	ck_assert_uint_eq(t.count, 100);
	ck_assert_uint_eq(t.size, UINT64_C(2) << 30);
	ck_assert_uint_eq(t.interval, 60000);
	ck_assert_int_eq(t.when_full, DROP_OLDEST);
}
END_TEST

/* Given more than once, each is a line; an empty one begins anew. */
START_TEST(lines)
{
	fine("word = a\n");
	ck_assert_str_eq(t.words, "a");
	fine("word =\nword = a\nword = bcdef\nword = a\n");
	ck_assert_str_eq(t.words, "a\nbcdef\na");
	fine("word = a\nword =\nword = b\n");
	ck_assert_str_eq(t.words, "b");
	refused("word = a\nword = bcdefg\n", 2,
	    "word: \"bcdefg\" has the wrong length: 1 to 5 characters");
	refused("word = a\nword = b c\n", 2, "word: \"b c\" is more than a word");
}
END_TEST

START_TEST(units)
{
	static const struct {
		const char *text;
		uint64_t size, interval;
	} cases[] = {
	    {"spool_size = 1048576\nsync_interval = 0\n", 1 << 20, 0},
	    {"spool_size = 1024K\nsync_interval = 7ms\n", 1 << 20, 7},
	    {"spool_size = 3m\nsync_interval = 59s\n", 3 << 20, 59000},
	    {"spool_size = 16777215T\nsync_interval = 0s\n", UINT64_C(16777215) << 40,
		0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		fine(cases[i].text);
		ck_assert_uint_eq(t.size, cases[i].size);
		ck_assert_uint_eq(t.interval, cases[i].interval);
	}
}
END_TEST

START_TEST(bad_values)
{
	refused("\nsync_interval = 5x\n", 2,
	    "sync_interval: \"5x\" is not a duration: a number with ms, s, m, h or d, "
	    "from 0 to 1m");
	refused("sync_interval = 200\n", 1,
	    "sync_interval: \"200\" is not a duration: a number with ms, s, m, h or d, "
	    "from 0 to 1m");
	refused("sync_interval = 61s\n", 1,
	    "sync_interval: \"61s\" is not a duration: a number with ms, s, m, h or d, "
	    "from 0 to 1m");
	refused("count = 0", 1, "count: \"0\" is not a number from 1 to 100");
	refused("count = 101", 1, "count: \"101\" is not a number from 1 to 100");
	refused("count = -1", 1, "count: \"-1\" is not a number from 1 to 100");
	refused("count = 18446744073709551617", 1,
	    "count: \"18446744073709551617\" is not a number from 1 to 100");
	refused("count =", 1, "count: \"\" is not a number from 1 to 100");
	refused("spool_size = 16777216T", 1,
	    "spool_size: \"16777216T\" is not a size: a number of bytes, or with K, M, "
	    "G or "
	    "T, from 1M");
	refused("sync = maybe", 1, "sync: \"maybe\" is not allowed: yes or no");
	refused("when_full = drop", 1,
	    "when_full: \"drop\" is not allowed: one of drop_newest, drop_oldest");
	refused("spool =", 1, "spool: \"\" has the wrong length: 1 to 20 characters");
	refused("spool = 123456789012345678901", 1,
	    "spool: \"123456789012345678901\" has the wrong length: 1 to 20 "
	    "characters");
}
END_TEST

START_TEST(bad_names)
{
	refused("# x\nspool_sise = 1G\n", 2,
	    "spool_sise: unknown option; did you mean spool_size?");
	refused("colour = red\n", 1, "colour: unknown option");
	refused("prefix = x\n", 1, "prefix: belongs into a section [group]");
	refused("[group 5]\nspool = x\n", 2,
	    "spool: no option of [group]; it belongs above the first section");
	refused("[grop 5]\nprefix = x\n", 1,
	    "[grop]: unknown section; did you mean [group]?");
	refused("[]\n", 1, "[]: unknown section");
	refused("count = 4\n\ncount = 5\n", 3, "count: given twice, first in line 1");
}
END_TEST

START_TEST(bad_lines)
{
	refused("spool /x\n", 1, "this is not \"name = value\"");
	refused("\n= x", 2, "this is not \"name = value\"");
	refused("[group 5\n", 1,
	    "[group 5: a section is written [name] on a line of its own");
	refused("[group 5] x\n", 1,
	    "[group 5] x: a section is written [name] on a line of its own");
	refused("count = 5 ; five\n", 1, "a comment must stand on a line of its own");
	refused("spool = /x # disk\n", 1, "a comment must stand on a line of its own");
	refused("spool = a\x1b[0m\n", 1, "the line holds control characters");
	ck_assert_int_eq(load_bytes("spool = a\0b\n", 12), -1);
}
END_TEST

START_TEST(long_line)
{
	char text[400];
	unsigned longest;
	const char *told;

	memset(text, 'x', sizeof text);
	memcpy(text, "local_log =", 11);
	text[sizeof text - 1] = '\0';
	ck_assert_int_eq(load(text), -1);
	told = strstr(said, "the line has 399 characters; at most ");
	ck_assert_ptr_nonnull(told);
	longest = (unsigned)atoi(told + 37);
	ck_assert_uint_gt(longest, 150);
	text[longest + 1] = '\0';
	ck_assert_int_eq(load(text), -1);
	text[longest] = '\0';
	ck_assert_int_eq(load(text), 0);
	ck_assert_uint_eq(strlen(t.log), longest - 11);
}
END_TEST

START_TEST(all_errors_are_shown)
{
	ck_assert_int_eq(
	    load("count = 0\nspool_sise = 1\n[group 1]\nnothing\nbuffer = 0\n"), -1);
	ck_assert_uint_eq(errors.count, 4);
	ck_assert_ptr_nonnull(strstr(said, ":1: count"));
	ck_assert_ptr_nonnull(strstr(said, ":2: spool_sise"));
	ck_assert_ptr_nonnull(strstr(said, ":4: this is not"));
	ck_assert_ptr_nonnull(strstr(said, ":5: buffer"));
}
END_TEST

START_TEST(indented_line_is_its_own)
{
	fine("spool = /x\n   count = 7\n");
	ck_assert_str_eq(t.spool, "/x");
	ck_assert_uint_eq(t.count, 7);
}
END_TEST

START_TEST(sections)
{
	fine("count = 9\n[group  5]\nprefix = DROP \nbuffer=2K\n[ group eth0 uplink "
	     "]\n");
	ck_assert_uint_eq(t.groups, 2);
	ck_assert_str_eq(t.group[0].name, "5");
	ck_assert_str_eq(t.group[0].prefix, "DROP");
	ck_assert_uint_eq(t.group[0].buffer, 2048);
	ck_assert_str_eq(t.group[1].name, "eth0 uplink");
	ck_assert_str_eq(t.group[1].prefix, "none");
	refused(
	    "[group 3]\nbuffer = nonsense\n", 1, "[group 3]: no more than 2 groups");
}
END_TEST

START_TEST(missing_file)
{
	ck_assert_int_eq(conf_load(&spec, "/nonexistent/x.conf", &t, &errors), -1);
	fflush(errors.out);
	ck_assert_str_eq(
	    said, "/nonexistent/x.conf: cannot be read: No such file or directory\n");
	ck_assert_int_eq(conf_load(&spec, "/", &t, &errors), -1);
	ck_assert_uint_eq(errors.count, 2);
}
END_TEST

START_TEST(assignments)
{
	ck_assert_int_eq(conf_set(&spec, "count=5", &t, &errors), 0);
	ck_assert_int_eq(conf_set(&spec, "local_log = a=b/c", &t, &errors), 0);
	ck_assert_int_eq(conf_set(&spec, "group 5/prefix=x/y", &t, &errors), 0);
	ck_assert_int_eq(conf_set(&spec, "group 5/buffer=5K", &t, &errors), 0);
	ck_assert_uint_eq(t.count, 5);
	ck_assert_str_eq(t.log, "a=b/c");
	ck_assert_uint_eq(t.groups, 1);
	ck_assert_str_eq(t.group[0].prefix, "x/y");
	ck_assert_uint_eq(t.group[0].buffer, 5 << 10);
	ck_assert_int_eq(conf_set(&spec, "local_log=", &t, &errors), 0);
	ck_assert_ptr_null(t.log);
	ck_assert_uint_eq(errors.count, 0);
	ck_assert_int_eq(conf_set(&spec, "cuont=5", &t, &errors), -1);
	ck_assert_int_eq(conf_set(&spec, "count", &t, &errors), -1);
	ck_assert_int_eq(conf_set(&spec, "spool=a\nb", &t, &errors), -1);
	ck_assert_int_eq(conf_set(&spec, "grup 5/buffer=1", &t, &errors), -1);
	ck_assert_uint_eq(errors.count, 4);
	fflush(errors.out);
	ck_assert_ptr_nonnull(
	    strstr(said, "-o: cuont: unknown option; did you mean count?\n"));
}
END_TEST

START_TEST(unset_number)
{
	fine("[group 1]\n[group 2]\nown = 7\n");
	ck_assert_uint_eq(t.group[0].own, 0);
	ck_assert_uint_eq(t.group[1].own, 7);
	fine("[group 2]\nown =\n");
	ck_assert_uint_eq(t.group[1].own, 0);
	refused("[group 1]\nown = 0\n", 2, "own: \"0\" is not a number from 5 to 9");
}
END_TEST

START_TEST(validation)
{
	ck_assert_int_eq(conf_validate(&spec, &t, &errors), 0);
	t.count = 99;
	ck_assert_int_eq(conf_validate(&spec, &t, &errors), -1);
	ck_assert_uint_eq(errors.count, 1);
}
END_TEST

START_TEST(dump_is_a_file)
{
	static const char expected[] = "spool = /var/spool\n"
				       "local_log =\n"
				       "sync = no\n"
				       "count = 3\n"
				       "spool_size = 1025K\n"
				       "sync_interval = 1500ms\n"
				       "when_full = drop_oldest\n"
				       "word = a\n"
				       "word = b\n"
				       "\n[group 5]\n"
				       "prefix = x\n"
				       "own =\n"
				       "buffer = 1M\n";
	char *text = NULL;
	size_t size;
	FILE *out;

	fine(
	    "sync=no\nspool_size=1049600\nsync_interval=1500ms\nwhen_full=drop_oldest\n"
	    "word=a\nword=b\n[group 5]\nprefix = x\nbuffer = 1048576\n");
	out = open_memstream(&text, &size);
	conf_dump(&spec, &t, out);
	fclose(out);
	ck_assert_str_eq(text, expected);
	fine(text);
	free(text);
}
END_TEST

START_TEST(table)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	conf_print_options(&spec, out);
	fclose(out);
	ck_assert_ptr_nonnull(
	    strstr(text, "\tcount\tnumber\t3\tfrom 1 to 100\thow many\n"));
	ck_assert_ptr_nonnull(strstr(text, "\tlocal_log\tstring\t\t\tfile\n"));
	ck_assert_ptr_nonnull(
	    strstr(text, "group\tbuffer\tsize\t1K\tfrom 1 to 1M\tbytes\n"));
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf");
	TCase *tc = tcase_create("conf");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, every_type);
	tcase_add_test(tc, lines);
	tcase_add_test(tc, units);
	tcase_add_test(tc, bad_values);
	tcase_add_test(tc, bad_names);
	tcase_add_test(tc, bad_lines);
	tcase_add_test(tc, long_line);
	tcase_add_test(tc, all_errors_are_shown);
	tcase_add_test(tc, indented_line_is_its_own);
	tcase_add_test(tc, sections);
	tcase_add_test(tc, missing_file);
	tcase_add_test(tc, assignments);
	tcase_add_test(tc, unset_number);
	tcase_add_test(tc, validation);
	tcase_add_test(tc, dump_is_a_file);
	tcase_add_test(tc, table);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
