/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pktgen: a bounded number of UDP packets at a bounded rate. The data of each packet is
 * "FWID" and a 64-bit number, big-endian, that no other packet of the run has; packet i
 * goes to port low + i modulo the port range. Prints how many the kernel took:
 * "sent N in S s".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"

#define BURST 64       /* packets in one sendmmsg */
#define SOURCES_MAX 64 /* sockets, each with a source port of its own */
#define SIZE_MIN 12    /* bytes: mark and number */
#define SIZE_MAX_DATA 1400
#define PACKETS_MAX 100000000ull

struct target {
	struct sockaddr_storage addr;
	socklen_t len;
};

struct job {
	uint64_t packets;
	uint64_t rate; /* packets/s; 0: as fast as possible */
	uint64_t first_id;
	uint16_t port_low, port_high;
	unsigned sources;
	size_t size; /* bytes of UDP data */
	struct target to, from;
	int fd[SOURCES_MAX];
};

struct burst {
	struct mmsghdr msg[BURST];
	struct iovec iov[BURST];
	struct sockaddr_storage addr[BURST];
	uint8_t data[BURST][SIZE_MAX_DATA];
};

static void
usage(void)
{
	fputs("usage: pktgen [-n PACKETS] [-r PACKETS-PER-SECOND] [-p PORT[-PORT]]\n"
	      "              [-s SOURCE-PORTS] [-i FIRST-ID] [-b BYTES] [-f SOURCE] "
	      "ADDRESS\n",
	    stderr);
	exit(2);
}

static uint64_t
number(const char *text, uint64_t min, uint64_t max)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || v < min || v > max) {
		fprintf(stderr, "pktgen: '%s' is no number from %llu to %llu\n", text,
		    (unsigned long long)min, (unsigned long long)max);
		exit(2);
	}
	return v;
}

static void
port_range(struct job *job, char *text)
{
	char *dash = strchr(text, '-');

	if (dash != NULL)
		*dash = '\0';
	job->port_low = (uint16_t)number(text, 1, 65535);
	job->port_high = job->port_low;
	if (dash != NULL)
		job->port_high = (uint16_t)number(dash + 1, job->port_low, 65535);
}

static void
target_resolve(struct target *to, const char *address)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found;
	int rc = getaddrinfo(address, NULL, &hints, &found);

	if (rc != 0) {
		fprintf(stderr, "pktgen: %s: %s\n", address, gai_strerror(rc));
		exit(2);
	}
	memcpy(&to->addr, found->ai_addr, found->ai_addrlen);
	to->len = found->ai_addrlen;
	freeaddrinfo(found);
}

static void
arguments(struct job *job, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "n:r:p:s:i:b:f:")) != -1) {
		if (c == 'n')
			job->packets = number(optarg, 1, PACKETS_MAX);
		else if (c == 'r')
			job->rate = number(optarg, 1, PACKETS_MAX);
		else if (c == 'p')
			port_range(job, optarg);
		else if (c == 's')
			job->sources = (unsigned)number(optarg, 1, SOURCES_MAX);
		else if (c == 'i')
			job->first_id = number(optarg, 0, UINT64_MAX - PACKETS_MAX);
		else if (c == 'b')
			job->size = number(optarg, SIZE_MIN, SIZE_MAX_DATA);
		else if (c == 'f')
			target_resolve(&job->from, optarg);
		else
			usage();
	}
	if (optind != argc - 1)
		usage();
}

static void
sockets_open(struct job *job)
{
	for (unsigned i = 0; i < job->sources; i++) {
		job->fd[i] =
		    socket(job->to.addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (job->fd[i] < 0) {
			perror("pktgen: socket");
			exit(1);
		}
		if (job->from.len != 0 &&
		    bind(job->fd[i], (const struct sockaddr *)&job->from.addr,
			job->from.len) < 0) {
			perror("pktgen: bind");
			exit(1);
		}
	}
}

/* sin_port and sin6_port lie at the same place (RFC 3493). */
static void
set_port(struct sockaddr_storage *addr, uint16_t port)
{
	((struct sockaddr_in *)(void *)addr)->sin_port = htons(port);
}

static void
burst_prepare(struct burst *b, const struct job *job)
{
	for (unsigned i = 0; i < BURST; i++) {
		b->addr[i] = job->to.addr;
		b->iov[i] =
		    (struct iovec){.iov_base = b->data[i], .iov_len = job->size};
		b->msg[i].msg_hdr = (struct msghdr){.msg_name = &b->addr[i],
		    .msg_namelen = job->to.len,
		    .msg_iov = &b->iov[i],
		    .msg_iovlen = 1};
	}
}

static void
burst_fill(struct burst *b, const struct job *job, uint64_t from, unsigned n)
{
	uint32_t ports = (uint32_t)(job->port_high - job->port_low) + 1;

	for (unsigned i = 0; i < n; i++) {
		struct writer w = writer_of(b->data[i], job->size);

		put_bytes(&w, "FWID", 4);
		put_u64(&w, job->first_id + from + i);
		set_port(&b->addr[i], (uint16_t)(job->port_low + (from + i) % ports));
	}
}

/* All n, however many calls that takes. EPERM: a rule of this host dropped one. */
static void
burst_send(struct burst *b, int fd, unsigned n)
{
	unsigned done = 0;

	while (done < n) {
		int rc = sendmmsg(fd, b->msg + done, n - done, 0);

		if (rc > 0)
			done += (unsigned)rc;
		else if (errno == EPERM)
			done++;
		else if (errno == ENOBUFS || errno == EAGAIN)
			usleep(200);
		else if (errno != EINTR) {
			perror("pktgen: sendmmsg");
			exit(1);
		}
	}
}

static double
seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) +
	       (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* How many packets may go out now; waits while that is none. */
static uint64_t
allowance(const struct job *job, const struct timespec *start, uint64_t sent)
{
	for (;;) {
		double due = seconds_since(start) * (double)job->rate + 1;

		if (job->rate == 0)
			return job->packets - sent;
		if (due >= (double)sent + 1)
			return (uint64_t)due - sent;
		usleep(1000);
	}
}

int
main(int argc, char **argv)
{
	static struct burst burst;
	struct job job = {.packets = 1000,
	    .port_low = 1000,
	    .port_high = 1999,
	    .sources = 1,
	    .size = 32};
	struct timespec start;

	arguments(&job, argc, argv);
	target_resolve(&job.to, argv[optind]);
	sockets_open(&job);
	burst_prepare(&burst, &job);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (uint64_t sent = 0; sent < job.packets;) {
		uint64_t n = allowance(&job, &start, sent);

		if (n > BURST)
			n = BURST;
		if (n > job.packets - sent)
			n = job.packets - sent;
		burst_fill(&burst, &job, sent, (unsigned)n);
		burst_send(&burst, job.fd[sent / BURST % job.sources], (unsigned)n);
		sent += n;
	}
	printf("sent %llu in %.3f s\n", (unsigned long long)job.packets,
	    seconds_since(&start));
	return 0;
}
