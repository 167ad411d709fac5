/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast a filter of six terms runs over decoded records, and decoding with it,
 * beside the same filter as BPF over the same packets (libpcap's bpf_filter). Both must
 * select the same packets. Prints rates in millions a second of processor time, and
 * ratios; ends with 1 when they differ or the rate promised is not reached.
 */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/filter.h"

#define PACKETS 65536
#define PACKET_SIZE 40 /* IPv4 and TCP, no options */
#define SECONDS 2.0    /* of each measurement */
#define PROMISED 5.0   /* million records a second in memory */

static const char query[] = "src:10.0.0.0/8 -dst:192.168.0.0/16 proto:tcp "
			    "dport:22,23,80-90,443 flags:S-A ttl:>32";
static const char bpf[] =
    "src net 10.0.0.0/8 and not dst net 192.168.0.0/16 and tcp and (dst port 22 or dst "
    "port 23 or dst portrange 80-90 or dst port 443) and tcp[tcpflags] & "
    "(tcp-syn|tcp-ack) = tcp-syn and ip[8] > 32";
static const char text_query[] = "prefix:/DROP/ host:web* src:10.0.0.0/8 proto:tcp "
				 "dport:22,23,80-90,443 ttl:>32";

static uint8_t packet[PACKETS][PACKET_SIZE];
static struct record record[PACKETS];
static struct event event[PACKETS];
static uint64_t random_state = 7514;

/* xorshift64* (Vigna 2016). */
static unsigned
below(unsigned n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (unsigned)((random_state * UINT64_C(2685821657736338717) >> 11) % n);
}

/* Traffic as firewalls log it: most of it passes the first terms of the filter. */
static void
make_packet(uint8_t *p)
{
	static const uint16_t ports[] = {22, 23, 80, 85, 443, 3389, 5060, 8080};
	uint16_t port = ports[below(8)];

	memset(p, 0, PACKET_SIZE);
	p[0] = 0x45;
	p[3] = PACKET_SIZE;
	p[8] = (uint8_t)(20 + below(100));
	p[9] = below(10) < 8 ? 6 : 17;
	p[12] = below(10) < 8 ? 10 : 172;
	p[13] = (uint8_t)below(256);
	p[15] = (uint8_t)below(256);
	p[16] = below(10) < 8 ? 203 : 192;
	p[17] = 168;
	p[19] = (uint8_t)below(256);
	p[20] = 0x80;
	p[22] = (uint8_t)(port >> 8);
	p[23] = (uint8_t)port;
	p[32] = 0x50;
	p[33] = below(10) < 8 ? 0x02 : 0x12;
}

static void
make_records(void)
{
	struct packet decoded;

	for (unsigned i = 0; i < PACKETS; i++) {
		struct record *r = &record[i];

		make_packet(packet[i]);
		RECORD_SET(r, ts_us, i);
		RECORD_SET(r, family, 2);
		RECORD_SET(r, hook, 1);
		RECORD_SET(r, hw_proto, 0x0800);
		RECORD_SET(r, prefix, (uint16_t)below(8));
		RECORD_SET(r, payload, ((struct bytes){packet[i], PACKET_SIZE}));
		RECORD_SET(r, pkt_len, PACKET_SIZE);
		event_from_record(&event[i], &decoded, r);
	}
}

static struct bytes
string_of(const void *arg, enum filter_dict dict, uint32_t id)
{
	(void)arg;
	(void)dict;
	return id < 6 ? (struct bytes){(const uint8_t *)"DROP input ", 11}
		      : (struct bytes){(const uint8_t *)"accept ", 7};
}

static struct filter *
compile(const char *text)
{
	static const struct filter_source source = {
	    .host = {(const uint8_t *)"web1", 4},
	    .string = string_of,
	    .strings = 8,
	    .generation = 1,
	};
	struct filter_error error;
	struct filter_tree *tree = filter_parse(text, strlen(text), &error);
	struct filter *f = tree != NULL ? filter_compile(tree, NULL, 0, &error) : NULL;

	if (f == NULL) {
		fprintf(stderr, "%s: %s\n", text, error.message);
		exit(1);
	}
	filter_tree_free(tree);
	filter_begin(f, &source);
	return f;
}

/* ---- what is measured: one pass over all packets, how many are selected */

static struct filter *filter;
static struct bpf_program program;

static unsigned
pass_memory(void)
{
	unsigned selected = 0;

	for (unsigned i = 0; i < PACKETS; i++)
		selected += filter_match(filter, &event[i]);
	return selected;
}

static unsigned
pass_decoding(void)
{
	struct packet decoded;
	struct event ev;
	unsigned selected = 0;

	for (unsigned i = 0; i < PACKETS; i++) {
		event_from_record(&ev, &decoded, &record[i]);
		selected += filter_match(filter, &ev);
	}
	return selected;
}

static unsigned
pass_bpf(void)
{
	unsigned selected = 0;

	for (unsigned i = 0; i < PACKETS; i++)
		selected += bpf_filter(program.bf_insns, packet[i], PACKET_SIZE,
				PACKET_SIZE) != 0;
	return selected;
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Millions a second. */
static double
measure(const char *what, unsigned (*pass)(void), unsigned *selected)
{
	double begin = seconds(), rate;
	unsigned passes = 0;

	do {
		*selected = pass();
		passes++;
	} while (seconds() - begin < SECONDS);
	rate = (double)passes * PACKETS / (seconds() - begin) / 1e6;
	printf("%-34s %8.1f million/s   %u of %u selected\n", what, rate, *selected,
	    PACKETS);
	return rate;
}

static void
compile_bpf(void)
{
	pcap_t *p = pcap_open_dead(DLT_RAW, PACKET_SIZE);

	if (p == NULL || pcap_compile(p, &program, bpf, 1, PCAP_NETMASK_UNKNOWN) != 0) {
		fprintf(stderr, "pcap_compile: %s\n", p != NULL ? pcap_geterr(p) : "");
		exit(1);
	}
	pcap_close(p);
}

int
main(void)
{
	double memory, decoding, by_bpf;
	unsigned selected, same;

	make_records();
	compile_bpf();
	printf("filter: %s\nbpf:    %s\n", query, bpf);
	filter = compile(query);
	memory = measure("filter, decoded records", pass_memory, &selected);
	decoding = measure("filter, with decoding", pass_decoding, &same);
	by_bpf = measure("bpf_filter, packets", pass_bpf, &same);
	filter_free(filter);
	printf("filter to bpf_filter: %.2f on decoded records, %.2f with decoding\n",
	    memory / by_bpf, decoding / by_bpf);
	printf("filter: %s\n", text_query);
	filter = compile(text_query);
	(void)measure("filter, decoded records", pass_memory, &(unsigned){0});
	filter_free(filter);
	pcap_freecode(&program);
	if (selected != same)
		puts("filter and BPF select different packets");
	if (memory < PROMISED)
		printf("slower than the %.0f million/s promised\n", PROMISED);
	return selected != same || memory < PROMISED;
}
