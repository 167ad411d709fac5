/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is told of what, and what messages look like. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/notify_alertmanager.h"
#include "collector/notify_mail.h"
#include "collector/notify_options.h"
#include "collector/notify_program.h"
#include "collector/notify_syslog.h"
#include "collector/notify_webhook.h"

#define NOW INT64_C(1700000000123456) /* 2023-11-14T22:13:20 UTC */

static char text[32][256];
static size_t texts;

static char *
own(const char *s)
{
	snprintf(text[texts], sizeof text[0], "%s", s);
	return text[texts++];
}

static struct notice
make(const char *change, const char *title, const char *pairs)
{
	struct notice n = {0};

	texts = 0;
	n.part[NOTICE_DELIVERY] = own("17");
	n.part[NOTICE_CHANGE] = own(change);
	n.part[NOTICE_RULE] = own("r1");
	n.part[NOTICE_TITLE] = own(title);
	n.part[NOTICE_LEVEL] = own("critical");
	n.part[NOTICE_GROUP] = own("src_ip=192.0.2.1");
	n.part[NOTICE_PAIRS] = own(pairs);
	n.part[NOTICE_FIRST] = own("2026-11-23T10:00:00.000000Z");
	return n;
}

/* ---- who is told */

static bool
wants(const struct action *a, const char *id, enum rule_level level,
    enum alert_change change)
{
	struct rule rule = {.level = level};
	char copy[64];

	snprintf(copy, sizeof copy, "%s", id);
	rule.id = copy;
	return action_wants(a, &rule, change);
}

START_TEST(levels_and_rules)
{
	char rules[] = "scan-*\n*flood";
	struct action a = {.level = RULE_HIGH, .rules = rules, .resolved = false};

	ck_assert(wants(&a, "scan-1", RULE_HIGH, ALERT_FIRED));
	ck_assert(wants(&a, "SYN-Flood", RULE_CRITICAL, ALERT_REPEATED));
	ck_assert(!wants(&a, "scan-1", RULE_MEDIUM, ALERT_FIRED));
	ck_assert(!wants(&a, "my-scan-1", RULE_HIGH, ALERT_FIRED));
	ck_assert(!wants(&a, "scan-1", RULE_HIGH, ALERT_UPDATED));
	ck_assert(!wants(&a, "scan-1", RULE_HIGH, ALERT_RESOLVED));
	a.type = ACTION_ALERTMANAGER;
	ck_assert(wants(&a, "scan-1", RULE_HIGH, ALERT_RESOLVED));
	a.rules = NULL;
	ck_assert(wants(&a, "anything", RULE_HIGH, ALERT_FIRED));
}
END_TEST

START_TEST(rule_names_its_actions)
{
	char id[] = "x", name[] = "pager";
	char *names[] = {name};
	struct rule rule = {.id = id, .level = RULE_LOW, .actions = {names, 1}};
	struct action a = {.name = "pager", .level = RULE_CRITICAL};
	struct action b = {.name = "mail"};

	ck_assert(action_wants(&a, &rule, ALERT_FIRED));
	ck_assert(!action_wants(&b, &rule, ALERT_FIRED));
}
END_TEST

static const struct {
	int (*check)(const char *, char *, size_t);
	const char *text;
	bool good;
} values[] = {
    {action_check_address, "unix:/dev/log", true},
    {action_check_address, "unix:dev/log", false},
    {action_check_address, "udp:logs.example.org:514", true},
    {action_check_address, "tcp:[2001:db8::1]:601", true},
    {action_check_address, "tcp:[2001:db8::1:601", false},
    {action_check_address, "tcp:host", false},
    {action_check_address, "tcp::601", false},
    {action_check_address, "tcp:host:0", false},
    {action_check_address, "tcp:host:65536", false},
    {action_check_address, "udp:host:99999999999", false},
    {action_check_address, "host:514", false},
    {action_check_url, "https://example.org/x", true},
    {action_check_url, "http://[::1]:9093", true},
    {action_check_url, "https:///x", false},
    {action_check_url, "file:///etc/passwd", false},
    {action_check_url, "https://a b", false},
    {action_check_path, "bin/x", false},
    {action_check_mail, "a@example.org b@example.org", true},
    {action_check_mail, "-oQ/tmp@x", false},
    {action_check_mail, "a@b,c@d", false},
};

START_TEST(options)
{
	char why[200] = "";
	int rc = values[_i].check(values[_i].text, why, sizeof why);

	ck_assert_msg(rc == (values[_i].good ? 0 : -1), "%s: %s", values[_i].text, why);
	ck_assert((why[0] == '\0') == values[_i].good);
}
END_TEST

/* ---- syslog */

START_TEST(syslog_line)
{
	struct notice n = make("fired", "Scan",
	    "src_ip\x1f"
	    "192.0.2.1\x1e"
	    "a b=\x1fx\"y\\z]");
	char *m = syslog_message(&n, 10, "fw", NOW);

	ck_assert_str_eq(m,
	    "<82>1 2023-11-14T22:13:20.123456Z fw fwlog - fired [fwlog@32473 "
	    "delivery=\"17\" change=\"fired\" rule=\"r1\" level=\"critical\" "
	    "first=\"2026-11-23T10:00:00.000000Z\"][group@32473 src_ip=\"192.0.2.1\" "
	    "a_b_=\"x\\\"y\\\\z\\]\"] [critical] Scan: src_ip=192.0.2.1");
	free(m);
	n = make("resolved", "Scan", "");
	m = syslog_message(&n, 10, "", NOW);
	ck_assert(strncmp(m, "<86>1 2023-11-14T22:13:20.123456Z - fwlog", 41) == 0);
	ck_assert(strstr(m, "group@") == NULL);
	free(m);
}
END_TEST

START_TEST(syslog_is_bounded)
{
	struct notice n = make("fired", "x", "");
	char *title = malloc(8001), *m;

	for (size_t i = 0; i < 4000; i++)
		memcpy(title + 2 * i, "\xC3\xB6", 2);
	title[8000] = '\0';
	n.part[NOTICE_TITLE] = title;
	for (size_t shift = 0; shift < 2; shift++) {
		n.part[NOTICE_RULE] = own(shift == 0 ? "a" : "ab");
		m = syslog_message(&n, 0, "h", NOW);
		ck_assert_uint_le(strlen(m), SYSLOG_MESSAGE_MAX);
		ck_assert_uint_ge(strlen(m), SYSLOG_MESSAGE_MAX - 1);
		ck_assert_int_eq((unsigned char)m[strlen(m) - 1], 0xB6);
		free(m);
	}
	free(title);
}
END_TEST

/* ---- mail */

static char *
header(const char *value)
{
	char *line = NULL;
	size_t size;
	FILE *f = open_memstream(&line, &size);

	mail_header(f, "Subject", value);
	fclose(f);
	return line;
}

START_TEST(mail_headers)
{
	char *h = header("plain words");

	ck_assert_str_eq(h, "Subject: plain words\n");
	free(h);
	h = header("evil\nBcc: all@example.org");
	ck_assert_str_eq(h, "Subject: evil Bcc: all@example.org\n");
	free(h);
	h = header("gr\xC3\xB6\xC3\x9F"
		   "er");
	ck_assert_str_eq(h, "Subject: =?UTF-8?B?Z3LDtsOfZXI=?=\n");
	free(h);
	h = header("=?UTF-8?B?Z3I=?=");
	ck_assert_str_eq(h, "Subject: =?UTF-8?B?PT9VVEYtOD9CP1ozST0/PQ==?=\n");
	free(h);
}
END_TEST

START_TEST(mail_headers_are_folded)
{
	char value[400], *h;

	for (size_t i = 0; i < 199; i++)
		memcpy(value + 2 * i, i % 3 == 0 ? "\xC3\xB6" : "ab", 2);
	value[398] = '\0';
	h = header(value);
	for (char *line = strtok(h, "\n"); line != NULL; line = strtok(NULL, "\n"))
		ck_assert_uint_le(strlen(line), 78);
	free(h);
	for (size_t i = 0; i < 398; i++)
		value[i] = i % 9 == 8 ? ' ' : 'x';
	h = header(value);
	for (char *line = strtok(h, "\n"); line != NULL; line = strtok(NULL, "\n"))
		ck_assert_uint_le(strlen(line), 78);
	free(h);
}
END_TEST

START_TEST(mail_whole)
{
	struct notice n[2] = {make("fired", "Scan", ""), make("resolved", "Scan", "")};
	struct mail_envelope e = {
	    .to = " a@x  b@x", .from = "f@x", .host = "fw", .now_us = NOW};
	char *m = mail_message(&e, n, 2);

	ck_assert_ptr_nonnull(strstr(m, "From: f@x\nTo: a@x,\n b@x\n"));
	ck_assert_ptr_nonnull(strstr(m, " and 1 more\n"));
	ck_assert_ptr_nonnull(strstr(m, "\nDate: Tue, 14 Nov 2023 22:13:20 +0000\n"));
	ck_assert_ptr_nonnull(strstr(m, "\nMessage-ID: <fwlog.17.2@fw>\n"));
	ck_assert_ptr_nonnull(strstr(m, "Content-Transfer-Encoding: 7bit\n\n["));
	free(m);
}
END_TEST

/* ---- webhook and Alertmanager */

START_TEST(signature)
{
	char h[WEBHOOK_SIGNATURE_MAX];

	/* HMAC-SHA256 of "1.x" by "key", reckoned by openssl dgst. */
	webhook_sign("key", 1, "x", 1, h);
	ck_assert_str_eq(h,
	    "X-Fwlog-Signature: sha256="
	    "fc4913c41a7bf793267e2a384f3261c9436ec2cd097bd745e7b0d99113f510ec");
}
END_TEST

START_TEST(alertmanager_labels)
{
	struct notice n = make("fired", "Scan \"x\"",
	    "source.ip\x1f"
	    "192.0.2.1\x1elevel\x1f"
	    "3\x1e"
	    "9p\x1fv\x1e"
	    "empty\x1f");
	char *body = alertmanager_body(&n, 1, NOW);

	ck_assert_str_eq(body,
	    "[{\"labels\":{\"alertname\":\"Scan \\\"x\\\"\",\"rule_id\":\"r1\","
	    "\"level\":\"critical\",\"source_ip\":\"192.0.2.1\",\"group_level\":\"3\","
	    "\"group_9p\":\"v\"},\"annotations\":{},"
	    "\"startsAt\":\"2026-11-23T10:00:00.000000Z\","
	    "\"endsAt\":\"2023-11-14T22:17:20.123456Z\"}]");
	free(body);
	n = make("resolved", "Scan", "");
	n.part[NOTICE_RESOLVED] = own("2026-11-23T10:05:00.000000Z");
	body = alertmanager_body(&n, 1, NOW);
	ck_assert_ptr_nonnull(
	    strstr(body, "\"endsAt\":\"2026-11-23T10:05:00.000000Z\""));
	free(body);
}
END_TEST

/* ---- programs */

static char folder[] = "/tmp/check_notify_XXXXXX";

static int
run(const char *path, const char *script, mode_t mode, uint64_t ms, char *why)
{
	char *const argv[] = {own(path), NULL};
	char *const envp[] = {NULL};
	const struct program p = {
	    .path = path,
	    .argv = argv,
	    .envp = envp,
	    .user = "nobody",
	    .input = "input\n",
	    .len = 6,
	    .timeout_ms = ms,
	};
	FILE *f = fopen(path, "w");

	texts = 0;
	ck_assert_ptr_nonnull(f);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	fclose(f);
	ck_assert_int_eq(chmod(path, mode), 0);
	why[0] = '\0';
	return program_run(&p, why, 256);
}

START_TEST(programs)
{
	char path[64], why[256];

	if (geteuid() != 0)
		return; /* a program of root's is what this is about */
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0755), 0);
	snprintf(path, sizeof path, "%s/p", folder);
	ck_assert_int_eq(run(path, "read x; test \"$x\" = input", 0755, 5000, why), 0);
	ck_assert_int_eq(run(path, "echo no; exit 3", 0755, 5000, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "exit status 3: no"));
	ck_assert_int_eq(run(path, "kill -9 $$", 0755, 5000, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "signal 9"));
	ck_assert_int_eq(run(path, "sleep 60", 0755, 200, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "killed after"));
	ck_assert_int_eq(
	    run(path, "test \"$(id -u)\" != 0 && test \"$(pwd)\" = /", 0755, 5000, why),
	    0);
	ck_assert_int_eq(run(path, "true", 0775, 5000, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "others than root may write it"));
	ck_assert_int_eq(run(path, "true", 0644, 5000, why), -1);
	ck_assert_int_eq(chmod(folder, 0777), 0);
	ck_assert_int_eq(run(path, "true", 0755, 5000, why), -1);
	ck_assert_int_eq(chmod(folder, 0755), 0);
	ck_assert_int_eq(chown(path, 65534, 0), 0);
	ck_assert_int_eq(program_check(path, why, sizeof why), -1);
	ck_assert_int_eq(program_check(folder, why, sizeof why), -1);
	unlink(path);
	rmdir(folder);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("notify");
	TCase *t = tcase_create("notify");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 30);
	tcase_add_test(t, levels_and_rules);
	tcase_add_test(t, rule_names_its_actions);
	tcase_add_loop_test(t, options, 0, sizeof values / sizeof values[0]);
	tcase_add_test(t, syslog_line);
	tcase_add_test(t, syslog_is_bounded);
	tcase_add_test(t, mail_headers);
	tcase_add_test(t, mail_headers_are_folded);
	tcase_add_test(t, mail_whole);
	tcase_add_test(t, signature);
	tcase_add_test(t, alertmanager_labels);
	tcase_add_test(t, programs);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
