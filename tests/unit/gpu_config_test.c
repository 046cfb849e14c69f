/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct vc_gpu_config config;
static char error[512];

static bool read_text(const char *text) {
	char path[] = "/tmp/vc-gpu-config-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	bool good = vc_gpu_config_read(&config, path, error, sizeof(error));
	unlink(path);
	return good;
}

static void test_values(void **state) {
	(void)state;
	assert_true(read_text(
		"[vm]\nkernel = /x\n[gpu]\nlayer = second\nvirgl = no\ncommand_ms = 20000\nmax_faults = 3\n"));
	assert_string_equal(config.layer, "second");
	assert_false(config.virgl);
	assert_int_equal(config.command_ms, 20000);
	assert_int_equal(config.max_faults, 3);
	assert_int_equal(config.width, 960);
}

static void refuses(const char *text, const char *word) {
	assert_false(read_text(text));
	assert_non_null(strstr(error, word));
	assert_null(strchr(error, '\n'));
}

static void test_refusals(void **state) {
	(void)state;
	refuses("[gpu]\ncolour = red\n", ":2: [gpu] colour = red: no such key");
	refuses("[gpu]\ncommand_ms = fast\n", "not a number");
	refuses("[gpu]\ncommand_ms = 0\n", "from 10 to");
	refuses("[gpu]\nvirgl = perhaps\n", "yes or no");
	refuses("[gpu]\nlayer = an-overlong-name-that-no-layer-can-have\n", "longer than");
	assert_false(vc_gpu_config_read(&config, "/nonexistent.ini", error, sizeof(error)));
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_refusals)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
