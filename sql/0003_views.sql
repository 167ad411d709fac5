-- SPDX-License-Identifier: GPL-2.0-or-later
-- What people query: names in plain words instead of numbers.

-- ---- numbers to names

CREATE FUNCTION fwlog.family_name(family smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE family WHEN 1 THEN 'inet' WHEN 2 THEN 'ipv4' WHEN 3 THEN 'arp'
	       WHEN 5 THEN 'netdev' WHEN 7 THEN 'bridge' WHEN 10 THEN 'ipv6'
	       ELSE family::text END
$$;
COMMENT ON FUNCTION fwlog.family_name(smallint) IS
	'name of a netfilter family: ipv4, ipv6, arp, bridge, netdev, inet';

CREATE FUNCTION fwlog.hook_name(family smallint, hook smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE
	       WHEN family = 3 THEN
	           CASE hook WHEN 0 THEN 'input' WHEN 1 THEN 'output' WHEN 2 THEN 'forward'
	           ELSE hook::text END
	       WHEN family = 5 THEN
	           CASE hook WHEN 0 THEN 'ingress' WHEN 1 THEN 'egress' ELSE hook::text END
	       ELSE
	           CASE hook WHEN 0 THEN 'prerouting' WHEN 1 THEN 'input' WHEN 2 THEN 'forward'
	           WHEN 3 THEN 'output' WHEN 4 THEN 'postrouting' WHEN 5 THEN 'ingress'
	           ELSE hook::text END
	       END
$$;
COMMENT ON FUNCTION fwlog.hook_name(smallint, smallint) IS
	'name of a hook of a netfilter family: prerouting, input, forward, output …';

CREATE FUNCTION fwlog.protocol_name(proto smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE proto WHEN 0 THEN 'hopopt' WHEN 1 THEN 'icmp' WHEN 2 THEN 'igmp'
	       WHEN 4 THEN 'ipip' WHEN 6 THEN 'tcp' WHEN 8 THEN 'egp' WHEN 17 THEN 'udp'
	       WHEN 33 THEN 'dccp' WHEN 41 THEN 'ipv6' WHEN 43 THEN 'ipv6-route'
	       WHEN 44 THEN 'ipv6-frag' WHEN 46 THEN 'rsvp' WHEN 47 THEN 'gre'
	       WHEN 50 THEN 'esp' WHEN 51 THEN 'ah' WHEN 58 THEN 'ipv6-icmp'
	       WHEN 59 THEN 'ipv6-nonxt' WHEN 60 THEN 'ipv6-opts' WHEN 88 THEN 'eigrp'
	       WHEN 89 THEN 'ospf' WHEN 97 THEN 'etherip' WHEN 103 THEN 'pim'
	       WHEN 108 THEN 'ipcomp' WHEN 112 THEN 'vrrp' WHEN 115 THEN 'l2tp'
	       WHEN 132 THEN 'sctp' WHEN 135 THEN 'mobility-header' WHEN 136 THEN 'udplite'
	       WHEN 137 THEN 'mpls-in-ip' ELSE proto::text END
$$;
COMMENT ON FUNCTION fwlog.protocol_name(smallint) IS
	'name of an IP protocol: tcp, udp, icmp, ipv6-icmp, sctp …; else the number';

CREATE FUNCTION fwlog.tcp_flags_text(flags smallint) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN flags IS NOT NULL THEN concat_ws(',',
	       CASE WHEN flags & 2 <> 0 THEN 'SYN' END,
	       CASE WHEN flags & 1 <> 0 THEN 'FIN' END,
	       CASE WHEN flags & 4 <> 0 THEN 'RST' END,
	       CASE WHEN flags & 8 <> 0 THEN 'PSH' END,
	       CASE WHEN flags & 16 <> 0 THEN 'ACK' END,
	       CASE WHEN flags & 32 <> 0 THEN 'URG' END,
	       CASE WHEN flags & 64 <> 0 THEN 'ECE' END,
	       CASE WHEN flags & 128 <> 0 THEN 'CWR' END) END
$$;
COMMENT ON FUNCTION fwlog.tcp_flags_text(smallint) IS
	'TCP flags as text: SYN,ACK; empty when none is set';

CREATE FUNCTION fwlog.conntrack_state_name(state smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE state WHEN 0 THEN 'established' WHEN 1 THEN 'related' WHEN 2 THEN 'new'
	       WHEN 3 THEN 'established,reply' WHEN 4 THEN 'related,reply'
	       WHEN 5 THEN 'new,reply' WHEN 7 THEN 'untracked' ELSE state::text END
$$;
COMMENT ON FUNCTION fwlog.conntrack_state_name(smallint) IS
	'state of a connection: new, established, related, untracked; with ,reply on the way back';

CREATE FUNCTION fwlog.arp_operation_name(op smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE op WHEN 1 THEN 'request' WHEN 2 THEN 'reply' ELSE op::text END
$$;
COMMENT ON FUNCTION fwlog.arp_operation_name(smallint) IS 'ARP operation: request, reply';

-- ---- events

-- Outer joins on keys: the planner leaves out those a query does not ask for. What is said of
-- the prefix on one host (vh) goes before what is said of it everywhere (va).
CREATE VIEW fwlog.event_full AS
SELECT e.ts AS time,
       h.name AS host,
       p.prefix,
       coalesce(vh.verdict[width_bucket(e.ts, vh.since)],
                va.verdict[width_bucket(e.ts, va.since)], 'unknown') AS verdict,
       CASE WHEN vh.verdict[width_bucket(e.ts, vh.since)] IS NOT NULL
            THEN vh.rule_name[width_bucket(e.ts, vh.since)]
            ELSE va.rule_name[width_bucket(e.ts, va.since)] END AS rule_name,
       fwlog.family_name(e.family) AS family,
       fwlog.hook_name(e.family, e.hook) AS hook,
       i.iface AS in_iface,
       o.iface AS out_iface,
       pi.iface AS physin_iface,
       po.iface AS physout_iface,
       e.src AS src_ip,
       e.sport AS src_port,
       e.dst AS dst_ip,
       e.dport AS dst_port,
       fwlog.protocol_name(e.proto) AS protocol,
       e.proto AS protocol_number,
       fwlog.tcp_flags_text(e.tcp_flags) AS tcp_flags,
       e.icmp_type,
       e.icmp_code,
       e.len AS length,
       e.ttl,
       e.tos,
       e.frag_offset AS fragment_offset,
       e.spi,
       fwlog.arp_operation_name(e.arp_op) AS arp_operation,
       e.inner_src AS inner_src_ip,
       e.inner_sport AS inner_src_port,
       e.inner_dst AS inner_dst_ip,
       e.inner_dport AS inner_dst_port,
       fwlog.protocol_name(e.inner_proto) AS inner_protocol,
       e.src_mac,
       e.dst_mac,
       e.vlan_id,
       e.ethertype,
       e.hw_type,
       e.mark,
       e.uid,
       e.gid,
       fwlog.conntrack_state_name(e.ct_state) AS conntrack_state,
       e.ct_id AS conntrack_id,
       s.netns,
       e.nflog_group,
       e.flags & 1 <> 0 AS time_from_agent,
       e.flags & 2 <> 0 AS payload_cut,
       e.hw_header,
       e.payload,
       e.host_id,
       e.n
FROM fwlog.event e
LEFT JOIN fwlog.host h ON h.host_id = e.host_id
LEFT JOIN fwlog.dict_prefix p ON p.prefix_id = e.prefix_id
LEFT JOIN fwlog.prefix_timeline vh ON vh.prefix_id = e.prefix_id AND vh.host_id = e.host_id
LEFT JOIN fwlog.prefix_timeline va ON va.prefix_id = e.prefix_id AND va.host_id = 0
LEFT JOIN fwlog.dict_iface i ON i.iface_id = e.in_id
LEFT JOIN fwlog.dict_iface o ON o.iface_id = e.out_id
LEFT JOIN fwlog.dict_iface pi ON pi.iface_id = e.physin_id
LEFT JOIN fwlog.dict_iface po ON po.iface_id = e.physout_id
LEFT JOIN fwlog.dict_netns s ON s.netns_id = e.netns_id;
COMMENT ON VIEW fwlog.event_full IS 'logged packets, names in plain words; always give a range of time';
COMMENT ON COLUMN fwlog.event_full.time IS 'time the kernel saw the packet';
COMMENT ON COLUMN fwlog.event_full.host IS 'machine that logged';
COMMENT ON COLUMN fwlog.event_full.prefix IS 'prefix of the log rule; bytes that are no text as \xNN';
COMMENT ON COLUMN fwlog.event_full.verdict IS 'accept, drop, reject or unknown: what the prefix map says of the prefix at that time';
COMMENT ON COLUMN fwlog.event_full.rule_name IS 'name of the rule, by the prefix map';
COMMENT ON COLUMN fwlog.event_full.family IS 'where it was logged: ipv4, ipv6, arp, bridge, netdev, inet';
COMMENT ON COLUMN fwlog.event_full.hook IS 'netfilter hook: prerouting, input, forward, output, postrouting, ingress, egress';
COMMENT ON COLUMN fwlog.event_full.in_iface IS 'input interface';
COMMENT ON COLUMN fwlog.event_full.out_iface IS 'output interface';
COMMENT ON COLUMN fwlog.event_full.physin_iface IS 'bridge port it came in by';
COMMENT ON COLUMN fwlog.event_full.physout_iface IS 'bridge port it leaves by';
COMMENT ON COLUMN fwlog.event_full.src_ip IS 'source address';
COMMENT ON COLUMN fwlog.event_full.src_port IS 'source port';
COMMENT ON COLUMN fwlog.event_full.dst_ip IS 'destination address';
COMMENT ON COLUMN fwlog.event_full.dst_port IS 'destination port';
COMMENT ON COLUMN fwlog.event_full.protocol IS 'transport protocol: tcp, udp, icmp, ipv6-icmp …; else its number';
COMMENT ON COLUMN fwlog.event_full.protocol_number IS 'IP protocol number';
COMMENT ON COLUMN fwlog.event_full.tcp_flags IS 'TCP flags that are set: SYN,ACK';
COMMENT ON COLUMN fwlog.event_full.icmp_type IS 'ICMP, ICMPv6 or IGMP type';
COMMENT ON COLUMN fwlog.event_full.icmp_code IS 'ICMP or ICMPv6 code';
COMMENT ON COLUMN fwlog.event_full.length IS 'length of the packet in bytes, layer 3 on';
COMMENT ON COLUMN fwlog.event_full.ttl IS 'time to live or hop limit';
COMMENT ON COLUMN fwlog.event_full.tos IS 'type of service or traffic class';
COMMENT ON COLUMN fwlog.event_full.fragment_offset IS 'offset of a fragment in bytes';
COMMENT ON COLUMN fwlog.event_full.spi IS 'security parameter index of AH or ESP';
COMMENT ON COLUMN fwlog.event_full.arp_operation IS 'ARP operation: request, reply';
COMMENT ON COLUMN fwlog.event_full.inner_src_ip IS 'source address in the packet an ICMP error or a tunnel carries';
COMMENT ON COLUMN fwlog.event_full.inner_src_port IS 'source port in the carried packet';
COMMENT ON COLUMN fwlog.event_full.inner_dst_ip IS 'destination address in the carried packet';
COMMENT ON COLUMN fwlog.event_full.inner_dst_port IS 'destination port in the carried packet';
COMMENT ON COLUMN fwlog.event_full.inner_protocol IS 'transport protocol of the carried packet';
COMMENT ON COLUMN fwlog.event_full.src_mac IS 'source hardware address';
COMMENT ON COLUMN fwlog.event_full.dst_mac IS 'destination hardware address';
COMMENT ON COLUMN fwlog.event_full.vlan_id IS 'VLAN id of the outermost tag';
COMMENT ON COLUMN fwlog.event_full.ethertype IS 'EtherType';
COMMENT ON COLUMN fwlog.event_full.hw_type IS 'ARPHRD_* type of the input interface';
COMMENT ON COLUMN fwlog.event_full.mark IS 'netfilter mark';
COMMENT ON COLUMN fwlog.event_full.uid IS 'user id of the local socket that sent it';
COMMENT ON COLUMN fwlog.event_full.gid IS 'group id of the local socket that sent it';
COMMENT ON COLUMN fwlog.event_full.conntrack_state IS 'new, established, related, untracked; with ,reply on the way back';
COMMENT ON COLUMN fwlog.event_full.conntrack_id IS 'conntrack entry id';
COMMENT ON COLUMN fwlog.event_full.netns IS 'network namespace of the firewall that logged';
COMMENT ON COLUMN fwlog.event_full.nflog_group IS 'NFLOG group';
COMMENT ON COLUMN fwlog.event_full.time_from_agent IS 'the kernel gave no time, it is the agent''s';
COMMENT ON COLUMN fwlog.event_full.payload_cut IS 'payload is shorter than the packet';
COMMENT ON COLUMN fwlog.event_full.hw_header IS 'link-layer header where it is not plain Ethernet';
COMMENT ON COLUMN fwlog.event_full.payload IS 'the first bytes of the packet from layer 3 on';
COMMENT ON COLUMN fwlog.event_full.host_id IS 'number of the host';
COMMENT ON COLUMN fwlog.event_full.n IS 'number of the event on its host; (host_id, n) names an event';

-- ---- hosts and losses

CREATE VIEW fwlog.loss_full AS
SELECT l.from_ts AS from_time,
       l.to_ts AS to_time,
       h.name AS host,
       l.cause,
       l.records,
       l.nflog_group,
       l.noted,
       l.host_id
FROM fwlog.loss l
LEFT JOIN fwlog.host h ON h.host_id = l.host_id;
COMMENT ON VIEW fwlog.loss_full IS 'records that are missing, with the name of the host';
COMMENT ON COLUMN fwlog.loss_full.from_time IS 'not before this time';
COMMENT ON COLUMN fwlog.loss_full.to_time IS 'not after this time';
COMMENT ON COLUMN fwlog.loss_full.host IS 'machine whose records are missing';
COMMENT ON COLUMN fwlog.loss_full.cause IS 'kernel, spool_full, agent_down, filtered, rate_limited, corrupt or quarantined';
COMMENT ON COLUMN fwlog.loss_full.records IS 'how many are missing; null when nobody can know';
COMMENT ON COLUMN fwlog.loss_full.nflog_group IS 'NFLOG group concerned; null when none or all';
COMMENT ON COLUMN fwlog.loss_full.noted IS 'when the collector stored it';
COMMENT ON COLUMN fwlog.loss_full.host_id IS 'number of the host';

CREATE VIEW fwlog.host_overview AS
SELECT h.name AS host,
       m.newest AS last_event,
       m.next_n - 1 AS events,
       s.connected,
       s.last_contact,
       l.lost,
       l.losses_unknown,
       s.skew_ms,
       s.address,
       s.software,
       s.system,
       s.stats,
       h.first_seen,
       h.host_id
FROM fwlog.host h
LEFT JOIN fwlog.host_mark m ON m.host_id = h.host_id
LEFT JOIN fwlog.host_status s ON s.host_id = h.host_id
LEFT JOIN LATERAL (
	-- An agent may claim any number as lost; no claim may break the view.
	SELECT least(coalesce(sum(records), 0), 9223372036854775807)::bigint AS lost,
	       count(*) FILTER (WHERE records IS NULL) AS losses_unknown
	FROM fwlog.loss WHERE host_id = h.host_id) l ON true;
COMMENT ON VIEW fwlog.host_overview IS 'one row per machine that ever logged: is it there, is all there';
COMMENT ON COLUMN fwlog.host_overview.host IS 'name of the machine';
COMMENT ON COLUMN fwlog.host_overview.last_event IS 'time of its newest event';
COMMENT ON COLUMN fwlog.host_overview.events IS 'events stored, ever';
COMMENT ON COLUMN fwlog.host_overview.connected IS 'a session with its agent is open';
COMMENT ON COLUMN fwlog.host_overview.last_contact IS 'when its agent was last heard';
COMMENT ON COLUMN fwlog.host_overview.lost IS 'records known to be missing, ever';
COMMENT ON COLUMN fwlog.host_overview.losses_unknown IS 'times when records are missing and nobody can know how many';
COMMENT ON COLUMN fwlog.host_overview.skew_ms IS 'clock of the agent minus clock of the collector, milliseconds';
COMMENT ON COLUMN fwlog.host_overview.address IS 'address its agent connects from';
COMMENT ON COLUMN fwlog.host_overview.software IS 'name and version of its agent';
COMMENT ON COLUMN fwlog.host_overview.system IS 'its operating system';
COMMENT ON COLUMN fwlog.host_overview.stats IS 'newest counters of its agent, by name';
COMMENT ON COLUMN fwlog.host_overview.first_seen IS 'when its agent first came';
COMMENT ON COLUMN fwlog.host_overview.host_id IS 'number of the host';
