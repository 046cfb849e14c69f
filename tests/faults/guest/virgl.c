/* SPDX-License-Identifier: Apache-2.0 */
#include "virgl.h"

#include "guest-fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <virtgpu_drm.h>
#include <xf86drm.h>

int virgl_open(void) {
	int fd = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC);
	uint64_t features = 0;
	struct drm_virtgpu_getparam param = {.param = VIRTGPU_PARAM_3D_FEATURES, .value = (uintptr_t)&features};
	if (fd >= 0 && drmIoctl(fd, DRM_IOCTL_VIRTGPU_GETPARAM, &param) == 0 && features)
		return fd;
	fault_say("no virtio-gpu with 3D here");
	if (fd >= 0)
		close(fd);
	return -1;
}

bool virgl_resource_create(int fd, struct virgl_resource *r) {
	struct drm_virtgpu_resource_create create = {.target = r->target,
						     .format = r->format,
						     .bind = r->bind,
						     .width = r->width,
						     .height = r->height,
						     .depth = r->depth ? r->depth : 1,
						     .array_size = 1,
						     .nr_samples = r->samples,
						     .size = r->bytes};
	if (drmIoctl(fd, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, &create) != 0)
		return false;
	r->handle = create.bo_handle;
	r->id = create.res_handle;
	return true;
}

int virgl_submit(int fd, const uint32_t *words, size_t count) {
	struct drm_virtgpu_execbuffer exec = {.size = (uint32_t)(count * 4), .command = (uintptr_t)words};
	return drmIoctl(fd, DRM_IOCTL_VIRTGPU_EXECBUFFER, &exec) == 0 ? 0 : -errno;
}

void virgl_wait(int fd, const struct virgl_resource *r) {
	struct drm_virtgpu_3d_wait wait = {.handle = r->handle};
	drmIoctl(fd, DRM_IOCTL_VIRTGPU_WAIT, &wait);
}

static uint32_t random_word(void) {
	static uint64_t state = 0x9e3779b97f4a7c15; /* xorshift: the same stream of faults each time */
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32);
}

/* Mostly small numbers, which name things that exist or nearly do. */
static uint32_t plausible_word(const struct virgl_resource *r) {
	uint32_t n = random_word();
	switch (n % 8) {
	case 0:
		return r->id;
	case 1:
		return random_word();
	case 2:
		return 0x3f800000; /* 1.0 */
	case 3:
		return UINT32_MAX - (random_word() & 3);
	default:
		return (n >> 8) % 17;
	}
}

#define STREAM_WORDS 2048
#define COMMANDS 64
#define OBJECTS 12

/* Commands with the right opening and arguments that are right one by one at best. */
static size_t plausible_stream(uint32_t *words, const struct virgl_resource *r) {
	size_t n = 0;
	while (n + 70 < STREAM_WORDS) {
		uint32_t length = random_word() % 3 ? random_word() % 20 : random_word() % 64;
		uint32_t claimed = random_word() % 16 ? length : random_word() & 0xffff;
		words[n++] = VIRGL_COMMAND(random_word() % COMMANDS, random_word() % OBJECTS, claimed);
		for (uint32_t i = 0; i < length; i++)
			words[n++] = plausible_word(r);
	}
	return n;
}

int fault_bad_virgl(int64_t until_ns) {
	static uint32_t words[STREAM_WORDS];
	unsigned long streams = 0, contexts = 0;
	while (fault_now() < until_ns) {
		/* A context that has seen nonsense may take no more: a new one each time. */
		int fd = virgl_open();
		struct virgl_resource r = {.target = 2,
					   .format = VIRGL_FORMAT_BGRA,
					   .bind = VIRGL_BIND_RENDER | VIRGL_BIND_SAMPLER,
					   .width = 64,
					   .height = 64,
					   .bytes = 64 * 64 * 4};
		if (fd < 0 || !virgl_resource_create(fd, &r))
			return 1;
		contexts++;
		for (int i = 0; i < 16 && fault_now() < until_ns; i++) {
			size_t n = STREAM_WORDS;
			if (i == 0)
				for (size_t w = 0; w < n; w++)
					words[w] = random_word();
			else
				n = plausible_stream(words, &r);
			streams += virgl_submit(fd, words, n) == 0;
		}
		virgl_wait(fd, &r);
		close(fd);
	}
	fault_say("%lu streams in %lu contexts", streams, contexts);
	return streams > 0 ? 0 : 1;
}

/* CREATE_OBJECT of sampler states: ten words each for the guest, far more in the renderer and in GL below it. */
static int leak_objects(int fd, uint32_t *next) {
	enum { OBJECT_WORDS = 10, COUNT = 1600, CREATE_OBJECT = 1, SAMPLER_STATE = 7 };
	static uint32_t words[OBJECT_WORDS * COUNT];
	for (unsigned i = 0; i < COUNT; i++) {
		uint32_t *w = &words[i * OBJECT_WORDS];
		memset(w, 0, OBJECT_WORDS * sizeof(*w));
		w[0] = VIRGL_COMMAND(CREATE_OBJECT, SAMPLER_STATE, OBJECT_WORDS - 1);
		w[1] = (*next)++;
	}
	return virgl_submit(fd, words, OBJECT_WORDS * COUNT);
}

int fault_leak(int64_t until_ns) {
	int fd = virgl_open();
	if (fd < 0)
		return 1;
	/* Multisampled pictures need no memory of the guest's: 64 MiB each, until the device says no. */
	unsigned long pictures = 0;
	struct virgl_resource small = {.target = 2,
				       .format = VIRGL_FORMAT_BGRA,
				       .bind = VIRGL_BIND_RENDER,
				       .width = 16,
				       .height = 16,
				       .bytes = 4096};
	if (!virgl_resource_create(fd, &small))
		return 1;
	for (int i = 0; i < 64; i++) {
		struct virgl_resource r = {.target = 2,
					   .format = VIRGL_FORMAT_BGRA,
					   .bind = VIRGL_BIND_RENDER,
					   .width = 2048,
					   .height = 2048,
					   .samples = 4,
					   .bytes = 4096};
		pictures += virgl_resource_create(fd, &r);
	}
	uint32_t next = 1;
	unsigned long batches = 0;
	while (fault_now() < until_ns) {
		batches += leak_objects(fd, &next) == 0;
		if (batches % 16 == 0)
			virgl_wait(fd, &small);
	}
	fault_say("%lu pictures of 64 MiB asked for, %u objects", pictures, next - 1);
	close(fd);
	return batches > 0 ? 0 : 1;
}

int fault_descriptors(int64_t until_ns) {
	struct rlimit many = {4096, 4096};
	setrlimit(RLIMIT_NOFILE, &many);
	int first = virgl_open();
	if (first < 0)
		return 1;
	/* Each may become a scanout, so that the host keeps a descriptor for it. */
	unsigned long resources = 0, contexts = 0;
	struct virgl_resource r = {0};
	while (resources < 20000 && fault_now() < until_ns) {
		r = (struct virgl_resource){.target = 2,
					    .format = VIRGL_FORMAT_BGRA,
					    .bind = VIRGL_BIND_RENDER | VIRGL_BIND_SCANOUT,
					    .width = 16,
					    .height = 16,
					    .bytes = 4096};
		if (!virgl_resource_create(first, &r))
			break;
		resources++;
	}
	uint32_t nop = VIRGL_COMMAND(0, 0, 0);
	while (contexts < 1000 && fault_now() < until_ns) {
		int fd = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC);
		if (fd < 0 || virgl_submit(fd, &nop, 1) < 0)
			break;
		contexts++; /* stays open to the end */
	}
	virgl_wait(first, &r);
	fault_say("%lu resources, %lu contexts", resources, contexts);
	return resources > 0 ? 0 : 1;
}
