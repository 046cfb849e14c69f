/* SPDX-License-Identifier: Apache-2.0 */
#include "kms-mode.h"

#include <stdio.h>
#include <stdlib.h>

int64_t vc_mode_period_ns(const drmModeModeInfo *mode) {
	if (mode->clock == 0)
		return 0;
	return INT64_C(1000000) * mode->htotal * mode->vtotal / mode->clock;
}

uint32_t vc_mode_refresh_mhz(const drmModeModeInfo *mode) {
	int64_t period_ns = vc_mode_period_ns(mode);
	return period_ns > 0 ? (uint32_t)((INT64_C(1000000000000) + period_ns / 2) / period_ns) : 0;
}

bool vc_mode_pick(const drmModeModeInfo *modes, int count, uint32_t width, uint32_t height, uint32_t refresh_mhz,
		  drmModeModeInfo *mode) {
	int64_t best = INT64_MAX;
	for (int i = 0; i < count; i++) {
		int64_t off = llabs((int64_t)vc_mode_refresh_mhz(&modes[i]) - (int64_t)refresh_mhz);
		if (modes[i].hdisplay != width || modes[i].vdisplay != height ||
		    (modes[i].flags & DRM_MODE_FLAG_INTERLACE) || off * 200 > refresh_mhz || off >= best)
			continue;
		best = off;
		*mode = modes[i];
	}
	return best != INT64_MAX;
}

void vc_mode_make(uint32_t width, uint32_t height, uint32_t refresh_mhz, drmModeModeInfo *mode) {
	/* Vertical blanking of 460 us at least; front porch 3, sync 10, back porch 6 lines or more. */
	uint64_t frame_ns = UINT64_C(1000000000000) / refresh_mhz;
	uint64_t blank = frame_ns > 1000000 ? (460000 * (uint64_t)height) / (frame_ns - 460000) + 1 : height;
	if (blank < 19)
		blank = 19;
	uint64_t htotal = width + 160, vtotal = height + blank;
	uint64_t clock_khz = (htotal * vtotal * refresh_mhz + 500000) / 1000000;
	*mode = (drmModeModeInfo){
		.clock = (uint32_t)(clock_khz ? clock_khz : 1),
		.hdisplay = (uint16_t)width,
		.hsync_start = (uint16_t)(width + 48),
		.hsync_end = (uint16_t)(width + 80),
		.htotal = (uint16_t)htotal,
		.vdisplay = (uint16_t)height,
		.vsync_start = (uint16_t)(height + 3),
		.vsync_end = (uint16_t)(height + 13),
		.vtotal = (uint16_t)vtotal,
		.vrefresh = (refresh_mhz + 500) / 1000,
		.flags = DRM_MODE_FLAG_PHSYNC | DRM_MODE_FLAG_NVSYNC,
		.type = DRM_MODE_TYPE_USERDEF,
	};
	snprintf(mode->name, sizeof(mode->name), "%ux%u", width, height);
}

bool vc_mode_equal(const drmModeModeInfo *a, const drmModeModeInfo *b) {
	return a->clock == b->clock && a->hdisplay == b->hdisplay && a->hsync_start == b->hsync_start &&
	       a->hsync_end == b->hsync_end && a->htotal == b->htotal && a->vdisplay == b->vdisplay &&
	       a->vsync_start == b->vsync_start && a->vsync_end == b->vsync_end && a->vtotal == b->vtotal &&
	       a->flags == b->flags;
}
