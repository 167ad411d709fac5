/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/host.h"

#include <stdlib.h>

struct host *
host_enter(struct hosts *hosts, const char *name)
{
	struct host *h;

	HASH_FIND_STR(hosts->by_name, name, h);
	if (h != NULL) {
		h->refs++;
		return h;
	}
	h = calloc(1, sizeof *h);
	if (h == NULL)
		return NULL;
	memcpy(h->name, name, strlen(name) + 1);
	h->hosts = hosts;
	h->refs = 1;
	h->sink = hosts->next_sink++ % hosts->sinks;
	HASH_ADD_STR(hosts->by_name, name, h);
	return h;
}

void
host_ref(struct host *h)
{
	h->refs++;
}

void
host_unref(struct host *h)
{
	if (h == NULL || --h->refs > 0)
		return;
	HASH_DEL(h->hosts->by_name, h);
	free(h);
}
