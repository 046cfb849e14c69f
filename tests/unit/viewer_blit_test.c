/* SPDX-License-Identifier: Apache-2.0 */
/* Pixels of captures on screens. */
#include "blit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define W 8
#define H 6

static uint32_t screen[H][W];

static pixman_image_t *make_screen(uint32_t fill) {
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			screen[y][x] = fill;
	pixman_image_t *image = pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8, W, H, screen[0], W * 4);
	assert_non_null(image);
	return image;
}

static struct vc_control_picture make_picture(const uint32_t *pixels, uint32_t width, uint32_t height,
					      uint32_t stride) {
	return (struct vc_control_picture){.info = {.width = width, .height = height, .stride = stride},
					   .pixels = (const uint8_t *)pixels};
}

static void pixels_arrive_one_by_one(void **state) {
	(void)state;
	/* Alpha of all kinds, and a column of padding. */
	static const uint32_t pixels[2][4] = {{0x00112233, 0x80445566, 0xff778899, 0xdeadbeef},
					      {0x01010203, 0x7f040506, 0x00070809, 0xdeadbeef}};
	struct vc_control_picture picture = make_picture(pixels[0], 3, 2, 16);
	pixman_image_t *image = make_screen(0x00aaaaaa);
	vc_blit_clear(image);
	struct vc_fit fit = vc_fit_picture(3, 2, W, H);
	assert_true(vc_blit(&picture, image, &fit));
	pixman_image_unref(image);
	for (uint32_t y = 0; y < H; y++)
		for (uint32_t x = 0; x < W; x++) {
			uint32_t expected = 0;
			if (x >= fit.x && x < fit.x + 3 && y >= fit.y && y < fit.y + 2)
				expected = pixels[y - fit.y][x - fit.x] & 0xffffff;
			assert_int_equal(screen[y][x] & 0xffffff, expected);
		}
}

static void scaled_pixels_are_means(void **state) {
	(void)state;
	/* Squares of 3x3 whose columns are 0, 9 and 18 above a base. */
	static uint32_t pixels[H * 3][W * 3];
	for (uint32_t y = 0; y < H * 3; y++)
		for (uint32_t x = 0; x < W * 3; x++) {
			uint32_t base = (x / 3) * 8 + (y / 3) * 16;
			uint32_t offset = (x % 3) * 9; /* mean 9 */
			pixels[y][x] = (base + offset) << 16 | (0xff - base - offset) << 8 | offset;
		}
	struct vc_control_picture picture = make_picture(pixels[0], W * 3, H * 3, W * 3 * 4);
	pixman_image_t *image = make_screen(0);
	struct vc_fit fit = vc_fit_picture(W * 3, H * 3, W, H);
	assert_int_equal(fit.factor, 3);
	assert_true(vc_blit(&picture, image, &fit));
	pixman_image_unref(image);
	for (uint32_t y = 0; y < H; y++)
		for (uint32_t x = 0; x < W; x++) {
			int base = (int)(x * 8 + y * 16);
			const int expected[3] = {base + 9, 0xff - base - 9, 9};
			for (int c = 0; c < 3; c++) {
				int got = (int)(screen[y][x] >> (16 - 8 * c) & 0xff);
				assert_in_range(got, (uintmax_t)(expected[c] - 1), (uintmax_t)(expected[c] + 1));
			}
		}
}

static void clearing_makes_all_black(void **state) {
	(void)state;
	pixman_image_t *image = make_screen(0x00ffffff);
	vc_blit_clear(image);
	pixman_image_unref(image);
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			assert_int_equal(screen[y][x] & 0xffffff, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pixels_arrive_one_by_one),
		cmocka_unit_test(scaled_pixels_are_means),
		cmocka_unit_test(clearing_makes_all_black),
	};
	return cmocka_run_group_tests_name("blit", tests, NULL, NULL);
}
