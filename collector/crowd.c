/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/crowd.h"

#include <string.h>

uint64_t
crowd_from(const struct session_list *list, const struct address *peer)
{
	const struct session *s;
	uint64_t n = 0;

	TAILQ_FOREACH (s, list, all)
		n += address_same_source(&s->peer, peer);
	return n;
}

struct session *
crowd_surplus(const struct session_list *list, const char *name)
{
	struct session *s, *oldest = NULL, *silent = NULL;
	unsigned n = 0;

	TAILQ_FOREACH (s, list, all) {
		if (!s->sealed || strcmp(s->who.name, name) != 0)
			continue;
		n++;
		if (oldest == NULL)
			oldest = s;
		if (silent == NULL &&
		    (s->state == SESSION_HELLO || s->state == SESSION_CLOSING))
			silent = s;
	}
	if (n < CROWD_OF_HOST_MAX)
		return NULL;
	return silent != NULL ? silent : oldest;
}

struct session *
crowd_silent(const struct session_list *list)
{
	struct session *s;

	TAILQ_FOREACH (s, list, all)
		if (s->state == SESSION_HELLO)
			return s;
	return NULL;
}
