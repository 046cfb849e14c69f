/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int make_address(struct sockaddr_un *address, const char *path) {
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (path[0] == '\0' || strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	strcpy(address->sun_path, path);
	return 0;
}

int vc_ipc_connect(const char *path) {
	struct sockaddr_un address;
	int err = make_address(&address, path);
	if (err < 0)
		return err;
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	/* connect() waits while the listener's queue is full, which a stopped listener never empties. */
	vc_ipc_limit(sock, VC_IPC_CONNECT_S * 1000);
	if (connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0) {
		err = errno == EAGAIN ? -ETIMEDOUT : -errno;
		close(sock);
		return err;
	}
	vc_ipc_limit(sock, 0);
	return sock;
}

int vc_ipc_listen(const char *path, mode_t mode) {
	struct sockaddr_un address;
	int err = make_address(&address, path);
	if (err < 0)
		return err;
	/* A socket file nobody answers on is left over from a process that died. */
	int probe = vc_ipc_connect(path);
	if (probe >= 0) {
		close(probe);
		return -EADDRINUSE;
	}
	struct stat st;
	if (probe == -ECONNREFUSED && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);

	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return -errno;
	/* The socket is born closed to others: its mode is set before anybody can connect. */
	mode_t old = umask(0777);
	int bound = bind(sock, (struct sockaddr *)&address, sizeof(address));
	umask(old);
	if (bound < 0 || chmod(path, mode) < 0 || listen(sock, 16) < 0) {
		err = -errno;
		close(sock);
		return err;
	}
	return sock;
}

void vc_ipc_limit(int sock, int64_t ms) {
	const struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

int vc_ipc_send(int sock, const void *msg, size_t size, const int *fds, unsigned nfds) {
	if (nfds > VC_IPC_FDS_MAX)
		return -EINVAL;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(VC_IPC_FDS_MAX * sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)msg, .iov_len = size};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
	if (nfds > 0) {
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, nfds * sizeof(int));
	}
	ssize_t sent;
	do
		sent = sendmsg(sock, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* Takes the descriptors out of @header: the first @room into @fds, the others closed. Returns how many came. */
static unsigned take_fds(struct msghdr *header, int *fds, unsigned room) {
	unsigned count = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++, count++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (count < room)
				fds[count] = fd;
			else
				close(fd);
		}
	}
	return count;
}

/* One message. Returns its size or -errno; @header then holds its descriptors and flags. */
static ssize_t receive(int sock, struct msghdr *header, void *msg, size_t size) {
	struct iovec iov = {.iov_base = msg, .iov_len = size};
	ssize_t got;
	header->msg_iov = &iov;
	header->msg_iovlen = 1;
	do
		got = recvmsg(sock, header, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

ssize_t vc_ipc_recv(int sock, void *msg, size_t size, int *fds, unsigned *nfds) {
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(VC_IPC_FDS_MAX * sizeof(int))];
	} control;
	struct msghdr header = {.msg_control = &control, .msg_controllen = sizeof(control)};
	unsigned room = nfds ? *nfds : 0;
	if (nfds)
		*nfds = 0;
	ssize_t got = receive(sock, &header, msg, size);
	if (got < 0)
		return got;
	unsigned count = take_fds(&header, fds, room);
	bool cut = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
	if (cut || (nfds && count > room)) {
		for (unsigned i = 0; i < count && i < room; i++) {
			close(fds[i]);
			fds[i] = -1;
		}
		return -EMSGSIZE;
	}
	if (nfds)
		*nfds = count;
	return got;
}

ssize_t vc_ipc_recv_all(int sock, void *msg, size_t size, int *fds, unsigned *nfds) {
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(VC_IPC_FDS_ALL * sizeof(int))];
	} control;
	struct msghdr header = {.msg_control = &control, .msg_controllen = sizeof(control)};
	*nfds = 0;
	ssize_t got = receive(sock, &header, msg, size);
	if (got < 0)
		return got;
	*nfds = take_fds(&header, fds, VC_IPC_FDS_ALL);
	return header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EMSGSIZE : got;
}

int vc_ipc_peer(int sock, uid_t *uid, gid_t *gid, pid_t *pid) {
	struct ucred cred;
	socklen_t size = sizeof(cred);
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	*uid = cred.uid;
	*gid = cred.gid;
	*pid = cred.pid;
	return 0;
}
