/* SPDX-License-Identifier: Apache-2.0 */
/* The built tool as a person runs it, against the fake server. $VCOCKPIT names it. */
#include "cli_fake_control.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <json.h>
#include <json_pointer.h>
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char out[65536], err[4096]; /* what the last run wrote */

static int make_file(void) {
	int fd = memfd_create("out", 0);
	assert_true(fd >= 0);
	return fd;
}

static void take_file(int fd, char *text, size_t size) {
	ssize_t n = pread(fd, text, size - 1, 0);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
}

/* Runs vcockpit with the words of @line and, unless @socket is NULL, --socket. Returns its exit code, or -1 if it crashed. */
static int run(const char *socket, const char *line) {
	char words[512];
	char *argv[16] = {getenv("VCOCKPIT")};
	assert_non_null(argv[0]);
	snprintf(words, sizeof(words), "%s", line);
	int argc = 1;
	for (char *save = NULL, *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	if (socket) {
		argv[argc++] = (char *)(uintptr_t)"--socket";
		argv[argc++] = (char *)(uintptr_t)socket;
	}
	int out_fd = make_file();
	int err_fd = make_file();
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		unsetenv("JOURNAL_STREAM");
		dup2(out_fd, STDOUT_FILENO);
		dup2(err_fd, STDERR_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	take_file(out_fd, out, sizeof(out));
	take_file(err_fd, err, sizeof(err));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static unsigned lines(const char *text) {
	unsigned n = 0;
	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static int stop_fake(void **state) {
	vc_fake_stop(*state);
	free(*state);
	return 0;
}

static const char *start_fake(void **state, enum vc_fake_fault fault) {
	struct vc_fake *fake = calloc(1, sizeof(*fake));
	assert_non_null(fake);
	fake->fault = fault;
	vc_fake_start(fake);
	*state = fake;
	return fake->path;
}

static void status_prints_tables_and_json(void **state) {
	const char *path = start_fake(state, VC_FAKE_GOOD);
	assert_int_equal(run(path, "status"), 0);
	assert_non_null(strstr(out, "source disconnected"));
	assert_non_null(strstr(out, "until allowed"));
	assert_null(strchr(out, '\033'));
	assert_string_equal(err, "");
	assert_int_equal(run(path, "status --json"), 0);
	json_object *json = json_tokener_parse(out);
	assert_non_null(json);
	json_object_put(json);
}

static void allow_ends_a_ban(void **state) {
	const char *path = start_fake(state, VC_FAKE_GOOD);
	assert_int_equal(run(path, "allow ivi"), 0);
	assert_string_equal(out, "");
	assert_string_equal(err, "");
	assert_int_equal(run(path, "allow radio"), 1);
	assert_non_null(strstr(err, "no layer 'radio'"));
	assert_int_equal(run(path, "allow"), 2);
	assert_non_null(strstr(err, "name the layer"));
}

static void screenshot_writes_the_exact_pixels(void **state) {
	const char *path = start_fake(state, VC_FAKE_GOOD);
	char file[] = "/tmp/vc-shot-XXXXXX";
	int fd = mkstemp(file);
	assert_true(fd >= 0);
	close(fd);
	char line[128];
	snprintf(line, sizeof(line), "screenshot %s", file);
	assert_int_equal(run(path, line), 0);
	assert_non_null(strstr(out, "true writeback"));

	png_image image = {.version = PNG_IMAGE_VERSION};
	assert_true(png_image_begin_read_from_file(&image, file) != 0);
	assert_int_equal(image.width, VC_FAKE_WIDTH);
	assert_int_equal(image.height, VC_FAKE_HEIGHT);
	assert_int_equal(image.format & PNG_FORMAT_FLAG_ALPHA, 0);
	image.format = PNG_FORMAT_RGB;
	uint8_t rgb[VC_FAKE_HEIGHT][VC_FAKE_WIDTH][3];
	assert_true(png_image_finish_read(&image, NULL, rgb, 0, NULL) != 0);
	for (uint32_t y = 0; y < VC_FAKE_HEIGHT; y++)
		for (uint32_t x = 0; x < VC_FAKE_WIDTH; x++) {
			uint8_t *p = rgb[y][x];
			uint32_t word = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
			assert_int_equal(word, vc_fake_pixel(x, y) & 0xffffff);
		}

	snprintf(line, sizeof(line), "screenshot %s --json --output main", file);
	assert_int_equal(run(path, line), 0);
	json_object *json = json_tokener_parse(out);
	json_object *seq = NULL;
	assert_int_equal(json_pointer_get(json, "/layers/0/seq", &seq), 0);
	assert_int_equal(json_object_get_int(seq), 77);
	json_object_put(json);
	assert_int_equal(unlink(file), 0);

	/* To standard output goes nothing but the picture. */
	assert_int_equal(run(path, "screenshot -"), 0);
	assert_memory_equal(out, "\x89PNG", 4);
	assert_non_null(strstr(err, "true writeback"));
}

static void frames_sums_up_the_log(void **state) {
	const char *path = start_fake(state, VC_FAKE_GOOD);
	assert_int_equal(run(path, "frames --json --layer cluster --since 1000000000 --until 1999999999 --records"), 0);
	json_object *json = json_tokener_parse(out);
	assert_non_null(json);
	static const char *const expected[][2] = {
		{"/output", "main"},
		{"/period_ms", "33.333"},
		{"/first_vblank_ns", "1000000000"},
		{"/last_vblank_ns", "1966666666"},
		{"/cut_off", "false"},
		{"/vblanks", "30"},
		{"/skipped", "0"},
		{"/refused", "1"},
		{"/layers/0/name", "cluster"},
		{"/layers/0/due", "30"},
		{"/layers/0/shown", "29"},
		{"/layers/0/missed", "1"},
		{"/layers/0/worst_gap_ms", "66.667"},
		{"/layers/0/worst_gap_periods", "2.000"},
		{"/layers/0/worst_gap_at_ns", "1100000000"},
		{"/records/4/missed/0", "cluster"},
		{"/records/4/layers/cluster/state", "hold"},
		{"/records/4/layers/cluster/reason", "silent"},
		{"/records/5/layers/cluster/state", "live"},
		{"/records/5/layers/cluster/reason", "none"},
	};
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		json_object *value = NULL;
		assert_int_equal(json_pointer_get(json, expected[i][0], &value), 0);
		assert_string_equal(json_object_get_string(value), expected[i][1]);
	}
	json_object_put(json);
	assert_int_equal(run(path, "frames"), 0);
	assert_non_null(strstr(out, "90 vblanks"));
	assert_int_equal(run(path, "frames --since 900000000000"), 0);
	assert_non_null(strstr(out, "no vblank in this window"));
}

static void wrong_names_are_told_with_the_right_ones(void **state) {
	const char *path = start_fake(state, VC_FAKE_GOOD);
	assert_int_equal(run(path, "screenshot /tmp/vc-never.png --output left"), 1);
	assert_string_equal(err, "vcockpit: there is no output 'left': the compositor drives main, rear\n");
	assert_int_equal(access("/tmp/vc-never.png", F_OK), -1);
	assert_int_equal(run(path, "frames --layer radio"), 1);
	assert_non_null(strstr(err, "no layer 'radio'"));
	assert_int_equal(run(path, "frames --layer cluster --output rear"), 1);
	assert_non_null(strstr(err, "'cluster' is on output 'main'"));
}

static void bad_servers_cost_one_line_each(void **state) {
	(void)state;
	static const enum vc_fake_fault faults[] = {
		VC_FAKE_TRUNCATED,    VC_FAKE_LONG,       VC_FAKE_TINY,     VC_FAKE_CLOSED,
		VC_FAKE_WRONG_TYPE,   VC_FAKE_SURPLUS_FD, VC_FAKE_NO_FD,    VC_FAKE_UNSEALED,
		VC_FAKE_SHORT_MEMORY, VC_FAKE_NOT_MEMORY, VC_FAKE_REFUSING, VC_FAKE_BAD_PICTURE,
	};
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		struct vc_fake fake = {.fault = faults[i]};
		vc_fake_start(&fake);
		assert_int_equal(run(fake.path, "screenshot /tmp/vc-never.png"), 1);
		vc_fake_stop(&fake);
		assert_string_equal(out, "");
		assert_int_equal(lines(err), 1);
		assert_null(strchr(err, '\033'));
		assert_int_equal(access("/tmp/vc-never.png", F_OK), -1);
	}
}

static void a_silent_server_costs_five_seconds(void **state) {
	const char *path = start_fake(state, VC_FAKE_SILENT);
	int64_t start_ns = vc_clock_now();
	assert_int_equal(run(path, "status"), 1);
	assert_true(vc_clock_now() - start_ns < 8 * VC_NS_PER_S);
	assert_non_null(strstr(err, "did not answer within 5000 ms"));
}

static void no_server_is_told_with_the_remedy(void **state) {
	(void)state;
	assert_int_equal(run("/tmp/vc-nobody-here", "status"), 1);
	assert_non_null(strstr(err, "no compositor answers at /tmp/vc-nobody-here: see 'systemctl status"));
	assert_int_equal(lines(err), 1);
}

static void wrong_usage_ends_with_2(void **state) {
	(void)state;
	static const char *const bad[] = {
		"",
		"dance",
		"help dance",
		"status --output",
		"status --records",
		"status extra",
		"status --socket",
		"screenshot",
		"screenshot a.png b.png",
		"screenshot - --json",
		"frames --since yesterday",
		"frames --since -5",
		"frames --since 99999999999999999999",
		"frames --since 5 --until 4",
		"frames --nonsense",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(run(NULL, bad[i]), 2);
		assert_string_equal(out, "");
		assert_true(lines(err) >= 1);
	}
}

static void help_and_version_are_there(void **state) {
	(void)state;
	static const char *const help[] = {"--help",        "help",        "help status",       "status --help",
					   "frames --help", "help frames", "screenshot --help", "allow --help",
					   "--version"};
	for (size_t i = 0; i < sizeof(help) / sizeof(*help); i++) {
		assert_int_equal(run(NULL, help[i]), 0);
		assert_true(lines(out) >= 1);
		assert_string_equal(err, "");
	}
	assert_memory_equal(out, "vcockpit ", 9);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(status_prints_tables_and_json, stop_fake),
		cmocka_unit_test_teardown(allow_ends_a_ban, stop_fake),
		cmocka_unit_test_teardown(screenshot_writes_the_exact_pixels, stop_fake),
		cmocka_unit_test_teardown(frames_sums_up_the_log, stop_fake),
		cmocka_unit_test_teardown(wrong_names_are_told_with_the_right_ones, stop_fake),
		cmocka_unit_test(bad_servers_cost_one_line_each),
		cmocka_unit_test_teardown(a_silent_server_costs_five_seconds, stop_fake),
		cmocka_unit_test(no_server_is_told_with_the_remedy),
		cmocka_unit_test(wrong_usage_ends_with_2),
		cmocka_unit_test(help_and_version_are_there),
	};
	return cmocka_run_group_tests_name("vcockpit command", tests, NULL, NULL);
}
