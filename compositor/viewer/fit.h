/* SPDX-License-Identifier: Apache-2.0 */
/* How a picture sits on a screen of another size. Pure. */
#ifndef VC_VIEWER_FIT_H
#define VC_VIEWER_FIT_H

#include <stddef.h>
#include <stdint.h>
#include <xf86drmMode.h>

/* Where the picture goes: @factor picture pixels in each direction become one. */
struct vc_fit {
	uint32_t factor;
	uint32_t x, y, width, height; /* on the screen, in pixels */
};

/* Centres a picture, pixel by pixel if it has room, else scaled down by the smallest whole factor that makes it fit. A picture
 * so flat that a side would vanish keeps one pixel of it. All sizes above zero. */
struct vc_fit vc_fit_picture(uint32_t picture_width, uint32_t picture_height, uint32_t screen_width,
			     uint32_t screen_height);

/* The mode to show a picture in: the preferred one if the picture fits in, else the smallest it fits in, else the preferred,
 * else the largest. Returns the index in @modes; @count above zero. */
size_t vc_fit_mode(const drmModeModeInfo *modes, size_t count, uint32_t picture_width, uint32_t picture_height);

#endif
