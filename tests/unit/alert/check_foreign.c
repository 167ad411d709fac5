/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder of 4,000 rules of strangers, made up from a seed: most are of other sources,
 * some of firewalls, some broken. Each document ends in the class it was made for, and
 * reading them all takes little.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collector/alert/rule.h"

#define FILES 4000
#define MOST_SECONDS 20.0 /* of processor time, under sanitizers on a slow machine */

static char folder[64];
static uint64_t random_state = 7514;
static enum rule_class class_of[FILES];
static struct timespec began;

/* xorshift64* (Vigna 2016). */
static unsigned
below(unsigned n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (unsigned)((random_state * UINT64_C(2685821657736338717) >> 11) % n);
}

#define COUNT(a) (unsigned)(sizeof(a) / sizeof(a)[0])
#define ONE_OF(a) (a)[below(COUNT(a))]

static void
put_head(unsigned i, const char *source, FILE *out)
{
	static const char *const levels[] = {
	    "informational", "low", "medium", "high", "critical"};

	fprintf(out,
	    "title: Rule number %u\n"
	    "id: %08x-0000-4000-8000-%012x\n"
	    "status: test\n"
	    "description: |\n"
	    "    Detects what nobody wants: '%%TEMP%%', \"quotes\" and\n"
	    "    caf\xc3\xa9s.\n"
	    "references:\n"
	    "    - https://example.org/%u\n"
	    "author: Some One (%u)\n"
	    "date: 2024-01-%02u\n"
	    "tags: [attack.execution, attack.t%04u]\n"
	    "level: %s\n"
	    "logsource: {%s}\n",
	    i, i, i, i, below(1000), 1 + below(28), below(10000), ONE_OF(levels),
	    source);
}

/* Values with all that YAML has for strings. */
static void
put_foreign(unsigned i, FILE *out)
{
	static const char *const sources[] = {
	    "category: process_creation, product: windows",
	    "product: windows, service: security", "category: webserver",
	    "category: proxy", "product: linux, service: auditd",
	    "product: aws, service: cloudtrail", "category: dns_query, product: macos",
	    "product: zeek, service: http"};
	static const char *const fields[] = {"CommandLine|contains|all",
	    "Image|endswith", "ParentImage", "cs-uri-query|re", "EventID",
	    "Hashes|contains", "TargetObject|startswith|windash",
	    "ScriptBlockText|base64offset|contains", "eventName"};
	static const char *const values[] = {"'\\powershell.exe'",
	    "\"C:\\\\Users\\\\\"", "4624", "' -enc '", "'*/etc/passwd*'", "null",
	    "'IEX (New-Object'",
	    ">-\n"
	    "            folded\n            text"};

	put_head(i, ONE_OF(sources), out);
	fputs("detection:\n", out);
	for (unsigned s = 0; s < 1 + below(4); s++) {
		fprintf(out, "    selection%u:\n        %s:\n", s, ONE_OF(fields));
		for (unsigned v = 0; v < 1 + below(12); v++)
			fprintf(out, "          - %s\n", ONE_OF(values));
	}
	fputs("    condition: 1 of selection*\nfalsepositives:\n    - Unknown\n", out);
}

static void
put_firewall(unsigned i, FILE *out)
{
	put_head(i, "category: firewall", out);
	fprintf(out,
	    "detection:\n    sel:\n        dst_port: [%u, %u]\n"
	    "        src_ip|cidr: '10.%u.0.0/16'\n"
	    "    other:\n        log_prefix|startswith: 'drop %u'\n"
	    "    condition: sel or not other\n",
	    below(65536), below(65536), below(256), below(10));
}

/* Of firewalls, and wrong. */
static void
put_wrong(unsigned i, FILE *out)
{
	static const char *const wrong[] = {
	    "detection:\n    sel: {nosuch: 1}\n    condition: sel\n",
	    "detection:\n    sel: {dst_port: 70000}\n    condition: sel\n",
	    "detection:\n    sel: {src_ip|cidr: 10.0.0.0/33}\n    condition: sel\n",
	    "detection:\n    sel: {dst_port: 1}\n    condition: sel and none\n",
	    "detection:\n    sel: {log_prefix|base64: x}\n    condition: sel\n",
	    "detection:\n    sel: {dst_port: 1}\n    condition: sel | count() > 5\n",
	    "detection:\n    sel: {log_prefix|re: '('}\n    condition: sel\n",
	    "detection:\n    sel: {dst_port: 1}\n"};

	put_head(i, "category: firewall", out);
	fputs(ONE_OF(wrong), out);
}

static void
write_file(unsigned i)
{
	unsigned dice = below(100);
	char path[128];
	FILE *out;

	/* Folders in the folder, as collections of rules have them. */
	snprintf(path, sizeof path, "%s/%u", folder, i % 40);
	if (i < 40)
		ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/%u/%04u.yml", folder, i % 40, i);
	out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	class_of[i] = dice < 95   ? RULE_NOT_APPLICABLE
		      : dice < 98 ? RULE_LOADED
				  : RULE_REFUSED;
	if (class_of[i] == RULE_NOT_APPLICABLE)
		put_foreign(i, out);
	else if (class_of[i] == RULE_LOADED)
		put_firewall(i, out);
	else
		put_wrong(i, out);
	ck_assert_int_eq(fclose(out), 0);
}

static void
setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, sizeof folder, "%.40s/fwlog-foreign-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	for (unsigned i = 0; i < FILES; i++)
		write_file(i);
	clock_gettime(CLOCK_MONOTONIC, &began);
}

static void
teardown(void)
{
	char path[128];

	for (unsigned i = 0; i < FILES; i++) {
		snprintf(path, sizeof path, "%s/%u/%04u.yml", folder, i % 40, i);
		unlink(path);
	}
	for (unsigned i = 0; i < 40; i++) {
		snprintf(path, sizeof path, "%s/%u", folder, i);
		rmdir(path);
	}
	rmdir(folder);
}

static double
seconds_since(clockid_t clock, const struct timespec *then)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)(now.tv_sec - then->tv_sec) +
	       (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

/* By the number in its path. */
static void
check_report(const struct rule_report *r, bool seen[FILES])
{
	unsigned long i = strtoul(strrchr(r->path, '/') + 1, NULL, 10);

	ck_assert_uint_lt(i, FILES);
	ck_assert_msg(!seen[i], "%s: twice", r->path);
	seen[i] = true;
	ck_assert_msg(r->class == class_of[i], "%s: %s, not %s: %s", r->path,
	    rule_class_name(r->class), rule_class_name(class_of[i]),
	    r->reason != NULL ? r->reason : "");
	ck_assert_uint_gt(r->line, 0);
	ck_assert((r->class == RULE_LOADED) == (r->reason == NULL));
}

START_TEST(each_is_in_its_class)
{
	static bool seen[FILES];
	const struct rule_options options = {.has_prefix_map = true};
	const char *path = folder;
	size_t made[3] = {0};
	struct rule_set *set;
	struct timespec cpu;
	char why[256];
	double used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	set = rule_set_load(&path, 1, &options, why, sizeof why);
	used = seconds_since(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	ck_assert_msg(set != NULL, "%s", why);
	printf("# %d files of strangers read in %.2f s, %.2f s of processor time\n",
	    FILES, seconds_since(CLOCK_MONOTONIC, &began), used);
	ck_assert_uint_eq(set->report_count, FILES);
	for (size_t i = 0; i < set->report_count; i++)
		check_report(&set->report[i], seen);
	for (unsigned i = 0; i < FILES; i++)
		made[class_of[i]]++;
	ck_assert_uint_eq(set->loaded, made[RULE_LOADED]);
	ck_assert_uint_eq(set->not_applicable, made[RULE_NOT_APPLICABLE]);
	ck_assert_uint_eq(set->refused, made[RULE_REFUSED]);
	ck_assert_uint_eq(set->count, set->loaded);
	ck_assert_uint_gt(set->refused, 40);
	rule_set_free(set);
	ck_assert_msg(used < MOST_SECONDS, "%.2f s", used);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("foreign");
	TCase *t = tcase_create("foreign");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, each_is_in_its_class);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
