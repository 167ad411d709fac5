/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/binding.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(sizeof(int))];
};

int
binding_send(int channel, const struct binding *b)
{
	struct binding copy = *b;
	struct iovec iov = {&copy, sizeof copy};
	union control control = {{0}};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof control};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &b->fd, sizeof b->fd);
	while (sendmsg(channel, &msg, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -1;
	return 0;
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
	const struct cmsghdr *cmsg;
	ssize_t n = recvmsg(channel, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (n != (ssize_t)sizeof *b || cmsg == NULL || cmsg->cmsg_type != SCM_RIGHTS ||
	    cmsg->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&b->fd, CMSG_DATA(cmsg), sizeof b->fd);
	return 1;
}
