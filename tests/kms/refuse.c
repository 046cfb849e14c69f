/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOAD for the compositor: plays a driver that refuses. vkms itself refuses nothing that passed when the buffer was added.
 * Commits that show a part of a buffer REFUSED_WIDTH pixels wide are always refused, as if it ran out of bandwidth. What else is,
 * the first byte of the file that VC_REFUSE_FILE names says, from one moment to the next: see refuse.h.
 */
#include "refuse.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <xf86drm.h>

#define REFUSED_WIDTH 333
#define DRM_MAJOR 226

static volatile char *mode;
static int (*real_ioctl)(int, unsigned long, void *);
static ssize_t (*real_read)(int, void *, size_t);

__attribute__((constructor)) static void start(void) {
	*(void **)&real_ioctl = dlsym(RTLD_NEXT, "drmIoctl");
	*(void **)&real_read = dlsym(RTLD_NEXT, "read");
	static char none = REFUSE_NOTHING;
	mode = &none;
	const char *path = getenv("VC_REFUSE_FILE");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map = fd < 0 ? MAP_FAILED : mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (map != MAP_FAILED)
		mode = map;
}

static int is_too_wide(const struct drm_mode_atomic *atomic) {
	const uint32_t *counts = (const uint32_t *)(uintptr_t)atomic->count_props_ptr;
	const uint64_t *values = (const uint64_t *)(uintptr_t)atomic->prop_values_ptr;
	uint32_t n = 0;
	for (uint32_t i = 0; i < atomic->count_objs; i++)
		n += counts[i];
	for (uint32_t i = 0; i < n; i++)
		if (values[i] == (uint64_t)REFUSED_WIDTH << 16)
			return 1;
	return 0;
}

static int is_refused(const struct drm_mode_atomic *atomic) {
	int test = (atomic->flags & DRM_MODE_ATOMIC_TEST_ONLY) != 0;
	switch (*mode) {
	case REFUSE_ALL:
		return !test;
	case REFUSE_TESTS:
		return 1;
	case REFUSE_FLIPS:
		return (atomic->flags & DRM_MODE_ATOMIC_NONBLOCK) != 0;
	case REFUSE_LATE:
		return !test && is_too_wide(atomic);
	default:
		return is_too_wide(atomic);
	}
}

int drmIoctl(int fd, unsigned long request, void *arg) {
	if (request == DRM_IOCTL_MODE_ATOMIC && is_refused(arg)) {
		errno = EINVAL;
		return -1;
	}
	return real_ioctl(fd, request, arg);
}

/* The card's events come by read(). */
ssize_t read(int fd, void *buffer, size_t size) {
	ssize_t got = real_read(fd, buffer, size);
	struct stat st;
	if (*mode == REFUSE_ONE_EVENT && got > 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
	    major(st.st_rdev) == DRM_MAJOR) {
		*mode = REFUSE_NOTHING;
		errno = EAGAIN;
		return -1;
	}
	return got;
}
