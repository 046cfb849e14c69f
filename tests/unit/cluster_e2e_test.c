/* SPDX-License-Identifier: Apache-2.0 */
#include "e2e.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define MS INT64_C(1000000)
#define TIMEOUT (120 * MS)

static const struct vc_dbc_message message = {
	.name = "M", .id = 0xb4, .size = 8, .cycle_ms = 20, .protected = true, .data_id = 0x1234, .counter_start = 8};
static const struct vc_e2e_limits limits = {.step_max = 3, .bad_frames = 3, .good_frames = 2};

struct bus {
	struct vc_e2e e;
	int64_t now;
	uint8_t counter;
};

static bool send_frame(struct bus *b, uint8_t counter, int damage) {
	uint8_t data[8] = {0, 0, 0x55, 0xaa};
	vc_e2e_protect(&message, data, counter);
	if (damage >= 0)
		data[damage] ^= 0x10;
	b->now += 20 * MS;
	vc_e2e_check(&b->e, TIMEOUT, b->now);
	return vc_e2e_receive(&b->e, &message, &limits, data, sizeof(data), true, b->now);
}

static void send_good(struct bus *b, int count) {
	for (int i = 0; i < count; i++) {
		send_frame(b, b->counter, -1);
		b->counter = (uint8_t)((b->counter + 1) % 15);
	}
}

/* The check value of CRC-8/SAE-J1850 in the catalogue of parametrised CRCs. */
static void test_crc_check_value(void **state) {
	(void)state;
	assert_int_equal(vc_crc8((const uint8_t *)"123456789", 9), 0x4b);
	assert_int_equal(vc_crc8((const uint8_t *)"\0\0\0\0", 4), 0x59);
}

static void test_crc_covers_id_and_bytes(void **state) {
	(void)state;
	uint8_t data[8] = {0};
	uint8_t crc = vc_e2e_crc(&message, data);
	struct vc_dbc_message other = message;
	other.data_id = 0x1235;
	assert_int_not_equal(vc_e2e_crc(&other, data), crc);
	for (int byte = 1; byte < 8; byte++)
		for (int bit = 0; bit < 8; bit++) {
			data[byte] ^= (uint8_t)(1 << bit);
			assert_int_not_equal(vc_e2e_crc(&message, data), crc);
			data[byte] ^= (uint8_t)(1 << bit);
		}
	data[0] = 0xff; /* its own byte doesn't count */
	assert_int_equal(vc_e2e_crc(&message, data), crc);
}

static void test_becomes_valid_after_a_run(void **state) {
	(void)state;
	struct bus b = {0};
	send_good(&b, 2); /* the first only sets the counter */
	assert_int_equal(b.e.status, VC_E2E_MISSING);
	send_good(&b, 1);
	assert_int_equal(b.e.status, VC_E2E_VALID);
	send_good(&b, 40); /* round the counter's end */
	assert_int_equal(b.e.status, VC_E2E_VALID);
	assert_int_equal(b.e.counter_errors + b.e.crc_errors, 0);
}

static void test_silence_is_missing(void **state) {
	(void)state;
	struct bus b = {0};
	send_good(&b, 5);
	vc_e2e_check(&b.e, TIMEOUT, b.now + TIMEOUT);
	assert_int_equal(b.e.status, VC_E2E_VALID);
	vc_e2e_check(&b.e, TIMEOUT, b.now + TIMEOUT + 1);
	assert_int_equal(b.e.status, VC_E2E_MISSING);
	assert_int_equal(b.e.timeouts, 1);
	b.now += 5 * TIMEOUT;
	vc_e2e_check(&b.e, TIMEOUT, b.now);
	assert_int_equal(b.e.timeouts, 1);
	b.counter = 9; /* the sender started anew */
	send_good(&b, 3);
	assert_int_equal(b.e.status, VC_E2E_VALID);
	assert_int_equal(b.e.counter_errors, 0);
}

static void test_wrong_crc_is_corrupt(void **state) {
	(void)state;
	struct bus b = {0};
	send_good(&b, 5);
	for (int byte = 0; byte < 2; byte++) {
		assert_false(send_frame(&b, b.counter, byte));
		assert_int_equal(b.e.status, VC_E2E_VALID); /* one or two are tolerated */
	}
	assert_false(send_frame(&b, b.counter, 3));
	assert_int_equal(b.e.status, VC_E2E_CORRUPT);
	assert_int_equal(b.e.crc_errors, 3);
	send_good(&b, 1);
	assert_int_equal(b.e.status, VC_E2E_CORRUPT);
	send_good(&b, 1);
	assert_int_equal(b.e.status, VC_E2E_VALID);
}

/* Wrong frames that come one by one between time-outs must not keep an old value alive. */
static void test_bad_frames_do_not_refresh(void **state) {
	(void)state;
	struct bus b = {0};
	send_good(&b, 5);
	b.e.bad_run = 0;
	int64_t start = b.now;
	struct vc_e2e_limits lax = limits;
	lax.bad_frames = 100;
	while (b.now - start <= TIMEOUT) {
		uint8_t data[8] = {0};
		b.now += 20 * MS;
		vc_e2e_receive(&b.e, &message, &lax, data, 8, true, b.now);
		vc_e2e_check(&b.e, TIMEOUT, b.now);
	}
	assert_int_equal(b.e.status, VC_E2E_MISSING);
}

static void test_stuck_counter(void **state) {
	(void)state;
	struct bus b = {0};
	send_good(&b, 5);
	for (int i = 0; i < 3; i++)
		assert_false(send_frame(&b, 4, -1));
	assert_int_equal(b.e.status, VC_E2E_CORRUPT);
	assert_int_equal(b.e.counter_errors, 3);
}

static void test_lost_frames_within_tolerance(void **state) {
	(void)state;
	struct bus b = {0};
	send_good(&b, 5); /* last counter: 4 */
	assert_true(send_frame(&b, 7, -1));
	assert_false(send_frame(&b, 11, -1));
	assert_int_equal(b.e.counter_errors, 1);
	assert_true(send_frame(&b, 12, -1)); /* followed from there */
	assert_int_equal(b.e.status, VC_E2E_VALID);
}

static void test_counter_15_is_never_sent(void **state) {
	(void)state;
	struct bus b = {0};
	assert_false(send_frame(&b, 15, -1));
	send_good(&b, 5);
	assert_false(send_frame(&b, 15, -1));
	assert_int_equal(b.e.counter_errors, 2);
	assert_int_equal(b.e.status, VC_E2E_VALID);
}

static void test_malformed(void **state) {
	(void)state;
	struct vc_e2e e = {0};
	struct vc_dbc_message plain = {.name = "P", .size = 4};
	uint8_t data[8] = {0};
	assert_false(vc_e2e_receive(&e, &plain, &limits, data, 3, true, 1));
	assert_false(vc_e2e_receive(&e, &plain, &limits, data, 8, true, 1));
	assert_false(vc_e2e_receive(&e, &plain, &limits, data, 4, false, 1));
	assert_int_equal(e.malformed, 3);
	assert_int_equal(e.status, VC_E2E_CORRUPT);
	assert_true(vc_e2e_receive(&e, &plain, &limits, data, 4, true, 1));
	assert_true(vc_e2e_receive(&e, &plain, &limits, data, 4, true, 1));
	assert_int_equal(e.status, VC_E2E_VALID);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc_check_value),
		cmocka_unit_test(test_crc_covers_id_and_bytes),
		cmocka_unit_test(test_becomes_valid_after_a_run),
		cmocka_unit_test(test_silence_is_missing),
		cmocka_unit_test(test_wrong_crc_is_corrupt),
		cmocka_unit_test(test_bad_frames_do_not_refresh),
		cmocka_unit_test(test_stuck_counter),
		cmocka_unit_test(test_lost_frames_within_tolerance),
		cmocka_unit_test(test_counter_15_is_never_sent),
		cmocka_unit_test(test_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
