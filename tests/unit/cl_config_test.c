/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct vc_cl_config config;
static char error[512];

static bool read_text(const char *text) {
	char path[] = "/tmp/cl-config-test.XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	error[0] = '\0';
	bool good = vc_cl_config_read(&config, path, error, sizeof(error));
	unlink(path);
	return good;
}

static void test_shipped(void **state) {
	(void)state;
	struct vc_cl_config defaults;
	vc_cl_config_defaults(&defaults);
	assert_true(vc_cl_config_read(&config, VC_INI, error, sizeof(error)));
	assert_memory_equal(&config, &defaults, sizeof(config));
}

static void test_values(void **state) {
	(void)state;
	assert_true(read_text(
		"[opencl]\nusers = root 1234\nmax_clients = 3\ncommand_ms = 0\ncache = /x\nshared_mb = 64\n"));
	assert_int_equal(config.nusers, 2);
	assert_int_equal(config.users[0], 0);
	assert_int_equal(config.users[1], 1234);
	assert_int_equal(config.max_clients, 3);
	assert_int_equal(config.command_ms, 0);
	assert_string_equal(config.cache, "/x");
	assert_int_equal(config.shared_mb, 64);
	assert_false(config.allow_same_user);
	assert_false(config.keep_cache);
	assert_false(config.need_groups);
	assert_true(read_text("[opencl]\nuid_base = 5000\nuid_count = 64\nallow_same_user = yes\nkeep_cache = "
			      "yes\nneed_groups = yes\n"
			      "status_group = root\n"));
	assert_int_equal(config.uid_base, 5000);
	assert_int_equal(config.uid_count, 64);
	assert_true(config.allow_same_user);
	assert_true(config.keep_cache);
	assert_true(config.need_groups);
	assert_int_equal(config.status_group, 0);
}

static void test_bad(void **state) {
	(void)state;
	const char *const texts[] = {"[opencl]\nmax_clients = 0\n",
				     "[opencl]\nshared_mb = lots\n",
				     "[opencl]\ntypo = 1\n",
				     "[gpu]\nx = 1\n",
				     "[opencl]\nusers = no-such-user\n",
				     "[opencl]\ngroups = no-such-group\n",
				     "[opencl]\nstatus_group = no-such-group\n",
				     "[opencl]\nallow_same_user = perhaps\n",
				     "[opencl]\nuid_count = 1\n",
				     "[opencl]\nneed_groups = memory\n",
				     "[opencl]\nhello_ms = 5\n"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_false(read_text(texts[i]));
		assert_non_null(strstr(error, ":2: ")); /* the line is named */
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_shipped), cmocka_unit_test(test_values),
					   cmocka_unit_test(test_bad)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
