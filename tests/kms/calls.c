/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOAD for compositor and cluster: counts, into the file that VC_CALLS_FILE names, the system calls of the first thread
 * that could wait, from the moment on when the test sets the first of five uint64_t. Second: calls on descriptors that are
 * not non-blocking (without MSG_DONTWAIT), commits that are not, and calls that only wait. Third: poll() with a time-out, which
 * is how the cluster waits for its next round. Fourth: all calls on descriptors, to show that any are seen. Fifth, of as many:
 * closes of sockets and memfds, whose last one may take the kernel long.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

enum { ARMED, WAITING, POLLS, SEEN, CLOSES };
static _Atomic uint64_t *counts;

static void note(int what) {
	if (counts && counts[ARMED] && gettid() == getpid())
		counts[what]++;
}

static void note_descriptor(int fd, int flags) {
	note(SEEN);
	if (!(flags & MSG_DONTWAIT) && !(fcntl(fd, F_GETFL) & O_NONBLOCK))
		note(WAITING);
}

__attribute__((constructor)) static void start(void) {
	const char *path = getenv("VC_CALLS_FILE");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *map = mmap(NULL, 40, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	counts = map == MAP_FAILED ? NULL : map;
}

/* The function behind this one. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t read(int fd, void *buffer, size_t size) {
	note_descriptor(fd, 0);
	return REAL(read)(fd, buffer, size);
}

ssize_t write(int fd, const void *buffer, size_t size) {
	note_descriptor(fd, 0);
	return REAL(write)(fd, buffer, size);
}

ssize_t send(int fd, const void *buffer, size_t size, int flags) {
	note_descriptor(fd, flags);
	return REAL(send)(fd, buffer, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
	note_descriptor(fd, flags);
	return REAL(sendmsg)(fd, message, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
	note_descriptor(fd, flags);
	return REAL(recvmsg)(fd, message, flags);
}

int close(int fd) {
	struct stat st;
	if (counts && (fcntl(fd, F_GET_SEALS) >= 0 || (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))))
		note(CLOSES);
	return REAL(close)(fd);
}

int poll(struct pollfd *fds, nfds_t count, int timeout) {
	if (timeout != 0)
		note(POLLS);
	return REAL(poll)(fds, count, timeout);
}

int nanosleep(const struct timespec *wanted, struct timespec *left) {
	note(WAITING);
	return REAL(nanosleep)(wanted, left);
}

int drmIoctl(int fd, unsigned long request, void *arg) {
	const uint32_t calm = DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_ATOMIC_TEST_ONLY;
	if (request == DRM_IOCTL_MODE_ATOMIC && !(((const struct drm_mode_atomic *)arg)->flags & calm))
		note(WAITING);
	return REAL(drmIoctl)(fd, request, arg);
}
