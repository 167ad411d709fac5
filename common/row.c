/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/row.h"

#define INFO(kind, name, sql) {ROW_##kind, #name},
const struct row_info row_info[ROW_COLUMN_COUNT] = {ROW_COLUMNS(INFO)};

#define EXPRESSION(kind, name, sql) sql " AS " #name ", "
const char row_select[] = ROW_COLUMNS(EXPRESSION) "e.host_id";

const char row_from[] = "fwlog.event e"
			" LEFT JOIN fwlog.host h ON h.host_id = e.host_id"
			" LEFT JOIN fwlog.dict_prefix p ON p.prefix_id = e.prefix_id"
			" LEFT JOIN fwlog.dict_iface i ON i.iface_id = e.in_id"
			" LEFT JOIN fwlog.dict_iface o ON o.iface_id = e.out_id"
			" LEFT JOIN fwlog.dict_iface pi ON pi.iface_id = e.physin_id"
			" LEFT JOIN fwlog.dict_iface po ON po.iface_id = e.physout_id"
			" LEFT JOIN fwlog.dict_netns s ON s.netns_id = e.netns_id";
