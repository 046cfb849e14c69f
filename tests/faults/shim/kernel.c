/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOAD for the compositor: a kernel that misbehaves while a word stands in the file that VC_FAULT_KERNEL names. The
 * file is mapped at start, so that looking at it costs no system call.
 *
 *   refuse   each atomic request that shows a frame of the layer whose zone is VC_FAULT_HEIGHT pixels high is refused, as by
 *            a driver that runs out of bandwidth; its fallback, which is no source's memory, may be shown
 *   lose     flip events are swallowed
 */
#include <dlfcn.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define PAGE 4096
#define FBS_MAX 64

static const volatile char *word = "";
static uint32_t guest_height;
/* Framebuffers of the guest's memory, a ring: a source has a few at a time. */
static volatile uint32_t guest_fb[FBS_MAX];
static unsigned guest_fbs;
static _Thread_local uint32_t imported; /* the last handle that came from outside */

__attribute__((constructor)) static void start(void) {
	const char *path = getenv("VC_FAULT_KERNEL"), *height = getenv("VC_FAULT_HEIGHT");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = fd >= 0 ? mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (map != MAP_FAILED)
		word = map;
	if (fd >= 0)
		close(fd);
	guest_height = height ? (uint32_t)atoi(height) : 0;
}

static int is_on(const char *what) {
	for (size_t i = 0; what[i] != '\0'; i++)
		if (word[i] != what[i])
			return 0;
	return 1;
}

int drmPrimeFDToHandle(int fd, int dmabuf, uint32_t *handle) {
	int (*real)(int, int, uint32_t *) = NULL;
	*(void **)&real = dlsym(RTLD_NEXT, "drmPrimeFDToHandle");
	int err = real(fd, dmabuf, handle);
	/* Sources' memory comes in on a thread of its own. What the main thread takes in is the compositor's: pictures that the
	 * compositor before it had drawn. */
	if (err == 0 && gettid() != getpid())
		imported = *handle;
	return err;
}

int drmModeAddFB2(int fd, uint32_t width, uint32_t height, uint32_t format, const uint32_t handles[4],
		  const uint32_t pitches[4], const uint32_t offsets[4], uint32_t *fb, uint32_t flags) {
	int (*real)(int, uint32_t, uint32_t, uint32_t, const uint32_t[4], const uint32_t[4], const uint32_t[4],
		    uint32_t *, uint32_t) = NULL;
	*(void **)&real = dlsym(RTLD_NEXT, "drmModeAddFB2");
	int err = real(fd, width, height, format, handles, pitches, offsets, fb, flags);
	if (err == 0 && height == guest_height && handles[0] == imported)
		guest_fb[guest_fbs++ % FBS_MAX] = *fb;
	imported = 0;
	return err;
}

/* Ids are used again, for other things. */
static void forget(uint32_t fb) {
	for (unsigned i = 0; i < FBS_MAX; i++)
		if (guest_fb[i] == fb)
			guest_fb[i] = 0;
}

int drmModeCloseFB(int fd, uint32_t fb) {
	int (*real)(int, uint32_t) = NULL;
	*(void **)&real = dlsym(RTLD_NEXT, "drmModeCloseFB");
	int err = real(fd, fb);
	if (err == 0)
		forget(fb);
	return err;
}

int drmModeRmFB(int fd, uint32_t fb) {
	int (*real)(int, uint32_t) = NULL;
	*(void **)&real = dlsym(RTLD_NEXT, "drmModeRmFB");
	forget(fb);
	return real(fd, fb);
}

static int shows_guest(const struct drm_mode_atomic *atomic) {
	const uint32_t *counts = (const uint32_t *)(uintptr_t)atomic->count_props_ptr;
	const uint64_t *values = (const uint64_t *)(uintptr_t)atomic->prop_values_ptr;
	uint32_t n = 0;
	for (uint32_t i = 0; i < atomic->count_objs; i++)
		n += counts[i];
	for (uint32_t i = 0; i < n; i++)
		for (unsigned k = 0; k < FBS_MAX; k++)
			if (guest_fb[k] != 0 && values[i] == guest_fb[k])
				return 1;
	return 0;
}

int drmIoctl(int fd, unsigned long request, void *arg) {
	int (*real)(int, unsigned long, void *) = NULL;
	*(void **)&real = dlsym(RTLD_NEXT, "drmIoctl");
	/* What is made here is no import, even if it gets the handle of one that is gone. */
	if (request == DRM_IOCTL_MODE_CREATE_DUMB)
		imported = 0;
	if (request == DRM_IOCTL_MODE_ATOMIC && is_on("refuse") && shows_guest(arg)) {
		errno = EINVAL;
		return -1;
	}
	return real(fd, request, arg);
}

ssize_t read(int fd, void *buffer, size_t size) {
	ssize_t (*real)(int, void *, size_t) = NULL;
	*(void **)&real = dlsym(RTLD_NEXT, "read");
	ssize_t got = real(fd, buffer, size);
	struct drm_event event;
	if (got < (ssize_t)sizeof(event) || !is_on("lose"))
		return got;
	memcpy(&event, buffer, sizeof(event));
	if (event.type != DRM_EVENT_FLIP_COMPLETE || event.length != sizeof(struct drm_event_vblank))
		return got;
	errno = EAGAIN;
	return -1;
}
