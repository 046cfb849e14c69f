/* SPDX-License-Identifier: Apache-2.0 */
/* The control client against servers that answer well, wrongly, or not at all. */
#include "cli_fake_control.h"

#include "clock.h"
#include "control-client.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define TIMEOUT_MS 300

static unsigned open_fds(void) {
	unsigned n = 0;
	struct stat st;
	for (int fd = 0; fd < 256; fd++)
		n += fstat(fd, &st) == 0;
	return n;
}

static void good_server_answers_all_three(void **state) {
	(void)state;
	unsigned before = open_fds();
	struct vc_fake fake = {.fault = VC_FAKE_GOOD};
	vc_fake_start(&fake);
	struct vc_control_client client;
	assert_int_equal(vc_control_connect(&client, fake.path, TIMEOUT_MS), 0);

	struct vc_control_status got, sent;
	vc_fake_status(&sent);
	assert_int_equal(vc_control_get_status(&client, &got), 0);
	assert_memory_equal(&got, &sent, sizeof(got));

	/* Twice: the first must have been given back whole. */
	for (int i = 0; i < 2; i++) {
		struct vc_control_picture picture;
		assert_int_equal(vc_control_capture(&client, 0, &picture), 0);
		assert_int_equal(picture.info.seq[0], 77);
		for (uint32_t y = 0; y < VC_FAKE_HEIGHT; y++)
			for (uint32_t x = 0; x < VC_FAKE_WIDTH; x++) {
				uint32_t pixel;
				memcpy(&pixel, picture.pixels + (size_t)y * picture.info.stride + (size_t)x * 4, 4);
				assert_int_equal(pixel, vc_fake_pixel(x, y));
			}
		vc_control_release(&client, &picture);
	}

	struct vc_control_records *records = malloc(sizeof(*records));
	assert_non_null(records);
	assert_int_equal(vc_control_get_frames(&client, 1, records), 0);
	assert_int_equal(records->count, 90);
	assert_int_equal(records->lost, 0);
	assert_int_equal(records->record[89].vblank_ns, VC_NS_PER_S + 89 * VC_NS_PER_S / 30);
	free(records);

	vc_control_disconnect(&client);
	vc_fake_stop(&fake);
	assert_int_equal(open_fds(), before);
}

struct wrong_case {
	enum vc_fake_fault fault;
	int status, capture, frames; /* what each call must return */
	bool stays;                  /* connected after a wrong capture */
};

static void wrong_answers_are_refused(void **state) {
	(void)state;
	static const struct wrong_case cases[] = {
		{VC_FAKE_TRUNCATED, -EPROTO, -EPROTO, -EPROTO, false},
		{VC_FAKE_LONG, -EMSGSIZE, -EPROTO, -EPROTO, false},
		{VC_FAKE_TINY, -EPROTO, -EPROTO, -EPROTO, false},
		{VC_FAKE_CLOSED, -ECONNRESET, -ECONNRESET, -ECONNRESET, false},
		{VC_FAKE_SILENT, -ETIMEDOUT, -ETIMEDOUT, -ETIMEDOUT, false},
		{VC_FAKE_WRONG_TYPE, -EPROTO, -EPROTO, -EPROTO, false},
		{VC_FAKE_SURPLUS_FD, -EPROTO, 0, 0, false},
		{VC_FAKE_NO_FD, 0, -EPROTO, -EPROTO, false},
		{VC_FAKE_UNSEALED, 0, -EPROTO, -EPROTO, false},
		{VC_FAKE_SHORT_MEMORY, 0, -EPROTO, -EPROTO, false},
		{VC_FAKE_NOT_MEMORY, 0, -EPROTO, -EPROTO, false},
		{VC_FAKE_REFUSING, 0, -EBUSY, -EBUSY, true},
		{VC_FAKE_BAD_PICTURE, 0, -EPROTO, 0, false},
		{VC_FAKE_OTHER_LOG, 0, 0, -EPROTO, false},
		{VC_FAKE_LOG_SIZE, 0, 0, -EPROTO, false},
	};
	struct vc_control_records *records = malloc(sizeof(*records));
	assert_non_null(records);
	unsigned before = open_fds();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vc_fake fake = {.fault = cases[i].fault};
		vc_fake_start(&fake);
		struct vc_control_client client;
		struct vc_control_status status;
		struct vc_control_picture picture;
		int64_t start_ns = vc_clock_now();

		assert_int_equal(vc_control_connect(&client, fake.path, TIMEOUT_MS), 0);
		assert_int_equal(vc_control_get_status(&client, &status), cases[i].status);
		assert_int_equal(client.sock < 0, cases[i].status < 0);
		vc_control_disconnect(&client);

		assert_int_equal(vc_control_connect(&client, fake.path, TIMEOUT_MS), 0);
		int err = vc_control_capture(&client, 0, &picture);
		assert_int_equal(err, cases[i].capture);
		if (err == 0)
			vc_control_release(&client, &picture);
		else
			assert_int_equal(client.sock >= 0, cases[i].stays);
		vc_control_disconnect(&client);

		assert_int_equal(vc_control_connect(&client, fake.path, TIMEOUT_MS), 0);
		assert_int_equal(vc_control_get_frames(&client, 0, records), cases[i].frames);
		vc_control_disconnect(&client);

		assert_true(vc_clock_now() - start_ns < 10 * VC_NS_PER_S);
		vc_fake_stop(&fake);
		assert_int_equal(open_fds(), before);
	}
	free(records);
}

static void reasons_are_fit_for_a_terminal(void **state) {
	(void)state;
	struct vc_fake fake = {.fault = VC_FAKE_REFUSING};
	vc_fake_start(&fake);
	struct vc_control_client client;
	struct vc_control_picture picture;
	assert_int_equal(vc_control_connect(&client, fake.path, TIMEOUT_MS), 0);
	assert_int_equal(vc_control_capture(&client, 0, &picture), -EBUSY);
	assert_non_null(strstr(client.why, "busy?[2J capturing"));
	vc_control_disconnect(&client);
	vc_fake_stop(&fake);
}

static void too_many_outputs(struct vc_control_status *s) {
	s->outputs = VC_CONTROL_OUTPUTS_MAX + 1;
}
static void too_many_layers(struct vc_control_status *s) {
	s->layers = UINT32_MAX;
}
static void other_version(struct vc_control_status *s) {
	s->version++;
}
static void endless_name(struct vc_control_status *s) {
	memset(s->layer[1].name, 'x', sizeof(s->layer[1].name));
}
static void escape_in_card(struct vc_control_status *s) {
	s->output[0].card[2] = 0x1b;
}
static void layer_off_the_table(struct vc_control_status *s) {
	s->layer[0].output = 2;
}
static void unknown_state(struct vc_control_status *s) {
	s->layer[0].state = 0;
}
static void unknown_reason(struct vc_control_status *s) {
	s->layer[0].reason = VC_REASON_BANNED + 1;
}
static void unknown_path(struct vc_control_status *s) {
	s->layer[1].path = 3;
}
static void unknown_role(struct vc_control_status *s) {
	s->layer[1].role = 3;
}
static void unknown_plane_type(struct vc_control_status *s) {
	s->layer[1].plane_type = 3;
}
static void negative_gap(struct vc_control_status *s) {
	s->layer[0].worst_gap_ns = -1;
}
static void negative_pid(struct vc_control_status *s) {
	s->layer[0].pid = -1;
}
static void half_blind_monitor(struct vc_control_status *s) {
	s->monitor.blind = 2;
}
static void monitor_of_no_layer(struct vc_control_status *s) {
	s->monitor.bad_layer = 2;
}
static void unknown_finding(struct vc_control_status *s) {
	s->monitor.bad_finding = VC_FINDINGS;
}
static void huge_output(struct vc_control_status *s) {
	s->output[1].width = VC_DISPLAY_SIZE_MAX + 1;
}

static void status_out_of_range_is_refused(void **state) {
	(void)state;
	static void (*const mangles[])(struct vc_control_status *) = {
		too_many_outputs,    too_many_layers,    other_version,  endless_name, escape_in_card,
		layer_off_the_table, unknown_state,      unknown_reason, unknown_path, unknown_role,
		unknown_plane_type,  negative_gap,       negative_pid,   huge_output,  monitor_of_no_layer,
		unknown_finding,     half_blind_monitor,
	};
	for (size_t i = 0; i < sizeof(mangles) / sizeof(*mangles); i++) {
		struct vc_fake fake = {.fault = VC_FAKE_BAD_STATUS, .mangle = mangles[i]};
		vc_fake_start(&fake);
		struct vc_control_client client;
		struct vc_control_status status;
		assert_int_equal(vc_control_connect(&client, fake.path, TIMEOUT_MS), 0);
		assert_int_equal(vc_control_get_status(&client, &status), -EPROTO);
		assert_int_equal(client.sock, -1);
		vc_fake_stop(&fake);
	}
}

static void connect_says_what_to_do(void **state) {
	(void)state;
	struct vc_control_client client;
	assert_int_equal(vc_control_connect(&client, "/tmp/vc-nobody-here", TIMEOUT_MS), -ENOENT);
	assert_non_null(strstr(client.why, "/tmp/vc-nobody-here"));
	assert_non_null(strstr(client.why, "systemctl status vcockpit-compositor"));
	struct vc_control_status status;
	assert_int_equal(vc_control_get_status(&client, &status), -ENOTCONN);
}

static void full_queue_ends_in_time(void **state) {
	(void)state;
	struct vc_fake fake = {.fault = VC_FAKE_DEAF};
	vc_fake_start(&fake);
	struct vc_control_client client;
	int64_t start_ns = vc_clock_now();
	assert_int_equal(vc_control_connect(&client, fake.path, TIMEOUT_MS), -ETIMEDOUT);
	assert_true(vc_clock_now() - start_ns < 8 * VC_NS_PER_S);
	vc_fake_stop(&fake);
}

/* What a reader makes of a log with @head records, whose vblank_ns is each one's number. */
static void expect_copy(uint64_t head, uint64_t lost, size_t count) {
	struct vc_frame_log *log = calloc(1, sizeof(*log));
	struct vc_control_records *records = malloc(sizeof(*records));
	assert_non_null(log);
	assert_non_null(records);
	for (uint64_t i = head > VC_FRAME_LOG_MAX ? head - VC_FRAME_LOG_MAX : 0; i < head; i++)
		log->record[i % VC_FRAME_LOG_MAX].vblank_ns = (int64_t)i;
	atomic_store(&log->head, head);
	vc_control_copy_log(log, records);
	assert_int_equal(records->lost, lost);
	assert_int_equal(records->count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(records->record[i].vblank_ns, (int64_t)(lost + i));
	free(records);
	free(log);
}

static void log_copy_keeps_order_and_drops_the_slot_being_written(void **state) {
	(void)state;
	expect_copy(0, 0, 0);
	expect_copy(1, 0, 1);
	expect_copy(VC_FRAME_LOG_MAX - 1, 0, VC_FRAME_LOG_MAX - 1);
	expect_copy(VC_FRAME_LOG_MAX, 1, VC_FRAME_LOG_MAX - 1);
	expect_copy(VC_FRAME_LOG_MAX + 1, 2, VC_FRAME_LOG_MAX - 1);
	expect_copy(10 * VC_FRAME_LOG_MAX + 7, 9 * VC_FRAME_LOG_MAX + 8, VC_FRAME_LOG_MAX - 1);
	expect_copy(UINT64_MAX, UINT64_MAX - VC_FRAME_LOG_MAX + 1, VC_FRAME_LOG_MAX - 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_server_answers_all_three),
		cmocka_unit_test(wrong_answers_are_refused),
		cmocka_unit_test(reasons_are_fit_for_a_terminal),
		cmocka_unit_test(status_out_of_range_is_refused),
		cmocka_unit_test(connect_says_what_to_do),
		cmocka_unit_test(full_queue_ends_in_time),
		cmocka_unit_test(log_copy_keeps_order_and_drops_the_slot_being_written),
	};
	return cmocka_run_group_tests_name("control client", tests, NULL, NULL);
}
