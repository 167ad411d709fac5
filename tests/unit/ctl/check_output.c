/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/output.h"

#define TS INT64_C(1795362511929033) /* 2026-11-22T15:48:31.929033Z */

static char out[8192];

/* A packet of TCP; change what a test is about. */
static struct row
sample(void)
{
	struct row row = {.ts_us = TS};

	row.value[ROW_I_time] = "1795362511929033";
	row.value[ROW_I_host] = "web1";
	row.value[ROW_I_n] = "7";
	row.value[ROW_I_prefix] = "DROP in: ";
	row.value[ROW_I_verdict] = "drop";
	row.value[ROW_I_protocol] = "tcp";
	row.value[ROW_I_src_ip] = "192.0.2.1";
	row.value[ROW_I_src_port] = "1024";
	row.value[ROW_I_dst_ip] = "2001:db8::1";
	row.value[ROW_I_dst_port] = "22";
	row.value[ROW_I_tcp_flags] = "SYN";
	row.value[ROW_I_in_iface] = "eth0";
	row.value[ROW_I_length] = "60";
	row.value[ROW_I_payload_cut] = "true";
	return row;
}

/* The rows printed; two when other is given. */
static const char *
print(enum output_format format, const struct row *row, const struct row *other,
    bool colour)
{
	FILE *f = tmpfile();
	struct output o;
	size_t n;

	output_begin(&o, format, f, colour);
	if (row != NULL)
		output_measure(&o, row);
	if (other != NULL)
		output_measure(&o, other);
	if (row != NULL)
		output_row(&o, row);
	if (other != NULL)
		output_row(&o, other);
	output_end(&o);
	rewind(f);
	n = fread(out, 1, sizeof out - 1, f);
	out[n] = '\0';
	fclose(f);
	return out;
}

START_TEST(formats)
{
	enum output_format format;

	ck_assert_int_eq(output_format_of("ecs", &format), 0);
	ck_assert_int_eq(format, OUTPUT_ECS);
	ck_assert_int_eq(output_format_of("table", &format), 0);
	ck_assert_int_eq(format, OUTPUT_TABLE);
	ck_assert_int_eq(output_format_of("xml", &format), -1);
	ck_assert_int_eq(output_format_of("", &format), -1);
}
END_TEST

START_TEST(json)
{
	struct row row = sample();

	ck_assert_str_eq(print(OUTPUT_JSON, &row, NULL, false),
	    "{\"time\":\"2026-11-22T15:48:31.929033Z\",\"host\":\"web1\",\"n\":7,"
	    "\"prefix\":\"DROP in: \",\"verdict\":\"drop\",\"in_iface\":\"eth0\","
	    "\"src_ip\":\"192.0.2.1\",\"src_port\":1024,\"dst_ip\":\"2001:db8::1\","
	    "\"dst_port\":22,\"protocol\":\"tcp\",\"tcp_flags\":\"SYN\",\"length\":60,"
	    "\"payload_cut\":true}\n");
	ck_assert_str_eq(print(OUTPUT_JSON, NULL, NULL, false), "");
}
END_TEST

/* Commas in a line of CSV without quotes. */
static int
commas(const char *line)
{
	int n = 0;

	for (; *line != '\r' && *line != '\0'; line++)
		n += *line == ',';
	return n;
}

START_TEST(csv)
{
	struct row row = sample();
	const char *second;

	print(OUTPUT_CSV, &row, NULL, false);
	ck_assert_int_eq(strncmp(out, "time,host,n,prefix,verdict,", 27), 0);
	second = strstr(out, "\r\n") + 2;
	ck_assert_int_eq(
	    strncmp(second, "2026-11-22T15:48:31.929033Z,web1,7,DROP in: ,drop,,", 51),
	    0);
	ck_assert_int_eq(commas(out), ROW_COLUMN_COUNT - 1);
	ck_assert_int_eq(commas(second), ROW_COLUMN_COUNT - 1);
	ck_assert_str_eq(strstr(second, "\r\n"), "\r\n");
	print(OUTPUT_CSV, NULL, NULL, false);
	ck_assert_str_eq(strstr(out, "\r\n"), "\r\n");
}
END_TEST

START_TEST(ecs)
{
	struct row row = sample();

	row.value[ROW_I_src_mac] = "02:00:00:00:00:af";
	ck_assert_str_eq(print(OUTPUT_ECS, &row, NULL, false),
	    "{\"@timestamp\":\"2026-11-22T15:48:31.929033Z\","
	    "\"ecs\":{\"version\":\"8.11.0\"},\"event\":{\"kind\":\"event\","
	    "\"category\":[\"network\"],\"type\":[\"connection\",\"denied\"],"
	    "\"module\":\"fwlog\",\"dataset\":\"fwlog.event\",\"action\":\"drop\","
	    "\"id\":\"web1-7\",\"sequence\":7},\"rule\":{\"name\":\"DROP in: \"},"
	    "\"host\":{\"name\":\"web1\"},\"observer\":{\"name\":\"web1\","
	    "\"hostname\":\"web1\",\"type\":\"firewall\",\"product\":\"fwlog\","
	    "\"ingress\":{\"interface\":{\"name\":\"eth0\"}}},"
	    "\"network\":{\"transport\":\"tcp\",\"bytes\":60,\"packets\":1},"
	    "\"source\":{\"address\":\"192.0.2.1\",\"ip\":\"192.0.2.1\",\"port\":1024,"
	    "\"mac\":\"02-00-00-00-00-AF\"},\"destination\":{\"address\":"
	    "\"2001:db8::1\",\"ip\":\"2001:db8::1\",\"port\":22},"
	    "\"fwlog\":{\"verdict\":\"drop\",\"tcp_flags\":\"SYN\","
	    "\"payload_cut\":true}}\n");
	row.value[ROW_I_verdict] = "unknown";
	print(OUTPUT_ECS, &row, NULL, false);
	ck_assert_ptr_nonnull(strstr(out, "\"type\":[\"connection\"],"));
	ck_assert_ptr_null(strstr(out, "\"action\""));
	row.value[ROW_I_verdict] = "accept";
	print(OUTPUT_ECS, &row, NULL, false);
	ck_assert_ptr_nonnull(strstr(out, "\"type\":[\"connection\",\"allowed\"],"));
}
END_TEST

/* Column of a line where text begins, -1: not there. */
static int
column(const char *line, const char *text)
{
	const char *at = strstr(line, text), *end = strchr(line, '\n');

	return at != NULL && at < end ? (int)(at - line) : -1;
}

START_TEST(table)
{
	struct row row = sample(), wide = sample();
	const char *first, *second;

	wide.value[ROW_I_host] = "a-much-longer-name";
	wide.value[ROW_I_src_ip] = "2001:db8::2";
	wide.value[ROW_I_tcp_flags] = NULL;
	wide.value[ROW_I_icmp_type] = "3";
	wide.value[ROW_I_icmp_code] = "1";
	wide.value[ROW_I_src_port] = NULL;
	print(OUTPUT_TABLE, &row, &wide, false);
	first = strchr(out, '\n') + 1;
	second = strchr(first, '\n') + 1;
	ck_assert_int_eq(column(out, "verdict"), column(first, "drop"));
	ck_assert_int_eq(column(out, "verdict"), column(second, "drop"));
	ck_assert_int_eq(column(out, "source"), column(first, "192.0.2.1:1024 "));
	ck_assert_int_eq(column(out, "source"), column(second, "2001:db8::2 "));
	ck_assert_int_eq(column(out, "destination"), column(first, "[2001:db8::1]:22"));
	ck_assert_int_eq(column(out, "detail"), column(first, "SYN"));
	ck_assert_int_eq(column(out, "detail"), column(second, "type 3 code 1"));
	ck_assert_int_eq(column(out, "interfaces"), column(first, "eth0> "));
	ck_assert_int_eq(column(out, "len"), column(first, "60\n"));
	ck_assert_str_eq(print(OUTPUT_TABLE, NULL, NULL, false), "");
}
END_TEST

/* An overlong value stands out but spoils no other line, and takes its bytes safely. */
START_TEST(table_overlong)
{
	struct row row = sample(), wild = sample();
	char prefix[1021];
	const char *first;

	memset(prefix, '\x07', sizeof prefix - 1);
	prefix[sizeof prefix - 1] = '\0';
	wild.value[ROW_I_prefix] = prefix;
	print(OUTPUT_TABLE, &row, &wild, false);
	first = strchr(out, '\n') + 1;
	ck_assert_int_lt(column(first, "192.0.2.1"), 120);
	ck_assert_ptr_null(strchr(out, '\x07'));
	ck_assert_ptr_nonnull(strstr(out, "\\x07\\x07  tcp  "));
}
END_TEST

START_TEST(table_colour)
{
	struct row row = sample();

	print(OUTPUT_TABLE, &row, NULL, true);
	ck_assert_ptr_nonnull(strstr(out, "\033[31mdrop\033[0m"));
	row.value[ROW_I_verdict] = "accept";
	print(OUTPUT_TABLE, &row, NULL, true);
	ck_assert_ptr_nonnull(strstr(out, "\033[32maccept\033[0m"));
	print(OUTPUT_TABLE, &row, NULL, false);
	ck_assert_ptr_null(strchr(out, '\033'));
}
END_TEST

START_TEST(colour_wanted)
{
	FILE *f = tmpfile();

	setenv("TERM", "xterm", 1);
	ck_assert(!output_colour(f));
	fclose(f);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("output");
	TCase *t = tcase_create("output");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, formats);
	tcase_add_test(t, json);
	tcase_add_test(t, csv);
	tcase_add_test(t, ecs);
	tcase_add_test(t, table);
	tcase_add_test(t, table_overlong);
	tcase_add_test(t, table_colour);
	tcase_add_test(t, colour_wanted);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
