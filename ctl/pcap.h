/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fwlogctl pcap: the packets a filter selects, as a capture file. */
#ifndef FWLOG_CTL_PCAP_H
#define FWLOG_CTL_PCAP_H

#include "ctl/args.h"

int pcap_run(const struct args *args);

#endif
