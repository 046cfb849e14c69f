/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOAD for the compositor: refuses each atomic commit that shows a part of a buffer REFUSED_WIDTH pixels wide, as a
 * driver might that runs out of bandwidth. vkms itself refuses nothing that passed when the buffer was added.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <xf86drm.h>

#define REFUSED_WIDTH 333

int drmIoctl(int fd, unsigned long request, void *arg) {
	int (*real)(int, unsigned long, void *) = NULL;
	*(void **)&real = dlsym(RTLD_NEXT, "drmIoctl");
	if (request == DRM_IOCTL_MODE_ATOMIC) {
		const struct drm_mode_atomic *atomic = arg;
		const uint32_t *counts = (const uint32_t *)(uintptr_t)atomic->count_props_ptr;
		const uint64_t *values = (const uint64_t *)(uintptr_t)atomic->prop_values_ptr;
		uint32_t n = 0;
		for (uint32_t i = 0; i < atomic->count_objs; i++)
			n += counts[i];
		for (uint32_t i = 0; i < n; i++)
			if (values[i] == (uint64_t)REFUSED_WIDTH << 16) {
				errno = EINVAL;
				return -1;
			}
	}
	return real(fd, request, arg);
}
