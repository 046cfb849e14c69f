/* SPDX-License-Identifier: Apache-2.0 */
/* compositor.ini: what is read, and that each mistake is answered with file, line, value and remedy. */
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

#define GOOD_OUTPUT "[output main]\nmode = 1920x720@30\n"
#define GOOD_CLUSTER "[layer cluster]\nrole = cluster\noutput = main\nrect = 0,0 960x720\nuser = 7\n"

static struct vc_config config;
static char error[512];

static bool read_text(const char *text) {
	char path[] = "/tmp/vc-config.XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	error[0] = '\0';
	bool good = vc_config_read(&config, path, error, sizeof(error));
	unlink(path);
	return good;
}

/* Expects an error in line @line (0: of the whole file) that says @text. */
static void expect_error(const char *text, int line, const char *expected) {
	char place[32];
	assert_false(read_text(text));
	snprintf(place, sizeof(place), line ? ":%d: " : ": ", line);
	if (!strstr(error, place) || !strstr(error, expected))
		fail_msg("\"%s\" should name line %d and say \"%s\"", error, line, expected);
	assert_null(strchr(error, '\n'));
}

static void reads_a_whole_config(void **state) {
	(void)state;
	assert_true(read_text("[compositor]\npriority = 50\nhello_ms = 200\ncapture_hold_ms = 300\nconnects = "
			      "4\nrequests = 50\ndisplay_socket = /tmp/d\ncluster_socket = /tmp/c\n"
			      "[output main]\ncard = vkms\nconnector = Virtual-1\nmode = 1920x720@59.94\n"
			      "background = #102030\ncommit_margin_ms = 5\nwriteback = no\n" GOOD_CLUSTER
			      "[layer ivi]\nrole = guest\noutput = main\nrect = 960,0 960x720\nuser = 9\nplane = 41\n"
			      "hold_ms = 250\nfallback = none\nrate = 60\nmessage = Back soon\n"
			      "max_size = 1920x1080\nmax_bytes = 9000000\nerrors = 3\nerror_window_ms = 5000\n"
			      "ban_ms = 0\nretry_ms = 100\n"));
	assert_string_equal(error, "");
	assert_int_equal(config.priority, 50);
	assert_string_equal(config.display_socket, "/tmp/d");
	assert_string_equal(config.cluster_socket, "/tmp/c");
	assert_string_equal(config.control_socket, VC_CONTROL_SOCKET);
	assert_int_equal(config.outputs, 1);
	assert_int_equal(config.output[0].refresh_mhz, 59940);
	assert_int_equal(config.output[0].background, 0x102030);
	assert_int_equal(config.output[0].margin_ns, 5000000);
	assert_false(config.output[0].writeback);
	assert_int_equal(config.layers, 2);
	assert_int_equal(config.layer[0].role, VC_ROLE_CLUSTER);
	assert_int_equal(config.layer[0].hold_ns, 100000000);
	assert_int_equal(config.layer[0].uid, 7);
	assert_int_equal(config.layer[1].plane, 41);
	assert_int_equal(config.layer[1].hold_ns, 250000000);
	assert_int_equal(config.layer[1].rect.x, 960);
	assert_int_equal(config.layer[1].fallback, VC_FALLBACK_NONE);
	assert_string_equal(config.layer[1].message, "Back soon");
	assert_int_equal(config.hello_ns, 200000000);
	assert_int_equal(config.capture_hold_ns, 300000000);
	assert_int_equal(config.connects, 4);
	assert_int_equal(config.requests, 50);
	assert_int_equal(config.layer[1].max_width, 1920);
	assert_int_equal(config.layer[1].max_bytes, 9000000);
	assert_int_equal(config.layer[1].errors.limit, 3);
	assert_int_equal(config.layer[1].errors.window_ns, INT64_C(5000000000));
	assert_int_equal(config.layer[1].errors.ban_ns, 0);
	assert_int_equal(config.layer[1].retry_ns, 100000000);
	assert_int_equal(config.layer[0].errors.limit, 0);
}

static void bad_values_name_their_line(void **state) {
	(void)state;
	static const struct {
		const char *line, *expected;
	} bad[] = {
		{"colour = red", "unknown key"},
		{"role = boss", "cluster or guest"},
		{"rect = 1920x720", "X,Y WIDTHxHEIGHT"},
		{"rect = 0,0 0x720", "X,Y WIDTHxHEIGHT"},
		{"rect = -1,0 5x5", "X,Y WIDTHxHEIGHT"},
		{"rect = 0,0 5x5 9", "X,Y WIDTHxHEIGHT"},
		{"plane = top", "auto, or the id"},
		{"user = no-such-user-here", "no such user"},
		{"scale = big", "none, fit or fill"},
		{"alpha = 101", "from 0 to 100"},
		{"order = -1", "from 0 to 1000"},
		{"hold_ms = 0", "from 1 to 60000"},
		{"hold_ms = soon", "not a number"},
		{"fallback = png", "picture, none, image"},
		{"rate = 1", "from 60"},
		{"max_size = big", "WIDTHxHEIGHT"},
		{"max_bytes = 1", "from 4096"},
		{"errors = 33", "from 0 to 32"},
		{"ban_ms = -1", "from 0"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[512];
		snprintf(text, sizeof(text), GOOD_OUTPUT "[layer x]\n# a comment\n%s\n", bad[i].line);
		expect_error(text, 5, bad[i].expected);
	}
	static const struct {
		const char *line, *expected;
	} output[] = {
		{"mode = 1920x720", "WIDTHxHEIGHT@HZ"},
		{"mode = 1920x720@0", "1 to 1000 Hz"},
		{"mode = 99999x720@30", "WIDTHxHEIGHT@HZ"},
		{"mode = 1920x720@30Hz", "WIDTHxHEIGHT@HZ"},
		{"background = red", "#RRGGBB"},
		{"background = #12345g", "#RRGGBB"},
		{"commit_margin_ms = 900", "from 1 to 500"},
		{"writeback = maybe", "yes or no"},
		{"flip_limit_ms = 0", "from 20"},
		{"capture_limit_ms = 1h", "not a number"},
		{"card =", "must not be empty"},
	};
	for (size_t i = 0; i < sizeof(output) / sizeof(output[0]); i++) {
		char text[512];
		snprintf(text, sizeof(text), "[output main]\n%s\n", output[i].line);
		expect_error(text, 2, output[i].expected);
	}
}

static void bad_sections_name_their_line(void **state) {
	(void)state;
	expect_error("[display]\nx = 1\n", 2, "unknown section");
	expect_error("[output]\nmode = 1x1@1\n", 2, "needs a name");
	expect_error("[layer a b]\nrole = guest\n", 2, "letters, digits");
	expect_error("[output main]\nmode = 640x480@60\nmode = 640x480@60\n", 3, "given twice");
	expect_error("[output main]\nmode\n", 2, "");
	expect_error(
		"[output 1]\ncard=a\n[output 2]\ncard=a\n[output 3]\ncard=a\n[output 4]\ncard=a\n[output 5]\ncard=a\n",
		10, "more than 4 outputs");
}

static void impossible_layouts_are_refused(void **state) {
	(void)state;
	expect_error("", 0, "no output");
	expect_error(GOOD_OUTPUT, 0, "no cluster");
	expect_error("[output main]\ncard = vkms\n" GOOD_CLUSTER, 2, "lacks \"mode");
	expect_error(GOOD_OUTPUT GOOD_CLUSTER "ban_ms = 5\n", 4, "the cluster is never kept out");
	expect_error(GOOD_OUTPUT GOOD_CLUSTER "max_size = 10x10\n", 4, "smaller than rect");
	expect_error(GOOD_OUTPUT "[layer a]\nrole = cluster\n", 4, "lacks \"output");
	expect_error(GOOD_OUTPUT "[layer a]\nrole = cluster\noutput = other\nrect = 0,0 9x9\nuser = 0\n", 5,
		     "there is no [output other]");
	expect_error(GOOD_OUTPUT "[layer a]\nrole = cluster\noutput = main\nrect = 1000,0 960x720\nuser = 0\n", 6,
		     "reaches outside output main, which is 1920x720");
	expect_error(GOOD_OUTPUT GOOD_CLUSTER "fallback = none\n", 4, "safe picture");
	expect_error(GOOD_OUTPUT GOOD_CLUSTER "[layer b]\nrole = cluster\noutput = main\nrect = 960,0 9x9\nuser = 1\n",
		     9, "has a cluster already");
#define GUEST_OF(user, name, rect) "[layer " name "]\nrole = guest\noutput = main\nrect = " rect "\nuser = " user "\n"
#define GUEST(name, rect) GUEST_OF("1", name, rect)
	/* Over each other and under the cluster is well. */
	assert_true(read_text(
		GOOD_OUTPUT GOOD_CLUSTER GUEST("b", "900,0 500x500") "order = 7\n" GUEST_OF("2", "c", "1300,0 9x9")));
	assert_int_equal(config.layer[1].order, 7);
	/* Loans are among guests of one output. */
	assert_true(read_text(
		GOOD_OUTPUT GOOD_CLUSTER GUEST("b", "0,0 9x9") "fallback = layer c\n" GUEST_OF("2", "c", "0,0 9x9")));
	assert_int_equal(config.layer[1].lender, 2);
	expect_error(GOOD_OUTPUT GOOD_CLUSTER GUEST("b", "0,0 9x9") "fallback = layer c\n", 9, "there is no [layer c]");
	expect_error(GOOD_OUTPUT GOOD_CLUSTER GUEST("b", "0,0 9x9") "fallback = layer b\n", 9, "only a guest");
	expect_error(GOOD_OUTPUT GOOD_CLUSTER GUEST("b", "0,0 9x9") "fallback = layer cluster\n", 9, "only a guest");
	expect_error(GOOD_OUTPUT GOOD_CLUSTER "fallback = layer b\n" GUEST("b", "0,0 9x9"), 4, "only a guest");
	/* Each has a user of its own. */
	expect_error(GOOD_OUTPUT GOOD_CLUSTER GUEST_OF("7", "b", "0,0 9x9"), 9,
		     "[layer b] user: is the source of [layer "
		     "cluster], too");
	expect_error(GOOD_OUTPUT GOOD_CLUSTER GUEST("b", "0,0 9x9") GUEST("c", "0,0 9x9"), 14, "give each a user");
	expect_error(GOOD_OUTPUT "[monitor]\nuser = 7\n" GOOD_CLUSTER, 4, "give the monitor a user of its own");
	/* Over the cluster is not. */
	expect_error(GOOD_OUTPUT GOOD_CLUSTER "order = 5\n" GUEST("b", "0,0 9x9") "order = 5\n", 14,
		     "[layer b] order = 5: would lie above [layer cluster]");
	expect_error(GOOD_OUTPUT GUEST("b", "0,0 9x9") "order = 1000\n" GOOD_CLUSTER, 8, "nothing may cover a cluster");
	expect_error(GOOD_OUTPUT GOOD_CLUSTER "alpha = 99\n", 4, "alpha: the cluster is always shown opaque");
	expect_error(GOOD_OUTPUT GOOD_CLUSTER "scale = fit\n", 4, "scale: the cluster is always shown pixel for pixel");
	expect_error(GOOD_OUTPUT GOOD_CLUSTER "plane = 33\n" GUEST("b", "960,0 9x9") "plane = 33\n", 10,
		     "taken by [layer cluster]");
}

static void missing_file_is_one_line(void **state) {
	(void)state;
	assert_false(vc_config_read(&config, "/nonexistent/compositor.ini", error, sizeof(error)));
	assert_non_null(strstr(error, "/nonexistent/compositor.ini: No such file"));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_whole_config),         cmocka_unit_test(bad_values_name_their_line),
		cmocka_unit_test(bad_sections_name_their_line), cmocka_unit_test(impossible_layouts_are_refused),
		cmocka_unit_test(missing_file_is_one_line),
	};
	return cmocka_run_group_tests_name("compositor.config", tests, NULL, NULL);
}
