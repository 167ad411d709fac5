/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/health.h"

#include <string.h>

bool
health_reports(const struct host_row *host, int64_t now)
{
	return host->connected && host->last_contact != STORE_NONE &&
	       now - host->last_contact <= HEALTH_SILENT;
}

bool
health_is_wanted(const struct loss_row *loss)
{
	return strcmp(loss->cause, "filtered") == 0 ||
	       strcmp(loss->cause, "rate_limited") == 0;
}

static void
judge_host(struct health *health, const struct host_row *host, int64_t now)
{
	health->agents++;
	health->stored += host->events;
	if (host->last_event > health->newest)
		health->newest = host->last_event;
	if (health_reports(host, now))
		health->reporting++;
	else if (health->quietest == NULL ||
		 host->last_contact < health->quietest->last_contact)
		health->quietest = host;
}

void
health_judge(struct health *health, const struct ledger *l, int64_t now)
{
	*health = (struct health){.newest = STORE_NONE};
	for (int i = 0; i < l->hosts_count; i++)
		judge_host(health, &l->hosts[i], now);
	for (int i = 0; i < l->losses_count; i++) {
		if (health_is_wanted(&l->losses[i])) {
			health->left_out += l->losses[i].records;
		} else {
			health->missing += l->losses[i].records;
			health->unknown += l->losses[i].unknown;
		}
	}
}
