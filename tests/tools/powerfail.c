/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * powerfail DIRECTORY: its file system stops at once, as when the power fails: what was
 * not synced, the journal's open transaction included, is gone after the next mount.
 * For ext4 and XFS; needs root.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* fs/ext4/ext4.h: EXT4_IOC_SHUTDOWN, the same as XFS_IOC_GOINGDOWN. */
#define IOC_SHUTDOWN _IOR('X', 125, uint32_t)
#define SHUTDOWN_NOLOGFLUSH 2u

int
main(int argc, char **argv)
{
	uint32_t how = SHUTDOWN_NOLOGFLUSH;
	int fd, rc;

	if (argc != 2) {
		fputs("usage: powerfail DIRECTORY\n", stderr);
		return 2;
	}
	fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	rc = ioctl(fd, IOC_SHUTDOWN, &how);
	if (rc < 0)
		perror("powerfail: shutdown of the file system");
	close(fd);
	return rc < 0;
}
