/* SPDX-License-Identifier: Apache-2.0 */
#include "edid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void check(uint32_t width, uint32_t height, uint32_t mhz) {
	uint8_t e[VC_EDID_SIZE];
	vc_edid_make(e, width, height, mhz);
	uint8_t sum = 0;
	for (unsigned i = 0; i < sizeof(e); i++)
		sum = (uint8_t)(sum + e[i]);
	assert_int_equal(sum, 0);
	assert_memory_equal(e, "\x00\xff\xff\xff\xff\xff\xff\x00", 8);
	assert_int_equal(e[18], 1);
	assert_int_equal(e[19], 4);
	const uint8_t *d = e + 54;
	uint32_t w = d[2] | (uint32_t)(d[4] >> 4) << 8, h = d[5] | (uint32_t)(d[7] >> 4) << 8;
	uint32_t w_blank = d[3] | (uint32_t)(d[4] & 15) << 8, h_blank = d[6] | (uint32_t)(d[7] & 15) << 8;
	assert_int_equal(w, width);
	assert_int_equal(h, height);
	uint64_t clock_hz = (uint64_t)(d[0] | d[1] << 8) * 10000;
	uint64_t rate = clock_hz * 1000 / ((uint64_t)(w + w_blank) * (h + h_blank));
	/* The clock counts in 10 kHz. */
	assert_true(rate + mhz / 100 >= mhz && rate <= mhz + mhz / 100);
	/* Sync lies inside the blanking. */
	assert_true((uint32_t)d[8] + d[9] < w_blank);
	assert_true((uint32_t)(d[10] >> 4) + (d[10] & 15) < h_blank);
}

static void test_modes(void **state) {
	(void)state;
	check(960, 720, 30000);
	check(960, 720, 60000);
	check(1920, 720, 59940);
	check(3840, 2160, 60000);
	check(4095, 720, 30000);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_modes)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
