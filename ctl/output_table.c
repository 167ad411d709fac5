/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/text.h"
#include "ctl/output_writers.h"
#include "ctl/timearg.h"

#define CELL_MAX 640 /* bytes; a prefix has 255, and may be longer as text */
#define WIDE_MAX                                                             \
	46 /* what is wider stands out: two IPv6 addresses would fill a line \
	    */

#define RED "\033[31m"
#define GREEN "\033[32m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

enum {
	TIME,
	HOST,
	VERDICT,
	PREFIX,
	PROTOCOL,
	SOURCE,
	DESTINATION,
	DETAIL,
	WAY,
	LENGTH
};
_Static_assert(LENGTH + 1 == OUTPUT_TABLE_COLUMNS, "a title for each column");

static const char *const names[OUTPUT_TABLE_COLUMNS] = {"time", "host", "verdict",
    "prefix", "proto", "source", "destination", "detail", "interfaces", "len"};

#define V(name) (row->value[ROW_I_##name])

static const char *
or_none(const char *value)
{
	return value != NULL ? value : "";
}

/* 192.0.2.1:53, [2001:db8::1]:53, an address or port alone. */
static void
put_end(char *cell, const char *ip, const char *port)
{
	bool six = ip != NULL && port != NULL && strchr(ip, ':') != NULL;

	snprintf(cell, CELL_MAX, "%s%s%s%s%s", six ? "[" : "", or_none(ip),
	    six ? "]" : "", port != NULL ? ":" : "", or_none(port));
}

/* What tells packets of the same protocol apart. */
static void
put_detail(char *cell, const struct row *row)
{
	if (V(tcp_flags) != NULL)
		snprintf(cell, CELL_MAX, "%s", V(tcp_flags));
	else if (V(icmp_type) != NULL)
		snprintf(cell, CELL_MAX, "type %s%s%s", V(icmp_type),
		    V(icmp_code) != NULL ? " code " : "", or_none(V(icmp_code)));
	else
		snprintf(cell, CELL_MAX, "%s", or_none(V(arp_operation)));
}

static void
put_way(char *cell, const struct row *row)
{
	if (V(in_iface) != NULL || V(out_iface) != NULL)
		snprintf(cell, CELL_MAX, "%s>%s", or_none(V(in_iface)),
		    or_none(V(out_iface)));
}

static const char *
protocol_of(const struct row *row)
{
	return V(protocol) != NULL ? V(protocol) : or_none(V(family));
}

static const char *
cell_of(const struct row *row, int column, char cell[CELL_MAX])
{
	cell[0] = '\0';
	switch (column) {
	case TIME:
		timearg_text(row->ts_us, cell);
		break;
	case HOST:
		return or_none(V(host));
	case VERDICT:
		return or_none(V(verdict));
	case PREFIX:
		return or_none(V(prefix));
	case PROTOCOL:
		return protocol_of(row);
	case SOURCE:
		put_end(cell, V(src_ip), V(src_port));
		break;
	case DESTINATION:
		put_end(cell, V(dst_ip), V(dst_port));
		break;
	case DETAIL:
		put_detail(cell, row);
		break;
	case WAY:
		put_way(cell, row);
		break;
	default: /* LENGTH */
		return or_none(V(length));
	}
	return cell;
}

static void
grow(struct output *o, int column, int wide)
{
	if (wide > WIDE_MAX)
		wide = WIDE_MAX;
	if (wide > o->wide[column])
		o->wide[column] = wide;
}

void
output_table_measure(struct output *o, const struct row *row)
{
	char cell[CELL_MAX];

	for (int c = 0; c < OUTPUT_TABLE_COLUMNS; c++) {
		grow(o, c, (int)strlen(names[c]));
		grow(o, c, text_plain(cell_of(row, c, cell), NULL));
	}
}

static void
pad(const struct output *o, int column, int taken)
{
	int left = o->wide[column] - taken;

	if (column + 1 == OUTPUT_TABLE_COLUMNS)
		putc('\n', o->to);
	else
		fprintf(o->to, "%*s", (left > 0 ? left : 0) + 2, "");
}

void
output_table_titles(struct output *o)
{
	fputs(o->colour ? BOLD : "", o->to);
	for (int c = 0; c < OUTPUT_TABLE_COLUMNS; c++) {
		fputs(names[c], o->to);
		if (c == LENGTH && o->colour)
			fputs(PLAIN, o->to);
		pad(o, c, (int)strlen(names[c]));
	}
}

static const char *
colour_of(const char *verdict)
{
	if (strcmp(verdict, "drop") == 0 || strcmp(verdict, "reject") == 0)
		return RED;
	return strcmp(verdict, "accept") == 0 ? GREEN : NULL;
}

void
output_table_row(const struct output *o, const struct row *row)
{
	char cell[CELL_MAX];

	for (int c = 0; c < OUTPUT_TABLE_COLUMNS; c++) {
		const char *value = cell_of(row, c, cell);
		const char *colour =
		    o->colour && c == VERDICT ? colour_of(value) : NULL;
		int taken;

		fputs(colour != NULL ? colour : "", o->to);
		taken = text_plain(value, o->to);
		fputs(colour != NULL ? PLAIN : "", o->to);
		pad(o, c, taken);
	}
}
