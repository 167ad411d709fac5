/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture against datagrams made by hand, byte by byte as the kernel lays them out, on
 * a pair of datagram sockets (which know MSG_PEEK and MSG_TRUNC as netlink does). The
 * spool is replaced by one that keeps what it is given.
 */
#include <arpa/inet.h>
#include <check.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/capture.h"
#include "agent/nflog.h"

#define BIND UINT64_C(0x1122334455667788)
#define BOUND_US UINT64_C(1700000000000000)

/* ---- the spool that remembers */

#define KEEP 64
static struct kept {
	struct batch_head head;
	struct record rec[32];
	char prefix[32][256];
	uint16_t prefix_len[32];
	char in[32][32], netns[32][32];
	uint8_t frame[1 << 17];
	struct batch_reader *reader; /* holds what the records point into */
} kept[KEEP];
static unsigned batches;
static struct loss losses[KEEP];
static unsigned nlosses;
static bool order[2 * KEEP]; /* true: a loss */
static unsigned norder;
static struct spool_source known[4];
static size_t nknown;
static bool resume;
static uint32_t resume_kseq;
static int append_result;

int
spool_append_batch(
    struct spool *s, struct batch_writer *w, const struct batch_source *source)
{
	struct batch_head head = {.epoch = 1, .first_seq = 1, .source = *source};
	struct bytes_view v = batch_finish(w, &head);
	struct kept *k = &kept[batches];
	struct batch_reader *r = k->reader = batch_reader_new();
	const char *why = "";
	unsigned n = 0;

	(void)s;
	ck_assert_uint_lt(batches, KEEP);
	ck_assert_uint_le(v.len, sizeof k->frame);
	memcpy(k->frame, v.p, v.len);
	ck_assert_msg(batch_open(r, k->frame + 5, v.len - 5, &why) == 0, "%s", why);
	k->head = *batch_reader_head(r);
	while (n < 32 && batch_next(r, &k->rec[n]) == 1) {
		struct bytes b = batch_string(r, k->rec[n].prefix);

		if (RECORD_HAS(&k->rec[n], prefix)) {
			memcpy(k->prefix[n], b.p, b.len);
			k->prefix_len[n] = b.len;
		}
		if (RECORD_HAS(&k->rec[n], in)) {
			b = batch_string(r, k->rec[n].in);
			snprintf(k->in[n], sizeof k->in[n], "%.*s", b.len,
			    (const char *)b.p);
		}
		if (RECORD_HAS(&k->rec[n], netns)) {
			b = batch_string(r, k->rec[n].netns);
			snprintf(k->netns[n], sizeof k->netns[n], "%.*s", b.len,
			    (const char *)b.p);
		}
		n++;
	}
	batches++;
	order[norder++] = false;
	return 0;
}

int
spool_append_loss(struct spool *s, const struct loss *loss)
{
	(void)s;
	ck_assert_uint_lt(nlosses, KEEP);
	losses[nlosses++] = *loss;
	order[norder++] = true;
	return append_result;
}

static struct filtered filtereds[KEEP];
static char filtered_prefix[KEEP][FILTERED_MAX][256];
static unsigned nfiltereds, group_ends;
static bool in_group, group_full;

int
spool_append_filtered(struct spool *s, struct filtered *m)
{
	(void)s;
	ck_assert(in_group);
	ck_assert_uint_lt(nfiltereds, KEEP);
	for (int i = 0; i < m->entries; i++)
		snprintf(filtered_prefix[nfiltereds][i], 256, "%.*s",
		    m->entry[i].prefix.len, (const char *)m->entry[i].prefix.p);
	filtereds[nfiltereds++] = *m;
	return 0;
}

void
spool_group_begin(struct spool *s)
{
	(void)s;
	ck_assert(!in_group);
	in_group = true;
}

bool
spool_group_full(const struct spool *s)
{
	(void)s;
	return group_full;
}

int
spool_group_end(struct spool *s)
{
	(void)s;
	ck_assert(in_group);
	in_group = false;
	group_ends++;
	return append_result;
}

bool
spool_source_last(const struct spool *s, uint64_t bind_id, uint32_t *kseq)
{
	(void)s;
	if (!resume || bind_id != BIND)
		return false;
	*kseq = resume_kseq;
	return true;
}

size_t
spool_sources(const struct spool *s, struct spool_source *out, size_t max)
{
	(void)s;
	ck_assert_uint_ge(max, nknown);
	memcpy(out, known, nknown * sizeof *out);
	return nknown;
}

/* ---- datagrams */

static _Alignas(8) uint8_t dgram[1 << 16];
static size_t dlen, msg_at;

static void
attr(uint16_t type, const void *data, size_t len)
{
	struct nlattr a = {.nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type};
	size_t total = NLA_ALIGN(a.nla_len);

	ck_assert_uint_le(dlen + total, sizeof dgram);
	memset(dgram + dlen, 0, total);
	memcpy(dgram + dlen, &a, sizeof a);
	if (len > 0)
		memcpy(dgram + dlen + NLA_HDRLEN, data, len);
	dlen += total;
}

static void
attr32(uint16_t type, uint32_t v)
{
	v = htonl(v);
	attr(type, &v, sizeof v);
}

static void
message_begin(uint16_t type)
{
	struct nlmsghdr h = {.nlmsg_type = type};
	struct nfgenmsg g = {.nfgen_family = 2, .res_id = htons(5)};

	msg_at = dlen;
	memcpy(dgram + dlen, &h, sizeof h);
	memcpy(dgram + dlen + NLMSG_HDRLEN, &g, sizeof g);
	dlen += NLMSG_HDRLEN + NLMSG_ALIGN(sizeof g);
}

static void
message_end(void)
{
	uint32_t len = (uint32_t)(dlen - msg_at);

	memcpy(dgram + msg_at, &len, sizeof len);
}

#define PACKET (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET)

static const uint8_t udp4[] = {0x45, 0, 0, 200, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1,
    10, 0, 0, 2, 0, 53, 0, 54, 0, 180, 0, 0};

static void
packet_open(uint32_t kseq, uint64_t sec)
{
	const uint8_t hdr[4] = {0x08, 0x00, 1, 0};
	uint64_t ts[2] = {htobe64(sec), htobe64(7)};

	message_begin(PACKET);
	attr(NFULA_PACKET_HDR, hdr, sizeof hdr);
	if (sec != 0)
		attr(NFULA_TIMESTAMP, ts, sizeof ts);
	attr32(NFULA_SEQ, kseq);
}

static void
simple(uint32_t kseq)
{
	packet_open(kseq, 1700000100 + kseq);
	attr(NFULA_PREFIX, "drop ", 6);
	attr(NFULA_PAYLOAD, udp4, sizeof udp4);
	message_end();
}

/* A record of the same second as all others of its kind. */
static void
packet_to(uint32_t kseq, uint16_t dport, const char *prefix)
{
	uint8_t ip[sizeof udp4];

	memcpy(ip, udp4, sizeof ip);
	ip[22] = (uint8_t)(dport >> 8);
	ip[23] = (uint8_t)dport;
	packet_open(kseq, 1700000130);
	attr(NFULA_PREFIX, prefix, strlen(prefix) + 1);
	attr(NFULA_PAYLOAD, ip, sizeof ip);
	message_end();
}

/* ---- the capture under test */

static struct options options;
static struct filters_local *local;
static struct filtering *filters;
static struct capture *cap;
static struct capture_group *grp;
static struct ifname *names;
static int peer;

static void
start_in(const char *netns)
{
	struct binding b = {
	    .bind_id = BIND, .bound_us = BOUND_US, .group = 5, .link_fd = -1};
	int pair[2];

	snprintf(b.netns, sizeof b.netns, "%s", netns);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	b.fd = pair[0];
	peer = pair[1];
	names = ifname_new();
	cap = capture_new(NULL, names, NULL, 1);
	if (filters != NULL)
		capture_use_filters(cap, filters);
	grp = capture_add(cap, &b, false);
	ck_assert_ptr_nonnull(grp);
}

static void
start(void)
{
	start_in("");
}

/* With these filters of the agent's own. */
static void
start_with(const char *const *lines)
{
	struct conf_errors errors = {.out = stderr};

	memset(&options, 0, sizeof options);
	conf_defaults(&options_spec, "", &options);
	for (; *lines != NULL; lines++)
		ck_assert_int_eq(conf_set(&options_spec, *lines, &options, &errors), 0);
	ck_assert_int_eq(
	    conf_set(&options_spec, "group 5/snaplen=64", &options, &errors), 0);
	local = filters_local_new(&options);
	filters = filters_new("/nonexistent", "fw1", local);
	ck_assert(local != NULL && filters != NULL);
	start();
}

static void
setup(void)
{
	batches = nlosses = norder = nfiltereds = group_ends = 0;
	in_group = group_full = false;
	memset(kept, 0, sizeof kept);
	nknown = 0;
	resume = false;
	append_result = 0;
	dlen = 0;
}

static void
teardown(void)
{
	for (unsigned i = 0; i < batches; i++)
		batch_reader_free(kept[i].reader);
	capture_free(cap);
	ifname_free(names);
	close(peer);
	cap = NULL;
	filters_free(filters);
	filters_local_free(local);
	options_free(&options);
	filters = NULL;
	local = NULL;
}

static void
put_on_wire(void)
{
	ck_assert_int_eq(send(peer, dgram, dlen, 0), (ssize_t)dlen);
	dlen = 0;
}

static unsigned
deliver(void)
{
	put_on_wire();
	return capture_read(grp, CAPTURE_TURN);
}

static struct capture_counters
counters(void)
{
	struct capture_counters c;

	ck_assert_uint_eq(capture_counters(cap, &c, 1), 1);
	return c;
}

/* ---- tests */

static const uint8_t full_l2[14] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
static const uint8_t full_mac[6] = {2, 0, 0, 0, 0, 2};

static void
attr16(uint16_t type, uint16_t v)
{
	v = htons(v);
	attr(type, &v, sizeof v);
}

/* What was put since `from` belongs to the nest that begins there. */
static void
nest_end(size_t from)
{
	uint16_t len = (uint16_t)(dlen - from);

	memcpy(dgram + from, &len, sizeof len);
}

/* A packet with every attribute the kernel has, and one it has not yet. */
static void
full_packet(void)
{
	struct nfulnl_msg_packet_hw hw = {.hw_addrlen = htons(6)};
	size_t nest;

	packet_open(0, 1700000100);
	attr32(NFULA_MARK, 0xdeadbeef);
	attr32(NFULA_UID, 1000);
	attr32(NFULA_GID, 1001);
	attr32(NFULA_IFINDEX_INDEV, 1);
	attr32(NFULA_IFINDEX_OUTDEV, 4000000);
	attr32(NFULA_IFINDEX_PHYSINDEV, 1);
	attr32(NFULA_IFINDEX_PHYSOUTDEV, 1);
	memcpy(hw.hw_addr, full_mac, sizeof full_mac);
	attr(NFULA_HWADDR, &hw, sizeof hw);
	attr16(NFULA_HWTYPE, 1);
	attr16(NFULA_HWLEN, 14);
	attr(NFULA_HWHEADER, full_mac, 4);
	attr(NFULA_L2HDR, full_l2, sizeof full_l2);
	nest = dlen;
	attr(NFULA_VLAN | NLA_F_NESTED, NULL, 0);
	attr16(NFULA_VLAN_PROTO, 0x8100);
	attr16(NFULA_VLAN_TCI, 42);
	nest_end(nest);
	nest = dlen;
	attr(NFULA_CT | NLA_F_NESTED, NULL, 0);
	attr32(12 /* CTA_ID */, 77);
	nest_end(nest);
	attr32(NFULA_CT_INFO, 2);
	attr(900, "newer kernels say more", 22);
	attr(NFULA_PREFIX, "a\0b", 4);
	attr(NFULA_PAYLOAD, udp4, sizeof udp4);
	message_end();
}

START_TEST(all_attributes)
{
	const struct record *r = &kept[0].rec[0];

	start();
	full_packet();
	ck_assert_uint_eq(deliver(), 1);

	ck_assert_uint_eq(batches, 1);
	ck_assert_uint_eq(nlosses, 0);
	ck_assert_uint_eq(kept[0].head.count, 1);
	ck_assert_uint_eq(kept[0].head.source.bind_id, BIND);
	ck_assert_uint_eq(kept[0].head.source.group, 5);
	ck_assert_uint_eq(kept[0].head.source.kseq, 0);
	ck_assert_uint_eq(r->ts_us, UINT64_C(1700000100000007));
	ck_assert_uint_eq(r->flags, RECORD_F_CUT);
	ck_assert_uint_eq(r->family, 2);
	ck_assert_uint_eq(r->hook, 1);
	ck_assert_uint_eq(r->group, 5);
	ck_assert_uint_eq(r->hw_proto, 0x0800);
	ck_assert(RECORD_HAS(r, kseq));
	ck_assert_uint_eq(r->mark, 0xdeadbeef);
	ck_assert_uint_eq(r->uid, 1000);
	ck_assert_uint_eq(r->gid, 1001);
	ck_assert_str_eq(kept[0].in[0], "lo");
	ck_assert(
	    RECORD_HAS(r, out) && RECORD_HAS(r, physin) && RECORD_HAS(r, physout));
	ck_assert_uint_eq(r->physin, r->in);
	ck_assert_uint_ne(r->out, r->in);
	ck_assert_uint_eq(r->hw_addr.len, 6);
	ck_assert_mem_eq(r->hw_addr.p, full_mac, 6);
	ck_assert_uint_eq(r->hw_type, 1);
	ck_assert_uint_eq(r->hw_header.len, sizeof full_l2);
	ck_assert_mem_eq(r->hw_header.p, full_l2, sizeof full_l2);
	ck_assert_uint_eq(r->vlan_proto, 0x8100);
	ck_assert_uint_eq(r->vlan_tci, 42);
	ck_assert_uint_eq(r->ct_state, 2);
	ck_assert_uint_eq(r->ct_id, 77);
	ck_assert_uint_eq(kept[0].prefix_len[0], 3);
	ck_assert_mem_eq(kept[0].prefix[0], "a\0b", 3);
	ck_assert_uint_eq(r->pkt_len, 200);
	ck_assert_uint_eq(r->payload.len, sizeof udp4);
	ck_assert_mem_eq(r->payload.p, udp4, sizeof udp4);
}
END_TEST

START_TEST(what_is_absent_stays_unset)
{
	const struct record *r = &kept[0].rec[0];
	struct timespec now;

	start();
	packet_open(0, 0);
	message_end();
	deliver();
	clock_gettime(CLOCK_REALTIME, &now);
	ck_assert_uint_eq(batches, 1);
	ck_assert_uint_eq(r->flags, RECORD_F_TS_AGENT);
	ck_assert_uint_le((uint64_t)now.tv_sec - r->ts_us / 1000000, 60);
	ck_assert(!RECORD_HAS(r, in) && !RECORD_HAS(r, mark) && !RECORD_HAS(r, uid));
	ck_assert(!RECORD_HAS(r, prefix) && !RECORD_HAS(r, payload));
	ck_assert(!RECORD_HAS(r, pkt_len) && !RECORD_HAS(r, vlan_tci));
}
END_TEST

START_TEST(lengths_by_header)
{
	static const struct {
		uint16_t proto;
		uint8_t bytes[8];
		uint8_t given;
		uint32_t len;
		uint8_t flags;
	} cases[] = {
	    {0x86dd, {0x60, 0, 0, 0, 1, 0}, 8, 296, RECORD_F_CUT},
	    {0x86dd, {0x60, 0, 0, 0, 0, 0}, 8, 8, 0}, /* jumbogram: not said here */
	    {0x0806, {0, 1, 8, 0, 6, 4, 0, 1}, 8, 8, 0},
	    {0x0800, {0x45, 0, 0, 8}, 8, 8, 0},
	    {0x0800, {0x45, 0, 1}, 3, 3, 0},
	    {0, {0x45, 0, 1, 0}, 4, 256, RECORD_F_CUT},
	};

	start();
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t hdr[4] = {
		    (uint8_t)(cases[i].proto >> 8), (uint8_t)cases[i].proto};

		message_begin(PACKET);
		attr(NFULA_PACKET_HDR, hdr, sizeof hdr);
		attr32(NFULA_SEQ, i);
		attr(NFULA_PAYLOAD, cases[i].bytes, cases[i].given);
		message_end();
	}
	deliver();
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct record *r = &kept[0].rec[i];

		ck_assert_uint_eq(r->pkt_len, cases[i].len);
		ck_assert_uint_eq(r->flags & RECORD_F_CUT, cases[i].flags);
	}
}
END_TEST

START_TEST(one_datagram_is_one_batch)
{
	start();
	for (uint32_t i = 0; i < 10; i++)
		simple(i);
	put_on_wire();
	simple(10);
	ck_assert_uint_eq(deliver(), 2);
	ck_assert_uint_eq(batches, 2);
	ck_assert_uint_eq(kept[0].head.count, 10);
	ck_assert_uint_eq(kept[0].head.source.kseq, 9);
	ck_assert_uint_eq(kept[0].head.first_ts_us, UINT64_C(1700000100000007));
	ck_assert_uint_eq(kept[0].head.last_ts_us, UINT64_C(1700000109000007));
	ck_assert_uint_eq(kept[1].head.source.kseq, 10);
	ck_assert_uint_eq(counters().captured, 11);
	ck_assert_uint_eq(capture_read(grp, 1), 0);
}
END_TEST

START_TEST(turn_is_bounded)
{
	start();
	for (uint32_t i = 0; i < 5; i++) {
		simple(i);
		put_on_wire();
	}
	ck_assert_uint_eq(capture_read(grp, 3), 3);
	ck_assert_uint_eq(batches, 3);
	ck_assert_uint_eq(capture_read(grp, 3), 2);
}
END_TEST

START_TEST(gap_becomes_a_loss)
{
	start();
	simple(0);
	simple(1);
	simple(5);
	deliver();
	ck_assert_uint_eq(batches, 2);
	ck_assert_uint_eq(nlosses, 1);
	/* In the order of the numbers, so that a restart between them counts once. */
	ck_assert(!order[0] && order[1] && !order[2]);
	ck_assert_uint_eq(kept[0].head.source.kseq, 1);
	ck_assert_uint_eq(losses[0].kseq, 4);
	ck_assert_uint_eq(losses[0].cause, LOSS_KERNEL);
	ck_assert_uint_eq(losses[0].records, 3);
	ck_assert_uint_eq(losses[0].bind_id, BIND);
	ck_assert_uint_eq(losses[0].group, 5);
	ck_assert_uint_eq(losses[0].from_us, UINT64_C(1700000101000007));
	ck_assert_uint_eq(losses[0].to_us, UINT64_C(1700000105000007));
	ck_assert_uint_eq(counters().lost, 3);
	ck_assert_uint_eq(counters().gaps, 1);
}
END_TEST

START_TEST(gap_from_the_start)
{
	start();
	simple(4);
	deliver();
	ck_assert_uint_eq(nlosses, 1);
	ck_assert_uint_eq(losses[0].records, 4);
	ck_assert_uint_eq(losses[0].from_us, BOUND_US);
	ck_assert(order[0] && !order[1]);
}
END_TEST

START_TEST(restart_passes_over_what_is_spooled)
{
	resume = true;
	resume_kseq = 2;
	known[0] = (struct spool_source){{BIND, 5, 2}, BOUND_US + 1};
	nknown = 1;
	start();
	for (uint32_t i = 1; i < 5; i++)
		simple(i);
	deliver();
	ck_assert_uint_eq(nlosses, 0);
	ck_assert_uint_eq(batches, 1);
	ck_assert_uint_eq(kept[0].head.count, 2);
	ck_assert_uint_eq(kept[0].rec[0].kseq, 3);
	ck_assert_uint_eq(counters().replayed, 2);
	/* All of a datagram known: no batch, and yet consumed. */
	simple(3);
	simple(4);
	ck_assert_uint_eq(deliver(), 1);
	ck_assert_uint_eq(batches, 1);
	ck_assert_uint_eq(capture_read(grp, 1), 0);
}
END_TEST

START_TEST(numbers_wrap)
{
	resume = true;
	resume_kseq = UINT32_MAX - 2;
	start();
	simple(UINT32_MAX - 2);
	simple(UINT32_MAX - 1);
	simple(UINT32_MAX);
	simple(0);
	simple(2);
	deliver();
	ck_assert_uint_eq(kept[0].head.count, 3);
	ck_assert_uint_eq(nlosses, 1);
	ck_assert_uint_eq(losses[0].records, 1);
	ck_assert_uint_eq(losses[0].kseq, 1);
	ck_assert_uint_eq(kept[1].head.source.kseq, 2);
}
END_TEST

#define ID(n, netns) ((uint64_t)(n) << 32 | binding_place(netns))

START_TEST(time_without_an_agent)
{
	known[0] = (struct spool_source){{ID(1, ""), 5, 90}, BOUND_US - 9000000};
	known[1] = (struct spool_source){{ID(2, ""), 5, 10}, BOUND_US - 5000000};
	known[2] = (struct spool_source){{ID(3, ""), 6, 10}, BOUND_US - 1000000};
	known[3] = (struct spool_source){{ID(4, "web"), 5, 10}, BOUND_US - 1000000};
	nknown = 4;
	start();
	ck_assert_uint_eq(nlosses, 1);
	ck_assert_uint_eq(losses[0].cause, LOSS_AGENT_DOWN);
	ck_assert_uint_eq(losses[0].records, LOSS_RECORDS_UNKNOWN);
	ck_assert_uint_eq(losses[0].bind_id, BIND);
	ck_assert_uint_eq(losses[0].kseq, UINT32_MAX);
	ck_assert_uint_eq(losses[0].from_us, BOUND_US - 5000000);
	ck_assert_uint_eq(losses[0].to_us, BOUND_US);
	simple(0);
	deliver();
	ck_assert_uint_eq(nlosses, 1);
}
END_TEST

START_TEST(time_without_an_agent_there)
{
	known[0] = (struct spool_source){{ID(1, ""), 5, 90}, BOUND_US - 1000000};
	known[1] = (struct spool_source){{ID(2, "web"), 5, 10}, BOUND_US - 5000000};
	known[2] = (struct spool_source){{ID(3, "db"), 5, 10}, BOUND_US - 1000000};
	nknown = 3;
	start_in("web");
	ck_assert_uint_eq(nlosses, 1);
	ck_assert_uint_eq(losses[0].cause, LOSS_AGENT_DOWN);
	ck_assert_uint_eq(losses[0].from_us, BOUND_US - 5000000);
}
END_TEST

START_TEST(namespaces_are_named)
{
	start_in("web");
	simple(0);
	deliver();
	ck_assert_uint_eq(batches, 1);
	ck_assert_str_eq(kept[0].netns[0], "web");
	/* Those of this process's own namespace must not be taken for its own. */
	ck_assert_ptr_nonnull(capture_names(grp));
	ck_assert_int_eq(ifname_fd(capture_names(grp)), -1);
}
END_TEST

START_TEST(own_namespace_has_no_name)
{
	start();
	simple(0);
	deliver();
	ck_assert(!RECORD_HAS(&kept[0].rec[0], netns));
	ck_assert_ptr_null(capture_names(grp));
}
END_TEST

START_TEST(a_binding_ends)
{
	struct capture_counters c[4];
	struct binding b = {
	    .bind_id = ID(7, "web"), .group = 5, .netns = "web", .link_fd = -1};
	struct capture_group *other;
	int pair[2];

	start();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	b.fd = pair[0];
	other = capture_add(cap, &b, false);
	ck_assert_ptr_nonnull(other);
	ck_assert_uint_eq(capture_binding(other)->bind_id, b.bind_id);
	simple(0);
	deliver();
	/* Both are group 5. */
	ck_assert_uint_eq(capture_counters(cap, c, 4), 1);
	ck_assert_uint_eq(c[0].captured, 1);
	capture_remove(other);
	ck_assert_int_eq(send(pair[1], "x", 1, MSG_NOSIGNAL), -1);
	close(pair[1]);
	simple(1);
	deliver();
	ck_assert_uint_eq(batches, 2);
	other = capture_add(cap,
	    &(struct binding){.bind_id = BIND + 1, .group = 6, .fd = dup(peer)}, false);
	ck_assert_ptr_nonnull(other);
	ck_assert_uint_eq(capture_counters(cap, c, 4), 2);
	ck_assert_uint_eq(c[1].group, 6);
}
END_TEST

START_TEST(other_messages_are_passed_over)
{
	start();
	message_begin(NLMSG_ERROR);
	message_end();
	message_begin(NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG);
	message_end();
	simple(0);
	message_begin(NLMSG_DONE);
	message_end();
	deliver();
	ck_assert_uint_eq(batches, 1);
	ck_assert_uint_eq(kept[0].head.count, 1);
}
END_TEST

/* Cut at every byte: nothing may be read beyond, the whole ones before the cut are had.
 */
START_TEST(torn_datagrams)
{
	size_t first, whole;
	static uint8_t copy[4096];

	start();
	simple(0);
	first = dlen;
	simple(1);
	whole = dlen;
	memcpy(copy, dgram, whole);
	for (size_t len = 1; len < whole; len++) {
		uint8_t *tight = malloc(len);
		struct nflog_packet p;
		struct nflog_datagram d = {tight, len};
		int n = 0;

		memcpy(tight, copy, len);
		while (nflog_next(&d, &p) == 1)
			n++;
		ck_assert_int_eq(n, len >= first ? 1 : 0);
		free(tight);
	}
	dlen = 0;
}
END_TEST

/* Any attribute with any length: a field is taken only when it is all there. */
START_TEST(short_attributes)
{
	const uint8_t zero[64] = {0};

	start();
	for (uint16_t type = 0; type <= NFULA_MAX + 2; type++)
		for (size_t len = 0; len <= 24; len++) {
			struct nflog_packet p;
			struct nflog_datagram d;

			dlen = 0;
			message_begin(PACKET);
			attr(type, zero, len);
			message_end();
			d = (struct nflog_datagram){dgram, dlen};
			ck_assert_int_eq(nflog_next(&d, &p), 1);
			if (len < 4)
				ck_assert(!RECORD_HAS(&p.rec, kseq) &&
					  !RECORD_HAS(&p.rec, mark));
			if (len < 16)
				ck_assert(!RECORD_HAS(&p.rec, ts_us));
			ck_assert_int_eq(nflog_next(&d, &p), 0);
		}
	dlen = 0;
}
END_TEST

START_TEST(hardware_address_lies)
{
	struct nfulnl_msg_packet_hw hw = {.hw_addrlen = htons(200)};

	start();
	packet_open(0, 1);
	attr(NFULA_HWADDR, &hw, sizeof hw);
	message_end();
	deliver();
	ck_assert(!RECORD_HAS(&kept[0].rec[0], hw_addr));
}
END_TEST

START_TEST(full_spool_goes_on)
{
	start();
	append_result = -1;
	simple(0);
	simple(3);
	deliver();
	append_result = 0;
	simple(4);
	deliver();
	ck_assert_uint_eq(batches, 3);
	ck_assert_uint_eq(nlosses, 1);
	ck_assert_uint_eq(kept[2].rec[0].kseq, 4);
}
END_TEST

/* ---- what reconcile asks for */

static unsigned gaps_met;

static void
gap_met(void *arg)
{
	(void)arg;
	ck_assert_uint_gt(batches, 0); /* the record behind it is in the spool */
	gaps_met++;
}

/* simple(0) … with numbers up to here, in one datagram. */
static void
numbered(uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i <= to; i++)
		simple(i);
	deliver();
}

START_TEST(settled_counts_records_and_gaps)
{
	struct capture_position at;

	start();
	capture_position(grp, &at);
	ck_assert_uint_eq(at.settled, 0);
	ck_assert_uint_eq(at.kseq, UINT32_MAX);
	numbered(0, 2);
	numbered(5, 5);
	numbered(4, 5); /* replayed */
	capture_position(grp, &at);
	ck_assert_uint_eq(at.settled, 6);
	ck_assert_uint_eq(at.kseq, 5);
}
END_TEST

START_TEST(expected_gap_is_not_counted_again)
{
	struct capture_position at;

	start();
	gaps_met = 0;
	numbered(0, 0);
	capture_expect_gap(grp, 3, gap_met, NULL);
	numbered(5, 5); /* 4 are missing */
	ck_assert_uint_eq(nlosses, 1);
	ck_assert_uint_eq(losses[0].records, 1);
	ck_assert_uint_eq(gaps_met, 1);
	capture_position(grp, &at);
	ck_assert_uint_eq(at.settled, 3);
	numbered(8, 8); /* nothing is expected any more */
	ck_assert_uint_eq(nlosses, 2);
	ck_assert_uint_eq(losses[1].records, 2);
	capture_expect_gap(grp, 9, gap_met, NULL);
	numbered(11, 11);
	ck_assert_uint_eq(nlosses, 2);
	ck_assert_uint_eq(gaps_met, 2);
	capture_expect_gap(grp, 9, gap_met, NULL);
	numbered(12, 12); /* no gap: they had no numbers */
	ck_assert_uint_eq(gaps_met, 3);
	numbered(14, 14);
	ck_assert_uint_eq(nlosses, 3);
}
END_TEST

static void
stamped(uint32_t kseq, uint64_t us)
{
	struct nfulnl_msg_packet_timestamp ts = {
	    .sec = htobe64(us / 1000000), .usec = htobe64(us % 1000000)};

	packet_open(kseq, 0);
	attr(NFULA_TIMESTAMP, &ts, sizeof ts);
	message_end();
}

START_TEST(watch_sees_the_first_stamp_behind)
{
	uint64_t settled;

	start();
	capture_watch(grp, BOUND_US);
	stamped(0, BOUND_US - 5);
	stamped(1, BOUND_US);
	deliver();
	packet_open(2, 0); /* the agent's time is no stamp of the kernel */
	message_end();
	deliver();
	ck_assert(!capture_watched(grp, &settled));
	stamped(5, BOUND_US + 1);
	stamped(6, BOUND_US - 1);
	stamped(7, BOUND_US + 2);
	deliver();
	ck_assert(capture_watched(grp, &settled));
	ck_assert_uint_eq(settled, 5);
	capture_watch(grp, 0);
	stamped(8, BOUND_US + 9);
	deliver();
	ck_assert(!capture_watched(grp, &settled));
}
END_TEST

START_TEST(positions_of_the_past)
{
	struct timespec t;
	uint64_t before, then, settled;

	clock_gettime(CLOCK_BOOTTIME, &t);
	before = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000 - 1;
	start();
	ck_assert(!capture_settled_at(grp, before, &settled));
	numbered(0, 3);
	clock_gettime(CLOCK_BOOTTIME, &t);
	then = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
	ck_assert(capture_settled_at(grp, then, &settled));
	ck_assert_uint_eq(settled, 4);
	do
		clock_gettime(CLOCK_BOOTTIME, &t);
	while (
	    (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000 < then + 60000);
	numbered(4, 9);
	ck_assert(capture_settled_at(grp, then, &settled));
	ck_assert_uint_eq(settled, 4);
	ck_assert(capture_settled_at(grp, UINT64_MAX, &settled));
	ck_assert_uint_eq(settled, 10);
}
END_TEST

/* ---- filters */

#define MINUTE UINT64_C(1700000100000000)

static const char *const drop_54[] = {"drop=dport:54", NULL};
static const char *const drop_all[] = {"only=dport:1", NULL};

static uint64_t
settled(void)
{
	struct capture_position at;

	capture_position(grp, &at);
	return at.settled;
}

START_TEST(suppressed_records_are_counted)
{
	const struct filtered *m = &filtereds[0];

	start_with(drop_54);
	for (uint32_t i = 0; i < 10; i++)
		packet_to(i, i < 4 ? 54 : 55, "drop ");
	deliver();
	ck_assert_uint_eq(batches, 1);
	ck_assert_uint_eq(kept[0].head.count, 6);
	ck_assert_uint_eq(kept[0].head.source.kseq, 9);
	ck_assert_uint_eq(nfiltereds, 1);
	ck_assert_uint_eq(group_ends, 1);
	ck_assert_uint_eq(m->bind_id, BIND);
	ck_assert_uint_eq(m->group, 5);
	ck_assert_uint_eq(m->kseq, 9);
	ck_assert_uint_eq(m->entries, 1);
	ck_assert_int_eq(m->entry[0].filter_id, FILTERED_BY_LOCAL);
	ck_assert_uint_eq(m->entry[0].minute_us, MINUTE);
	ck_assert_uint_eq(m->entry[0].records, 4);
	ck_assert_str_eq(filtered_prefix[0][0], "drop ");
	ck_assert_uint_eq(counters().captured, 6);
	ck_assert_uint_eq(counters().suppressed, 4);
	ck_assert_uint_eq(nlosses, 0);
	ck_assert_uint_eq(settled(), 10);
}
END_TEST

/* A datagram of which nothing is left; its numbers are no gap. */
START_TEST(wholly_suppressed)
{
	start_with(drop_54);
	for (uint32_t i = 0; i < 3; i++)
		packet_to(i, 54, "drop ");
	put_on_wire();
	packet_to(3, 55, "drop ");
	ck_assert_uint_eq(deliver(), 2);
	ck_assert_uint_eq(nfiltereds, 1);
	ck_assert_uint_eq(filtereds[0].kseq, 2);
	ck_assert_uint_eq(batches, 1);
	ck_assert_uint_eq(kept[0].head.source.kseq, 3);
	ck_assert_uint_eq(nlosses, 0);
	ck_assert_uint_eq(counters().lost, 0);
	ck_assert_uint_eq(settled(), 4);
}
END_TEST

START_TEST(suppressed_by_minute_and_prefix)
{
	const struct filtered *m = &filtereds[1];

	start_with(drop_all);
	simple(0); /* a second each, from the beginning of a minute */
	simple(59);
	simple(60);
	packet_to(61, 54, "b");
	packet_open(62, 1700000130);
	message_end();
	deliver();
	ck_assert_uint_eq(nfiltereds, 2); /* a gap lies between */
	ck_assert_uint_eq(filtereds[0].entry[0].minute_us, MINUTE);
	ck_assert_uint_eq(m->entries, 4);
	ck_assert_uint_eq(m->entry[0].minute_us, MINUTE);
	ck_assert_str_eq(filtered_prefix[1][0], "drop ");
	ck_assert_uint_eq(m->entry[1].minute_us, MINUTE + MINUTE_US);
	ck_assert_str_eq(filtered_prefix[1][1], "drop ");
	ck_assert_uint_eq(m->entry[2].minute_us, MINUTE);
	ck_assert_str_eq(filtered_prefix[1][2], "b");
	ck_assert_uint_eq(m->entry[3].prefix.len, 0);
	ck_assert_uint_eq(counters().suppressed, 5);
}
END_TEST

START_TEST(suppressed_around_a_gap)
{
	start_with(drop_all);
	packet_to(0, 54, "a");
	packet_to(1, 54, "a");
	packet_to(5, 54, "a");
	deliver();
	ck_assert_uint_eq(nfiltereds, 2);
	ck_assert_uint_eq(filtereds[0].kseq, 1);
	ck_assert_uint_eq(filtereds[0].entry[0].records, 2);
	ck_assert_uint_eq(nlosses, 1);
	ck_assert_uint_eq(losses[0].kseq, 4);
	ck_assert_uint_eq(losses[0].records, 3);
	ck_assert_uint_eq(filtereds[1].kseq, 5);
	ck_assert_uint_eq(batches, 0);
	ck_assert_uint_eq(group_ends, 1); /* all of it together */
	ck_assert_uint_eq(settled(), 6);
}
END_TEST

/* More prefixes than one message holds; what stands in each is settled by then. */
START_TEST(suppressed_under_many_prefixes)
{
	char prefix[16];
	uint64_t sum = 0;

	start_with(drop_54);
	for (uint32_t i = 0; i < 300; i++) {
		snprintf(prefix, sizeof prefix, "p%u", i);
		packet_to(i, i % 3 == 0 ? 55 : 54, prefix);
	}
	deliver();
	ck_assert_uint_eq(nfiltereds, 2);
	ck_assert_uint_eq(batches, 2);
	ck_assert_uint_eq(filtereds[0].entries, FILTERED_MAX);
	ck_assert_uint_eq(filtereds[0].kseq, kept[0].head.source.kseq);
	ck_assert_uint_eq(kept[0].head.count + FILTERED_MAX, filtereds[0].kseq + 1);
	ck_assert_uint_eq(filtereds[1].kseq, 299);
	for (unsigned k = 0; k < nfiltereds; k++)
		for (int i = 0; i < filtereds[k].entries; i++)
			sum += filtereds[k].entry[i].records;
	ck_assert_uint_eq(sum, 200);
	ck_assert_str_eq(filtered_prefix[0][0], "p1");
	ck_assert_str_eq(filtered_prefix[1][filtereds[1].entries - 1], "p299");
	ck_assert_uint_eq(kept[0].head.count + kept[1].head.count, 100);
	ck_assert_uint_eq(group_ends, 1);
}
END_TEST

/* What a predecessor counted is passed over. */
START_TEST(suppressed_are_not_counted_again)
{
	resume = true;
	resume_kseq = 4;
	start_with(drop_54);
	for (uint32_t i = 0; i < 8; i++)
		packet_to(i, i % 2 == 0 ? 54 : 55, "a");
	deliver();
	ck_assert_uint_eq(counters().replayed, 5);
	ck_assert_uint_eq(counters().suppressed, 1);
	ck_assert_uint_eq(counters().captured, 2);
	ck_assert_uint_eq(nlosses, 0);
}
END_TEST

START_TEST(rate_by_the_records_time)
{
	static const char *const lines[] = {"rate=3/s per dport", NULL};

	start_with(lines);
	for (uint32_t i = 0; i < 20; i++)
		packet_to(i, i % 2 == 0 ? 54 : 55, "a");
	deliver();
	ck_assert_uint_eq(kept[0].head.count, 6);
	ck_assert_uint_eq(filtereds[0].entries, 1);
	ck_assert_int_eq(filtereds[0].entry[0].filter_id, FILTERED_BY_RATE);
	ck_assert_uint_eq(filtereds[0].entry[0].records, 14);
}
END_TEST

/* A group that is full ends where all before it is settled. */
START_TEST(full_groups_end_early)
{
	start_with(drop_54);
	group_full = true;
	packet_to(0, 54, "a");
	packet_to(1, 55, "a");
	packet_to(3, 54, "a");
	packet_to(5, 55, "a");
	deliver();
	ck_assert_uint_eq(group_ends, 3);
	ck_assert_uint_eq(nfiltereds, 2);
	ck_assert_uint_eq(batches, 2);
	ck_assert_uint_eq(nlosses, 2);
	ck_assert_uint_eq(filtereds[0].kseq, 1);
	ck_assert_uint_eq(kept[0].head.source.kseq, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("capture");
	TCase *t = tcase_create("capture");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, all_attributes);
	tcase_add_test(t, what_is_absent_stays_unset);
	tcase_add_test(t, lengths_by_header);
	tcase_add_test(t, one_datagram_is_one_batch);
	tcase_add_test(t, turn_is_bounded);
	tcase_add_test(t, gap_becomes_a_loss);
	tcase_add_test(t, gap_from_the_start);
	tcase_add_test(t, restart_passes_over_what_is_spooled);
	tcase_add_test(t, numbers_wrap);
	tcase_add_test(t, time_without_an_agent);
	tcase_add_test(t, time_without_an_agent_there);
	tcase_add_test(t, namespaces_are_named);
	tcase_add_test(t, own_namespace_has_no_name);
	tcase_add_test(t, a_binding_ends);
	tcase_add_test(t, other_messages_are_passed_over);
	tcase_add_test(t, torn_datagrams);
	tcase_add_test(t, short_attributes);
	tcase_add_test(t, hardware_address_lies);
	tcase_add_test(t, full_spool_goes_on);
	tcase_add_test(t, settled_counts_records_and_gaps);
	tcase_add_test(t, expected_gap_is_not_counted_again);
	tcase_add_test(t, watch_sees_the_first_stamp_behind);
	tcase_add_test(t, positions_of_the_past);
	tcase_add_test(t, suppressed_records_are_counted);
	tcase_add_test(t, wholly_suppressed);
	tcase_add_test(t, suppressed_by_minute_and_prefix);
	tcase_add_test(t, suppressed_around_a_gap);
	tcase_add_test(t, suppressed_under_many_prefixes);
	tcase_add_test(t, suppressed_are_not_counted_again);
	tcase_add_test(t, rate_by_the_records_time);
	tcase_add_test(t, full_groups_end_early);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? 0 : 1;
}
