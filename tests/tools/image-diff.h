/* SPDX-License-Identifier: Apache-2.0 */
/* How much two pictures of one size differ inside a rectangle. Pure. */
#ifndef VC_IMAGE_DIFF_H
#define VC_IMAGE_DIFF_H

#include <stdbool.h>
#include <stdint.h>

struct vc_rect {
	uint32_t x, y, width, height;
};

struct vc_image_diff {
	uint64_t changed_pixels;
	double fraction;      /* changed_pixels of the rectangle's pixels */
	double mean_abs_diff; /* over all pixels and the three channels, 0 … 255 */
	uint32_t distinct_colours_a, distinct_colours_b;
};

/* Reads "X,Y,WxH", decimal, with W and H above zero. */
bool vc_rect_parse(const char *text, struct vc_rect *rect);

bool vc_rect_inside(const struct vc_rect *rect, uint32_t width, uint32_t height);

/* @a, @b: rows of R, G, B bytes, @width pixels each. @rect must lie inside both. Returns false when there is no memory. */
bool vc_image_diff(const uint8_t *a, const uint8_t *b, uint32_t width, const struct vc_rect *rect,
		   struct vc_image_diff *diff);

#endif
