/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter-equiv CONNINFO [FILTERS [EVENTS [SEED [plant]]]]: do both back ends of the
 * filter language mean the same? Makes random events of every shape, loads them into
 * fwlog.event of an empty database, makes random filters over all fields, and compares
 * what each selects in memory and in PostgreSQL; and whether the canonical form means
 * the same again. Prints each difference and a summary; ends with 1 when there is one.
 * plant: the SQL is made wrong about what is null, which must be seen.
 */
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/filter.h"
#include "common/filter_field.h"

#define FILTERS 5000
#define EVENTS 2000
#define EVENTS_MAX 20000
#define SEED 7514
#define HOSTS 5
#define STRINGS_MAX 64
#define PIPELINE 100 /* statements on the way at once */
#define TERMS_MAX 8
#define DIFFERENCES_SHOWN 10
#define EPOCH_US UINT64_C(1760000000000000) /* time of the last event */

static PGconn *conn;
static struct event event[EVENTS_MAX];
static int host_of[EVENTS_MAX]; /* index in string[FILTER_HOST]; ascending */
static uint8_t verdict_of[EVENTS_MAX];
static unsigned events = EVENTS, filters = FILTERS;
static uint64_t random_state = SEED;

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "filter-equiv: %s: %s\n", what, why);
	exit(2);
}

/* xorshift64* (Vigna 2016). */
static uint64_t
random_next(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * UINT64_C(2685821657736338717);
}

static unsigned
below(unsigned n)
{
	return (unsigned)((random_next() >> 11) % n);
}

static bool
chance(unsigned percent)
{
	return below(100) < percent;
}

#define COUNT(a) (unsigned)(sizeof(a) / sizeof(a)[0])
#define ONE_OF(a) (a)[below(COUNT(a))]

/* ---- strings: what the dictionaries hold */

struct string {
	const char *p;
	uint8_t len;
	int32_t id; /* in the database */
};
#define S(text)                           \
	{                                 \
		text, sizeof(text) - 1, 0 \
	}

static struct string prefixes[] = {S("DROP "), S("drop"), S("input drop "),
    S("INPUT DROP"), S("[UFW BLOCK] "), S("REJECT: "), S("accept"), S("ACCEPT new "),
    S("ct invalid"), S("a*b"), S("a?b"), S("axb"), S("aXXb"), S("back\\slash"),
    S("with \"quotes\""), S("x,y"), S("(parens)"), S("tcp"), S("10.0.0.1"),
    S("caf\xc3\xa9"), S("CAF\xc3\x89"), S("\xff\xfe raw"), S("tab\there"),
    S("line\nbreak"), S("@name"), S("/slash/"), S("-minus"), S("or"), S(":colon"),
    S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), S("zero\0byte"), S("fw-in-0001"),
    S("fw-in-0002"), S("fw-out-0001"), S(" lead"), S("x=y"), S("50% off"), S("~^{}$#")};
static struct string ifaces[] = {S("eth0"), S("eth1"), S("ETH0"), S("lo"), S("br0"),
    S("vnet12"), S("wg-site"), S("bond0.100"), S("tap?"), S("veth*")};
static struct string netnses[] = {S("blue"), S("red"), S("Red"), S("ns-1")};
static struct string hosts[HOSTS] = {
    S("web1"), S("web2"), S("Gate.example"), S("10.0.0.1"), S("db-1")};

static struct {
	struct string *at;
	unsigned count;
	const char *enter; /* gives the id */
} dict[] = {
    [FILTER_HOST] = {hosts, COUNT(hosts),
	"SELECT fwlog.host_enter(convert_from($1::bytea, 'UTF8'))"},
    [FILTER_PREFIX] = {prefixes, COUNT(prefixes),
	"SELECT fwlog.prefix_enter($1::bytea)"},
    [FILTER_IFACE] = {ifaces, COUNT(ifaces), "SELECT fwlog.iface_enter($1::bytea)"},
    [FILTER_NETNS] = {netnses, COUNT(netnses), "SELECT fwlog.netns_enter($1::bytea)"},
};

/* ---- events */

static const char *const addresses4[] = {"10.0.0.1", "10.0.0.2", "10.0.0.255",
    "10.1.2.3", "9.255.255.255", "11.0.0.0", "192.168.1.1", "192.168.255.255",
    "172.16.0.1", "172.31.255.255", "172.32.0.0", "100.64.0.0", "100.127.255.255",
    "127.0.0.1", "169.254.9.9", "8.8.8.8", "203.0.113.7", "203.0.113.8", "0.0.0.0",
    "224.0.0.1", "239.255.255.255", "240.0.0.0", "255.255.255.255"};
static const char *const addresses6[] = {"::", "::1", "::2", "2001:db8::1",
    "2001:db8::2", "2001:db8:0:1::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
    "fe80::1", "febf:ffff::", "fec0::1", "fc00::1",
    "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::", "ff02::1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "64:ff9b::808:808"};
static const uint32_t numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 16, 17, 22, 40, 53,
    58, 60, 64, 80, 100, 128, 132, 200, 255, 256, 443, 1023, 1024, 1025, 1500, 4095,
    8080, 32768, 65535, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff};
static const uint8_t macs[][6] = {{0}, {0, 0x16, 0x3e, 1, 2, 3},
    {0, 0x16, 0x3e, 1, 2, 4}, {0, 0x16, 0x3f, 0, 0, 0},
    {0x52, 0x54, 0, 0x12, 0x34, 0x56}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

static struct ip_addr
random_address(void)
{
	struct ip_addr a = {.family = chance(60) ? 4 : 6};
	const char *text = a.family == 4 ? ONE_OF(addresses4) : ONE_OF(addresses6);

	if (inet_pton(a.family == 4 ? AF_INET : AF_INET6, text, a.byte) != 1)
		die(text, "no address");
	if (chance(25))
		a.byte[a.family == 4 ? 3 : 15] = (uint8_t)random_next();
	return a;
}

/* Largest value of a column, by the field that asks for it. */
static uint64_t
column_max(uint8_t column)
{
	for (size_t i = 0; i < filter_fields_count; i++)
		if (filter_fields[i].columns == 1 &&
		    filter_fields[i].column[0] == column &&
		    filter_fields[i].type != FILTER_TEXT)
			return filter_fields[i].max;
	return 3; /* flags of the event */
}

static uint64_t
random_number(uint64_t max)
{
	uint64_t n = chance(90) ? ONE_OF(numbers) : random_next();

	return n <= max ? n : n % (max + 1);
}

static uint64_t
random_column(uint8_t column)
{
	static const uint8_t families[] = {1, 2, 2, 3, 5, 7, 10, 10};

	if (column == EVENT_I_family)
		return ONE_OF(families);
	if (column == EVENT_I_hook || column == EVENT_I_ct_state)
		return below(8);
	return random_number(column_max(column));
}

static struct mac_addr
random_mac(void)
{
	struct mac_addr mac;

	memcpy(mac.byte, macs[below(COUNT(macs))], sizeof mac.byte);
	return mac;
}

static const uint8_t some_bytes[] = {0x45, 0, 0, 0xff};
/* Eight years, to the second. */
#define MAKE_TIME(name) EPOCH_US - below(8 * 365 * 86400) * UINT64_C(1000000)
#define MAKE_I8(name) random_column(EVENT_I_##name)
#define MAKE_I4(name) (uint32_t) random_column(EVENT_I_##name)
#define MAKE_I2(name) (uint16_t) random_column(EVENT_I_##name)
#define MAKE_INET(name) random_address()
#define MAKE_MAC(name) random_mac()
#define MAKE_BYTES(name)                       \
	(struct bytes)                         \
	{                                      \
		some_bytes, (uint16_t)below(5) \
	}
#define MAKE_PREFIX(name) below(COUNT(prefixes))
#define MAKE_IFACE(name) below(COUNT(ifaces))
#define MAKE_NETNS(name) below(COUNT(netnses))
#define MAKE(kind, name, meaning)                         \
	if (EVENT_I_##name == EVENT_I_ts || chance(full)) \
		EVENT_SET(ev, name, MAKE_##kind(name));

static void
make_event(struct event *ev)
{
	static const uint8_t fullness[] = {0, 20, 50, 80, 80, 100};
	unsigned full = ONE_OF(fullness);

	*ev = (struct event){0};
	EVENT_COLUMNS(MAKE)
}

/* ---- into the database */

static void
check_result(PGresult *r, ExecStatusType wanted, const char *what)
{
	if (PQresultStatus(r) != wanted)
		die(what, PQerrorMessage(conn));
}

static void
enter_strings(enum filter_dict which)
{
	for (unsigned i = 0; i < dict[which].count; i++) {
		const char *value = dict[which].at[i].p;
		int len = dict[which].at[i].len, binary = 1;
		PGresult *r = PQexecParams(
		    conn, dict[which].enter, 1, NULL, &value, &len, &binary, 0);

		check_result(r, PGRES_TUPLES_OK, dict[which].enter);
		dict[which].at[i].id = (int32_t)strtol(PQgetvalue(r, 0, 0), NULL, 10);
		PQclear(r);
	}
}

static void
put_time(uint64_t us, FILE *out)
{
	time_t s = (time_t)(us / 1000000);
	char text[32];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S+00", &tm);
	fputs(text, out);
}

static void
put_address(const struct ip_addr *a, FILE *out)
{
	char text[INET6_ADDRSTRLEN];

	fputs(ip_addr_text(a, text, sizeof text), out);
}

static void
put_mac(const struct mac_addr *mac, FILE *out)
{
	for (unsigned i = 0; i < sizeof mac->byte; i++)
		fprintf(out, "%s%02x", i > 0 ? ":" : "", mac->byte[i]);
}

static void
put_hex(struct bytes b, FILE *out)
{
	fputs("\\\\x", out);
	for (unsigned i = 0; i < b.len; i++)
		fprintf(out, "%02x", b.p[i]);
}

#define PUT_TIME(v) put_time(v, out)
#define PUT_I8(v) fprintf(out, "%llu", (unsigned long long)(v))
#define PUT_I4(v) fprintf(out, "%lu", (unsigned long)(v))
#define PUT_I2(v) fprintf(out, "%d", (int16_t)(v)) /* as COPY BINARY lays it */
#define PUT_INET(v) put_address(&(v), out)
#define PUT_MAC(v) put_mac(&(v), out)
#define PUT_BYTES(v) put_hex(v, out)
#define PUT_PREFIX(v) fprintf(out, "%ld", (long)prefixes[v].id)
#define PUT_IFACE(v) fprintf(out, "%ld", (long)ifaces[v].id)
#define PUT_NETNS(v) fprintf(out, "%ld", (long)netnses[v].id)
#define PUT(kind, name, meaning)      \
	fputc('\t', out);             \
	if (EVENT_HAS(ev, name))      \
		PUT_##kind(ev->name); \
	else                          \
		fputs("\\N", out);

/* n is the index, over all hosts. */
static void
put_row(unsigned i, FILE *out)
{
	const struct event *ev = &event[i];

	fprintf(out, "%ld\t%u", (long)hosts[host_of[i]].id, i);
	EVENT_COLUMNS(PUT)
	fputc('\n', out);
}

#define NAME(kind, name, meaning) ", " #name
static void
load_events(void)
{
	char *rows = NULL;
	size_t len;
	FILE *out = open_memstream(&rows, &len);
	PGresult *r;

	if (out == NULL)
		die("events", "out of memory");
	for (unsigned i = 0; i < events; i++) {
		host_of[i] = (int)(i * HOSTS / events);
		make_event(&event[i]);
		put_row(i, out);
	}
	fclose(out);
	r = PQexec(
	    conn, "COPY fwlog.event (host_id, n" EVENT_COLUMNS(NAME) ") FROM STDIN");
	check_result(r, PGRES_COPY_IN, "COPY");
	PQclear(r);
	if (PQputCopyData(conn, rows, (int)len) != 1 || PQputCopyEnd(conn, NULL) != 1)
		die("COPY", PQerrorMessage(conn));
	r = PQgetResult(conn);
	check_result(r, PGRES_COMMAND_OK, "COPY");
	PQclear(r);
	PQclear(PQgetResult(conn));
	free(rows);
}

/* Verdicts are the database's matter: both back ends are given the same. */
static void
read_verdicts(void)
{
	static const char *const names[] = {"unknown", "accept", "drop", "reject"};
	PGresult *r = PQexec(
	    conn, "SELECT n, fwlog.verdict(prefix_id, host_id, ts) FROM fwlog.event");

	check_result(r, PGRES_TUPLES_OK, "verdicts");
	for (int i = 0; i < PQntuples(r); i++)
		for (unsigned v = 0; v < COUNT(names); v++)
			if (strcmp(PQgetvalue(r, i, 1), names[v]) == 0)
				verdict_of[strtoul(PQgetvalue(r, i, 0), NULL, 10)] =
				    (uint8_t)v;
	PQclear(r);
}

/* ---- filters as text */

static void
put_filter_address(const struct filter_field *field, FILE *out)
{
	static const char *const others[] = {"private", "public", "@nets", "@many",
	    "10.0.*", "192.168.*", "10.0.0.0-10.0.0.255", "9.0.0.0-172.20.0.0",
	    "2001:db8::-2001:db8::ff", "::ffff:10.0.0.1", "0.0.0.0/0", "::/0"};
	struct ip_addr a = random_address();

	(void)field;
	if (chance(25)) {
		fputs(ONE_OF(others), out);
		return;
	}
	put_address(&a, out);
	if (chance(40))
		fprintf(out, "/%u", below(a.family == 4 ? 33 : 129));
}

/* A number as the column has it in some event. */
static uint64_t
model_number(const struct filter_field *field)
{
	if (field->part != FILTER_PART_NONE)
		return filter_time_part(event[below(events)].ts, field->part);
	return chance(80) ? random_column(field->column[0]) : random_number(field->max);
}

static void
put_filter_number(const struct filter_field *field, FILE *out)
{
	static const char *const services[] = {"ssh", "HTTP", "domain", "https"};
	uint64_t a = model_number(field), b = model_number(field);
	unsigned symbols = 0;

	while (field->symbols != NULL && field->symbols[symbols].name != NULL)
		symbols++;
	if (symbols > 0 && chance(50))
		fputs(field->symbols[below(symbols)].name, out);
	else if (field->type == FILTER_PORT && chance(20))
		fputs(chance(70) ? ONE_OF(services) : "@ports", out);
	else if ((field->traits & FILTER_HEX) && chance(30))
		fprintf(
		    out, "0x%llx/0x%llx", (unsigned long long)a, (unsigned long long)b);
	else if (chance(30))
		fprintf(out, chance(50) ? "%llu-%llu" : "%llu..%llu",
		    (unsigned long long)(a < b ? a : b),
		    (unsigned long long)(a < b ? b : a));
	else
		fprintf(out, chance(80) ? "%llu" : "0x%llx", (unsigned long long)a);
}

static void
put_filter_flags(const struct filter_field *field, FILE *out)
{
	static const char *const flags[] = {"S", "SA", "-A", "S-A", "FPU", "0", "2",
	    "18", "0x10", "R", "SYN+ACK", "-SFRA", "FIN-ACK", "W", "E-C", "255"};

	(void)field;
	fputs(ONE_OF(flags), out);
}

static void
put_filter_mac(const struct filter_field *field, FILE *out)
{
	static const char *const wild[] = {"00:16:3e:*", "00:*", "52-54-00-12-34-*"};
	struct mac_addr mac = random_mac();

	(void)field;
	if (chance(40))
		fputs(ONE_OF(wild), out);
	else
		put_mac(&mac, out);
}

/* Some of the string, its case changed now and then. */
static void
put_letters(const struct string *s, const char *escape, FILE *out)
{
	unsigned from = chance(70) ? 0 : below(s->len), to = s->len;

	if (chance(30))
		to = from + below(s->len - from + 1);
	for (unsigned i = from; i < to; i++) {
		unsigned char c = (unsigned char)s->p[i];

		if (c < 0x20 || c >= 0x7f)
			fprintf(out, "\\x%02x", c);
		else if (strchr(escape, c) != NULL)
			fprintf(out, "\\%c", c);
		else
			fputc(chance(10) && ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
				  ? c ^ 0x20
				  : c,
			    out);
	}
}

static void
put_filter_text(const struct filter_field *field, FILE *out)
{
	static const char *const ready[] = {"/DROP/", "/drop/i", "/^in/", "/[0-9]+/",
	    "/(a|b)+$/", "/\\s$/", "/./", "/^$/", "/(a+)+c/", "/\\/slash/", "/\\xff/",
	    "@names", "/^INPUT/mi", "/^a.*b$/s", "/back$/m", "/line.break/s", "*o*",
	    "?*", "*?0", "eth?", "*\\**", "*\\?*", "w*", "/^\\S+ \\S+ $/", "\"\"",
	    "/^(web|db)/"};
	const struct string *s = &dict[field->dict].at[below(dict[field->dict].count)];

	switch (below(5)) {
	case 0:
		fputs(ONE_OF(ready), out);
		break;
	case 1:
		fputs("x*", out);
		put_letters(s, " ,()[]\"\\*?|&@/!<>=~^{}$'%#:", out);
		fputs(chance(50) ? "*" : "?", out);
		break;
	case 2:
		fputc('*', out);
		put_letters(s, " ,()[]\"\\*?|&@/!<>=~^{}$'%#:", out);
		fputs(chance(50) ? "*" : "", out);
		break;
	default:
		fputc('"', out);
		put_letters(s, "\"\\", out);
		fputc('"', out);
		break;
	}
}

static void
put_filter_verdict(const struct filter_field *field, FILE *out)
{
	(void)field;
	fputs(filter_field_named("verdict")->symbols[below(8)].name, out);
}

static void
put_filter_id(const struct filter_field *field, FILE *out)
{
	unsigned i = below(events);

	(void)field;
	fprintf(out, "%ld-%u", (long)hosts[chance(90) ? host_of[i] : 0].id, i);
}

static void (*const put_filter_value[])(const struct filter_field *, FILE *) = {
    [FILTER_ADDRESS] = put_filter_address,
    [FILTER_NUMBER] = put_filter_number,
    [FILTER_PORT] = put_filter_number,
    [FILTER_FLAGS] = put_filter_flags,
    [FILTER_MAC] = put_filter_mac,
    [FILTER_TEXT] = put_filter_text,
    [FILTER_VERDICT] = put_filter_verdict,
    [FILTER_ID] = put_filter_id,
};

static void
put_comparison(const struct filter_field *field, FILE *out)
{
	static const char *const signs[] = {":>", ":>=", ":<", ":<=", ">", "<=", " > "};

	fprintf(out, "%s%llu", ONE_OF(signs), (unsigned long long)model_number(field));
}

static void
put_values(const struct filter_field *field, FILE *out)
{
	unsigned values = chance(60) ? 1 : 1 + below(5);
	bool bracket = chance(10);

	/* Many ranges are written in another way. */
	if (field->type == FILTER_PORT && chance(5))
		values = 40;
	if (field->type == FILTER_ADDRESS && chance(3))
		values = 12;
	fputs(bracket ? "[" : "", out);
	for (unsigned i = 0; i < values; i++) {
		fputs(i > 0 ? chance(80) ? "," : ", " : "", out);
		put_filter_value[field->type](field, out);
	}
	fputs(bracket ? "]" : "", out);
}

/* A name of the field: its own or an alias. */
static void
put_name(const struct filter_field *field, FILE *out)
{
	const char *alias = field->aliases;
	size_t n = strlen(alias);

	if (n == 0 || chance(60)) {
		fputs(field->name, out);
		return;
	}
	for (unsigned skip = below(4); skip > 0 && strchr(alias, ' ') != NULL; skip--)
		alias = strchr(alias, ' ') + 1;
	fwrite(alias, 1, strcspn(alias, " "), out);
}

/* A field that this one can be compared with. */
static const char *
comparable(const struct filter_field *field)
{
	static const char *const addresses[] = {"src", "dst", "ip", "inner.src"};
	static const char *const ports[] = {
	    "sport", "dport", "inner.dport", "ttl", "arp"};
	static const char *const hardware[] = {"smac", "dmac", "mac"};
	static const char *const interfaces[] = {"in", "out", "if", "physin"};

	if (field->type == FILTER_ADDRESS)
		return ONE_OF(addresses);
	if (field->type == FILTER_MAC)
		return ONE_OF(hardware);
	if (field->type == FILTER_TEXT && field->dict == FILTER_IFACE)
		return ONE_OF(interfaces);
	if (field->max == 0 || field->columns == 0 || field->part != FILTER_PART_NONE ||
	    (field->traits & FILTER_HOOK))
		return NULL;
	return ONE_OF(ports);
}

static unsigned used[128]; /* by field */

static void
put_term(FILE *out)
{
	static const char *const bare[] = {"tcp", "UDP", "icmp", "ipv6", "ipv4", "drop",
	    "10.0.0.1", "2001:db8::/32", "/^a/", "\"in put\"", "caf\xc3\xa9", "w*b"};
	static const char *const signs[] = {
	    ":", ":", ":", "=", "==", " == ", "!=", ": "};
	const struct filter_field *field = &filter_fields[below(filter_fields_count)];

	if (chance(8)) {
		fputs(ONE_OF(bare), out);
		return;
	}
	if (field->type == FILTER_ALERT || field->type == FILTER_LINE) {
		fputs("has:src", out);
		return;
	}
	used[field - filter_fields]++;
	if (field->type == FILTER_BYTES || chance(8)) {
		fputs("has:", out);
		put_name(field, out);
		return;
	}
	put_name(field, out);
	if ((field->type == FILTER_NUMBER || field->type == FILTER_PORT) &&
	    chance(20)) {
		put_comparison(field, out);
		return;
	}
	if (comparable(field) != NULL && chance(10)) {
		fprintf(out, "%s$%s", chance(80) ? ":" : "!=", comparable(field));
		return;
	}
	if (field->type == FILTER_TEXT && chance(25))
		fputs(":=", out);
	else
		fputs(ONE_OF(signs), out);
	put_values(field, out);
}

static void
put_expression(unsigned depth, unsigned terms, FILE *out)
{
	static const char *const nots[] = {"-", "-", "!", "NOT ", "not "};
	static const char *const ands[] = {" ", " ", " AND ", " && ", " and "};
	static const char *const ors[] = {" OR ", " || ", " or "};

	if (chance(25))
		fputs(ONE_OF(nots), out);
	if (terms == 1 || depth == 0) {
		put_term(out);
		return;
	}
	fputc('(', out);
	put_expression(depth - 1, terms / 2, out);
	do
		fputs(chance(60) ? ONE_OF(ands) : ONE_OF(ors), out),
		    put_expression(depth - 1, terms / 2, out);
	while (chance(25));
	fputc(')', out);
}

static char *
make_filter(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		die("filter", "out of memory");
	put_expression(4, 1 + below(TERMS_MAX), out);
	fclose(out);
	return text;
}

/* ---- what filters are resolved against */

static int
add_entry(struct filter_list *list, const char *text)
{
	return filter_list_add(list, text, strlen(text));
}

/* @many is long enough to be searched in an array. */
static int
read_list(
    void *arg, const char *name, struct filter_list *list, char *why, size_t whysize)
{
	static const char *const nets[] = {"10.0.0.0/24", "2001:db8::/48", "8.8.8.8"};
	static const char *const ports[] = {"22", "http", "1000-2000"};
	static const char *const names[] = {"web1", "eth*", "\"drop \"", "blue"};
	char text[64];
	int rc = 0;

	(void)arg;
	if (strcmp(name, "nets") == 0)
		for (unsigned i = 0; i < COUNT(nets); i++)
			rc |= add_entry(list, nets[i]);
	else if (strcmp(name, "ports") == 0)
		for (unsigned i = 0; i < COUNT(ports); i++)
			rc |= add_entry(list, ports[i]);
	else if (strcmp(name, "names") == 0)
		for (unsigned i = 0; i < COUNT(names); i++)
			rc |= add_entry(list, names[i]);
	else
		for (unsigned i = 0; i < 256; i += 3) {
			snprintf(text, sizeof text, "%u.0.0.0-%u.0.0.%u", i, i, i);
			rc |= add_entry(list, text);
			snprintf(text, sizeof text, "%x00::/%u", i, 8 + i % 100);
			rc |= add_entry(list, text);
		}
	snprintf(why, whysize, "an entry of %s", name);
	return rc;
}

static int
read_dictionary(void *arg, enum filter_dict which, filter_dict_add *add, void *to,
    char *why, size_t whysize)
{
	(void)arg;
	(void)why;
	(void)whysize;
	for (unsigned i = 0; i < dict[which].count; i++)
		add(to, dict[which].at[i].id,
		    (struct bytes){
			(const uint8_t *)dict[which].at[i].p, dict[which].at[i].len});
	return 0;
}

static struct bytes
string_of(const void *arg, enum filter_dict which, uint32_t id)
{
	(void)arg;
	return (struct bytes){
	    (const uint8_t *)dict[which].at[id].p, dict[which].at[id].len};
}

static enum filter_verdict
find_verdict(const void *arg, const struct event *ev)
{
	(void)arg;
	return verdict_of[ev - event];
}

/* ---- comparing */

struct trial {
	char *text;
	struct filter_tree *tree;
	struct filter_sql sql;
	uint8_t selected[EVENTS_MAX]; /* in memory */
};
static struct trial trial[PIPELINE];
static const struct filter_lists lists = {read_list, NULL};
static unsigned long differences, selective, matches;
static bool plant;

static void
match_all(struct trial *t, struct filter *f)
{
	struct filter_source source = {
	    .string = string_of,
	    .verdict = find_verdict,
	    .strings = STRINGS_MAX / 2, /* some are remembered, some are not */
	    .generation = 1,
	};
	int host = -1;

	for (unsigned i = 0; i < events; i++) {
		if (host_of[i] != host) {
			host = host_of[i];
			source.host = string_of(NULL, FILTER_HOST, (uint32_t)host);
			filter_begin(f, &source);
		}
		t->selected[i] =
		    filter_match_stored(f, &event[i], hosts[host_of[i]].id, i);
	}
}

/* The canonical form, read again, has to give the same SQL and itself. */
static void
check_canonical(const struct trial *t, const struct filter_sql_source *source)
{
	struct filter_error error;
	struct filter_sql sql = {0};
	char *canon = filter_canon(t->tree), *again = NULL;
	struct filter_tree *tree = filter_parse(canon, strlen(canon), &error);
	bool same = tree != NULL && filter_sql(tree, source, &sql, &error) == 0 &&
		    strcmp(sql.text, t->sql.text) == 0 && sql.count == t->sql.count &&
		    (again = filter_canon(tree)) != NULL && strcmp(again, canon) == 0;

	for (size_t i = 0; same && i < sql.count; i++)
		same = strcmp(sql.value[i], t->sql.value[i]) == 0;
	if (!same) {
		differences++;
		printf("canonical form: %s\n  of: %s\n  %s\n", canon, t->text,
		    error.message);
	}
	filter_sql_free(&sql);
	filter_tree_free(tree);
	free(canon);
	free(again);
}

/* What the complement would be if nulls were forgotten. */
static void
plant_fault(char *sql)
{
	static const char right[] = "IS NOT TRUE", wrong[] = "IS FALSE   ";

	for (char *at = sql; (at = strstr(at, right)) != NULL;)
		memcpy(at, wrong, sizeof wrong - 1);
}

static void
prepare(struct trial *t)
{
	struct filter_sql_source source = {
	    .lists = lists, .dictionary = read_dictionary, .first = 1};
	struct filter_error error;
	struct filter *f;

	t->text = make_filter();
	t->tree = filter_parse(t->text, strlen(t->text), &error);
	if (t->tree == NULL) {
		/* Some grow too long. */
		if (strlen(t->text) < FILTER_TEXT_MAX / 2)
			die(t->text, error.message);
		free(t->text);
		prepare(t);
		return;
	}
	f = filter_compile(t->tree, &lists, FILTER_CAN_VERDICT | FILTER_CAN_ID, &error);
	if (f == NULL || filter_sql(t->tree, &source, &t->sql, &error) < 0)
		die(t->text, error.message);
	match_all(t, f);
	check_canonical(t, &source);
	if (plant)
		plant_fault(t->sql.text);
	filter_free(f);
}

static void
send_query(const struct trial *t)
{
	char *text = NULL;

	if (asprintf(&text, "SELECT e.n FROM fwlog.event e WHERE %s", t->sql.text) < 0)
		die("query", "out of memory");
	if (PQsendQueryParams(conn, text, (int)t->sql.count, NULL,
		(const char *const *)t->sql.value, NULL, NULL, 0) != 1)
		die(text, PQerrorMessage(conn));
	free(text);
}

static void
compare(struct trial *t, const PGresult *r)
{
	static uint8_t stored[EVENTS_MAX];
	unsigned wrong = 0, first = 0, count = 0;

	memset(stored, 0, sizeof stored);
	for (int i = 0; i < PQntuples(r); i++)
		stored[strtoul(PQgetvalue(r, i, 0), NULL, 10)] = 1;
	for (unsigned i = 0; i < events; i++) {
		count += t->selected[i];
		if (stored[i] != t->selected[i] && wrong++ == 0)
			first = i;
	}
	matches += count;
	selective += count > 0 && count < events;
	if (wrong > 0 && differences++ < DIFFERENCES_SHOWN && !plant)
		printf("%u events differ, event %u is %s in memory: %s\n  %s\n", wrong,
		    first, t->selected[first] ? "selected" : "not selected", t->text,
		    t->sql.text);
}

static void
receive(struct trial *t)
{
	PGresult *r = PQgetResult(conn);

	if (PQresultStatus(r) != PGRES_TUPLES_OK) {
		fprintf(stderr, "%s\n%s\n", t->text, t->sql.text);
		die("query", PQerrorMessage(conn));
	}
	compare(t, r);
	PQclear(r);
	r = PQgetResult(conn); /* end of this query */
	filter_sql_free(&t->sql);
	filter_tree_free(t->tree);
	free(t->text);
}

static void
run_round(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		prepare(&trial[i]);
		send_query(&trial[i]);
	}
	if (PQpipelineSync(conn) != 1)
		die("pipeline", PQerrorMessage(conn));
	for (unsigned i = 0; i < count; i++)
		receive(&trial[i]);
	PQclear(PQgetResult(conn)); /* the sync */
}

static void
begin(const char *conninfo)
{
	static const char settings[] = "SET timezone = 'UTC'; SET jit = off; "
				       "SET max_parallel_workers_per_gather = 0";

	conn = PQconnectdb(conninfo);
	if (PQstatus(conn) != CONNECTION_OK)
		die("connecting", PQerrorMessage(conn));
	PQclear(PQexec(conn, settings));
	for (enum filter_dict d = FILTER_HOST; d <= FILTER_NETNS; d++)
		enter_strings(d);
	PQclear(PQexec(conn, "DELETE FROM fwlog.event"));
	load_events();
	read_verdicts();
	PQclear(PQexec(conn, "ANALYZE fwlog.event"));
	if (PQenterPipelineMode(conn) != 1)
		die("pipeline", PQerrorMessage(conn));
}

static unsigned
least_used(void)
{
	unsigned least = UINT32_MAX;

	for (size_t i = 0; i < filter_fields_count; i++)
		if (filter_fields[i].type != FILTER_ALERT &&
		    filter_fields[i].type != FILTER_LINE && used[i] < least)
			least = used[i];
	return least;
}

int
main(int argc, char **argv)
{
	if (argc < 2 || argc > 6)
		die("usage", "filter-equiv CONNINFO [FILTERS [EVENTS [SEED [plant]]]]");
	filters = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : filters;
	events = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : events;
	random_state = argc > 4 ? strtoull(argv[4], NULL, 10) : random_state;
	plant = argc > 5;
	if (events < HOSTS || events > EVENTS_MAX || random_state == 0)
		die("usage", "5 to 20000 events, a seed that is not 0");
	printf("seed %llu\n", (unsigned long long)random_state);
	begin(argv[1]);
	for (unsigned done = 0; done < filters; done += PIPELINE)
		run_round(filters - done < PIPELINE ? filters - done : PIPELINE);
	PQfinish(conn);
	printf(
	    "%u filters, %u events: %lu differences; %lu matches, %lu filters select "
	    "some, each field at least %u times\n",
	    filters, events, differences, matches, selective, least_used());
	return differences > 0;
}
