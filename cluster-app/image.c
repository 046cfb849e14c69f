/* SPDX-License-Identifier: Apache-2.0 */
#include "image.h"

#include <stdlib.h>
#include <string.h>

bool vc_image_create(struct vc_image *image, int width, int height) {
	*image = (struct vc_image){.width = width, .height = height, .stride = width};
	image->pixels = calloc((size_t)width * (size_t)height, sizeof(*image->pixels));
	return image->pixels != NULL;
}

void vc_image_destroy(struct vc_image *image) {
	free(image->pixels);
	*image = (struct vc_image){0};
}

struct vc_rect vc_rect_intersect(struct vc_rect a, struct vc_rect b) {
	int x0 = a.x > b.x ? a.x : b.x, y0 = a.y > b.y ? a.y : b.y;
	int x1 = a.x + a.width < b.x + b.width ? a.x + a.width : b.x + b.width;
	int y1 = a.y + a.height < b.y + b.height ? a.y + a.height : b.y + b.height;
	if (x1 <= x0 || y1 <= y0)
		return (struct vc_rect){0};
	return (struct vc_rect){x0, y0, x1 - x0, y1 - y0};
}

struct vc_rect vc_rect_unite(struct vc_rect a, struct vc_rect b) {
	if (vc_rect_empty(a))
		return b;
	if (vc_rect_empty(b))
		return a;
	int x0 = a.x < b.x ? a.x : b.x, y0 = a.y < b.y ? a.y : b.y;
	int x1 = a.x + a.width > b.x + b.width ? a.x + a.width : b.x + b.width;
	int y1 = a.y + a.height > b.y + b.height ? a.y + a.height : b.y + b.height;
	return (struct vc_rect){x0, y0, x1 - x0, y1 - y0};
}

void vc_image_copy(const struct vc_image *to, const struct vc_image *from, struct vc_rect clip) {
	clip = vc_rect_intersect(clip, (struct vc_rect){0, 0, to->width, to->height});
	for (int y = clip.y; y < clip.y + clip.height; y++)
		memcpy(vc_image_row(to, y) + clip.x, vc_image_row(from, y) + clip.x,
		       (size_t)clip.width * sizeof(uint32_t));
}

void vc_image_blend(const struct vc_image *to, const struct vc_image *sprite, int x, int y, struct vc_rect clip) {
	clip = vc_rect_intersect(clip, (struct vc_rect){0, 0, to->width, to->height});
	clip = vc_rect_intersect(clip, (struct vc_rect){x, y, sprite->width, sprite->height});
	for (int row = clip.y; row < clip.y + clip.height; row++) {
		uint32_t *under = vc_image_row(to, row) + clip.x;
		const uint32_t *over = vc_image_row(sprite, row - y) + (clip.x - x);
		for (int i = 0; i < clip.width; i++)
			if (over[i])
				under[i] = vc_pixel_over(under[i], over[i]);
	}
}
