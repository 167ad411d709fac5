/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/nflog.h"

/* First: the library brings an older copy of it, under the same guard. */
#include <linux/netfilter/nfnetlink_log.h>

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_log/libnetfilter_log.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/sock_diag.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/nflog_owner.h"

#define REQUEST_MAX 512 /* bytes; ours take about 100 */
#define MODULE_REMEDY "load the kernel module: modprobe nfnetlink_log"

/* Nobody may want to hear it again. */
__attribute__((format(printf, 3, 4))) static void
tell(char *why, size_t whysize, const char *fmt, ...)
{
	va_list ap;

	if (why == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(why, whysize, fmt, ap);
	va_end(ap);
}

/* ---- requests */

/*
 * Whether the kernel took the request. It answers within send(2), but packets of the
 * group may already lie before the answer: those show that the bind worked, and must
 * stay.
 */
static int
read_answer(int fd, uint32_t seq)
{
	uint8_t buf[REQUEST_MAX + 128];
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)buf;
	const struct nlmsgerr *err;
	ssize_t n = recv(fd, buf, sizeof buf, MSG_PEEK);

	if (n < 0)
		return -errno;
	if ((size_t)n < sizeof *nlh + sizeof *err || nlh->nlmsg_type != NLMSG_ERROR ||
	    nlh->nlmsg_seq != seq)
		return 0;
	err = mnl_nlmsg_get_payload(nlh);
	if (recv(fd, NULL, 0, MSG_TRUNC) < 0)
		return -errno;
	return err->error;
}

/* 0 or a negative errno. */
static int
send_request(int fd, struct nlmsghdr *nlh, uint32_t seq)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = seq;
	if (sendto(fd, nlh, nlh->nlmsg_len, 0, (const struct sockaddr *)&kernel,
		sizeof kernel) < 0)
		return -errno;
	return read_answer(fd, seq);
}

/* A request without effect that only those may make who may bind: EPERM, or no module.
 */
static int
request_probe(int fd)
{
	char buf[REQUEST_MAX];
	struct nlmsghdr *nlh =
	    nflog_nlmsg_put_header(buf, NFULNL_MSG_CONFIG, AF_UNSPEC, 0);

	if (nflog_attr_put_cfg_cmd(nlh, NFULNL_CFG_CMD_PF_UNBIND) < 0)
		return -EINVAL;
	return send_request(fd, nlh, 1);
}

static int
put_settings(struct nlmsghdr *nlh, const struct nflog_conf *conf)
{
	if (nflog_attr_put_cfg_mode(nlh, NFULNL_COPY_PACKET, conf->snaplen) < 0)
		return -EINVAL;
	mnl_attr_put_u32(nlh, NFULA_CFG_TIMEOUT, htonl((conf->timeout_ms + 9) / 10));
	mnl_attr_put_u32(nlh, NFULA_CFG_QTHRESH, htonl(conf->queue_threshold));
	mnl_attr_put_u32(nlh, NFULA_CFG_NLBUFSIZ, htonl(conf->nlbufsiz));
	return 0;
}

static void
put_flags(struct nlmsghdr *nlh, bool conntrack)
{
	uint16_t flags = NFULNL_CFG_F_SEQ;

	if (conntrack)
		flags |= NFULNL_CFG_F_CONNTRACK;
	mnl_attr_put_u16(nlh, NFULA_CFG_FLAGS, htons(flags));
}

/* All in one message: no packet can come by another setting than ours. */
static int
request_bind(int fd, const struct nflog_conf *conf, bool conntrack, uint32_t seq)
{
	char buf[REQUEST_MAX];
	struct nlmsghdr *nlh =
	    nflog_nlmsg_put_header(buf, NFULNL_MSG_CONFIG, AF_UNSPEC, conf->group);

	if (nflog_attr_put_cfg_cmd(nlh, NFULNL_CFG_CMD_BIND) < 0 ||
	    put_settings(nlh, conf) < 0)
		return -EINVAL;
	put_flags(nlh, conntrack);
	return send_request(fd, nlh, seq);
}

static void
explain(int error, uint16_t group, char *why, size_t whysize)
{
	char owner[128];

	switch (-error) {
	case EBUSY:
	case EPERM:
		nflog_owner(group, owner, sizeof owner);
		tell(why, whysize,
		    "group %u is already owned by %s; one process can hold a group at "
		    "a time: stop that one, or give the log rules another group",
		    group, owner);
		break;
	case EINVAL:
	case EOPNOTSUPP:
		tell(why, whysize,
		    "group %u: the kernel refuses NFLOG (%s): " MODULE_REMEDY, group,
		    strerror(-error));
		break;
	default:
		tell(why, whysize, "group %u cannot be bound: %s", group,
		    strerror(-error));
	}
}

/* ---- the socket */

/*
 * The forced size needs CAP_NET_ADMIN in the first user namespace; else
 * net.core.rmem_max is the bound. The kernel answers with twice the size, its own
 * overhead included.
 */
static uint32_t
set_receive_buffer(int fd, uint32_t size)
{
	int value = (int)size;
	socklen_t len = sizeof value;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &value, sizeof value) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof value);
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, &len) < 0)
		return 0;
	return (uint32_t)value / 2;
}

static enum nflog_result
open_socket(
    const struct nflog_conf *conf, struct nflog_socket *s, char *why, size_t whysize)
{
	const struct sockaddr_nl any = {.nl_family = AF_NETLINK};
	int on = 1;

	s->fd = socket(
	    AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	if (s->fd < 0 && (errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT)) {
		tell(why, whysize, "the kernel has no nfnetlink: " MODULE_REMEDY);
		return NFLOG_FAILED;
	}
	if (s->fd < 0 || bind(s->fd, (const struct sockaddr *)&any, sizeof any) < 0) {
		tell(why, whysize, "netlink socket: %s", strerror(errno));
		return NFLOG_FAILED;
	}
	s->receive_buffer = set_receive_buffer(s->fd, conf->receive_buffer);
	/*
	 * Without this an overrun makes the kernel refuse everything until the queue is
	 * empty. What is lost shows as a gap in the sequence either way.
	 */
	(void)setsockopt(s->fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on);
	return NFLOG_BOUND;
}

static enum nflog_result
bind_socket(
    const struct nflog_conf *conf, struct nflog_socket *s, char *why, size_t whysize)
{
	int error = request_probe(s->fd);

	if (error == -EPERM) {
		tell(why, whysize,
		    "reading NFLOG groups needs CAP_NET_ADMIN: run as root, or give "
		    "the service AmbientCapabilities=CAP_NET_ADMIN");
		return NFLOG_DENIED;
	}
	if (error == 0) {
		s->conntrack = conf->conntrack;
		error = request_bind(s->fd, conf, s->conntrack, 2);
		if (error == -EOPNOTSUPP && s->conntrack) {
			s->conntrack = false;
			error = request_bind(s->fd, conf, false, 3);
		}
	}
	if (error == 0)
		return NFLOG_BOUND;
	if (why != NULL)
		explain(error, conf->group, why, whysize);
	return error == -EBUSY || error == -EPERM ? NFLOG_TAKEN : NFLOG_FAILED;
}

enum nflog_result
nflog_bind(
    const struct nflog_conf *conf, struct nflog_socket *out, char *why, size_t whysize)
{
	struct nflog_socket s = {.fd = -1};
	enum nflog_result result = open_socket(conf, &s, why, whysize);

	if (result == NFLOG_BOUND)
		result = bind_socket(conf, &s, why, whysize);
	if (result != NFLOG_BOUND && s.fd >= 0)
		close(s.fd);
	else
		*out = s;
	return result;
}

/*
 * No answer is asked for: a predecessor that still ends may read the same queue, and
 * one that looks for an answer could take a packet away instead. An error lies in the
 * queue and is passed over.
 */
static int
send_unanswered(int fd, struct nlmsghdr *nlh)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	nlh->nlmsg_flags = NLM_F_REQUEST;
	return sendto(fd, nlh, nlh->nlmsg_len, 0, (const struct sockaddr *)&kernel,
		   sizeof kernel) < 0
		   ? -1
		   : 0;
}

/* The flags by themselves: asking for conntrack is refused where there is none. */
static int
request_settings(int fd, const struct nflog_conf *conf)
{
	char buf[REQUEST_MAX];
	struct nlmsghdr *nlh =
	    nflog_nlmsg_put_header(buf, NFULNL_MSG_CONFIG, AF_UNSPEC, conf->group);

	if (put_settings(nlh, conf) < 0 || send_unanswered(fd, nlh) < 0)
		return -1;
	nlh = nflog_nlmsg_put_header(buf, NFULNL_MSG_CONFIG, AF_UNSPEC, conf->group);
	put_flags(nlh, conf->conntrack);
	return send_unanswered(fd, nlh);
}

int
nflog_adopt(int fd, const struct nflog_conf *conf, struct nflog_socket *out)
{
	int domain = 0, protocol = 0;
	socklen_t len = sizeof domain;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) < 0 ||
	    domain != AF_NETLINK || protocol != NETLINK_NETFILTER)
		return -1;
	*out = (struct nflog_socket){.fd = fd, .conntrack = conf->conntrack};
	out->receive_buffer = set_receive_buffer(fd, conf->receive_buffer);
	return request_settings(fd, conf);
}

static uint32_t
memory_info(int fd, unsigned what)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof info;

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0)
		return 0;
	return info[what];
}

uint32_t
nflog_overruns(int fd)
{
	return memory_info(fd, SK_MEMINFO_DROPS);
}

uint32_t
nflog_receive_buffer(int fd)
{
	return memory_info(fd, SK_MEMINFO_RCVBUF);
}

/* ---- datagrams */

static uint16_t
attr_u16(const struct nlattr *attr)
{
	uint16_t v;

	memcpy(&v, mnl_attr_get_payload(attr), sizeof v);
	return ntohs(v);
}

static uint32_t
attr_u32(const struct nlattr *attr)
{
	uint32_t v;

	memcpy(&v, mnl_attr_get_payload(attr), sizeof v);
	return ntohl(v);
}

static struct bytes
attr_bytes(const struct nlattr *attr, size_t max)
{
	size_t len = mnl_attr_get_payload_len(attr);

	return (struct bytes){
	    mnl_attr_get_payload(attr), (uint16_t)(len < max ? len : max)};
}

/* The attribute when it is there with at least size bytes, else NULL. */
static const struct nlattr *
pick(const struct nlattr *const *table, unsigned type, size_t size)
{
	const struct nlattr *attr = table[type];

	return attr != NULL && mnl_attr_get_payload_len(attr) >= size ? attr : NULL;
}

/* table[0 .. max] by type; a type beyond it is of a newer kernel. */
static void
sort_attribute(const struct nlattr *attr, const struct nlattr **table, unsigned max)
{
	unsigned type = mnl_attr_get_type(attr);

	if (type <= max)
		table[type] = attr;
}

static void
take_hardware(struct record *rec, const struct nlattr *const *table)
{
	const struct nlattr *attr = pick(table, NFULA_HWADDR, 4);

	if (attr != NULL) {
		size_t room = mnl_attr_get_payload_len(attr) - 4;
		size_t len = attr_u16(attr); /* struct nfulnl_msg_packet_hw */
		const uint8_t *p = mnl_attr_get_payload(attr);

		if (len > 0 && len <= RECORD_HWADDR_MAX && len <= room)
			RECORD_SET(
			    rec, hw_addr, ((struct bytes){p + 4, (uint16_t)len}));
	}
	if ((attr = pick(table, NFULA_HWTYPE, 2)) != NULL)
		RECORD_SET(rec, hw_type, attr_u16(attr));
	/* A bridge gives the header up to layer 3, others a device's usual length. */
	attr = pick(table, NFULA_L2HDR, 1);
	if (attr == NULL)
		attr = pick(table, NFULA_HWHEADER, 1);
	if (attr != NULL)
		RECORD_SET(rec, hw_header, attr_bytes(attr, RECORD_HWHEADER_MAX));
}

static void
take_vlan(struct record *rec, const struct nlattr *nest)
{
	const struct nlattr *table[__NFULA_VLAN_MAX] = {NULL}, *attr;

	if (nest == NULL)
		return;
	mnl_attr_for_each_nested(attr, nest)
	    sort_attribute(attr, table, __NFULA_VLAN_MAX - 1);
	if ((attr = pick(table, NFULA_VLAN_PROTO, 2)) != NULL)
		RECORD_SET(rec, vlan_proto, attr_u16(attr));
	if ((attr = pick(table, NFULA_VLAN_TCI, 2)) != NULL)
		RECORD_SET(rec, vlan_tci, attr_u16(attr));
}

static void
take_conntrack(struct record *rec, const struct nlattr *const *table)
{
	const struct nlattr *nest = table[NFULA_CT], *attr;

	if ((attr = pick(table, NFULA_CT_INFO, 4)) != NULL)
		RECORD_SET(rec, ct_state, (uint8_t)attr_u32(attr));
	if (nest == NULL)
		return;
	mnl_attr_for_each_nested(attr, nest) if (mnl_attr_get_type(attr) == CTA_ID &&
						 mnl_attr_get_payload_len(attr) >= 4)
	    RECORD_SET(rec, ct_id, attr_u32(attr));
}

/* The length by the packet's own header; 0 when there is none that says. */
static uint32_t
header_length(const struct record *rec)
{
	const uint8_t *p = rec->payload.p;
	uint32_t len;

	if ((rec->hw_proto == 0x0800 || rec->hw_proto == 0) && rec->payload.len >= 4 &&
	    p[0] >> 4 == 4)
		return (uint32_t)p[2] << 8 | p[3];
	if ((rec->hw_proto == 0x86dd || rec->hw_proto == 0) && rec->payload.len >= 6 &&
	    p[0] >> 4 == 6) {
		len = (uint32_t)p[4] << 8 | p[5];
		return len == 0 ? 0 : len + 40; /* 0: a jumbogram */
	}
	return 0;
}

static void
take_payload(struct record *rec, const struct nlattr *attr)
{
	uint32_t len;

	if (attr == NULL)
		return;
	RECORD_SET(rec, payload, attr_bytes(attr, RECORD_PAYLOAD_MAX));
	len = header_length(rec);
	if (len == 0)
		len = rec->payload.len;
	RECORD_SET(rec, pkt_len, len);
	if (rec->payload.len < len)
		rec->flags |= RECORD_F_CUT;
}

static void
take_time(struct record *rec, const struct nlattr *attr)
{
	struct nfulnl_msg_packet_timestamp ts;

	if (attr == NULL)
		return;
	memcpy(&ts, mnl_attr_get_payload(attr), sizeof ts);
	RECORD_SET(rec, ts_us, be64toh(ts.sec) * 1000000 + be64toh(ts.usec));
}

static uint32_t
take_index(const struct nlattr *const *table, unsigned type)
{
	const struct nlattr *attr = pick(table, type, 4);

	return attr != NULL ? attr_u32(attr) : 0;
}

static void
take_integers(struct record *rec, const struct nlattr *const *table)
{
	const struct nlattr *attr;

	if ((attr = pick(table, NFULA_PACKET_HDR, 3)) != NULL) {
		const uint8_t *p = mnl_attr_get_payload(attr);

		RECORD_SET(rec, hw_proto, attr_u16(attr));
		RECORD_SET(rec, hook, p[2]); /* struct nfulnl_msg_packet_hdr */
	}
	if ((attr = pick(table, NFULA_SEQ, 4)) != NULL)
		RECORD_SET(rec, kseq, attr_u32(attr));
	if ((attr = pick(table, NFULA_MARK, 4)) != NULL)
		RECORD_SET(rec, mark, attr_u32(attr));
	if ((attr = pick(table, NFULA_UID, 4)) != NULL)
		RECORD_SET(rec, uid, attr_u32(attr));
	if ((attr = pick(table, NFULA_GID, 4)) != NULL)
		RECORD_SET(rec, gid, attr_u32(attr));
}

/* The kernel's bytes and its one NUL; a NUL before that belongs to the prefix. */
static struct bytes
take_prefix(const struct nlattr *attr)
{
	struct bytes b = {0};

	if (attr == NULL)
		return b;
	b = attr_bytes(attr, RECORD_STRING_MAX + 1);
	if (b.len > 0 && b.p[b.len - 1] == '\0')
		b.len--;
	if (b.len > RECORD_STRING_MAX)
		b.len = RECORD_STRING_MAX;
	return b;
}

static void
take_packet(struct nflog_packet *packet, const struct nlmsghdr *nlh)
{
	const struct nlattr *table[NFULA_MAX + 1] = {NULL}, *attr;
	const struct nfgenmsg *gen = mnl_nlmsg_get_payload(nlh);
	struct record *rec = &packet->rec;

	mnl_attr_for_each(attr, nlh, sizeof *gen)
	    sort_attribute(attr, table, NFULA_MAX);
	memset(packet, 0, sizeof *packet);
	RECORD_SET(rec, flags, 0);
	RECORD_SET(rec, family, gen->nfgen_family);
	RECORD_SET(rec, group, ntohs(gen->res_id));
	take_time(rec,
	    pick(table, NFULA_TIMESTAMP, sizeof(struct nfulnl_msg_packet_timestamp)));
	take_integers(rec, table);
	take_hardware(rec, table);
	take_vlan(rec, table[NFULA_VLAN]);
	take_conntrack(rec, table);
	take_payload(rec, table[NFULA_PAYLOAD]);
	packet->prefix = take_prefix(table[NFULA_PREFIX]);
	packet->in = take_index(table, NFULA_IFINDEX_INDEV);
	packet->out = take_index(table, NFULA_IFINDEX_OUTDEV);
	packet->physin = take_index(table, NFULA_IFINDEX_PHYSINDEV);
	packet->physout = take_index(table, NFULA_IFINDEX_PHYSOUTDEV);
}

int
nflog_next(struct nflog_datagram *d, struct nflog_packet *packet)
{
	while (d->left >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *nlh = (const void *)d->at;
		size_t step;

		if (!mnl_nlmsg_ok(nlh, (int)d->left))
			break;
		step = MNL_ALIGN(nlh->nlmsg_len);
		d->at += step < d->left ? step : d->left;
		d->left -= step < d->left ? step : d->left;
		if (nlh->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET) ||
		    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nfgenmsg))
			continue;
		take_packet(packet, nlh);
		return 1;
	}
	d->left = 0;
	return 0;
}
