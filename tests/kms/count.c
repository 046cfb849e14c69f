/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOAD for the compositor: counts, into the file that VC_COUNT_FILE names, three uint64_t: its flips' commits; the
 * allocations that the frame loop's thread makes from the first of them on; and all ioctls of that thread to DRM cards.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

/* glibc's own names for what is interposed here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static _Atomic uint64_t *counts;
static int (*real_ioctl)(int, unsigned long, void *);

static void count_allocation(void) {
	if (counts && counts[0] > 0 && gettid() == getpid())
		counts[1]++;
}

void *malloc(size_t size) {
	count_allocation();
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
	count_allocation();
	return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
	count_allocation();
	return __libc_realloc(memory, size);
}

__attribute__((constructor)) static void start(void) {
	*(void **)&real_ioctl = dlsym(RTLD_NEXT, "drmIoctl");
	const char *path = getenv("VC_COUNT_FILE");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *map = mmap(NULL, 24, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	counts = map == MAP_FAILED ? NULL : map;
}

int drmIoctl(int fd, unsigned long request, void *arg) {
	if (request == DRM_IOCTL_MODE_ATOMIC && counts &&
	    (((const struct drm_mode_atomic *)arg)->flags & DRM_MODE_PAGE_FLIP_EVENT))
		counts[0]++;
	if (counts && gettid() == getpid())
		counts[2]++;
	return real_ioctl(fd, request, arg);
}
