/* SPDX-License-Identifier: Apache-2.0 */
/* Redrawing only what has changed must give the very pixels of drawing everything. */
#include "declare.h"
#include "safe.h"
#include "scene.h"
#include "states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint32_t seed = 1;

static uint32_t random_below(uint32_t n) {
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static struct vc_scene *make_scene(int width, int height) {
	char why[256];
	struct vc_scene *scene = vc_scene_create(width, height, "Roboto, DejaVu Sans", why, sizeof(why));
	if (!scene)
		fail_msg("%s", why);
	return scene;
}

static void vary(struct vc_picture *p) {
	int i = (int)random_below(VC_ARCS);
	switch (random_below(6)) {
	case 0:
		p->arc[i] = (int32_t)random_below(VC_ARC_FULL + 1);
		break;
	case 1:
		p->arc[i] = p->arc[i] < VC_ARC_FULL - 40 ? p->arc[i] + (int32_t)random_below(40) : 0;
		break;
	case 2:
		p->arc[i] = VC_ARC_NONE;
		break;
	case 3:
		memset(p->text[i], 0, VC_TEXT_MAX);
		snprintf(p->text[i], VC_TEXT_MAX, "%u", random_below(30000));
		p->dashed[i] = (uint8_t)random_below(2);
		break;
	case 4:
		p->lamp[random_below(VC_LAMPS)] = (uint8_t)random_below(VC_LAMP_STATES);
		break;
	default:
		p->notice = (uint8_t)random_below(VC_NOTICES);
		break;
	}
}

static void compare(const struct vc_image *a, const struct vc_image *b, int round) {
	for (int y = 0; y < a->height; y++)
		for (int x = 0; x < a->width; x++)
			if (vc_image_row(a, y)[x] != vc_image_row(b, y)[x])
				fail_msg("round %d: pixel %d,%d is 0x%08x, should be 0x%08x", round, x, y,
					 vc_image_row(a, y)[x], vc_image_row(b, y)[x]);
}

static void check_damage(int width, int height) {
	struct vc_scene *scene = make_scene(width, height);
	struct vc_image part, whole;
	struct vc_picture shown, picture;
	assert_true(vc_image_create(&part, width, height) && vc_image_create(&whole, width, height));
	assert_true(vc_state_picture("drive", &picture));
	vc_scene_draw_all(scene, &part, &picture);
	for (int round = 0; round < 250; round++) {
		shown = picture;
		for (uint32_t n = random_below(4); n > 0; n--)
			vary(&picture);
		vc_scene_draw(scene, &part, &shown, &picture);
		vc_scene_draw_all(scene, &whole, &picture);
		compare(&part, &whole, round);
	}
	vc_image_destroy(&part);
	vc_image_destroy(&whole);
	vc_scene_destroy(scene);
}

static void test_damage_is_enough(void **state) {
	(void)state;
	check_damage(960, 720);
	check_damage(640, 480);
	check_damage(1280, 480);
	check_damage(333, 257);
}

static void test_nothing_changed_costs_nothing(void **state) {
	(void)state;
	struct vc_scene *scene = make_scene(640, 480);
	struct vc_image image;
	struct vc_picture a, b;
	assert_true(vc_image_create(&image, 640, 480));
	vc_state_picture("drive", &a);
	vc_scene_draw_all(scene, &image, &a);
	assert_int_equal(vc_scene_draw(scene, &image, &a, &a), 0);
	b = a;
	b.arc[VC_ARC_SPEED] += 20;
	uint64_t pixels = vc_scene_draw(scene, &image, &a, &b);
	assert_in_range(pixels, 1, 640 * 480 / 10);
	vc_image_destroy(&image);
	vc_scene_destroy(scene);
}

/* No size crashes, however odd; all pixels are opaque. */
static void test_sizes(void **state) {
	(void)state;
	static const int sizes[][2] = {{320, 200}, {800, 480}, {1920, 720}, {720, 960}, {2560, 320}, {321, 1001}};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int w = sizes[i][0], h = sizes[i][1];
		struct vc_scene *scene = make_scene(w, h);
		struct vc_image image;
		struct vc_picture picture;
		assert_true(vc_image_create(&image, w, h));
		vc_state_picture("warning", &picture);
		vc_scene_draw_all(scene, &image, &picture);
		for (int p = 0; p < w * h; p++)
			assert_int_equal(image.pixels[p] >> 24, 255);
		vc_image_destroy(&image);
		vc_scene_destroy(scene);
	}
}

static void test_too_small(void **state) {
	(void)state;
	char why[256];
	assert_null(vc_scene_create(319, 200, "Roboto", why, sizeof(why)));
	assert_string_equal(why, "a zone of 319x200 is too small; the cluster needs 320x200 at least");
}

/* Lit, dark and unknown telltales can be told apart, each by its own pixels. */
static void test_lamp_states_differ(void **state) {
	(void)state;
	struct vc_scene *scene = make_scene(960, 720);
	struct vc_image image[VC_LAMP_STATES];
	struct vc_picture picture;
	vc_state_picture("drive", &picture);
	for (int i = 0; i < VC_LAMP_STATES; i++)
		assert_true(vc_image_create(&image[i], 960, 720));
	for (int lamp = 0; lamp < VC_LAMPS; lamp++) {
		uint64_t differ[VC_LAMP_STATES] = {0};
		for (int i = 0; i < VC_LAMP_STATES; i++) {
			struct vc_picture p = picture;
			p.lamp[lamp] = (uint8_t)i;
			vc_scene_draw_all(scene, &image[i], &p);
		}
		for (int i = 0; i < VC_LAMP_STATES; i++)
			for (int p = 0; p < 960 * 720; p++)
				differ[i] += image[i].pixels[p] != image[(i + 1) % VC_LAMP_STATES].pixels[p];
		for (int i = 0; i < VC_LAMP_STATES; i++)
			assert_in_range(differ[i], 100, 20000);
	}
	for (int i = 0; i < VC_LAMP_STATES; i++)
		vc_image_destroy(&image[i]);
	vc_scene_destroy(scene);
}

/* What a telltale's place holds depends on its state, and on nothing else in the picture: else no reference could be made. */
static void telltales_are_told_by_their_places(void **state) {
	(void)state;
	static const int sizes[][2] = {{960, 720}, {1920, 720}, {640, 480}, {1280, 480}, {800, 600}, {320, 200}};
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct vc_scene *scene = make_scene(sizes[s][0], sizes[s][1]);
		struct vc_image image;
		struct vc_references refs;
		assert_true(vc_image_create(&image, sizes[s][0], sizes[s][1]));
		vc_declare_references(scene, &image, &refs);
		struct vc_picture picture = {0};
		for (int round = 0; round < 100; round++) {
			for (int i = 0; i < 40; i++)
				vary(&picture);
			picture.counter = random_below(1u << 24);
			vc_scene_draw_all(scene, &image, &picture);
			struct vc_display_declare declare;
			struct vc_declaration d;
			vc_declare_frame(scene, &image, &picture, picture.counter, &declare);
			assert_true(vc_declaration_decode(&d, declare.data, declare.size));
			assert_int_equal(d.count, refs.count);
			for (unsigned i = 0; i < d.count; i++) {
				assert_int_equal(d.telltale[i].state, picture.lamp[i]);
				if (d.telltale[i].crc != refs.telltale[i].crc[picture.lamp[i]])
					fail_msg("%dx%d, round %d: %s in state %u looks otherwise than its reference",
						 sizes[s][0], sizes[s][1], round, refs.telltale[i].name,
						 picture.lamp[i]);
			}
		}
		vc_image_destroy(&image);
		vc_scene_destroy(scene);
	}
}

static void safe_picture_crosses_out_every_telltale(void **state) {
	(void)state;
	struct vc_scene *scene = make_scene(960, 720);
	struct vc_image image;
	struct vc_fonts fonts;
	struct vc_references refs;
	assert_true(vc_image_create(&image, 960, 720));
	vc_declare_references(scene, &image, &refs);
	assert_true(vc_fonts_init(&fonts, "DejaVu Sans"));
	assert_true(vc_safe_draw(scene, &image, &fonts));
	const struct vc_pixels pixels = {image.pixels, (size_t)image.stride, 960, 720};
	for (unsigned i = 0; i < refs.count; i++)
		assert_int_equal(vc_place_crc(&pixels, &refs.telltale[i].place),
				 refs.telltale[i].crc[VC_TELLTALE_UNKNOWN]);
	/* It is no frame of the cluster, and must not be taken for one. */
	uint32_t counter;
	assert_false(vc_strip_read(&pixels, &refs.strip, &counter));
	vc_fonts_finish(&fonts);
	vc_image_destroy(&image);
	vc_scene_destroy(scene);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(telltales_are_told_by_their_places),
		cmocka_unit_test(safe_picture_crosses_out_every_telltale),
		cmocka_unit_test(test_damage_is_enough),
		cmocka_unit_test(test_nothing_changed_costs_nothing),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_too_small),
		cmocka_unit_test(test_lamp_states_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
