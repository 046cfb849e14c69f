/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pixels in memory: 32 bits each, premultiplied, 0xAARRGGBB in the machine's byte order, as DRM's ARGB8888 and Cairo's
 * ARGB32 have it. Everything here but vc_image_create() is for the real-time loop: no allocation, no system call.
 */
#ifndef VC_IMAGE_H
#define VC_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

struct vc_rect {
	int x, y, width, height;
};

/* Does not own its pixels unless vc_image_create() made it. */
struct vc_image {
	uint32_t *pixels;
	int width, height;
	int stride; /* pixels from one row to the next */
};

/* A transparent image; released with vc_image_destroy(). Returns false when memory is short. */
bool vc_image_create(struct vc_image *image, int width, int height);
void vc_image_destroy(struct vc_image *image);

static inline uint32_t *vc_image_row(const struct vc_image *image, int y) {
	return image->pixels + (int64_t)y * image->stride;
}

static inline bool vc_rect_empty(struct vc_rect r) {
	return r.width <= 0 || r.height <= 0;
}

struct vc_rect vc_rect_intersect(struct vc_rect a, struct vc_rect b);
/* The smallest rectangle around both; an empty one counts for nothing. */
struct vc_rect vc_rect_unite(struct vc_rect a, struct vc_rect b);

/* Copies the part @clip of @from to the same place in @to; both have the same size. */
void vc_image_copy(const struct vc_image *to, const struct vc_image *from, struct vc_rect clip);

/* Blends @sprite over @to with its upper left corner at @x, @y, inside @clip only. */
void vc_image_blend(const struct vc_image *to, const struct vc_image *sprite, int x, int y, struct vc_rect clip);

/* @colour (premultiplied) scaled by @weight of 256, rounded. */
static inline uint32_t vc_pixel_scale(uint32_t colour, uint32_t weight) {
	uint32_t rb = ((colour & 0x00ff00ffu) * weight + 0x00800080u) >> 8 & 0x00ff00ffu;
	uint32_t ag = ((colour >> 8 & 0x00ff00ffu) * weight + 0x00800080u) & 0xff00ff00u;
	return rb | ag;
}

/* @over (premultiplied) over @under. Alpha 255 replaces, alpha 0 adds nothing. */
static inline uint32_t vc_pixel_over(uint32_t under, uint32_t over) {
	return over + vc_pixel_scale(under, 256 - (over >> 24) - (over >> 31));
}

#endif
