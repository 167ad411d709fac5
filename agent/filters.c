/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/filters.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/filters_central.h"
#include "agent/filters_file.h"
#include "agent/filters_loader.h"
#include "common/crc32c.h"
#include "common/log.h"

/* Ids of a batch's strings below this are looked at once; those behind each time. */
#define STRINGS_REMEMBERED 256

/* The document that is coming. */
struct incoming {
	uint8_t *data; /* NULL: none */
	uint32_t version, total, crc;
	uint32_t have; /* bytes */
};

struct filtering {
	const char *dir;
	struct filters_local *local;
	struct filters_central *central; /* NULL: no set was ever taken */
	struct applied applied;
	uint64_t refused; /* sets */
	struct filters_loader *loader;
	unsigned session; /* number of this one */
	struct incoming in;
	struct filter_source source;
};

static struct bytes
string_of(const void *arg, enum filter_dict dict, uint32_t id)
{
	(void)dict;
	return batch_writer_string(arg, (uint16_t)id);
}

/* ---- sets */

static void
refuse(struct filtering *f, uint32_t version, uint32_t crc, const char *why)
{
	log_warn("central filters, version %u: refused, version %u stays in force: %s",
	    version, f->applied.version, why);
	f->refused++;
	f->applied.refused = version;
	f->applied.refused_crc = crc;
	snprintf(f->applied.reason, sizeof f->applied.reason, "%s", why);
}

static void
apply(struct filtering *f, uint32_t version, uint32_t crc, struct filters_central *c)
{
	filters_central_free(f->central);
	f->central = c;
	f->applied = (struct applied){.version = version, .crc = crc};
}

/* Here and now: the first record is to meet the filters. */
static void
load(struct filtering *f)
{
	char why[TEXT_MAX_LEN + 1];
	struct filters_central *c;
	uint32_t version, crc;
	size_t len;
	uint8_t *document = filters_file_read(f->dir, &version, &len, why, sizeof why);

	if (document == NULL) {
		if (why[0] != '\0')
			log_warn("central filters: %s/%s: %s; nothing is filtered by "
				 "them until the collector sends them again",
			    f->dir, FILTERS_FILE, why);
		return;
	}
	crc = crc32c(0, document, len);
	c = filters_central_new(document, len, NULL, why, sizeof why);
	free(document);
	if (c == NULL) {
		refuse(f, version, crc, why);
		return;
	}
	apply(f, version, crc, c);
	log_info("central filters: version %u, as kept", version);
}

struct filtering *
filters_new(const char *dir, const char *host, struct filters_local *local)
{
	struct filtering *f = calloc(1, sizeof *f);

	if (f == NULL)
		return NULL;
	f->dir = dir;
	f->local = local;
	f->loader = filters_loader_new(dir);
	if (f->loader == NULL) {
		free(f);
		return NULL;
	}
	f->source = (struct filter_source){
	    .host = {(const uint8_t *)host, (uint16_t)strlen(host)},
	    .string = string_of,
	    .strings = STRINGS_REMEMBERED,
	};
	load(f);
	return f;
}

void
filters_free(struct filtering *f)
{
	if (f == NULL)
		return;
	filters_loader_free(f->loader);
	filters_central_free(f->central);
	free(f->in.data);
	free(f);
}

/* ---- from the collector */

static void
drop_incoming(struct filtering *f)
{
	free(f->in.data);
	f->in = (struct incoming){0};
}

void
filters_session(struct filtering *f)
{
	drop_incoming(f);
	f->session++;
}

/* A document begins. */
static int
begin(struct filtering *f, const struct filters *piece)
{
	drop_incoming(f);
	f->in.data = malloc(piece->total);
	f->in.version = piece->version;
	f->in.total = piece->total;
	f->in.crc = piece->crc;
	return f->in.data != NULL ? 0 : -1;
}

static void
complete(struct filtering *f)
{
	struct incoming *in = &f->in;

	filters_loader_put(f->loader, &(struct filters_load){.version = in->version,
					  .crc = in->crc,
					  .session = f->session,
					  .document = in->data,
					  .len = in->total});
	*in = (struct incoming){0};
}

int
filters_take(struct filtering *f, const struct filters *piece, const char **why)
{
	struct incoming *in = &f->in;

	*why = "out of memory for central filters";
	if (piece->offset == 0 && begin(f, piece) < 0)
		return -1;
	*why = "a piece of central filters out of its order";
	if (in->data == NULL || piece->offset != in->have ||
	    piece->version != in->version || piece->total != in->total ||
	    piece->crc != in->crc)
		return -1;
	memcpy(in->data + in->have, piece->bytes, piece->len);
	in->have += (uint32_t)piece->len;
	if (in->have < in->total)
		return 0;
	complete(f);
	return 1;
}

int
filters_fd(const struct filtering *f)
{
	return filters_loader_fd(f->loader);
}

bool
filters_on_event(struct filtering *f)
{
	struct filters_load load;

	if (!filters_loader_take(f->loader, &load))
		return false;
	if (load.central == NULL) {
		refuse(f, load.version, load.crc, load.why);
		return load.session == f->session;
	}
	apply(f, load.version, load.crc, load.central);
	log_info("central filters: version %u is in force", load.version);
	if (load.error != 0)
		log_warn("central filters: %s/%s cannot be written: %s; after a "
			 "restart the set before is in force until the collector "
			 "sends this one again",
		    f->dir, FILTERS_FILE, strerror(load.error));
	return load.session == f->session;
}

void
filters_applied(const struct filtering *f, struct applied *out)
{
	*out = f->applied;
}

/* ---- records */

struct filters_chain *
filters_chain_of(struct filtering *f, uint16_t group, const char *netns)
{
	return f->local != NULL ? filters_local_find(f->local, group, netns) : NULL;
}

bool
filters_any(const struct filtering *f, const struct filters_chain *chain)
{
	return chain != NULL || (f->central != NULL && filters_central_any(f->central));
}

void
filters_begin(struct filtering *f, struct filters_chain *chain,
    const struct batch_writer *batch, uint64_t now_us)
{
	f->source.arg = batch;
	f->source.generation++;
	if (f->central != NULL)
		filters_central_begin(f->central, &f->source, now_us);
	if (chain != NULL)
		filters_chain_begin(chain, &f->source);
}

bool
filters_keep(struct filtering *f, struct filters_chain *chain, const struct event *ev,
    int32_t *by)
{
	if (f->central != NULL && !filters_central_keeps(f->central, ev, by))
		return false;
	return chain == NULL || filters_chain_keeps(chain, ev, &f->source, by);
}

void
filters_counters(const struct filtering *f, struct filters_counters *out)
{
	out->version = f->applied.version;
	out->errors = f->refused;
	if (f->central != NULL)
		out->errors += filters_central_failures(f->central);
}
