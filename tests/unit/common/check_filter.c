/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/filter.h"
#include "common/filter_field.h"

static struct filter_error error;

/* The canonical form, or NULL and error; freed with the next. */
static const char *
canon(const char *text)
{
	static char *last;
	struct filter_tree *tree = filter_parse(text, strlen(text), &error);

	free(last);
	last = tree != NULL ? filter_canon(tree) : NULL;
	filter_tree_free(tree);
	return last;
}

struct pair {
	const char *text, *canonical;
};

static void
check_pairs(const struct pair *pairs)
{
	for (const struct pair *p = pairs; p->text != NULL; p++) {
		const char *found = canon(p->text);

		ck_assert_msg(found != NULL, "%s: %s", p->text, error.message);
		ck_assert_msg(
		    strcmp(found, p->canonical) == 0, "%s: %s", p->text, found);
		found = canon(p->canonical);
		ck_assert_msg(found != NULL && strcmp(found, p->canonical) == 0,
		    "again: %s", p->canonical);
	}
}

START_TEST(expressions)
{
	static const struct pair pairs[] = {
	    {"", ""},
	    {"  \t\n ", ""},
	    {"src:10.0.0.0/8 dport:22 -host:web1 prefix:/DROP/",
		"src:10.0.0.0/8 dport:22 -host:web1 prefix:/DROP/"},
	    {"tcp AND udp and icmp && ipv6",
		"proto:tcp proto:udp proto:icmp family:ipv6"},
	    {"tcp OR udp or icmp || ipv4",
		"proto:tcp OR proto:udp OR proto:icmp OR family:ipv4"},
	    {"tcp ttl:1 OR udp", "proto:tcp ttl:1 OR proto:udp"},
	    {"(tcp OR udp) ttl:1", "(proto:tcp OR proto:udp) ttl:1"},
	    {"ttl:1 (tcp (udp ttl:2))", "ttl:1 proto:tcp proto:udp ttl:2"},
	    {"tcp OR (udp OR (icmp))", "proto:tcp OR proto:udp OR proto:icmp"},
	    {"((((tcp))))", "proto:tcp"},
	    {"-tcp", "-proto:tcp"},
	    {"NOT tcp", "-proto:tcp"},
	    {"!tcp", "-proto:tcp"},
	    {"- - tcp", "proto:tcp"},
	    {"!(-(tcp))", "proto:tcp"},
	    {"-(tcp ttl:1)", "-(proto:tcp ttl:1)"},
	    {"-(tcp OR udp) ttl:1", "-(proto:tcp OR proto:udp) ttl:1"},
	    {"-(-(tcp ttl:1)) ttl:2", "proto:tcp ttl:1 ttl:2"},
	    {"tcp&&udp||icmp", "proto:tcp proto:udp OR proto:icmp"},
	    {"has:DPORT", "has:dport"},
	    {"-has:source.ip", "-has:src"},
	    {"dport:*", "has:dport"},
	    {"prefix:*", "has:prefix"},
	    {"prefix:**", "has:prefix"},
	    {"prefix:[*]", "has:prefix"},
	    {"prefix := DROP*,in", "prefix:=DROP*,in"},
	    {"prefix:=*", "has:prefix"},
	    {"prefix:/a/smi", "prefix:/a/ims"},
	    {"src:$dst_ip", "src:$dst"},
	    {"port != $ttl", "-port:$ttl"},
	    {"in:$oif", "in:$out"},
	    {"time.hour:>20", "hour:>20"},
	    {"prefix:\"$src\"", "prefix:\"$src\""},
	    {NULL, NULL},
	};

	check_pairs(pairs);
}
END_TEST

START_TEST(other_spellings)
{
	static const struct pair pairs[] = {
	    {"ip.src==10.0.0.1", "src:10.0.0.1"},
	    {"ip.src == 10.0.0.1 && tcp.port != 22", "src:10.0.0.1 -port:22"},
	    {"source.ip : 10.0.0.1 and destination.port >= 1024",
		"src:10.0.0.1 dport:>=1024"},
	    {"SRC=10.0.0.1", "src:10.0.0.1"},
	    {"tcp.dstport in_iface:eth0", "prefix:*tcp.dstport* in:eth0"},
	    {"ip.addr==::1", "ip:::1"},
	    {"rule:x label:y action:block agent:z",
		"prefix:x prefix:y verdict:drop host:z"},
	    {"dport!=22,23", "-dport:22,23"},
	    {"-dport!=22", "dport:22"},
	    {"dport > 1024", "dport:>1024"},
	    {"dport<1024", "dport:<1024"},
	    {"tcp ::1", "proto:tcp ip:::1"},
	    {NULL, NULL},
	};

	check_pairs(pairs);
}
END_TEST

START_TEST(values)
{
	static const struct pair pairs[] = {
	    {"src:10.1.2.3/8", "src:10.0.0.0/8"},
	    {"src:10.0.0.1/32", "src:10.0.0.1"},
	    {"src:10.*", "src:10.0.0.0/8"},
	    {"src:10.1.2.*", "src:10.1.2.0/24"},
	    {"src:10.0.0.0-10.255.255.255", "src:10.0.0.0/8"},
	    {"src:10.0.0.1-10.0.0.9", "src:10.0.0.1-10.0.0.9"},
	    {"src:2001:DB8::/32", "src:2001:db8::/32"},
	    {"src:::ffff:10.0.0.1", "src:10.0.0.1"},
	    {"src:::ffff:10.0.0.0/104", "src:10.0.0.0/8"},
	    {"src:PRIVATE,public,@bad", "src:private,public,@bad"},
	    {"src:[10.0.0.1, 10.0.0.2]", "src:10.0.0.1,10.0.0.2"},
	    {"2001:db8::1", "ip:2001:db8::1"},
	    {"10.0.0.0/8", "ip:10.0.0.0/8"},
	    {"-10.0.0.1", "-ip:10.0.0.1"},
	    {"dport:ssh,HTTP", "dport:22,80"},
	    {"dport:22, 80..90, 100-200", "dport:22,80-90,100-200"},
	    {"dport:0x16", "dport:22"},
	    {"dport:00022", "dport:22"},
	    {"proto:6,ICMP,ipv6-icmp,icmpv6,99",
		"proto:tcp,icmp,ipv6-icmp,ipv6-icmp,99"},
	    {"family:2,ip6", "family:ipv4,ipv6"},
	    {"hook:Input,1", "hook:input,1"},
	    {"ct:established,7,3", "ct:established,untracked,3"},
	    {"arp:1", "arp:request"},
	    {"mark:16", "mark:0x10"},
	    {"mark:0x10/0xff,1-2", "mark:0x10/0xff,0x1-0x2"},
	    {"mark:5/0xffffffff", "mark:0x5"},
	    {"flags:sa", "flags:SA"},
	    {"flags:AS", "flags:SA"},
	    {"flags:S-A", "flags:S-A"},
	    {"flags:-FA", "flags:-FA"},
	    {"flags:SYN+ack-fin", "flags:SA-F"},
	    {"flags:0x12,0", "flags:18,0"},
	    {"mac:00-16-3E-01-02-03", "mac:00:16:3e:01:02:03"},
	    {"mac:00:16:3E:*", "mac:00:16:3e:*"},
	    {"id:3-15", "id:3-15"},
	    {"verdict:ALLOW,unknown", "verdict:accept,unknown"},
	    {"alert:\"port scan\"", "alert:\"port scan\""},
	    {"dport:@p prefix:@n", "dport:@p prefix:@n"},
	    {NULL, NULL},
	};

	check_pairs(pairs);
}
END_TEST

START_TEST(texts)
{
	static const struct pair pairs[] = {
	    {"prefix:DROP", "prefix:DROP"},
	    {"prefix:\"DROP\"", "prefix:DROP"},
	    {"prefix:\"in drop\"", "prefix:\"in drop\""},
	    {"prefix:\"a*b\"", "prefix:\"a*b\""},
	    {"prefix:a\\*b", "prefix:\"a*b\""},
	    {"prefix:a*b", "prefix:a*b"},
	    {"prefix:a\\ *", "prefix:a\\ *"},
	    {"prefix:\\**", "prefix:\\**"},
	    {"prefix:a***b", "prefix:a*b"},
	    {"prefix:\\x41\\x42", "prefix:AB"},
	    {"prefix:\"\\xff\\x00\"", "prefix:\"\\xff\\x00\""},
	    {"prefix:caf\xc3\xa9", "prefix:caf\xc3\xa9"},
	    {"prefix:\"\\xc3\\xa9\"", "prefix:\xc3\xa9"},
	    {"prefix:\"\\xc2\\x80\"", "prefix:\"\\xc2\\x80\""},
	    {"prefix:\"\"", "prefix:\"\""},
	    {"prefix:\"a\\\"b\\\\c\"", "prefix:\"a\\\"b\\\\c\""},
	    {"prefix:/a\\/b/i", "prefix:/a\\/b/i"},
	    {"prefix:\"/a/\"", "prefix:\"/a/\""},
	    {"prefix:\"@a\"", "prefix:\"@a\""},
	    {"prefix:\">1\"", "prefix:\">1\""},
	    {"prefix::a", "prefix::a"},
	    {"prefix:or", "prefix:or"},
	    {"\"or\"", "prefix:*or*"},
	    {"drop", "prefix:*drop*"},
	    {"dr*p", "prefix:*dr*p*"},
	    {"*drop", "prefix:*drop*"},
	    {"drop*", "prefix:*drop*"},
	    {"drop\\*", "prefix:*drop\\**"},
	    {"\"in (x)\"", "prefix:*in\\ \\(x\\)*"},
	    {"/^in/", "prefix:/^in/"},
	    {"host:\"10.0.0.1\"", "host:\"10.0.0.1\""},
	    {"in:eth0,wlan*,\"br 0\"", "in:eth0,wlan*,\"br 0\""},
	    {NULL, NULL},
	};

	check_pairs(pairs);
}
END_TEST

static const struct {
	const char *text;
	size_t column;
	const char *says;
} wrong[] = {
    {"dprt:22", 1, "did you mean dport?"},
    {"tcp dst_prt:22", 5, "unknown field dst_prt"},
    {"xyzzy:1", 1, "fwlog-filter(7)"},
    {"has:dprt", 5, "did you mean dport?"},
    {"has:", 5, "name of a field is missing"},
    {"has:>src", 6, "name of a field is missing"},
    {"host:10.0.0.1", 6, "write ip:10.0.0.1"},
    {"host:web1,2001:db8::/32", 11, "write ip:2001:db8::/32"},
    {"src:300.0.0.1", 5, "\"300.0.0.1\" is no value of src"},
    {"src:10.0.0.0/33", 5, "no value of src"},
    {"src:10.0.0.9-10.0.0.1", 5, "no value of src"},
    {"src:10.0.0.1-::1", 5, "no value of src"},
    {"src:1.2.3.4.*", 5, "no value of src"},
    {"src:>10.0.0.1", 1, "src has no order"},
    {"src:/x/", 5, "no regular expressions"},
    {"dport:65536", 7, "from 0 to 65535"},
    {"dport:99999999999999999999", 7, "no value of dport"},
    {"dport:9-1", 7, "runs backwards"},
    {"dport:nosuchservice", 7, "or a service"},
    {"dport:>1,2", 1, "one number"},
    {"dport:>1-2", 1, "one number"},
    {"dport:22,", 10, "a value for dport is missing"},
    {"dport:[22", 10, "its end: ]"},
    {"dport:22]", 9, "a word is missing"},
    {"proto:tpc", 7, "did you mean tcp?"},
    {"ttl:0x1/0xff", 5, "no value of ttl"},
    {"mark:1/0x1ffffffff", 6, "too large"},
    {"flags:SX", 7, "no value of flags"},
    {"flags:S-S", 7, "no value of flags"},
    {"flags:256", 7, "no value of flags"},
    {"flags:@x", 7, "takes no lists"},
    {"mac:00:16:3e", 5, "hardware address"},
    {"mac:00:16:3e:01:02:03:04", 5, "hardware address"},
    {"mac:0016.3e01.0203", 5, "hardware address"},
    {"id:5", 4, "is no id"},
    {"id:9999999999-1", 4, "is no id"},
    {"verdict:maybe", 9, "accept, drop, reject or unknown"},
    {"payload:x", 9, "write has:payload"},
    {"prefix:/(/", 10, "missing closing parenthesis"},
    {"prefix:/a", 8, "has no end"},
    {"prefix:/a/x", 11, "comes i"},
    {"dport:=22", 1, "case counts only in text"},
    {"src:=$dst", 1, "case counts only in text"},
    {"src:$dst,10.0.0.1", 1, "stands alone"},
    {"src:$dport", 5, "cannot be compared"},
    {"host:$prefix", 6, "cannot be compared"},
    {"prefix:$in", 8, "cannot be compared"},
    {"hour:$minute", 6, "cannot be compared"},
    {"hook:$proto", 6, "cannot be compared"},
    {"src:$nothing", 5, "is no field"},
    {"src:$", 5, "name of a field"},
    {"$src", 1, "a field to compare with"},
    {"src:>$dst", 1, "has no order"},
    {"sport:>$dport", 1, "takes one number"},
    {"hour:24", 6, "too large"},
    {"prefix:/((a{100}){100}){100}/", 29, "too large"},
    {"prefix:/(ab|cd){1500}/", 9, "repeats too much"},
    {"prefix:/(*UTF)a/", 15, "UTF"},
    {"prefix:\"a", 8, "has no end"},
    {"prefix:\"a\"b", 11, "a blank is missing"},
    {"prefix:a\\", 9, "\\ at the end"},
    {"prefix:a\\xg0", 9, "two hexadecimal digits"},
    {"prefix:", 8, "a value for prefix is missing"},
    {"src:\"10.0.0.1\\x00\"", 5, "a NUL"},
    {"@bad", 1, "a list needs a field"},
    {"src:@", 5, "name of a list"},
    {"*", 1, "leave it out"},
    {"tcp OR", 7, "a term is missing"},
    {"OR tcp", 1, "a term is missing"},
    {"tcp AND AND udp", 9, "a term is missing"},
    {"()", 2, "a term is missing"},
    {"-", 2, "a term is missing"},
    {"(tcp", 5, "expected )"},
    {"tcp)", 4, "no ("},
    {"((((((((( tcp )))))))))", 9, "too many parentheses"},
    {"tcp \x01", 5, "0x01"},
    {"caf\xc3\xa9 \xff", 6, "0xff"},
    {"caf\xc3\xa9:1 dprt:1", 8, "did you mean dport?"},
};

START_TEST(errors)
{
	ck_assert_msg(canon(wrong[_i].text) == NULL, "%s is accepted", wrong[_i].text);
	ck_assert_msg(error.column == wrong[_i].column, "%s: column %zu: %s",
	    wrong[_i].text, error.column, error.message);
	ck_assert_msg(strstr(error.message, wrong[_i].says) != NULL, "%s: %s",
	    wrong[_i].text, error.message);
}
END_TEST

static void
repeat(char *to, const char *piece, unsigned times, const char *end)
{
	to[0] = '\0';
	while (times-- > 0)
		strcat(to, piece);
	strcat(to, end);
}

START_TEST(limits)
{
	static char text[3000];

	repeat(text, "tcp ", FILTER_TERMS_MAX, "");
	ck_assert_ptr_nonnull(canon(text));
	repeat(text, "tcp ", FILTER_TERMS_MAX + 1, "");
	ck_assert_ptr_null(canon(text));
	ck_assert_ptr_nonnull(strstr(error.message, "too many terms"));
	ck_assert_uint_eq(error.column, 4 * FILTER_TERMS_MAX + 1);

	repeat(text, "a", FILTER_TEXT_MAX - 9, "");
	ck_assert_ptr_nonnull(canon(text));
	repeat(text, "a", FILTER_TEXT_MAX - 8, "");
	ck_assert_ptr_null(canon(text));
	ck_assert_ptr_nonnull(strstr(error.message, "when written out"));
	repeat(text, " ", FILTER_TEXT_MAX, "");
	ck_assert_ptr_nonnull(canon(text));
	repeat(text, " ", FILTER_TEXT_MAX + 1, "");
	ck_assert_ptr_null(canon(text));
	ck_assert_ptr_nonnull(strstr(error.message, "1024 are allowed"));

	strcpy(text, "prefix:/");
	repeat(text + 8, "a", FILTER_REGEX_MAX, "/");
	ck_assert_ptr_nonnull(canon(text));
	repeat(text + 8, "a", FILTER_REGEX_MAX + 1, "/");
	ck_assert_ptr_null(canon(text));

	ck_assert_ptr_nonnull(canon("(((((((( tcp ))))))))"));
	ck_assert_ptr_nonnull(
	    canon("(tcp) (tcp) (tcp) (tcp) (tcp) (tcp) (tcp) (tcp) (tcp)"));
}
END_TEST

START_TEST(text_needs_no_nul)
{
	static const char text[] = {'d', 'p', 'o', 'r', 't', ':', '2', '2', '3'};
	struct filter_tree *tree = filter_parse(text, 8, &error);
	char *found;

	ck_assert_ptr_nonnull(tree);
	found = filter_canon(tree);
	ck_assert_str_eq(found, "dport:22");
	free(found);
	filter_tree_free(tree);
}
END_TEST

START_TEST(names_lists)
{
	const char *text = "src:@one,10.0.0.1 OR -dport:@two";
	struct filter_tree *tree = filter_parse(text, strlen(text), &error);

	ck_assert_ptr_nonnull(tree);
	ck_assert_str_eq(filter_list_name(tree, 0), "one");
	ck_assert_str_eq(filter_list_name(tree, 1), "two");
	ck_assert_ptr_null(filter_list_name(tree, 2));
	filter_tree_free(tree);
}
END_TEST

/* Every column that says something can be asked for, and no name means two fields. */
START_TEST(table_of_fields)
{
	uint64_t asked = 0;

	for (size_t i = 0; i < filter_fields_count; i++) {
		const struct filter_field *f = &filter_fields[i];

		ck_assert_ptr_eq(filter_field_named(f->name), f);
		for (unsigned c = 0; c < f->columns; c++)
			asked |= UINT64_C(1) << f->column[c];
		for (const char *a = f->aliases; *a != '\0';) {
			size_t n = strcspn(a, " ");

			ck_assert_msg(filter_field_find(a, n) == f, "%s", a);
			a += n + (a[n] == ' ');
		}
	}
	for (unsigned c = 0; c < EVENT_COLUMN_COUNT; c++)
		if (c != EVENT_I_ts && c != EVENT_I_flags && c != EVENT_I_hw_header)
			ck_assert_msg((asked >> c & 1) == 1, "%s",
			    filter_column_name((uint8_t)c));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("filter");
	TCase *t = tcase_create("filter");
	SRunner *runner = srunner_create(s);
	int failed;

	tcase_add_test(t, expressions);
	tcase_add_test(t, other_spellings);
	tcase_add_test(t, values);
	tcase_add_test(t, texts);
	tcase_add_loop_test(t, errors, 0, sizeof wrong / sizeof wrong[0]);
	tcase_add_test(t, limits);
	tcase_add_test(t, text_needs_no_nul);
	tcase_add_test(t, names_lists);
	tcase_add_test(t, table_of_fields);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
