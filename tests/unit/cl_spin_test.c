/* SPDX-License-Identifier: Apache-2.0 */
/* What is expected to be short is spun for, what isn't is not, and neither opinion is for ever. */
#include "spin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MOST = 10000, SHORT = 2000, LONG = 100 * MOST, TRIES = 200 };

static void test_expectation(void **state) {
	(void)state;
	struct vc_spin spin = {0};
	assert_int_equal(vc_spin_for(&spin, MOST), MOST);
	for (int i = 0; i < TRIES; i++)
		vc_spin_learn(&spin, SHORT, MOST);
	assert_int_equal(vc_spin_for(&spin, MOST), MOST);
	/* One that takes long among short ones changes nothing, many do. */
	vc_spin_learn(&spin, LONG, MOST);
	for (int i = 0; i < 4; i++)
		vc_spin_learn(&spin, SHORT, MOST);
	assert_int_equal(vc_spin_for(&spin, MOST), MOST);
	for (int i = 0; i < TRIES; i++)
		vc_spin_learn(&spin, LONG, MOST);
	int tried = 0;
	for (int i = 0; i < TRIES; i++)
		tried += vc_spin_for(&spin, MOST) > 0;
	assert_in_range(tried, 1, TRIES / 10);
	/* And back, within so many that are short again. */
	for (int i = 0; i < 16; i++)
		vc_spin_learn(&spin, SHORT, MOST);
	assert_int_equal(vc_spin_for(&spin, MOST), MOST);
}

/* Where spinning is forbidden nothing is expected to be short enough. */
static void test_none(void **state) {
	(void)state;
	struct vc_spin spin = {0};
	struct vc_spinning spinning;
	vc_spin_begin(&spinning, vc_spin_for(&spin, 0));
	assert_false(vc_spin_on(&spinning));
}

static void test_end(void **state) {
	(void)state;
	struct vc_spinning spinning;
	vc_spin_begin(&spinning, MOST);
	while (vc_spin_on(&spinning)) {
	}
	/* It was long enough, unless the core was taken away. */
	assert_true(spinning.last - spinning.began > 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_expectation), cmocka_unit_test(test_none),
					   cmocka_unit_test(test_end)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
