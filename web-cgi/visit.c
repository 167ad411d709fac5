/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/visit.h"

#include "web-cgi/bindings.h"

int
visit_refuse(struct visit *v, int status, const char *why)
{
	snprintf(v->why, sizeof v->why, "%s", why);
	return status;
}

int
visit_status(struct visit *v, enum store_status status)
{
	switch (status) {
	case STORE_OK:
		return 200;
	case STORE_AWAY:
	case STORE_NOT_READY:
		v->why[0] = '\0';
		return 503;
	case STORE_TIMEOUT:
		v->why[0] = '\0';
		return 504;
	case STORE_REFUSED:
	case STORE_STOPPED:
	case STORE_FAULT:
		break;
	}
	v->why[0] = '\0';
	return 500;
}

int
visit_store(struct visit *v, uint64_t limit_ms)
{
	enum store_status status;

	v->store = store_open(v->settings->db, limit_ms, &status);
	return v->store != NULL ? 200 : visit_status(v, status);
}

int
visit_condition(struct visit *v, struct filter_sql *sql)
{
	enum store_status status;

	if (search_sql(&v->search, v->store, BINDINGS_FIRST, sql, &v->filter_error,
		&status) == 0)
		return 200;
	if (status == STORE_OK)
		return 400;
	v->filter_error = (struct filter_error){0};
	return visit_status(v, status);
}
