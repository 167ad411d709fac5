-- SPDX-License-Identifier: GPL-2.0-or-later
-- The star schema: a narrow fact table, dictionaries for strings, marks and losses.
-- Run by fwlog_owner inside one transaction; the roles exist (fwlogctl db init makes them).
-- host_id is in every key of what grows, no foreign keys: see docs/man/fwlog-sql.7, SCALING.

CREATE SCHEMA fwlog;
COMMENT ON SCHEMA fwlog IS 'firewall log events of all hosts (fwlog)';

CREATE TABLE fwlog.schema_version (
	version     integer PRIMARY KEY,
	name        text NOT NULL,
	applied_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE fwlog.schema_version IS 'migrations that were applied, one row each';
COMMENT ON COLUMN fwlog.schema_version.version IS 'number of the migration';
COMMENT ON COLUMN fwlog.schema_version.name IS 'file name of the migration';
COMMENT ON COLUMN fwlog.schema_version.applied_at IS 'when it was applied';

-- ---- hosts and their streams

CREATE SEQUENCE fwlog.host_id_seq AS integer;
CREATE TABLE fwlog.host (
	host_id     integer PRIMARY KEY DEFAULT nextval('fwlog.host_id_seq'),
	name        text NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9._-]{1,64}$'),
	first_seen  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE fwlog.host IS 'machines that log, by the name of their agent';
COMMENT ON COLUMN fwlog.host.host_id IS 'number of the host, key of all that is stored for it';
COMMENT ON COLUMN fwlog.host.name IS 'name of the agent';
COMMENT ON COLUMN fwlog.host.first_seen IS 'when the agent first came';

-- One row per host, locked by the transaction that adds to it: gives event.n and fences
-- two collectors or two sessions of the same agent.
CREATE TABLE fwlog.host_mark (
	host_id     integer PRIMARY KEY,
	next_n      bigint NOT NULL DEFAULT 1,
	newest      timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE fwlog.host_mark IS
	'one row per host, locked while events of the host are added';
COMMENT ON COLUMN fwlog.host_mark.host_id IS 'the host';
COMMENT ON COLUMN fwlog.host_mark.next_n IS 'number the next event of the host gets';
COMMENT ON COLUMN fwlog.host_mark.newest IS 'time of the newest event of the host';

CREATE TABLE fwlog.stream (
	host_id     integer NOT NULL,
	epoch       bigint NOT NULL,
	seq         bigint NOT NULL,
	updated     timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (host_id, epoch)
) WITH (fillfactor = 50);
COMMENT ON TABLE fwlog.stream IS
	'marks: what of each run of an agent is stored; written with the events';
COMMENT ON COLUMN fwlog.stream.host_id IS 'the host';
COMMENT ON COLUMN fwlog.stream.epoch IS 'random number of one run of the agent';
COMMENT ON COLUMN fwlog.stream.seq IS 'all records up to and including this one are stored';
COMMENT ON COLUMN fwlog.stream.updated IS 'when the mark last moved';

CREATE TABLE fwlog.host_status (
	host_id     integer PRIMARY KEY,
	connected   boolean NOT NULL DEFAULT false,
	address     text,
	software    text,
	system      text,
	last_contact timestamptz NOT NULL DEFAULT now(),
	skew_ms     bigint,
	stats       jsonb NOT NULL DEFAULT '{}',
	collector   text
) WITH (fillfactor = 50);
COMMENT ON TABLE fwlog.host_status IS 'what the agents last said of themselves';
COMMENT ON COLUMN fwlog.host_status.host_id IS 'the host';
COMMENT ON COLUMN fwlog.host_status.connected IS 'a session with its agent is open';
COMMENT ON COLUMN fwlog.host_status.address IS 'address its agent connects from';
COMMENT ON COLUMN fwlog.host_status.software IS 'name and version of the agent';
COMMENT ON COLUMN fwlog.host_status.system IS 'operating system of the host';
COMMENT ON COLUMN fwlog.host_status.last_contact IS 'when the agent was last heard';
COMMENT ON COLUMN fwlog.host_status.skew_ms IS
	'clock of the agent minus clock of the collector, milliseconds';
COMMENT ON COLUMN fwlog.host_status.stats IS 'newest counters of the agent, by name';
COMMENT ON COLUMN fwlog.host_status.collector IS
	'which collector says so: its machine and the first address it listens on';

-- ---- dictionaries: raw is what the kernel gave, the text is for people

CREATE SEQUENCE fwlog.dict_prefix_id_seq AS integer;
CREATE TABLE fwlog.dict_prefix (
	prefix_id   integer PRIMARY KEY DEFAULT nextval('fwlog.dict_prefix_id_seq'),
	raw         bytea NOT NULL UNIQUE CHECK (octet_length(raw) <= 255),
	prefix      text NOT NULL
);
COMMENT ON TABLE fwlog.dict_prefix IS 'prefixes of log rules';
COMMENT ON COLUMN fwlog.dict_prefix.prefix_id IS 'key';
COMMENT ON COLUMN fwlog.dict_prefix.raw IS 'bytes as the rule has them';
COMMENT ON COLUMN fwlog.dict_prefix.prefix IS 'text, bytes that are none as \xNN';

-- What the prefix map (0007_filters.sql) says of each prefix, so that reading an event takes
-- two look-ups by key and a search in a short array, and nothing at all when nobody asks.
CREATE TABLE fwlog.prefix_timeline (
	prefix_id   integer NOT NULL,
	host_id     integer NOT NULL,
	since       timestamptz[] NOT NULL,
	verdict     text[] NOT NULL,
	rule_name   text[] NOT NULL,
	PRIMARY KEY (prefix_id, host_id)
);
COMMENT ON TABLE fwlog.prefix_timeline IS
	'what the prefix map says of each prefix, span by span; made from it, read by event_full';
COMMENT ON COLUMN fwlog.prefix_timeline.prefix_id IS 'the prefix';
COMMENT ON COLUMN fwlog.prefix_timeline.host_id IS
	'the host it is said of, which comes first; 0: of all';
COMMENT ON COLUMN fwlog.prefix_timeline.since IS
	'when each span begins, ascending, the first at -infinity';
COMMENT ON COLUMN fwlog.prefix_timeline.verdict IS
	'accept, drop, reject or unknown in each span; null when nothing is said';
COMMENT ON COLUMN fwlog.prefix_timeline.rule_name IS 'name of the rule in each span, or null';

CREATE SEQUENCE fwlog.dict_iface_id_seq AS integer;
CREATE TABLE fwlog.dict_iface (
	iface_id    integer PRIMARY KEY DEFAULT nextval('fwlog.dict_iface_id_seq'),
	raw         bytea NOT NULL UNIQUE CHECK (octet_length(raw) <= 255),
	iface       text NOT NULL
);
COMMENT ON TABLE fwlog.dict_iface IS 'names of network interfaces';
COMMENT ON COLUMN fwlog.dict_iface.iface_id IS 'key';
COMMENT ON COLUMN fwlog.dict_iface.raw IS 'bytes as the kernel has them';
COMMENT ON COLUMN fwlog.dict_iface.iface IS 'text, bytes that are none as \xNN';

CREATE SEQUENCE fwlog.dict_netns_id_seq AS integer;
CREATE TABLE fwlog.dict_netns (
	netns_id    integer PRIMARY KEY DEFAULT nextval('fwlog.dict_netns_id_seq'),
	raw         bytea NOT NULL UNIQUE CHECK (octet_length(raw) <= 255),
	netns       text NOT NULL
);
COMMENT ON TABLE fwlog.dict_netns IS 'names of network namespaces';
COMMENT ON COLUMN fwlog.dict_netns.netns_id IS 'key';
COMMENT ON COLUMN fwlog.dict_netns.raw IS 'bytes as the configuration of the agent has them';
COMMENT ON COLUMN fwlog.dict_netns.netns IS 'text, bytes that are none as \xNN';

-- ---- facts

CREATE TABLE fwlog.event (
	ts          timestamptz NOT NULL,
	n           bigint NOT NULL,
	mark        bigint,
	uid         bigint,
	gid         bigint,
	ct_id       bigint,
	spi         bigint,
	host_id     integer NOT NULL,
	prefix_id   integer,
	in_id       integer,
	out_id      integer,
	physin_id   integer,
	physout_id  integer,
	netns_id    integer,
	nflog_group integer,
	len         integer,
	sport       integer,
	dport       integer,
	frag_offset integer,
	ethertype   integer,
	hw_type     integer,
	inner_sport integer,
	inner_dport integer,
	flags       smallint,
	family      smallint,
	hook        smallint,
	proto       smallint,
	tcp_flags   smallint,
	icmp_type   smallint,
	icmp_code   smallint,
	ttl         smallint,
	tos         smallint,
	ct_state    smallint,
	vlan_id     smallint,
	arp_op      smallint,
	inner_proto smallint,
	src_mac     macaddr,
	dst_mac     macaddr,
	src         inet,
	dst         inet,
	inner_src   inet,
	inner_dst   inet,
	hw_header   bytea,
	payload     bytea
) PARTITION BY RANGE (ts);
CREATE INDEX event_ts ON fwlog.event USING brin (ts) WITH (pages_per_range = 32);
CREATE TABLE fwlog.event_default PARTITION OF fwlog.event DEFAULT;
COMMENT ON TABLE fwlog.event IS
	'logged packets, one row each, partitioned by day (UTC); read it through event_full';
COMMENT ON TABLE fwlog.event_default IS 'events whose time is in no daily partition';
COMMENT ON COLUMN fwlog.event.host_id IS 'the host that logged';
COMMENT ON COLUMN fwlog.event.n IS 'number of the event on its host, without gaps from 1';
COMMENT ON COLUMN fwlog.event.ts IS 'time the kernel saw the packet';
COMMENT ON COLUMN fwlog.event.mark IS 'netfilter mark';
COMMENT ON COLUMN fwlog.event.uid IS 'user id of the local socket that sent it';
COMMENT ON COLUMN fwlog.event.gid IS 'group id of the local socket that sent it';
COMMENT ON COLUMN fwlog.event.ct_id IS 'conntrack entry id';
COMMENT ON COLUMN fwlog.event.spi IS 'security parameter index of AH or ESP';
COMMENT ON COLUMN fwlog.event.prefix_id IS 'prefix of the log rule (dict_prefix)';
COMMENT ON COLUMN fwlog.event.in_id IS 'input interface (dict_iface)';
COMMENT ON COLUMN fwlog.event.out_id IS 'output interface (dict_iface)';
COMMENT ON COLUMN fwlog.event.physin_id IS 'bridge port it came in by (dict_iface)';
COMMENT ON COLUMN fwlog.event.physout_id IS 'bridge port it leaves by (dict_iface)';
COMMENT ON COLUMN fwlog.event.netns_id IS 'network namespace of the firewall that logged (dict_netns)';
COMMENT ON COLUMN fwlog.event.nflog_group IS 'NFLOG group';
COMMENT ON COLUMN fwlog.event.len IS 'length of the packet in bytes, layer 3 on';
COMMENT ON COLUMN fwlog.event.sport IS 'source port';
COMMENT ON COLUMN fwlog.event.dport IS 'destination port';
COMMENT ON COLUMN fwlog.event.frag_offset IS 'offset of a fragment in bytes';
COMMENT ON COLUMN fwlog.event.ethertype IS 'EtherType';
COMMENT ON COLUMN fwlog.event.hw_type IS 'ARPHRD_* type of the input interface';
COMMENT ON COLUMN fwlog.event.inner_sport IS 'source port in the embedded packet';
COMMENT ON COLUMN fwlog.event.inner_dport IS 'destination port in the embedded packet';
COMMENT ON COLUMN fwlog.event.flags IS '1: time is the agent''s, 2: payload is cut';
COMMENT ON COLUMN fwlog.event.family IS '2 inet, 3 arp, 5 netdev, 7 bridge, 10 inet6: where it was logged';
COMMENT ON COLUMN fwlog.event.hook IS 'netfilter hook: 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting';
COMMENT ON COLUMN fwlog.event.proto IS 'IP protocol number';
COMMENT ON COLUMN fwlog.event.tcp_flags IS 'TCP flags: 1 FIN, 2 SYN, 4 RST, 8 PSH, 16 ACK, 32 URG, 64 ECE, 128 CWR';
COMMENT ON COLUMN fwlog.event.icmp_type IS 'ICMP, ICMPv6 or IGMP type';
COMMENT ON COLUMN fwlog.event.icmp_code IS 'ICMP or ICMPv6 code';
COMMENT ON COLUMN fwlog.event.ttl IS 'time to live or hop limit';
COMMENT ON COLUMN fwlog.event.tos IS 'type of service or traffic class';
COMMENT ON COLUMN fwlog.event.ct_state IS 'conntrack state: 0 established, 1 related, 2 new, +3 in reply direction, 7 untracked';
COMMENT ON COLUMN fwlog.event.vlan_id IS 'VLAN id of the outermost tag';
COMMENT ON COLUMN fwlog.event.arp_op IS 'ARP operation: 1 request, 2 reply';
COMMENT ON COLUMN fwlog.event.inner_proto IS 'IP protocol in the embedded packet';
COMMENT ON COLUMN fwlog.event.src_mac IS 'source hardware address';
COMMENT ON COLUMN fwlog.event.dst_mac IS 'destination hardware address';
COMMENT ON COLUMN fwlog.event.src IS 'source address';
COMMENT ON COLUMN fwlog.event.dst IS 'destination address';
COMMENT ON COLUMN fwlog.event.inner_src IS 'source address in the embedded packet';
COMMENT ON COLUMN fwlog.event.inner_dst IS 'destination address in the embedded packet';
COMMENT ON COLUMN fwlog.event.hw_header IS 'link-layer header where it is not plain Ethernet';
COMMENT ON COLUMN fwlog.event.payload IS 'the first bytes of the packet from layer 3 on';

CREATE TABLE fwlog.loss (
	host_id     integer NOT NULL,
	epoch       bigint NOT NULL,
	seq         bigint NOT NULL,
	from_ts     timestamptz NOT NULL,
	to_ts       timestamptz NOT NULL,
	cause       text NOT NULL CHECK (cause IN ('kernel', 'spool_full', 'agent_down',
	            'filtered', 'rate_limited', 'corrupt', 'quarantined')),
	records     bigint CHECK (records >= 0),
	nflog_group integer,
	noted       timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (host_id, epoch, seq, cause)
);
CREATE INDEX loss_from ON fwlog.loss (from_ts);
COMMENT ON TABLE fwlog.loss IS 'records that are missing: how many, when and why';
COMMENT ON COLUMN fwlog.loss.host_id IS 'the host';
COMMENT ON COLUMN fwlog.loss.epoch IS 'run of the agent that noted it';
COMMENT ON COLUMN fwlog.loss.seq IS
	'number of the loss, or of the first lost record; negative: many losses of an hour';
COMMENT ON COLUMN fwlog.loss.from_ts IS 'not before this time';
COMMENT ON COLUMN fwlog.loss.to_ts IS 'not after this time';
COMMENT ON COLUMN fwlog.loss.cause IS
	'kernel, spool_full, agent_down, filtered, rate_limited, corrupt or quarantined';
COMMENT ON COLUMN fwlog.loss.records IS 'how many are missing; null when nobody can know';
COMMENT ON COLUMN fwlog.loss.nflog_group IS 'NFLOG group concerned; null when none or all';
COMMENT ON COLUMN fwlog.loss.noted IS 'when the collector stored this row';

CREATE TABLE fwlog.quarantine (
	host_id     integer NOT NULL,
	epoch       bigint NOT NULL,
	first_seq   bigint NOT NULL,
	records     integer NOT NULL,
	reason      text NOT NULL,
	raw         bytea NOT NULL,
	noted       timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (host_id, epoch, first_seq)
);
CREATE INDEX quarantine_noted ON fwlog.quarantine (noted);
COMMENT ON TABLE fwlog.quarantine IS 'batches that could not be stored, kept as they came';
COMMENT ON COLUMN fwlog.quarantine.host_id IS 'the host';
COMMENT ON COLUMN fwlog.quarantine.epoch IS 'run of the agent';
COMMENT ON COLUMN fwlog.quarantine.first_seq IS 'number of the first record';
COMMENT ON COLUMN fwlog.quarantine.records IS 'how many records';
COMMENT ON COLUMN fwlog.quarantine.reason IS 'what was refused, by whom';
COMMENT ON COLUMN fwlog.quarantine.raw IS 'the frame, byte for byte (docs/protocol.md)';
COMMENT ON COLUMN fwlog.quarantine.noted IS 'when it was put aside';
