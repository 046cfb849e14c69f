/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets and error budgets: what they let through, what they ban, and for how long. */
#include "budget.h"
#include "clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void buckets_hold_a_second_and_refill(void **state) {
	(void)state;
	struct vc_bucket b;
	int64_t now_ns = 5 * VC_NS_PER_S;
	vc_bucket_init(&b, 10, now_ns);
	for (int i = 0; i < 10; i++)
		assert_true(vc_bucket_take(&b, 10, 1, now_ns));
	assert_false(vc_bucket_take(&b, 10, 1, now_ns));
	now_ns += 250 * VC_NS_PER_MS;
	assert_false(vc_bucket_take(&b, 10, 3, now_ns));
	assert_true(vc_bucket_take(&b, 10, 2, now_ns));
	assert_false(vc_bucket_take(&b, 10, 1, now_ns));
	/* However long nothing came: a second's worth, and never more. */
	now_ns += 1000000 * VC_NS_PER_S;
	assert_false(vc_bucket_take(&b, 10, 11, now_ns));
	assert_true(vc_bucket_take(&b, 10, 10, now_ns));
	/* A clock that steps back gives nothing. */
	assert_false(vc_bucket_take(&b, 10, 1, now_ns - VC_NS_PER_S));
}

static void enough_errors_within_the_window_ban(void **state) {
	(void)state;
	const struct vc_error_rules rules = {3, 1000 * VC_NS_PER_MS, 500 * VC_NS_PER_MS};
	struct vc_errors e = {0};
	int64_t now_ns = VC_NS_PER_S;
	/* Too far apart: never three within a second. */
	for (int i = 0; i < 100; i++, now_ns += 500 * VC_NS_PER_MS)
		assert_false(vc_errors_note(&e, &rules, now_ns));
	assert_int_equal(vc_errors_recent(&e, &rules, now_ns), 1);
	assert_false(vc_errors_note(&e, &rules, now_ns));
	assert_true(vc_errors_note(&e, &rules, now_ns + 1));
	assert_int_equal(e.total, 102);
	assert_int_equal(e.bans, 1);
	assert_true(vc_errors_banned(&e, now_ns + 500 * VC_NS_PER_MS));
	/* What comes during a ban doesn't prolong it. */
	for (int i = 0; i < 3; i++)
		assert_false(vc_errors_note(&e, &rules, now_ns + 2));
	assert_false(vc_errors_banned(&e, now_ns + 1 + 500 * VC_NS_PER_MS));
}

static void a_ban_without_end_lasts_until_allowed(void **state) {
	(void)state;
	const struct vc_error_rules rules = {VC_ERRORS_MAX, VC_NS_PER_S, 0};
	struct vc_errors e = {0};
	for (int i = 1; i < VC_ERRORS_MAX; i++)
		assert_false(vc_errors_note(&e, &rules, i));
	assert_true(vc_errors_note(&e, &rules, VC_ERRORS_MAX));
	assert_int_equal(e.banned_until_ns, VC_BAN_UNTIL_ALLOWED);
	assert_true(vc_errors_banned(&e, INT64_MAX - 1));
	vc_errors_allow(&e);
	assert_false(vc_errors_banned(&e, VC_ERRORS_MAX));
	assert_int_equal(vc_errors_recent(&e, &rules, VC_ERRORS_MAX), 0);
	assert_false(vc_errors_note(&e, &rules, VC_ERRORS_MAX + 1));
}

static void no_limit_means_no_ban(void **state) {
	(void)state;
	const struct vc_error_rules rules = {0, VC_NS_PER_S, 0};
	struct vc_errors e = {0};
	for (int i = 1; i < 1000; i++)
		assert_false(vc_errors_note(&e, &rules, i));
	assert_int_equal(e.total, 999);
	assert_false(vc_errors_banned(&e, 1000));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_hold_a_second_and_refill),
		cmocka_unit_test(enough_errors_within_the_window_ban),
		cmocka_unit_test(a_ban_without_end_lasts_until_allowed),
		cmocka_unit_test(no_limit_means_no_ban),
	};
	return cmocka_run_group_tests_name("compositor.budget", tests, NULL, NULL);
}
