/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/pcap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/pcap_row.h"
#include "common/text.h"
#include "ctl/query.h"
#include "ctl/select.h"

#define INTERFACES_MAX 64 /* whose names are told in the end */

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
	struct pcap_row row;
	uint8_t record[PCAP_RECORD_MAX];
};

/* ---- a row */

static struct pcap_packet
read_packet(struct pcap *p, const struct db_rows *rows, int i)
{
	const char *value[PCAP_COLUMNS];

	for (int c = 0; c < PCAP_COLUMNS; c++)
		value[c] = db_rows_null(rows, i, c) ? NULL : db_rows_get(rows, i, c);
	return pcap_row_packet(&p->row, value);
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
	    .columns = pcap_row_select,
	    .from = pcap_row_from,
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
