/* SPDX-License-Identifier: Apache-2.0 */
#include "sketch.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

cairo_t *vc_sketch_begin(const struct vc_image *image) {
	cairo_surface_t *surface = cairo_image_surface_create_for_data(
		(unsigned char *)image->pixels, CAIRO_FORMAT_ARGB32, image->width, image->height, image->stride * 4);
	cairo_t *cr = cairo_create(surface);
	cairo_surface_destroy(surface); /* the context holds it */
	return cr;
}

bool vc_sketch_end(cairo_t *cr) {
	cairo_surface_flush(cairo_get_target(cr));
	bool good = cairo_status(cr) == CAIRO_STATUS_SUCCESS;
	cairo_destroy(cr);
	return good;
}

void vc_sketch_colour(cairo_t *cr, uint32_t colour, double alpha) {
	cairo_set_source_rgba(cr, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0, (colour & 255) / 255.0,
			      alpha);
}

void vc_sketch_stop(cairo_pattern_t *pattern, double offset, uint32_t colour, double alpha) {
	cairo_pattern_add_color_stop_rgba(pattern, offset, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
					  (colour & 255) / 255.0, alpha);
}

void vc_sketch_rounded(cairo_t *cr, double x, double y, double w, double h, double r) {
	cairo_new_sub_path(cr);
	cairo_arc(cr, x + w - r, y + r, r, -M_PI / 2, 0);
	cairo_arc(cr, x + w - r, y + h - r, r, 0, M_PI / 2);
	cairo_arc(cr, x + r, y + h - r, r, M_PI / 2, M_PI);
	cairo_arc(cr, x + r, y + r, r, M_PI, 3 * M_PI / 2);
	cairo_close_path(cr);
}

/* A running mean over 2 * @radius + 1 samples, @count of them @step apart. */
static void box_blur(const float *from, float *to, ptrdiff_t count, ptrdiff_t step, ptrdiff_t radius) {
	float sum = 0, scale = 1.0f / (float)(2 * radius + 1);
	for (ptrdiff_t i = -radius; i < count + radius; i++) {
		if (i + radius < count && i + radius >= 0)
			sum += from[(i + radius) * step];
		if (i - radius - 1 >= 0)
			sum -= from[(i - radius - 1) * step];
		if (i >= 0 && i < count)
			to[i * step] = sum * scale;
	}
}

/* Three box blurs each way come close to a Gaussian. @a and @b hold width * height samples; the result is in @a. */
static void blur(float *a, float *b, ptrdiff_t width, ptrdiff_t height, int radius) {
	for (int pass = 0; pass < 3; pass++) {
		for (ptrdiff_t y = 0; y < height; y++)
			box_blur(a + y * width, b + y * width, width, 1, radius);
		for (ptrdiff_t x = 0; x < width; x++)
			box_blur(b + x, a + x, height, width, radius);
	}
}

bool vc_sketch_glow(struct vc_image *image, uint32_t colour, double radius, double strength) {
	size_t count = (size_t)image->width * (size_t)image->height;
	float *a = calloc(count, sizeof(*a)), *b = calloc(count, sizeof(*b));
	int r = (int)lround(radius / 3);
	if (a && b) {
		for (size_t i = 0; i < count; i++)
			a[i] = (float)(image->pixels[i] >> 24) / 255.0f;
		blur(a, b, image->width, image->height, r < 1 ? 1 : r);
		for (size_t i = 0; i < count; i++) {
			uint32_t alpha = (uint32_t)lround(255 * fmin(1, a[i] * strength));
			uint32_t light = vc_pixel_scale(0xff000000u | colour, alpha + (alpha >> 7));
			image->pixels[i] = vc_pixel_over(light, image->pixels[i]);
		}
	}
	bool good = a && b;
	free(a);
	free(b);
	return good;
}
