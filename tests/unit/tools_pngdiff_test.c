/* SPDX-License-Identifier: Apache-2.0 */
/* Differences between pictures, by function and by the built tool ($PNGDIFF). */
#include "image-diff.h"

#include <json.h>
#include <json_pointer.h>
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/vc-pngdiff-XXXXXX";

static int enter(void **state) {
	(void)state;
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int leave(void **state) {
	(void)state;
	return chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

/* Two pictures of 4x2: @b differs by 30 in one channel of pixel 0,0 and by 3 in each of pixel 3,1. */
static void draw(uint8_t *a, uint8_t *b) {
	memset(a, 100, 24);
	memcpy(b, a, 24);
	b[0] = 130;
	b[21] = b[22] = b[23] = 97;
}

static void assert_near(double value, double expected) {
	assert_true(value > expected - 1e-9 && value < expected + 1e-9);
}

static void differences_are_counted_in_the_rectangle(void **state) {
	(void)state;
	uint8_t a[24], b[24];
	draw(a, b);
	static const struct {
		struct vc_rect rect;
		uint64_t changed;
		double sum;
		uint32_t colours_b;
	} cases[] = {
		{{0, 0, 4, 2}, 2, 39, 3}, {{0, 0, 2, 2}, 1, 30, 2}, {{3, 1, 1, 1}, 1, 9, 1},
		{{1, 0, 2, 2}, 0, 0, 1},  {{2, 0, 2, 2}, 1, 9, 2},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vc_image_diff diff;
		double pixels = cases[i].rect.width * cases[i].rect.height;
		assert_true(vc_image_diff(a, b, 4, &cases[i].rect, &diff));
		assert_int_equal(diff.changed_pixels, cases[i].changed);
		assert_near(diff.fraction, (double)cases[i].changed / pixels);
		assert_near(diff.mean_abs_diff, cases[i].sum / pixels / 3);
		assert_int_equal(diff.distinct_colours_a, 1);
		assert_int_equal(diff.distinct_colours_b, cases[i].colours_b);
	}
}

static void rectangles_are_parsed_strictly(void **state) {
	(void)state;
	struct vc_rect rect;
	assert_true(vc_rect_parse("960,0,480x720", &rect));
	assert_int_equal(rect.x, 960);
	assert_int_equal(rect.y, 0);
	assert_int_equal(rect.width, 480);
	assert_int_equal(rect.height, 720);
	static const char *const bad[] = {
		"",        "1",       "1,2",       "1,2,3",   "1,2,3x",  "1,2,3x4 ", " 1,2,3x4",  "-1,2,3x4",
		"1,2,0x4", "1,2,3x0", "1,2,3x4,5", "1;2,3x4", "1,2,3X4", "+1,2,3x4", "1,2,3x0x4", "1234567890,2,3x4"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(vc_rect_parse(bad[i], &rect));
}

static void rectangles_stay_inside(void **state) {
	(void)state;
	static const struct vc_rect in[] = {{0, 0, 4, 2}, {3, 1, 1, 1}};
	static const struct vc_rect outside[] = {{0, 0, 5, 2}, {0, 0, 4, 3}, {4, 0, 1, 1},
						 {0, 2, 1, 1}, {3, 0, 2, 1}, {1, 0, UINT32_MAX, 1}};
	for (size_t i = 0; i < sizeof(in) / sizeof(*in); i++)
		assert_true(vc_rect_inside(&in[i], 4, 2));
	for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++)
		assert_false(vc_rect_inside(&outside[i], 4, 2));
}

static void write_png(const char *path, const uint8_t *rgb, uint32_t width, uint32_t height) {
	png_image image = {.version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_RGB};
	assert_true(png_image_write_to_file(&image, path, 0, rgb, 0, NULL) != 0);
}

/* Runs vc-pngdiff with @arguments; takes its standard output. Returns its exit code or -1. */
static int run(const char *arguments, char *out, size_t size) {
	char line[1024];
	snprintf(line, sizeof(line), "'%s' %s 2>errors", getenv("PNGDIFF"), arguments);
	FILE *pipe = popen(line, "r");
	assert_non_null(pipe);
	size_t n = fread(out, 1, size - 1, pipe);
	out[n] = '\0';
	int status = pclose(pipe);
	assert_int_equal(unlink("errors"), 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void tool_reports_as_json(void **state) {
	(void)state;
	uint8_t a[24], b[24];
	draw(a, b);
	write_png("a.png", a, 4, 2);
	write_png("b.png", b, 4, 2);
	write_png("other.png", b, 2, 4);
	FILE *bad = fopen("bad.png", "w");
	assert_non_null(bad);
	fputs("no picture at all", bad);
	fclose(bad);

	char out[4096];
	assert_int_equal(run("--rect 0,0,2x2 --rect 1,0,2x2 a.png b.png", out, sizeof(out)), 0);
	json_object *json = json_tokener_parse(out);
	assert_non_null(json);
	static const char *const expected[][2] = {
		{"/width", "4"},
		{"/rects/0/changed_pixels", "1"},
		{"/rects/0/fraction", "0.250000"},
		{"/rects/0/mean_abs_diff", "2.500000"},
		{"/rects/0/distinct_colours_b", "2"},
		{"/rects/1/changed_pixels", "0"},
	};
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		json_object *value = NULL;
		assert_int_equal(json_pointer_get(json, expected[i][0], &value), 0);
		assert_string_equal(json_object_get_string(value), expected[i][1]);
	}
	json_object_put(json);
	assert_int_equal(run("a.png b.png", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "\"changed_pixels\": 2"));

	static const struct {
		const char *arguments;
		int code;
	} wrong[] = {
		{"a.png other.png", 1},        {"a.png bad.png", 1},
		{"a.png missing.png", 1},      {"--rect 3,0,2x2 a.png b.png", 1},
		{"--rect 3,0 a.png b.png", 2}, {"a.png", 2},
		{"--odd a.png b.png", 2},
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(run(wrong[i].arguments, out, sizeof(out)), wrong[i].code);
		assert_string_equal(out, "");
	}
	static const char *const files[] = {"a.png", "b.png", "other.png", "bad.png"};
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		assert_int_equal(unlink(files[i]), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences_are_counted_in_the_rectangle),
		cmocka_unit_test(rectangles_are_parsed_strictly),
		cmocka_unit_test(rectangles_stay_inside),
		cmocka_unit_test(tool_reports_as_json),
	};
	return cmocka_run_group_tests_name("pngdiff", tests, enter, leave);
}
