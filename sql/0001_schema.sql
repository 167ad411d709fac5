-- SPDX-License-Identifier: GPL-2.0-or-later
-- The star schema: a narrow fact table, dictionaries for strings, marks and losses.
-- Run by the owner inside one transaction; the roles exist (fwlogctl db init makes them).

CREATE SCHEMA fwlog;
COMMENT ON SCHEMA fwlog IS 'firewall log events of all hosts (fwlog)';

CREATE TABLE fwlog.schema_version (
	version     integer PRIMARY KEY,
	name        text NOT NULL,
	applied_at  timestamptz NOT NULL DEFAULT now()
);

-- ---- hosts and their streams

CREATE TABLE fwlog.host (
	host_id     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name        text NOT NULL UNIQUE,
	first_seen  timestamptz NOT NULL DEFAULT now()
);

-- One row per host, locked by the transaction that adds to it: gives event.n and fences
-- two collectors or two sessions of the same agent.
CREATE TABLE fwlog.host_mark (
	host_id     integer PRIMARY KEY,
	next_n      bigint NOT NULL DEFAULT 1,
	newest      timestamptz
);

CREATE TABLE fwlog.stream (
	host_id     integer NOT NULL,
	epoch       bigint NOT NULL,
	seq         bigint NOT NULL,
	updated     timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (host_id, epoch)
);

CREATE TABLE fwlog.host_status (
	host_id     integer PRIMARY KEY,
	connected   boolean NOT NULL DEFAULT false,
	address     text,
	software    text,
	system      text,
	last_contact timestamptz NOT NULL DEFAULT now(),
	skew_ms     bigint,
	stats       jsonb NOT NULL DEFAULT '{}'
);

-- ---- dictionaries: raw is what the kernel gave, the text is for people

CREATE TABLE fwlog.dict_prefix (
	prefix_id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	raw         bytea NOT NULL UNIQUE,
	prefix      text NOT NULL
);
CREATE TABLE fwlog.dict_iface (
	iface_id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	raw         bytea NOT NULL UNIQUE,
	iface       text NOT NULL
);
CREATE TABLE fwlog.dict_netns (
	netns_id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	raw         bytea NOT NULL UNIQUE,
	netns       text NOT NULL
);

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
