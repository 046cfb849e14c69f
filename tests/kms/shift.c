/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOAD for the compositor: while the file $VC_SHIFT_FILE exists, planes that are SHIFTED_WIDTH pixels wide are put 8 pixels
 * to the right of where the compositor wants them, as a broken driver or display controller might.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define SHIFTED_WIDTH 640

static uint32_t crtc_x; /* the property's id, 0 before it is known */

static int is_crtc_x(int fd, uint32_t id) {
	if (crtc_x != 0)
		return id == crtc_x;
	drmModePropertyRes *property = drmModeGetProperty(fd, id);
	if (property && strcmp(property->name, "CRTC_X") == 0)
		crtc_x = id;
	drmModeFreeProperty(property);
	return id == crtc_x;
}

static void shift(int fd, const struct drm_mode_atomic *atomic) {
	const uint32_t *counts = (const uint32_t *)(uintptr_t)atomic->count_props_ptr;
	const uint32_t *ids = (const uint32_t *)(uintptr_t)atomic->props_ptr;
	uint64_t *values = (uint64_t *)(uintptr_t)atomic->prop_values_ptr;
	for (uint32_t object = 0, at = 0; object < atomic->count_objs; at += counts[object++]) {
		int wide = 0;
		for (uint32_t i = 0; i < counts[object]; i++)
			wide |= values[at + i] == (uint64_t)SHIFTED_WIDTH << 16;
		for (uint32_t i = 0; i < counts[object] && wide; i++)
			if (values[at + i] == 0 && is_crtc_x(fd, ids[at + i]))
				values[at + i] = 8;
	}
}

int drmIoctl(int fd, unsigned long request, void *arg) {
	int (*real)(int, unsigned long, void *) = NULL;
	*(void **)&real = dlsym(RTLD_NEXT, "drmIoctl");
	const char *file = getenv("VC_SHIFT_FILE");
	if (request == DRM_IOCTL_MODE_ATOMIC && file && access(file, F_OK) == 0)
		shift(fd, arg);
	return real(fd, request, arg);
}
