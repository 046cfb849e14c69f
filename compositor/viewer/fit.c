/* SPDX-License-Identifier: Apache-2.0 */
#include "fit.h"

#include <stdbool.h>

static uint32_t largest(uint32_t a, uint32_t b) {
	return a > b ? a : b;
}

struct vc_fit vc_fit_picture(uint32_t picture_width, uint32_t picture_height, uint32_t screen_width,
			     uint32_t screen_height) {
	uint32_t across = (picture_width + screen_width - 1) / screen_width;
	uint32_t down = (picture_height + screen_height - 1) / screen_height;
	struct vc_fit fit = {.factor = largest(across, down)};
	fit.width = largest(picture_width / fit.factor, 1);
	fit.height = largest(picture_height / fit.factor, 1);
	fit.x = (screen_width - fit.width) / 2;
	fit.y = (screen_height - fit.height) / 2;
	return fit;
}

static uint32_t area(const drmModeModeInfo *mode) {
	return (uint32_t)mode->hdisplay * mode->vdisplay;
}

size_t vc_fit_mode(const drmModeModeInfo *modes, size_t count, uint32_t picture_width, uint32_t picture_height) {
	size_t preferred = count;
	size_t smallest = count;
	size_t biggest = 0;
	for (size_t i = 0; i < count; i++) {
		bool fits = modes[i].hdisplay >= picture_width && modes[i].vdisplay >= picture_height;
		if (modes[i].type & DRM_MODE_TYPE_PREFERRED && preferred == count) {
			if (fits)
				return i;
			preferred = i;
		}
		if (fits && (smallest == count || area(&modes[i]) < area(&modes[smallest])))
			smallest = i;
		if (area(&modes[i]) > area(&modes[biggest]))
			biggest = i;
	}
	if (smallest < count)
		return smallest;
	return preferred < count ? preferred : biggest;
}
