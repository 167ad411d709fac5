/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elastic Common Schema 8.11: field names and what they must look like are from there.
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "common/row_write.h"
#include "common/text.h"

#define ECS_VERSION "8.11.0"

/* An object being written, and whether a comma is due. */
struct object {
	FILE *to;
	bool more;
};

static void
key(struct object *o, const char *name)
{
	fprintf(o->to, "%s\"%s\":", o->more ? "," : "", name);
	o->more = true;
}

static void
open_object(struct object *o, const char *name)
{
	key(o, name);
	putc('{', o->to);
	o->more = false;
}

static void
close_object(struct object *o)
{
	putc('}', o->to);
	o->more = true;
}

static void
text(struct object *o, const char *name, const char *value)
{
	if (value == NULL)
		return;
	key(o, name);
	text_json(value, o->to);
}

static void
number(struct object *o, const char *name, const char *value)
{
	if (value == NULL)
		return;
	key(o, name);
	fputs(value, o->to);
}

/* 00:1a:… is 00-1A-… there. */
static void
mac(struct object *o, const char *value)
{
	if (value == NULL)
		return;
	key(o, "mac");
	putc('"', o->to);
	for (; *value != '\0'; value++)
		putc(*value == ':' ? '-' : toupper((unsigned char)*value), o->to);
	putc('"', o->to);
}

#define V(name) (row->value[ROW_I_##name])

static bool
verdict_is(const struct row *row, const char *verdict)
{
	return V(verdict) != NULL && strcmp(V(verdict), verdict) == 0;
}

static void
put_event(struct object *o, const struct row *row)
{
	const char *type = "";

	if (verdict_is(row, "accept"))
		type = ",\"allowed\"";
	else if (verdict_is(row, "drop") || verdict_is(row, "reject"))
		type = ",\"denied\"";
	open_object(o, "event");
	text(o, "kind", "event");
	fprintf(o->to, ",\"category\":[\"network\"],\"type\":[\"connection\"%s]", type);
	text(o, "module", "fwlog");
	text(o, "dataset", "fwlog.event");
	if (V(verdict) != NULL && !verdict_is(row, "unknown"))
		text(o, "action", V(verdict));
	key(o, "id");
	fprintf(o->to, "\"%s-%s\"", V(host) != NULL ? V(host) : "", V(n));
	number(o, "sequence", V(n));
	close_object(o);
}

static void
put_end(struct object *o, const char *name, const char *ip, const char *port,
    const char *hw)
{
	if (ip == NULL && port == NULL && hw == NULL)
		return;
	open_object(o, name);
	text(o, "address", ip);
	text(o, "ip", ip);
	number(o, "port", port);
	mac(o, hw);
	close_object(o);
}

static void
put_interface(struct object *o, const char *name, const char *interface)
{
	if (interface == NULL)
		return;
	open_object(o, name);
	open_object(o, "interface");
	text(o, "name", interface);
	close_object(o);
	close_object(o);
}

static void
put_observer(struct object *o, const struct row *row)
{
	open_object(o, "observer");
	text(o, "name", V(host));
	text(o, "hostname", V(host));
	text(o, "type", "firewall");
	text(o, "product", "fwlog");
	put_interface(o, "ingress", V(in_iface));
	put_interface(o, "egress", V(out_iface));
	close_object(o);
}

static void
put_network(struct object *o, const struct row *row)
{
	open_object(o, "network");
	text(o, "type", V(family));
	text(o, "transport", V(protocol));
	text(o, "iana_number", V(protocol_number));
	number(o, "bytes", V(length));
	number(o, "packets", "1");
	if (V(vlan_id) != NULL) {
		open_object(o, "vlan");
		text(o, "id", V(vlan_id));
		close_object(o);
	}
	close_object(o);
}

/* What the schema has no name for, under our own. */
static void
put_own(struct object *o, const struct row *row)
{
	static const enum row_column own[] = {ROW_I_verdict, ROW_I_hook,
	    ROW_I_physin_iface, ROW_I_physout_iface, ROW_I_tcp_flags, ROW_I_icmp_type,
	    ROW_I_icmp_code, ROW_I_ttl, ROW_I_tos, ROW_I_fragment_offset, ROW_I_spi,
	    ROW_I_arp_operation, ROW_I_inner_src_ip, ROW_I_inner_src_port,
	    ROW_I_inner_dst_ip, ROW_I_inner_dst_port, ROW_I_inner_protocol,
	    ROW_I_ethertype, ROW_I_hw_type, ROW_I_mark, ROW_I_uid, ROW_I_gid,
	    ROW_I_conntrack_state, ROW_I_conntrack_id, ROW_I_netns, ROW_I_nflog_group,
	    ROW_I_time_from_agent, ROW_I_payload_cut, ROW_I_hw_header, ROW_I_payload};

	open_object(o, "fwlog");
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
		const struct row_info *info = &row_info[own[i]];
		const char *value = row->value[own[i]];

		if (info->kind == ROW_NUMBER || info->kind == ROW_FLAG)
			number(o, info->name, value);
		else
			text(o, info->name, value);
	}
	close_object(o);
}

void
row_write_ecs(const struct row *row, FILE *to)
{
	struct object o = {.to = to, .more = true};
	char time[TEXT_TIME];

	text_time(row->ts_us, time);
	fprintf(to, "{\"@timestamp\":\"%s\",\"ecs\":{\"version\":\"" ECS_VERSION "\"}",
	    time);
	put_event(&o, row);
	if (V(prefix) != NULL) {
		open_object(&o, "rule");
		text(&o, "name", V(prefix));
		close_object(&o);
	}
	open_object(&o, "host");
	text(&o, "name", V(host));
	close_object(&o);
	put_observer(&o, row);
	put_network(&o, row);
	put_end(&o, "source", V(src_ip), V(src_port), V(src_mac));
	put_end(&o, "destination", V(dst_ip), V(dst_port), V(dst_mac));
	put_own(&o, row);
	fputs("}\n", to);
}
