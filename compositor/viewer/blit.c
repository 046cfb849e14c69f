/* SPDX-License-Identifier: Apache-2.0 */
#include "blit.h"

#include <stdlib.h>

/* Makes reads of @image average squares of @factor pixels. */
static bool scale_down(pixman_image_t *image, uint32_t factor) {
	pixman_fixed_t scale = pixman_int_to_fixed((int)factor);
	pixman_transform_t transform;
	pixman_transform_init_scale(&transform, scale, scale);
	int count;
	pixman_fixed_t *weights = pixman_filter_create_separable_convolution(
		&count, scale, scale, PIXMAN_KERNEL_IMPULSE, PIXMAN_KERNEL_IMPULSE, PIXMAN_KERNEL_BOX,
		PIXMAN_KERNEL_BOX, 0, 0);
	bool good = weights && pixman_image_set_transform(image, &transform) &&
		    pixman_image_set_filter(image, PIXMAN_FILTER_SEPARABLE_CONVOLUTION, weights, count);
	free(weights);
	pixman_image_set_repeat(image, PIXMAN_REPEAT_PAD);
	return good;
}

bool vc_blit(const struct vc_control_picture *picture, pixman_image_t *screen, const struct vc_fit *fit) {
	/* pixman takes pointers to writable memory; this image is only read. */
	pixman_image_t *image =
		pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8, (int)picture->info.width, (int)picture->info.height,
						  (uint32_t *)(uintptr_t)picture->pixels, (int)picture->info.stride);
	if (!image)
		return false;
	bool good = fit->factor == 1 || scale_down(image, fit->factor);
	if (good)
		pixman_image_composite32(PIXMAN_OP_SRC, image, NULL, screen, 0, 0, 0, 0, (int)fit->x, (int)fit->y,
					 (int)fit->width, (int)fit->height);
	pixman_image_unref(image);
	return good;
}

void vc_blit_clear(pixman_image_t *screen) {
	static const pixman_color_t black = {.alpha = 0xffff};
	pixman_box32_t all = {0, 0, pixman_image_get_width(screen), pixman_image_get_height(screen)};
	pixman_image_fill_boxes(PIXMAN_OP_SRC, screen, &black, 1, &all);
}
