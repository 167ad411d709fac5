/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of the database as packets of a capture (common/pcapfile.h): the columns a
 * query has to give and how a packet is made of their text.
 */
#ifndef FWLOG_COMMON_PCAP_ROW_H
#define FWLOG_COMMON_PCAP_ROW_H

#include "common/pcapfile.h"

/* In the order of pcap_row_select; bytes are in hexadecimal. */
enum pcap_column {
	PCAP_TIME, /* microseconds since 1970 */
	PCAP_HOST_ID,
	PCAP_N,
	PCAP_FAMILY,
	PCAP_HOOK,
	PCAP_GROUP,
	PCAP_ETHERTYPE,
	PCAP_IN,
	PCAP_OUT,
	PCAP_PHYSIN,
	PCAP_PHYSOUT,
	PCAP_MARK,
	PCAP_UID,
	PCAP_GID,
	PCAP_HW_TYPE,
	PCAP_LENGTH,
	PCAP_PREFIX, /* as the kernel has it, any bytes */
	PCAP_SRC_MAC,
	PCAP_DST_MAC,
	PCAP_HW_HEADER,
	PCAP_PAYLOAD,
	PCAP_COLUMNS
};

/* For a SELECT … FROM …. */
extern const char pcap_row_select[], pcap_row_from[];

/* Room for the bytes of the packet at hand. */
struct pcap_row {
	char prefix[RECORD_STRING_MAX + 1];
	uint8_t src_mac[6];
	uint8_t hw_header[RECORD_HWHEADER_MAX];
	uint8_t payload[RECORD_PAYLOAD_MAX];
};

/* value: NULL where the event has none. The packet lives as long as row stays. */
struct pcap_packet pcap_row_packet(
    struct pcap_row *row, const char *const value[PCAP_COLUMNS]);

#endif
