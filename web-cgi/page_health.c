/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For monitoring: 200 or 503, no data, no login. */
#include <string.h>

#include "web-cgi/route.h"

int
page_health(struct visit *v)
{
	int status = visit_store(v, v->settings->timeout_ms);

	if (status == 200)
		status = visit_status(v, store_ping(v->store));
	v->out.type = TYPE_TEXT;
	v->out.body = status == 200 ? "ok\n" : "database not available\n";
	v->out.len = strlen(v->out.body);
	return status == 200 ? 200 : 503;
}
