/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Style sheet and script, under names that change with them. */
#include <string.h>

#include "web-cgi/page.h"
#include "web-cgi/route.h"

int
page_asset(struct visit *v)
{
	char name[PAGE_ASSET_NAME];

	for (const struct embedded *a = assets; a->name != NULL; a++) {
		page_asset_name(a, name);
		if (strcmp(v->rest, name) != 0)
			continue;
		v->out.type = strstr(name, ".js") != NULL ? TYPE_SCRIPT : TYPE_CSS;
		v->out.immutable = true;
		v->out.body = (const char *)a->bytes;
		v->out.len = a->len;
		return 200;
	}
	return visit_refuse(v, 404, "");
}
