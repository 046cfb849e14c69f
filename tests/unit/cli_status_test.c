/* SPDX-License-Identifier: Apache-2.0 */
/* Status as JSON and as tables. */
#include "cli_fake_control.h"

#include "status.h"
#include "table.h"
#include "words.h"

#include <json_pointer.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_object *at(json_object *json, const char *path) {
	json_object *found = NULL;
	assert_int_equal(json_pointer_get(json, path, &found), 0);
	return found;
}

static const char *text_at(json_object *json, const char *path) {
	return json_object_get_string(at(json, path));
}

/* The text that a program reads: numbers as they are written. */
static void json_has_every_field(void **state) {
	(void)state;
	struct vc_control_status status;
	vc_fake_status(&status);
	json_object *made = vc_status_json(&status);
	json_object *json = json_tokener_parse(json_object_to_json_string(made));
	assert_non_null(json);
	static const char *const expected[][2] = {
		{"/version", "1"},
		{"/now_ns", "90000000000"},
		{"/start_ns", "10000000000"},
		{"/outputs/0/name", "main"},
		{"/outputs/0/card", "/dev/dri/card0"},
		{"/outputs/0/driver", "vkms"},
		{"/outputs/0/connector", "Virtual-1"},
		{"/outputs/0/crtc", "41"},
		{"/outputs/0/width", "1920"},
		{"/outputs/0/height", "720"},
		{"/outputs/0/refresh_hz", "30.000"},
		{"/outputs/0/writeback", "true"},
		{"/outputs/0/adopted", "false"},
		{"/outputs/0/vblanks", "2400"},
		{"/outputs/0/commits", "2000"},
		{"/outputs/0/commits_refused", "3"},
		{"/outputs/0/commits_late", "0"},
		{"/outputs/0/captures", "7"},
		{"/outputs/0/commit_us_mean", "500.000"},
		{"/outputs/0/commit_us_max", "4500.000"},
		{"/outputs/0/wake_us_max", "1250.000"},
		{"/monitor/connected", "true"},
		{"/monitor/silent", "false"},
		{"/monitor/pid", "322"},
		{"/monitor/verdict_age_ms", "20.000"},
		{"/monitor/output_age_ms", "7500.000"},
		{"/monitor/blind", "true"},
		{"/monitor/verdicts_stale", "5"},
		{"/monitor/throttled", "6"},
		{"/monitor/frames_checked", "1000"},
		{"/monitor/frames_bad", "3"},
		{"/monitor/frames_unchecked", "2"},
		{"/monitor/outputs_checked", "40"},
		{"/monitor/outputs_bad", "0"},
		{"/monitor/lost", "1"},
		{"/monitor/check_ms_mean", "2.500"},
		{"/monitor/check_ms_max", "9.000"},
		{"/monitor/distrusted", "[ ]"},
		{"/monitor/last_bad/layer", "cluster"},
		{"/monitor/last_bad/check", "frame"},
		{"/monitor/last_bad/finding", "missing"},
		{"/monitor/last_bad/telltale", "8"},
		{"/outputs/1/name", "rear"},
		{"/outputs/1/writeback", "false"},
		{"/outputs/1/adopted", "true"},
		{"/outputs/1/commit_us_mean", "0.000"},
		{"/layers/0/name", "cluster"},
		{"/layers/0/role", "cluster"},
		{"/layers/0/state", "live"},
		{"/layers/0/reason", "none"},
		{"/layers/0/path", "plane"},
		{"/layers/0/output", "main"},
		{"/layers/0/plane/id", "52"},
		{"/layers/0/plane/type", "overlay"},
		{"/layers/0/rect/x", "0"},
		{"/layers/0/rect/y", "0"},
		{"/layers/0/rect/width", "960"},
		{"/layers/0/rect/height", "720"},
		{"/layers/0/source/pid", "321"},
		{"/layers/0/source/uid", "990"},
		{"/layers/0/frames/received", "1001"},
		{"/layers/0/frames/shown", "1000"},
		{"/layers/0/frames/dropped", "1"},
		{"/layers/0/frames/due", "1002"},
		{"/layers/0/frames/missed", "2"},
		{"/layers/0/worst_gap_ms", "66.667"},
		{"/layers/0/latency_ms/mean", "12.500"},
		{"/layers/0/latency_ms/max", "30.000"},
		{"/layers/1/role", "guest"},
		{"/layers/1/state", "fallback"},
		{"/layers/1/reason", "gone"},
		{"/layers/1/path", "composed"},
		{"/layers/1/plane/type", "primary"},
		{"/layers/1/rect/x", "960"},
		{"/layers/1/latency_ms/mean", "0.000"},
		{"/layers/1/fallbacks", "1"},
		{"/layers/1/refused", "4"},
		{"/layers/1/copies/frames", "12"},
		{"/layers/1/copies/bytes", "3145728"},
		{"/layers/1/errors/total", "14"},
		{"/layers/1/errors/recent", "3"},
		{"/layers/1/errors/bans", "1"},
		{"/layers/1/banned", "true"},
		{"/layers/0/banned", "false"},
	};
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++)
		assert_string_equal(text_at(json, expected[i][0]), expected[i][1]);
	assert_null(at(json, "/layers/1/source"));
	assert_int_equal(json_object_array_length(at(json, "/outputs")), 2);
	assert_int_equal(json_object_array_length(at(json, "/layers")), 2);
	json_object_put(json);
	json_object_put(made);
}

static void empty_status_is_valid_json(void **state) {
	(void)state;
	struct vc_control_status status = {.type = VC_CONTROL_STATUS, .version = VC_CONTROL_VERSION};
	json_object *json = vc_status_json(&status);
	assert_int_equal(json_object_array_length(at(json, "/outputs")), 0);
	assert_int_equal(json_object_array_length(at(json, "/layers")), 0);
	json_object_put(json);
}

static char *print_status(bool colour) {
	struct vc_control_status status;
	vc_fake_status(&status);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	vc_status_print(&status, out, colour);
	fclose(out);
	return text;
}

static void tables_say_what_is_going_on(void **state) {
	(void)state;
	char *text = print_status(false);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "1920x720@30 "));
	assert_non_null(strstr(text, "/dev/dri/card0 (vkms)"));
	assert_non_null(strstr(text, "plane 52 (overlay)"));
	assert_non_null(strstr(text, "pid 321 uid 990"));
	assert_non_null(strstr(text, "fallback  source disconnected"));
	assert_non_null(strstr(text, "CPU, into plane 31"));
	assert_non_null(strstr(text, "S AGO"));
	assert_non_null(strstr(text, "blind"));
	assert_non_null(strstr(text, " 7.5 "));
	assert_non_null(strstr(text, "frame of cluster: missing (telltale 8), 10.0 s ago"));
	free(text);
	text = print_status(true);
	assert_non_null(strstr(text, "\033[31mfallback\033[0m"));
	assert_non_null(strstr(text, "\033[32mlive\033[0m"));
	free(text);
}

static void columns_stand_under_their_heads(void **state) {
	(void)state;
	static const char *const heads[] = {"NAME", ">COUNT", "WHY", NULL};
	struct vc_table table;
	vc_table_init(&table, heads);
	vc_table_row(&table);
	vc_table_cell(&table, VC_TABLE_PLAIN, "a");
	vc_table_cell(&table, VC_TABLE_PLAIN, "7");
	vc_table_cell(&table, VC_TABLE_PLAIN, "x");
	vc_table_row(&table);
	vc_table_cell(&table, VC_TABLE_PLAIN, "longer");
	vc_table_cell(&table, VC_TABLE_PLAIN, "1234567");
	vc_table_cell(&table, VC_TABLE_PLAIN, "y");
	vc_table_cell(&table, VC_TABLE_PLAIN, "surplus");
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	vc_table_print(&table, out, false);
	fclose(out);
	assert_string_equal(text, "NAME      COUNT  WHY\n"
				  "a             7  x\n"
				  "longer  1234567  y\n");
	free(text);
}

static void words_know_their_bounds(void **state) {
	(void)state;
	assert_string_equal(vc_state_key(VC_STATE_HOLD), "hold");
	assert_string_equal(vc_state_key(0), "unknown");
	assert_string_equal(vc_state_key(5), "unknown");
	assert_string_equal(vc_reason_key(VC_REASON_PROTOCOL), "protocol");
	assert_string_equal(vc_reason_key(VC_REASON_BANNED), "banned");
	assert_string_equal(vc_reason_key(UINT32_MAX), "unknown");
	assert_string_equal(vc_reason_phrase(VC_REASON_SILENT), "source sends no frames");
	assert_string_equal(vc_plane_type_key(2), "cursor");
	assert_string_equal(vc_plane_type_key(3), "unknown");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_has_every_field),        cmocka_unit_test(empty_status_is_valid_json),
		cmocka_unit_test(tables_say_what_is_going_on), cmocka_unit_test(columns_stand_under_their_heads),
		cmocka_unit_test(words_know_their_bounds),
	};
	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
