/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frames INTERFACE: sends Ethernet frames, one a line of standard input in hexadecimal
 * (spaces are allowed, lines that begin with # are not frames). The checksum of an IPv4
 * header is filled in, since the kernel logs no packet whose checksum is wrong. Prints
 * how many went out.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_MAX 1514
#define FRAME_MIN 14

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static int
open_interface(const char *name)
{
	struct sockaddr_ll to = {
	    .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("frames: packet socket");
	to.sll_ifindex = (int)if_nametoindex(name);
	if (to.sll_ifindex == 0 ||
	    bind(fd, (const struct sockaddr *)&to, sizeof to) < 0)
		fail(name);
	return fd;
}

static unsigned
digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(tolower(c) - 'a' + 10);
}

/* Length of the frame, or -1 when the line is none. */
static ssize_t
read_frame(const char *line, uint8_t frame[FRAME_MAX])
{
	size_t digits = 0;

	for (; *line != '\0' && *line != '\n'; line++) {
		if (*line == ' ')
			continue;
		if (!isxdigit((unsigned char)*line) || digits == 2 * FRAME_MAX)
			return -1;
		if (digits % 2 == 0)
			frame[digits / 2] = (uint8_t)(digit(*line) << 4);
		else
			frame[digits / 2] |= (uint8_t)digit(*line);
		digits++;
	}
	return digits % 2 != 0 || digits / 2 < FRAME_MIN ? -1 : (ssize_t)(digits / 2);
}

/* RFC 1071 over an IPv4 header with its checksum at zero. */
static void
fill_checksum(uint8_t *header, size_t left)
{
	size_t len = (header[0] & 15u) * 4u;
	uint32_t sum = 0;

	if (header[0] >> 4 != 4 || len < 20 || len > left)
		return;
	header[10] = header[11] = 0;
	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)header[i] << 8 | header[i + 1];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	header[10] = (uint8_t)(~sum >> 8);
	header[11] = (uint8_t)~sum;
}

static void
finish_frame(uint8_t *frame, size_t len)
{
	size_t at = 12;

	while (at + 6 <= len && frame[at] == 0x81 && frame[at + 1] == 0)
		at += 4;
	if (at + 22 <= len && frame[at] == 0x08 && frame[at + 1] == 0)
		fill_checksum(frame + at + 2, len - at - 2);
}

int
main(int argc, char **argv)
{
	char line[4096];
	uint8_t frame[FRAME_MAX];
	unsigned number = 0, sent = 0;
	int fd;

	if (argc != 2) {
		fputs("usage: frames INTERFACE <FILE\n", stderr);
		return 2;
	}
	fd = open_interface(argv[1]);
	while (fgets(line, sizeof line, stdin) != NULL) {
		ssize_t len;

		number++;
		if (line[0] == '#' || line[0] == '\n')
			continue;
		len = read_frame(line, frame);
		if (len < 0) {
			fprintf(stderr, "frames: line %u is no frame\n", number);
			return 1;
		}
		finish_frame(frame, (size_t)len);
		if (write(fd, frame, (size_t)len) != len)
			fail("frames: sending");
		sent++;
	}
	close(fd);
	printf("sent %u\n", sent);
	return 0;
}
