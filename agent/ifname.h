/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interface names by index, kept up to date by the kernel's link messages; the only
 * user of libnfnetlink. A name outlives its interface, for records that were logged
 * before it went.
 */
#ifndef FWLOG_AGENT_IFNAME_H
#define FWLOG_AGENT_IFNAME_H

#include "common/record.h"

struct ifname;

/* Reads the interfaces of this process's network namespace. NULL: no memory. */
struct ifname *ifname_new(void);
/*
 * Those of another namespace, by a socket on which it tells its links (agent/netns.h),
 * taken over in any case; -1: their names remain unknown. NULL: no memory.
 */
struct ifname *ifname_new_elsewhere(int link_fd);
void ifname_free(struct ifname *n); /* NULL-safe */
/* Readable when links changed: call ifname_update then. -1 when the kernel does not
 * tell. */
int ifname_fd(const struct ifname *n);
void ifname_update(struct ifname *n);
/* Never empty: "#7" when nobody knows. Lives until the next call of this module. */
struct bytes ifname_lookup(struct ifname *n, uint32_t index);

#endif
