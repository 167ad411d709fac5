-- SPDX-License-Identifier: GPL-2.0-or-later
-- The walls: each role can do what its program does and nothing else.

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA fwlog FROM PUBLIC;
GRANT USAGE ON SCHEMA fwlog TO fwlog_ingest, fwlog_report, fwlog_admin;
GRANT SELECT ON fwlog.schema_version TO fwlog_ingest, fwlog_report, fwlog_admin;

-- The collector adds; it cannot read back, change or remove an event.
GRANT INSERT ON fwlog.event TO fwlog_ingest;
GRANT SELECT, INSERT, UPDATE ON fwlog.stream, fwlog.host_status TO fwlog_ingest;
GRANT SELECT, UPDATE ON fwlog.host_mark TO fwlog_ingest;
GRANT SELECT, INSERT ON fwlog.loss, fwlog.quarantine TO fwlog_ingest;
GRANT SELECT ON fwlog.host, fwlog.dict_prefix, fwlog.dict_iface, fwlog.dict_netns
	TO fwlog_ingest;
GRANT EXECUTE ON FUNCTION fwlog.ensure_partition(timestamptz), fwlog.host_enter(text),
	fwlog.prefix_enter(bytea), fwlog.iface_enter(bytea), fwlog.netns_enter(bytea),
	fwlog.loss_merge(integer, bigint, bigint, timestamptz, timestamptz, text, bigint)
	TO fwlog_ingest;

-- The web page and people read views. A view runs these functions as its reader.
GRANT SELECT ON fwlog.event_full, fwlog.loss_full, fwlog.host_overview TO fwlog_report;
-- A filter is a condition over the tables behind event_full, which hides nothing of them.
GRANT SELECT ON fwlog.event, fwlog.host, fwlog.host_mark, fwlog.dict_prefix,
	fwlog.dict_iface, fwlog.dict_netns TO fwlog_report;
GRANT EXECUTE ON FUNCTION fwlog.family_name(smallint),
	fwlog.hook_name(smallint, smallint), fwlog.protocol_name(smallint),
	fwlog.tcp_flags_text(smallint), fwlog.conntrack_state_name(smallint),
	fwlog.arp_operation_name(smallint) TO fwlog_report, fwlog_admin;

-- The administrator sees all, makes partitions and clears the quarantine.
GRANT SELECT ON ALL TABLES IN SCHEMA fwlog TO fwlog_admin;
GRANT DELETE ON fwlog.quarantine TO fwlog_admin;
GRANT EXECUTE ON FUNCTION fwlog.ensure_partition(timestamptz), fwlog.bytes_text(bytea),
	fwlog.stream_forget(interval) TO fwlog_admin;
ALTER DEFAULT PRIVILEGES IN SCHEMA fwlog GRANT SELECT ON TABLES TO fwlog_admin;
