/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/ifname.h"

#include <errno.h>
#include <fcntl.h>
#include <libnfnetlink/libnfnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"

#define SLOTS 512 /* a power of two; indices that meet in one slot take turns */

struct slot {
	uint32_t index; /* 0: empty */
	uint32_t version;
	uint8_t len;
	char name[IFNAMSIZ];
};

struct ifname {
	struct nlif_handle *nlif; /* NULL: asked each time from the kernel */
	bool elsewhere;           /* in another namespace, out of our reach */
	uint32_t version;         /* of what the kernel told; older slots ask again */
	struct slot slot[SLOTS];
};

static void
start_watching(struct ifname *n, int link_fd)
{
	n->nlif = nlif_open();
	/* The library opened a socket here; the one from there takes its place. */
	if (n->nlif != NULL &&
	    (!n->elsewhere || dup3(link_fd, nlif_fd(n->nlif), O_CLOEXEC) >= 0) &&
	    nlif_query(n->nlif) >= 0)
		return;
	log_warn("interface names: the kernel's link messages cannot be read (%s); %s",
	    strerror(errno),
	    n->elsewhere ? "those of another network namespace are shown as numbers"
			 : "each name is asked for when it is first needed");
	if (n->nlif != NULL)
		nlif_close(n->nlif);
	n->nlif = NULL;
}

struct ifname *
ifname_new(void)
{
	struct ifname *n = calloc(1, sizeof *n);

	if (n != NULL)
		start_watching(n, -1);
	return n;
}

struct ifname *
ifname_new_elsewhere(int link_fd)
{
	struct ifname *n = calloc(1, sizeof *n);

	if (n != NULL) {
		n->elsewhere = true;
		start_watching(n, link_fd);
	}
	if (link_fd >= 0)
		close(link_fd);
	return n;
}

void
ifname_free(struct ifname *n)
{
	if (n == NULL)
		return;
	if (n->nlif != NULL)
		nlif_close(n->nlif);
	free(n);
}

int
ifname_fd(const struct ifname *n)
{
	return n->nlif != NULL ? nlif_fd(n->nlif) : -1;
}

void
ifname_update(struct ifname *n)
{
	if (n->nlif == NULL)
		return;
	/* Too many changes at once: what was missed must be read anew. */
	if (nlif_catch(n->nlif) < 0 && errno == ENOBUFS)
		(void)nlif_query(n->nlif);
	n->version++;
}

/* The slot keeps an old name when nobody knows a newer one. */
static void
fill(struct ifname *n, struct slot *s, uint32_t index)
{
	char name[IFNAMSIZ] = "";
	bool known = n->nlif != NULL && nlif_index2name(n->nlif, index, name) >= 0;

	if (!known && !n->elsewhere)
		known = if_indextoname(index, name) != NULL;
	if (!known && s->index == index) {
		s->version = n->version;
		return;
	}
	if (!known)
		snprintf(name, sizeof name, "#%u", index);
	s->index = index;
	s->version = n->version;
	s->len = (uint8_t)strnlen(name, sizeof name - 1);
	memcpy(s->name, name, s->len);
}

struct bytes
ifname_lookup(struct ifname *n, uint32_t index)
{
	struct slot *s = &n->slot[index % SLOTS];

	if (s->index != index || s->version != n->version)
		fill(n, s, index);
	return (struct bytes){(const uint8_t *)s->name, s->len};
}
