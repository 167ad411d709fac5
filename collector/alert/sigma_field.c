/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "collector/alert/sigma.h"

/* Names that other sources have for our fields, beside those of the filter language. */
static const struct {
	const char *name, *field;
} names[] = {
    {"SourceIp", "src"},
    {"src", "src"},
    {"id.orig_h", "src"},
    {"sourceAddress", "src"},
    {"DestinationIp", "dst"},
    {"id.resp_h", "dst"},
    {"destinationAddress", "dst"},
    {"SourcePort", "sport"},
    {"id.orig_p", "sport"},
    {"DestinationPort", "dport"},
    {"id.resp_p", "dport"},
    {"Protocol", "proto"},
    {"packet_length", "len"},
    {"message_size", "len"},
    {"tcpflags", "flags"},
    {"hostname", "host"},
    {"keywords", "message"},
    {"msg", "message"},
};

static const char *const times[] = {"ts", "time", "timestamp", "@timestamp", "UtcTime"};

/* Nothing that a rule may ask: these are what it makes, or numbers of the store. */
static bool
is_foreign(const struct filter_field *f)
{
	return f->type == FILTER_ALERT || f->type == FILTER_ID;
}

static const struct filter_field *
find(const char *name, size_t len)
{
	const struct filter_field *f;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (filter_word_is(name, len, names[i].name))
			return filter_field_named(names[i].field);
	f = filter_field_find(name, len);
	return f != NULL && !is_foreign(f) ? f : NULL;
}

bool
sigma_field_find(const char *name, size_t len, struct sigma_field *field)
{
	*field = (struct sigma_field){.kind = SIGMA_FIELD};
	if (filter_word_is(name, len, "blocked")) {
		field->kind = SIGMA_BLOCKED;
		field->field = filter_field_named("verdict");
		return true;
	}
	if (filter_word_is(name, len, "Initiated")) {
		field->kind = SIGMA_INITIATED;
		field->field = filter_field_named("hook");
		return true;
	}
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		if (filter_word_is(name, len, times[i])) {
			field->kind = SIGMA_TIME;
			return true;
		}
	}
	field->field = find(name, len);
	return field->field != NULL;
}

const char *
sigma_field_nearest(const char *name, size_t len)
{
	char typed[NEAREST_LEN_MAX + 1] = "";
	const char *best;
	struct nearest near;

	if (len < sizeof typed)
		memcpy(typed, name, len);
	nearest_begin(&near, typed);
	filter_field_nearest(&near);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		nearest_offer(&near, names[i].name);
	nearest_offer(&near, "src_ip");
	nearest_offer(&near, "dst_ip");
	nearest_offer(&near, "src_port");
	nearest_offer(&near, "dst_port");
	best = near.best;
	return best;
}
