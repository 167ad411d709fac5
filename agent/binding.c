/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/binding.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/crc32c.h"

#define FDS_MAX 2

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

uint32_t
binding_place(const char *netns)
{
	return netns[0] != '\0' ? crc32c(0, netns, strlen(netns)) : 0;
}

void
binding_label(const struct binding *b, char label[BINDING_LABEL_MAX])
{
	snprintf(label, BINDING_LABEL_MAX, "%u%s%s", b->group,
	    b->netns[0] != '\0' ? " in " : "", b->netns);
}

int
binding_draw(struct binding *b)
{
	struct timespec now;
	uint32_t random;

	do
		if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
			return -1;
	while (random == 0);
	clock_gettime(CLOCK_REALTIME, &now);
	b->bind_id = (uint64_t)random << 32 | binding_place(b->netns);
	b->bound_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	return 0;
}

int
binding_send(int channel, const struct binding *b)
{
	struct binding copy = *b;
	struct iovec iov = {&copy, sizeof copy};
	union control control = {{0}};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	const int fd[FDS_MAX] = {b->fd, b->link_fd};
	size_t fds = b->fd < 0 ? 0 : b->link_fd < 0 ? 1 : 2;

	if (fds > 0) {
		struct cmsghdr *cmsg;

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fd, fds * sizeof(int));
	}
	while (sendmsg(channel, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		if (errno != EINTR)
			return errno == EPIPE || errno == ECONNRESET ? -1 : 0;
	return 1;
}

/* The sockets that came along, into fd; how many. */
static size_t
take_sockets(struct msghdr *msg, int fd[FDS_MAX])
{
	const struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	size_t n;

	if (cmsg == NULL || cmsg->cmsg_type != SCM_RIGHTS)
		return 0;
	n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	if (n > FDS_MAX)
		n = FDS_MAX;
	memcpy(fd, CMSG_DATA(cmsg), n * sizeof(int));
	return n;
}

int
binding_receive(int channel, struct binding *b)
{
	struct iovec iov = {b, sizeof *b};
	union control control;
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof control};
	int fd[FDS_MAX] = {-1, -1};
	size_t fds;
	ssize_t n = recvmsg(channel, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	fds = take_sockets(&msg, fd);
	/* The end of the pair, or no descriptor was free for the socket. */
	if (n != (ssize_t)sizeof *b || (b->fd >= 0 && fds == 0)) {
		for (size_t i = 0; i < fds; i++)
			close(fd[i]);
		return -1;
	}
	b->fd = fd[0];
	b->link_fd = fd[1];
	return 1;
}
