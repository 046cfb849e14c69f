/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.ini: what is taken, and how a mistake is told. */
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

static struct vc_monitor_config config;
static char error[512];

static bool read_text(const char *text) {
	char path[] = "/tmp/vc-monitor.XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	bool good = vc_monitor_config_read(&config, path, error, sizeof(error));
	unlink(path);
	return good;
}

static void shipped_file_has_the_defaults(void **state) {
	(void)state;
	static struct vc_monitor_config defaults;
	assert_true(read_text(""));
	defaults = config;
	assert_true(
		vc_monitor_config_read(&config, VC_SOURCE_DIR "/compositor/monitor/monitor.ini", error, sizeof(error)));
	assert_memory_equal(&config, &defaults, sizeof(config));
}

static void values_are_taken(void **state) {
	(void)state;
	assert_true(read_text("[monitor]\ncontrol_socket = /a\nreferences = /b\npriority = 0\noutput_ms = 0\n"));
	assert_string_equal(config.socket, "/a");
	assert_string_equal(config.references, "/b");
	assert_int_equal(config.priority, 0);
	assert_int_equal(config.output_ms, 0);
}

static void mistakes_name_line_and_remedy(void **state) {
	(void)state;
	static const struct {
		const char *text, *line, *say;
	} bad[] = {
		{"[monitor]\npriority = 99\n",
		 ":2: ", "[monitor] priority = 99: out of range; use a number from 0 to 98"},
		{"[monitor]\n\noutput_ms = soon\n", ":3: ", "[monitor] output_ms = soon: "},
		{"[monitor]\nrate = 1\n", ":2: ", "unknown key; see vcockpit-monitor.ini(5)"},
		{"[cluster]\nuser = 1\n", ":2: ", "unknown section; use [monitor]"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(read_text(bad[i].text));
		assert_non_null(strstr(error, bad[i].line));
		assert_non_null(strstr(error, bad[i].say));
	}
	assert_non_null(vc_monitor_config_set(&config, "output_ms", "-1"));
	assert_null(vc_monitor_config_set(&config, "output_ms", "250"));
	assert_int_equal(config.output_ms, 250);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_file_has_the_defaults),
		cmocka_unit_test(values_are_taken),
		cmocka_unit_test(mistakes_name_line_and_remedy),
	};
	return cmocka_run_group_tests_name("monitor.config", tests, NULL, NULL);
}
