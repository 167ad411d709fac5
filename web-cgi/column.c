/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/column.h"

#include <string.h>

const struct column column_table[] = {
    {"time", "time", ROW_I_time, false, false},
    {"host", "host", ROW_I_host, true, false},
    {"verdict", "verdict", ROW_I_verdict, true, false},
    {"prefix", "prefix", ROW_I_prefix, true, false},
    {"proto", "proto", ROW_I_protocol, true, false},
    {"src", "source", ROW_I_src_ip, true, false},
    {"sport", "port", ROW_I_src_port, true, true},
    {"dst", "destination", ROW_I_dst_ip, true, false},
    {"dport", "port", ROW_I_dst_port, true, true},
    {"flags", "flags", ROW_I_tcp_flags, true, false},
    {"in", "in", ROW_I_in_iface, true, false},
    {"out", "out", ROW_I_out_iface, true, false},
    {"len", "bytes", ROW_I_length, true, true},
    {"physin", "port in", ROW_I_physin_iface, true, false},
    {"physout", "port out", ROW_I_physout_iface, true, false},
    {"family", "family", ROW_I_family, true, false},
    {"hook", "hook", ROW_I_hook, true, false},
    {"group", "group", ROW_I_nflog_group, true, true},
    {"netns", "netns", ROW_I_netns, true, false},
    {"mark", "mark", ROW_I_mark, true, true},
    {"uid", "uid", ROW_I_uid, true, true},
    {"gid", "gid", ROW_I_gid, true, true},
    {"type", "type", ROW_I_icmp_type, true, true},
    {"code", "code", ROW_I_icmp_code, true, true},
    {"ttl", "ttl", ROW_I_ttl, true, true},
    {"tos", "tos", ROW_I_tos, true, true},
    {"smac", "source MAC", ROW_I_src_mac, true, false},
    {"dmac", "destination MAC", ROW_I_dst_mac, true, false},
    {"vlan", "VLAN", ROW_I_vlan_id, true, true},
    {"ct", "conntrack", ROW_I_conntrack_state, true, false},
    {"ctid", "conntrack id", ROW_I_conntrack_id, true, true},
    {"spi", "spi", ROW_I_spi, true, true},
    {"arp", "arp", ROW_I_arp_operation, true, false},
    {"frag", "fragment", ROW_I_fragment_offset, true, true},
    {"ethertype", "EtherType", ROW_I_ethertype, true, true},
    {"hwtype", "link type", ROW_I_hw_type, true, true},
    {"inner.src", "inner source", ROW_I_inner_src_ip, true, false},
    {"inner.sport", "port", ROW_I_inner_src_port, true, true},
    {"inner.dst", "inner destination", ROW_I_inner_dst_ip, true, false},
    {"inner.dport", "port", ROW_I_inner_dst_port, true, true},
    {"inner.proto", "inner proto", ROW_I_inner_protocol, true, false},
    {NULL, NULL, ROW_I_time, false, false},
};

const char columns_default[] =
    "time,host,verdict,prefix,proto,src,sport,dst,dport,flags,in,out,len";

static int
find(const char *name, size_t len)
{
	for (int i = 0; column_table[i].name != NULL; i++)
		if (strlen(column_table[i].name) == len &&
		    memcmp(column_table[i].name, name, len) == 0)
			return i;
	return -1;
}

int
columns_parse(struct columns *c, const char *text, const char **bad, int *bad_len)
{
	size_t len;
	int i;

	*c = (struct columns){.count = 0};
	for (;; text += len + 1) {
		len = strcspn(text, ",");
		*bad = text;
		*bad_len = (int)len;
		i = find(text, len);
		if (i < 0 || c->count == COLUMNS_MAX ||
		    memchr(c->at, i, (size_t)c->count) != NULL)
			return -1;
		c->at[c->count++] = (unsigned char)i;
		if (text[len] == '\0')
			return 0;
	}
}

const struct column *
column_find(const char *name)
{
	int i = find(name, strlen(name));

	return i >= 0 ? &column_table[i] : NULL;
}
