/* SPDX-License-Identifier: Apache-2.0 */
/* Where pictures go on screens, and which mode suits them. */
#include "fit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void pictures_are_centred_and_scaled_by_whole_factors(void **state) {
	(void)state;
	static const struct {
		uint32_t picture[2], screen[2];
		struct vc_fit fit;
	} cases[] = {
		{{1920, 720}, {1920, 720}, {1, 0, 0, 1920, 720}},
		{{1920, 720}, {1920, 1080}, {1, 0, 180, 1920, 720}},
		{{1920, 720}, {2560, 720}, {1, 320, 0, 1920, 720}},
		{{1920, 720}, {1280, 800}, {2, 160, 220, 960, 360}},
		{{1920, 720}, {1919, 720}, {2, 479, 180, 960, 360}},
		{{1920, 720}, {1920, 719}, {2, 480, 179, 960, 360}},
		{{1920, 720}, {640, 480}, {3, 0, 120, 640, 240}},
		{{1921, 720}, {640, 480}, {4, 80, 150, 480, 180}},
		{{1, 1}, {640, 480}, {1, 319, 239, 1, 1}},
		{{8192, 1}, {640, 480}, {13, 5, 239, 630, 1}},
		{{8192, 8192}, {1, 1}, {8192, 0, 0, 1, 1}},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vc_fit fit = vc_fit_picture(cases[i].picture[0], cases[i].picture[1], cases[i].screen[0],
						   cases[i].screen[1]);
		assert_memory_equal(&fit, &cases[i].fit, sizeof(fit));
	}
}

static void every_picture_stays_on_the_screen(void **state) {
	(void)state;
	for (uint32_t w = 1; w < 3000; w += 97)
		for (uint32_t h = 1; h < 3000; h += 89)
			for (uint32_t sw = 1; sw < 2000; sw += 333) {
				struct vc_fit fit = vc_fit_picture(w, h, sw, 480);
				assert_true(fit.factor >= 1 && fit.width >= 1 && fit.height >= 1);
				assert_true(fit.x + fit.width <= sw && fit.y + fit.height <= 480);
				assert_true(fit.width * fit.factor <= w || fit.width == 1);
				assert_true(fit.height * fit.factor <= h || fit.height == 1);
			}
}

static drmModeModeInfo mode(uint16_t width, uint16_t height, int preferred) {
	return (drmModeModeInfo){
		.hdisplay = width, .vdisplay = height, .type = preferred ? DRM_MODE_TYPE_PREFERRED : 0};
}

static void modes_are_chosen_for_the_picture(void **state) {
	(void)state;
	const drmModeModeInfo modes[] = {mode(1280, 800, 1), mode(2560, 1600, 0), mode(1920, 1080, 0),
					 mode(640, 480, 0)};
	assert_int_equal(vc_fit_mode(modes, 4, 1280, 720), 0); /* the preferred one suits */
	assert_int_equal(vc_fit_mode(modes, 4, 1920, 720), 2); /* the smallest that suits */
	assert_int_equal(vc_fit_mode(modes, 4, 1920, 1200), 1);
	assert_int_equal(vc_fit_mode(modes, 4, 4000, 720), 0);     /* none suits: the preferred one */
	assert_int_equal(vc_fit_mode(modes + 1, 3, 4000, 720), 0); /* nor is one preferred: the largest */
	assert_int_equal(vc_fit_mode(modes + 3, 1, 4000, 720), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_are_centred_and_scaled_by_whole_factors),
		cmocka_unit_test(every_picture_stays_on_the_screen),
		cmocka_unit_test(modes_are_chosen_for_the_picture),
	};
	return cmocka_run_group_tests_name("fit", tests, NULL, NULL);
}
