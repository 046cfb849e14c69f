/* SPDX-License-Identifier: Apache-2.0 */
/* Pixels in, PNG out, read back with libpng. */
#include "cli_fake_control.h"

#include "picture.h"

#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/vc-picture-XXXXXX";

static int enter(void **state) {
	(void)state;
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int leave(void **state) {
	(void)state;
	return chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1; /* fails when a temporary file was left */
}

static void channels_and_rows_come_out_in_order(void **state) {
	(void)state;
	uint32_t pixels[2][3] = {{0xff112233, 0x00aabbcc, 0}, {0x80ff0000, 0x0000ff00, 0}}; /* third column: padding */
	struct vc_control_picture picture = {.info = {.width = 2, .height = 2, .stride = 12},
					     .pixels = (const uint8_t *)pixels};
	uint8_t *rgb = vc_picture_rgb(&picture);
	static const uint8_t expected[] = {0x11, 0x22, 0x33, 0xaa, 0xbb, 0xcc, 0xff, 0, 0, 0, 0xff, 0};
	assert_memory_equal(rgb, expected, sizeof(expected));

	char why[256] = "";
	assert_true(vc_picture_write(rgb, 2, 2, "out.png", why, sizeof(why)));
	png_image image = {.version = PNG_IMAGE_VERSION};
	assert_true(png_image_begin_read_from_file(&image, "out.png") != 0);
	assert_int_equal(image.width, 2);
	assert_int_equal(image.height, 2);
	image.format = PNG_FORMAT_RGB;
	uint8_t back[sizeof(expected)];
	assert_true(png_image_finish_read(&image, NULL, back, 0, NULL) != 0);
	assert_memory_equal(back, expected, sizeof(expected));
	free(rgb);
	assert_int_equal(unlink("out.png"), 0);
}

static void a_file_is_replaced_whole_or_not_at_all(void **state) {
	(void)state;
	static const uint8_t rgb[3] = {1, 2, 3};
	char why[256];
	umask(022);
	assert_true(vc_picture_write(rgb, 1, 1, "a.png", why, sizeof(why)));
	struct stat first, second;
	assert_int_equal(stat("a.png", &first), 0);
	assert_int_equal(first.st_mode & 07777, 0644);
	assert_true(vc_picture_write(rgb, 1, 1, "a.png", why, sizeof(why)));
	assert_int_equal(stat("a.png", &second), 0);
	assert_true(first.st_ino != second.st_ino);
	assert_int_equal(unlink("a.png"), 0);
}

static void places_that_cannot_be_written_are_named(void **state) {
	(void)state;
	static const uint8_t rgb[3] = {1, 2, 3};
	char why[256] = "";
	assert_false(vc_picture_write(rgb, 1, 1, "no/such/place.png", why, sizeof(why)));
	assert_string_equal(why, "no/such/place.png can't be created: No such file or directory");
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_false(vc_picture_write(rgb, 1, 1, "pipe", why, sizeof(why)));
	assert_non_null(strstr(why, "pipe is not a regular file"));
	assert_int_equal(unlink("pipe"), 0);
	assert_false(vc_picture_write(rgb, 1, 1, ".", why, sizeof(why)));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(channels_and_rows_come_out_in_order),
		cmocka_unit_test(a_file_is_replaced_whole_or_not_at_all),
		cmocka_unit_test(places_that_cannot_be_written_are_named),
	};
	return cmocka_run_group_tests_name("picture", tests, enter, leave);
}
