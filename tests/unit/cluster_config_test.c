/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct vc_config config;
static char error[512];

/* Reads @text as a file called "x.ini"; error lines then name that. */
static bool read_text(const char *text) {
	FILE *out = fopen("x.ini", "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	return vc_config_read(&config, "x.ini", error, sizeof(error));
}

static int enter_folder(void **state) {
	static char folder[] = "/tmp/vc-cluster-config-XXXXXX";
	*state = folder;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state) {
	unlink("x.ini");
	return chdir("/") == 0 && rmdir(*state) == 0 ? 0 : -1;
}

static void test_defaults(void **state) {
	(void)state;
	assert_true(read_text(""));
	assert_string_equal(config.socket, "/run/vcockpit/cluster");
	assert_string_equal(config.layer, "cluster");
	for (int i = 0; i < VC_DBC_MESSAGES; i++)
		assert_true(config.rules.timeout_ns[i] > vc_dbc_messages[i].cycle_ms * VC_NS_PER_MS);
	assert_int_equal(config.rules.timeout_ns[VC_DBC_SPEED], 120 * VC_NS_PER_MS);
}

/* The file that is installed holds what its comments promise. */
static void test_installed_file(void **state) {
	(void)state;
	struct vc_config defaults;
	vc_config_defaults(&defaults);
	if (!vc_config_read(&config, VC_SOURCE_DIR "/cluster-app/cluster.ini", error, sizeof(error)))
		fail_msg("%s", error);
	assert_string_equal(config.can, "vcan0");
	assert_int_equal(config.priority, defaults.priority);
	assert_int_equal(config.lamp_check_ms, defaults.lamp_check_ms);
	assert_int_equal(config.needle_ms, defaults.needle_ms);
	assert_string_equal(config.fonts, defaults.fonts);
	assert_string_equal(config.stats, defaults.stats);
	assert_memory_equal(&config.rules, &defaults.rules, sizeof(config.rules));
}

static void test_values(void **state) {
	(void)state;
	assert_true(read_text("[cluster]\npriority = 0\n[can]\ninterface = can7\nretry_ms = 70\nstep_max = 5\n"
			      "[display]\nlayer = left\nrefused_ms = 80\n"
			      "[look]\nlamp_check_ms = 0\n[message Brakes]\ntimeout_ms = 90\n"));
	assert_int_equal(config.priority, 0);
	assert_string_equal(config.can, "can7");
	assert_int_equal(config.rules.limits.step_max, 5);
	assert_string_equal(config.layer, "left");
	assert_int_equal(config.can_retry_ms, 70);
	assert_int_equal(config.refused_ms, 80);
	assert_int_equal(config.lamp_check_ms, 0);
	assert_int_equal(config.rules.timeout_ns[VC_DBC_BRAKES], 90 * VC_NS_PER_MS);
}

static void test_errors(void **state) {
	(void)state;
	static const struct {
		const char *text, *error;
	} bad[] = {
		{"[cluster]\npriority = 99\n",
		 "x.ini:2: [cluster] priority = 99: out of range; use a number from 0 to 98"},
		{"[cluster]\nspeed = 1\n",
		 "x.ini:2: [cluster] speed = 1: unknown key; [cluster] knows priority, stats"},
		{"\n[can]\ninterface = none\n",
		 "x.ini:3: [can] interface = none: the cluster needs a CAN interface; name one that \"ip link\" lists, "
		 "such as can0 or vcan0"},
		{"[can]\ninterface = a/b\n",
		 "x.ini:2: [can] interface = a/b: not an interface's name; use one that \"ip "
		 "link\" lists, such as can0 or vcan0"},
		{"[can]\ninterface = averyveryverylongname\n", "x.ini:2: [can] interface = averyveryverylongname: "
							       "longer than the 15 characters of an interface's name"},
		{"[can]\nstep_max = 14\n", "x.ini:2: [can] step_max = 14: out of range; use a number from 1 to 13"},
		{"[message Sped]\ntimeout_ms = 100\n",
		 "x.ini:2: [message Sped] timeout_ms = 100: no message of this name in the vehicle's database; see "
		 "vcockpit-cluster.ini(5) for the list"},
		{"[message Speed]\ntimeout_ms = 20\n",
		 "x.ini:2: [message Speed] timeout_ms = 20: the message comes every 20 ms only; use more than that"},
		{"[display]\nlayer =\n", "x.ini:2: [display] layer = : must not be empty"},
		{"[wheels]\nn = 4\n",
		 "x.ini:2: [wheels] n = 4: unknown section; use cluster, display, can, look or message NAME"},
		{"[cluster left]\nstats = /x\n", "x.ini:2: [cluster left] stats = /x: this section takes no name"},
		{"[cluster right]\npriority = 1\n",
		 "x.ini:2: [cluster right] priority = 1: this section takes no name"},
		{"nonsense\n", "x.ini:1: not a section, a \"key = value\" or a comment"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(read_text(bad[i].text));
		assert_string_equal(error, bad[i].error);
	}
	assert_false(vc_config_read(&config, "/nowhere.ini", error, sizeof(error)));
	assert_string_equal(error, "/nowhere.ini: No such file or directory");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_installed_file),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_errors),
	};
	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
