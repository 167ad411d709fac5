/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and forms are those of Suricata 7, docs.suricata.io, "EVE JSON Format". */
#include <ctype.h>
#include <string.h>

#include "common/text.h"
#include "ctl/export.h"
#include "ctl/timearg.h"

#define V(name) (row->value[ROW_I_##name])

static void
text(FILE *to, const char *name, const char *value)
{
	if (value == NULL)
		return;
	fprintf(to, ",\"%s\":", name);
	text_json(value, to);
}

static void
number(FILE *to, const char *name, const char *value)
{
	if (value != NULL)
		fprintf(to, ",\"%s\":%s", name, value);
}

/* "tcp" is TCP there, "ipv6-icmp" IPv6-ICMP. */
static void
put_protocol(FILE *to, const char *protocol)
{
	if (protocol == NULL)
		return;
	if (strcmp(protocol, "ipv6-icmp") == 0) {
		fputs(",\"proto\":\"IPv6-ICMP\"", to);
		return;
	}
	fputs(",\"proto\":\"", to);
	for (; *protocol != '\0'; protocol++)
		putc(isalnum((unsigned char)*protocol) || *protocol == '-'
			 ? toupper((unsigned char)*protocol)
			 : '?',
		    to);
	putc('"', to);
}

static void
put_flag(FILE *to, const char *name, const char *flags, const char *flag)
{
	fprintf(to, ",\"%s\":%s", name, strstr(flags, flag) != NULL ? "true" : "false");
}

static void
put_drop(const struct row *row, FILE *to)
{
	fprintf(to, ",\"drop\":{\"len\":%s", V(length) != NULL ? V(length) : "0");
	number(to, "tos", V(tos));
	number(to, "ttl", V(ttl));
	if (V(tcp_flags) != NULL) {
		put_flag(to, "syn", V(tcp_flags), "SYN");
		put_flag(to, "ack", V(tcp_flags), "ACK");
		put_flag(to, "psh", V(tcp_flags), "PSH");
		put_flag(to, "rst", V(tcp_flags), "RST");
		put_flag(to, "urg", V(tcp_flags), "URG");
		put_flag(to, "fin", V(tcp_flags), "FIN");
	}
	fputs(",\"reason\":\"rules\"}", to);
}

static void
put_flow(const struct row *row, const char *start, FILE *to)
{
	fprintf(to,
	    ",\"flow\":{\"pkts_toserver\":1,\"pkts_toclient\":0,\"bytes_toserver\":%s,"
	    "\"bytes_toclient\":0,\"start\":\"%s\",\"state\":\"new\"}",
	    V(length) != NULL ? V(length) : "0", start);
}

void
export_eve_row(const struct row *row, FILE *to)
{
	char time[TIMEARG_TEXT];
	bool drop = V(verdict) != NULL && (strcmp(V(verdict), "drop") == 0 ||
					      strcmp(V(verdict), "reject") == 0);

	timearg_text(row->ts_us, time);
	time[strlen(time) - 1] = '\0'; /* the Z: the zone is numeric there */
	strcat(time, "+0000");
	fprintf(to, "{\"timestamp\":\"%s\",\"event_type\":\"%s\"", time,
	    drop ? "drop" : "flow");
	text(to, "host", V(host));
	text(to, "in_iface", V(in_iface));
	text(to, "src_ip", V(src_ip));
	number(to, "src_port", V(src_port));
	text(to, "dest_ip", V(dst_ip));
	number(to, "dest_port", V(dst_port));
	put_protocol(to, V(protocol));
	number(to, "icmp_type", V(icmp_type));
	number(to, "icmp_code", V(icmp_code));
	if (V(vlan_id) != NULL)
		fprintf(to, ",\"vlan\":[%s]", V(vlan_id));
	if (V(src_mac) != NULL) {
		fputs(",\"ether\":{\"src_mac\":", to);
		text_json(V(src_mac), to);
		text(to, "dest_mac", V(dst_mac));
		putc('}', to);
	}
	if (drop)
		put_drop(row, to);
	else
		put_flow(row, time, to);
	fprintf(to, ",\"fwlog\":{\"n\":%s", V(n));
	text(to, "prefix", V(prefix));
	text(to, "verdict", V(verdict));
	text(to, "out_iface", V(out_iface));
	fputs("}}\n", to);
}
