/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fwlogctl import pcap */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "ctl/import.h"
#include "ctl/import_capture.h"

struct packets {
	struct import_run run;
	struct capture capture;
	struct capture_names names;
	struct import_row row;
	struct import_why why;
	char key[sizeof(uint64_t) + IMPORT_LINE_MAX]; /* time and packet */
};

static int
take_packet(struct packets *s, const struct capture_packet *p)
{
	const char *host = s->run.args->host;
	enum import_kind kind =
	    capture_row(&s->capture, p, &s->names, &s->row, &s->why);
	char shown[64];
	struct span key = {s->key, sizeof p->ts_us + p->data.len}, text = {shown, 0};

	memcpy(s->key, &p->ts_us, sizeof p->ts_us);
	memcpy(s->key + sizeof p->ts_us, p->data.p, p->data.len);
	text.len = (size_t)snprintf(shown, sizeof shown,
	    "packet of %zu bytes, link type %u", p->data.len, p->link_type);
	s->row.host = (struct span){host, strlen(host)};
	return import_take(&s->run, kind, &s->row, key, text, &s->why);
}

static int
read_capture(struct packets *s, const char *name)
{
	struct import_input *in = import_input_open(name);
	struct capture_packet packet;
	int rc = -1;

	if (in == NULL)
		return -1;
	if (capture_start(&s->capture, in, name) == 0) {
		while ((rc = capture_next(&s->capture, &packet)) > 0) {
			if (take_packet(s, &packet) < 0) {
				rc = -1;
				break;
			}
			import_tell(&s->run, import_input_percent(in));
		}
		if (rc == 0 && import_input_peek(in, 1).len > 0) {
			fprintf(
			    stderr, "fwlogctl: %s: damaged; read up to there\n", name);
			rc = -1;
		}
	}
	import_input_close(in);
	return rc;
}

int
import_pcap_run(const struct args *args)
{
	struct packets *s;
	int rc = 0;

	if (args->host == NULL) {
		fputs("fwlogctl: import pcap: --host HOST is missing\n", stderr);
		return EXIT_USAGE;
	}
	s = calloc(1, sizeof *s);
	if (s == NULL || import_begin(&s->run, args, "pcap", "packets") < 0) {
		free(s);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < args->operands; i++) {
		import_source_begin(&s->run, args->operand[i]);
		if (read_capture(s, args->operand[i]) < 0)
			rc = -1;
		if (import_source_end(&s->run) < 0) {
			rc = -1;
			break;
		}
	}
	rc = import_end(&s->run, rc);
	free(s);
	return rc;
}
