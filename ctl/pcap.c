/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/pcap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/pcapfile.h"
#include "ctl/query.h"
#include "ctl/select.h"
#include "ctl/text.h"

#define INTERFACES_MAX 64 /* whose names are told in the end */
#define MAC_BYTES 6
#define ETHERNET_HEADER 14
#define ETHERNET_TYPE 1 /* ARPHRD_ETHER */

/* Columns of the query. The prefix as the kernel has it, any bytes. */
static const char columns[] =
    "(extract(epoch FROM e.ts) * 1000000)::bigint AS time, e.host_id, e.n, e.family, "
    "e.hook, e.nflog_group, e.ethertype, e.in_id, e.out_id, e.physin_id, e.physout_id, "
    "e.mark, e.uid, e.gid, e.hw_type, e.len, encode(p.raw, 'hex') AS prefix, "
    "translate(e.src_mac::text, ':', '') AS src_mac, "
    "translate(e.dst_mac::text, ':', '') AS dst_mac, "
    "encode(e.hw_header, 'hex') AS hw_header, encode(e.payload, 'hex') AS payload";
enum {
	C_TIME,
	C_HOST_ID,
	C_N,
	C_FAMILY,
	C_HOOK,
	C_GROUP,
	C_ETHERTYPE,
	C_IN,
	C_OUT,
	C_PHYSIN,
	C_PHYSOUT,
	C_MARK,
	C_UID,
	C_GID,
	C_HW_TYPE,
	C_LENGTH,
	C_PREFIX,
	C_SRC_MAC,
	C_DST_MAC,
	C_HW_HEADER,
	C_PAYLOAD,
};

static const char from[] =
    "fwlog.event e LEFT JOIN fwlog.dict_prefix p ON p.prefix_id = e.prefix_id";

struct pcap {
	struct query q;
	FILE *to;
	const char *name; /* of the file, for messages */
	uint32_t link_type;
	uint64_t packets;
	uint64_t without; /* events without payload */
	uint64_t foreign; /* events whose payload is no IP packet, where it must be */
	int64_t interface[INTERFACES_MAX];
	size_t interfaces;
	bool failed; /* a write did */
	int error;   /* why */
	/* Bytes of the row at hand. */
	char prefix[RECORD_STRING_MAX + 1];
	uint8_t src_mac[MAC_BYTES];
	uint8_t hw_header[RECORD_HWHEADER_MAX];
	uint8_t payload[RECORD_PAYLOAD_MAX];
	uint8_t record[PCAP_RECORD_MAX];
};

/* ---- a row */

static int64_t
number(const struct db_rows *rows, int row, int column)
{
	if (db_rows_null(rows, row, column))
		return -1;
	return strtoll(db_rows_get(rows, row, column), NULL, 10);
}

static struct bytes
octets(const struct db_rows *rows, int row, int column, uint8_t *to, size_t size)
{
	size_t len = text_unhex(db_rows_get(rows, row, column), to, size);

	return (struct bytes){to, (uint16_t)len};
}

/* That of plain Ethernet is not stored: the addresses and the type are all of it. */
static struct bytes
link_header(struct pcap *p, const struct db_rows *rows, int i)
{
	struct writer w = writer_of(p->hw_header, sizeof p->hw_header);
	uint8_t mac[MAC_BYTES];
	int64_t type = number(rows, i, C_ETHERTYPE);

	if (!db_rows_null(rows, i, C_HW_HEADER))
		return octets(rows, i, C_HW_HEADER, p->hw_header, sizeof p->hw_header);
	if (number(rows, i, C_HW_TYPE) != ETHERNET_TYPE || type < 0 ||
	    octets(rows, i, C_DST_MAC, mac, sizeof mac).len < MAC_BYTES ||
	    db_rows_null(rows, i, C_SRC_MAC))
		return (struct bytes){NULL, 0};
	put_bytes(&w, mac, MAC_BYTES);
	put_bytes(&w, p->src_mac, MAC_BYTES);
	put_u16(&w, (uint16_t)type);
	return (struct bytes){p->hw_header, ETHERNET_HEADER};
}

static const char *
prefix_of(struct pcap *p, const struct db_rows *rows, int i)
{
	size_t len;

	if (db_rows_null(rows, i, C_PREFIX))
		return NULL;
	len = text_unhex(
	    db_rows_get(rows, i, C_PREFIX), (uint8_t *)p->prefix, sizeof p->prefix - 1);
	p->prefix[len] = '\0';
	return p->prefix;
}

static void
note_interface(struct pcap *p, int64_t id)
{
	if (id < 0 || p->interfaces == INTERFACES_MAX)
		return;
	for (size_t i = 0; i < p->interfaces; i++)
		if (p->interface[i] == id)
			return;
	p->interface[p->interfaces++] = id;
}

static struct pcap_packet
read_packet(struct pcap *p, const struct db_rows *rows, int i)
{
	struct pcap_packet packet = {
	    .ts_us = number(rows, i, C_TIME),
	    .family = number(rows, i, C_FAMILY),
	    .hook = number(rows, i, C_HOOK),
	    .group = number(rows, i, C_GROUP),
	    .ethertype = number(rows, i, C_ETHERTYPE),
	    .in = number(rows, i, C_IN),
	    .out = number(rows, i, C_OUT),
	    .physin = number(rows, i, C_PHYSIN),
	    .physout = number(rows, i, C_PHYSOUT),
	    .mark = number(rows, i, C_MARK),
	    .uid = number(rows, i, C_UID),
	    .gid = number(rows, i, C_GID),
	    .hw_type = number(rows, i, C_HW_TYPE),
	    .length = number(rows, i, C_LENGTH),
	    .prefix = prefix_of(p, rows, i),
	};

	packet.hw_addr = octets(rows, i, C_SRC_MAC, p->src_mac, sizeof p->src_mac);
	packet.hw_header = link_header(p, rows, i);
	packet.payload = octets(rows, i, C_PAYLOAD, p->payload, sizeof p->payload);
	return packet;
}

static bool
is_written(struct pcap *p, const void *data, size_t len)
{
	if (p->failed || fwrite(data, 1, len, p->to) == len)
		return !p->failed;
	p->error = errno;
	p->failed = true;
	return false;
}

static int
write_rows(void *arg, const struct db_rows *rows)
{
	struct pcap *p = arg;

	for (int i = 0; i < db_rows_count(rows); i++) {
		struct pcap_packet packet = read_packet(p, rows, i);
		size_t len = pcap_put_packet(p->record, p->link_type, &packet);

		if (len == 0 && packet.payload.len == 0) {
			p->without++;
			continue;
		}
		if (len == 0) {
			p->foreign++;
			continue;
		}
		if (!is_written(p, p->record, len))
			return -1;
		p->packets++;
		note_interface(p, packet.in);
		note_interface(p, packet.out);
		note_interface(p, packet.physin);
		note_interface(p, packet.physout);
	}
	return 0;
}

/* ---- what is said in the end */

static void
tell_interfaces(struct pcap *p)
{
	char id[24], name[1024];

	for (size_t i = 0; i < p->interfaces; i++) {
		snprintf(id, sizeof id, "%" PRId64, p->interface[i]);
		if (db_value(p->q.db,
			"SELECT iface FROM fwlog.dict_iface WHERE iface_id = $1::int",
			id, name, sizeof name) < 0)
			return;
		fputs(i == 0 ? "fwlogctl: interfaces by number: " : ", ", stderr);
		fprintf(stderr, "%s ", id);
		text_plain(name, stderr);
	}
	if (p->interfaces > 0)
		fputc('\n', stderr);
}

static void
tell(struct pcap *p)
{
	fprintf(stderr, "fwlogctl: %" PRIu64 " packets", p->packets);
	fprintf(stderr, "; skipped %" PRIu64 " events without payload", p->without);
	if (p->foreign > 0)
		fprintf(stderr, " and %" PRIu64 " that are not IP", p->foreign);
	fputc('\n', stderr);
	if (p->link_type == PCAP_NFLOG)
		tell_interfaces(p);
}

static int
unwritten(const struct pcap *p)
{
	if (p->error != EPIPE)
		fprintf(stderr, "fwlogctl: %s: %s; not complete\n", p->name,
		    strerror(p->error));
	return QUERY_FAILED;
}

/* ---- the file */

static int
open_file(struct pcap *p, const char *name)
{
	bool is_stdout = strcmp(name, "-") == 0;

	p->name = is_stdout ? "standard output" : name;
	if (is_stdout && isatty(STDOUT_FILENO)) {
		fputs("fwlogctl: packets are not for a terminal: -o FILE, or a pipe "
		      "behind -o -\n",
		    stderr);
		return QUERY_USAGE;
	}
	p->to = is_stdout ? stdout : fopen(name, "we");
	if (p->to != NULL)
		return -1;
	fprintf(stderr, "fwlogctl: %s: %s\n", name, strerror(errno));
	return QUERY_FAILED;
}

static int
close_file(struct pcap *p)
{
	int rc = p->to == stdout ? fflush(stdout) : fclose(p->to);

	if (rc == 0 || p->failed)
		return p->failed ? -1 : 0;
	p->error = errno;
	p->failed = true;
	return -1;
}

static int
write_file(struct pcap *p)
{
	uint8_t header[PCAP_HEADER_SIZE];
	struct select select = {
	    .columns = columns,
	    .from = from,
	    .take = write_rows,
	    .arg = p,
	};
	int rc = 0;

	pcap_put_header(header, p->link_type);
	if (is_written(p, header, sizeof header))
		rc = select_run(&p->q, &select);
	if (close_file(p) < 0)
		return unwritten(p);
	if (rc < 0) {
		fprintf(stderr, "fwlogctl: %s: not complete\n", p->name);
		return QUERY_FAILED;
	}
	if (!p->q.args->quiet)
		tell(p);
	return p->packets > 0 ? QUERY_FOUND : QUERY_NONE;
}

int
pcap_run(const struct args *args)
{
	struct pcap *p;
	int rc;

	if (args->output == NULL) {
		fputs("fwlogctl: pcap: -o FILE is missing; - is standard output\n",
		    stderr);
		return QUERY_USAGE;
	}
	p = calloc(1, sizeof *p);
	if (p == NULL) {
		fputs("fwlogctl: out of memory\n", stderr);
		return QUERY_FAILED;
	}
	p->link_type = args->raw ? PCAP_RAW : PCAP_NFLOG;
	rc = query_open(&p->q, args, 0);
	if (rc < 0)
		rc = open_file(p, args->output);
	if (rc < 0)
		rc = write_file(p);
	query_close(&p->q);
	free(p);
	return rc;
}
