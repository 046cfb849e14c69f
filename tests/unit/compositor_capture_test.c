/* SPDX-License-Identifier: Apache-2.0 */
/* Whose turn it is to get a capture, and what is said to be in the picture. No card is needed: the buffers are never looked into. */
#include "capture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

static struct vc_loop loop;
static struct vc_capture capture;
static struct vc_config_layer config[2];
static struct vc_layer layer[2], *const layers[2] = {&layer[0], &layer[1]};
static struct vc_capture_ticket *served;
static struct vc_capture_result got;

static void done(struct vc_capture_ticket *ticket, const struct vc_capture_result *result) {
	served = ticket;
	got = *result;
}

static int set_up(void **state) {
	(void)state;
	assert_int_equal(vc_loop_init(&loop), 0);
	assert_int_equal(vc_capture_init(&capture, &loop, -1, 64, 48, false, 1000), 0);
	capture.buffers = VC_CAPTURE_BUFFERS;
	for (unsigned i = 0; i < 2; i++)
		layer[i] = (struct vc_layer){.config = &config[i], .index = i};
	served = NULL;
	return 0;
}

static int tidy(void **state) {
	(void)state;
	close(loop.epoll);
	return 0;
}

/* The next commit carries a capture, and the kernel has written it or not. The test's fence is none: it always "fails". */
static void commit(int buffer) {
	static const struct vc_content content[2];
	assert_in_range(buffer, 0, VC_CAPTURE_BUFFERS - 1);
	vc_capture_started(&capture, buffer, eventfd(0, EFD_CLOEXEC), layers, content, 2, 1);
}

static void hold(struct vc_capture_ticket *ticket) {
	*ticket = (struct vc_capture_ticket){.done = done};
	assert_true(vc_capture_request(&capture, ticket));
	int buffer = vc_capture_wanted(&capture);
	assert_true(buffer >= 0);
	commit(buffer);
	assert_int_equal(ticket->state, VC_TICKET_FLYING);
	capture.fence.ready(&capture, 0);
	assert_ptr_equal(served, ticket);
	/* As if the fence had been good. */
	ticket->state = VC_TICKET_HOLDING;
	ticket->buffer = buffer;
	capture.busy[buffer] = true;
}

static void tools_that_keep_theirs_keep_none_from_the_check(void **state) {
	(void)state;
	struct vc_capture_ticket tool[VC_CAPTURE_BUFFERS - 1], late = {.done = done},
							       check = {.done = done, .check = true};
	for (unsigned i = 0; i < VC_CAPTURE_BUFFERS - 1; i++)
		hold(&tool[i]);
	assert_true(vc_capture_request(&capture, &late));
	assert_int_equal(vc_capture_wanted(&capture), -1);
	assert_true(vc_capture_request(&capture, &check));
	int buffer = vc_capture_wanted(&capture);
	assert_int_equal(buffer, VC_CAPTURE_BUFFERS - 1);
	commit(buffer);
	assert_int_equal(check.state, VC_TICKET_FLYING);
	assert_int_equal(late.state, VC_TICKET_QUEUED);
	capture.fence.ready(&capture, 0);
	assert_ptr_equal(served, &check);
	assert_int_equal(vc_capture_wanted(&capture), -1);
	vc_capture_cancel(&capture, &tool[0]);
	assert_int_equal(vc_capture_wanted(&capture), 0);
	/* The check goes first, and it alone fails when its buffer is refused. */
	assert_true(vc_capture_request(&capture, &check));
	buffer = vc_capture_wanted(&capture);
	assert_int_equal(buffer, VC_CAPTURE_BUFFERS - 1);
	vc_capture_fail(&capture, buffer, EINVAL, "refused");
	assert_ptr_equal(served, &check);
	assert_string_equal(got.failed, "refused");
	assert_int_equal(vc_capture_wanted(&capture), 0);
	vc_capture_cancel(&capture, &late);
	assert_int_equal(vc_capture_wanted(&capture), -1);
}

static void what_is_shown_is_told_apart(void **state) {
	(void)state;
	struct vc_capture_ticket ticket = {.done = done};
	struct vc_dumb dumb = {0};
	int lent;
	capture.lent = &lent;
	layer[0].screen.kind = VC_CONTENT_ADOPTED;
	layer[1].screen = (struct vc_content){.kind = VC_CONTENT_FRAME, .frame = {.seq = 7, .source = 3}};
	vc_capture_request(&capture, &ticket);
	vc_capture_lend(&capture, &dumb, layers, 2, 1);
	assert_true(got.seq[0] == VC_CONTROL_ADOPTED);
	assert_int_equal(got.seq[1], 7);
	assert_int_equal(got.source[1], 3);
	const uint64_t number = got.number;
	vc_capture_cancel(&capture, &ticket);
	layer[0].screen.kind = layer[1].screen.kind = VC_CONTENT_FALLBACK;
	vc_capture_request(&capture, &ticket);
	vc_capture_lend(&capture, &dumb, layers, 2, 2);
	assert_int_equal(got.seq[0], 0);
	assert_int_equal(got.seq[1], 0);
	assert_int_equal(got.number, number + 1);
	vc_capture_cancel(&capture, &ticket);
	/* By writeback likewise. */
	const struct vc_content content[2] = {{.kind = VC_CONTENT_ADOPTED}, {.kind = VC_CONTENT_FALLBACK}};
	vc_capture_request(&capture, &ticket);
	vc_capture_started(&capture, vc_capture_wanted(&capture), eventfd(0, EFD_CLOEXEC), layers, content, 2, 3);
	capture.fence.ready(&capture, 0);
	assert_true(got.seq[0] == VC_CONTROL_ADOPTED);
	assert_int_equal(got.seq[1], 0);
	assert_int_equal(got.number, number + 2);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tools_that_keep_theirs_keep_none_from_the_check, set_up, tidy),
		cmocka_unit_test_setup_teardown(what_is_shown_is_told_apart, set_up, tidy),
	};
	return cmocka_run_group_tests_name("compositor.capture", tests, NULL, NULL);
}
