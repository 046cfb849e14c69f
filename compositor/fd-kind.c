/* SPDX-License-Identifier: Apache-2.0 */
#include "fd-kind.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Does /proc's link of @fd start with @name? */
static int link_starts(int fd, const char *name) {
	char path[64], target[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ssize_t got = readlink(path, target, sizeof(target));
	return got >= (ssize_t)strlen(name) && memcmp(target, name, strlen(name)) == 0;
}

/* Only dma-buf's own show_fdinfo writes a line "exp_name:" (kernel, Documentation/filesystems/proc.rst, 3.8). The link
 * is looked at first: other kinds (an epoll set, a GPU's node) can have a fdinfo that takes the kernel long to write. */
static int is_dmabuf(int fd) {
	if (!link_starts(fd, "/dmabuf:"))
		return 0;
	char path[64], text[512];
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	int info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return 0;
	ssize_t got = read(info, text, sizeof(text) - 1);
	close(info);
	text[got > 0 ? got : 0] = '\0';
	return strstr(text, "\nexp_name:") != NULL;
}

/* Paths of real files start with a slash, so none can look like this. */
static int is_sync_file(int fd) {
	static const char name[] = "anon_inode:sync_file";
	char path[64], target[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ssize_t got = readlink(path, target, sizeof(target));
	return got == (ssize_t)strlen(name) && memcmp(target, name, strlen(name)) == 0;
}

enum vc_fd_kind vc_fd_kind(int fd) {
	/* Answered for shmem and hugetlbfs by the VFS itself, EINVAL for all others. */
	if (fcntl(fd, F_GET_SEALS) >= 0)
		return VC_FD_MEMFD;
	if (is_sync_file(fd))
		return VC_FD_SYNC_FILE;
	return is_dmabuf(fd) ? VC_FD_DMABUF : VC_FD_OTHER;
}

int vc_fd_view(int fd) {
	enum vc_fd_kind kind = vc_fd_kind(fd);
	char path[64];
	if (kind == VC_FD_DMABUF)
		return fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (kind != VC_FD_MEMFD)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}
