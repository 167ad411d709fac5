/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who holds an NFLOG group: for the message that says why it cannot be had. */
#ifndef FWLOG_AGENT_NFLOG_OWNER_H
#define FWLOG_AGENT_NFLOG_OWNER_H

#include <stddef.h>
#include <stdint.h>

/*
 * "ulogd (pid 812)" by /proc/net and the file descriptors of all processes, as far as
 * this process may see them; else "another process (ulogd2? another fwlog-agent?)".
 */
void nflog_owner(uint16_t group, char *buf, size_t size);

#endif
