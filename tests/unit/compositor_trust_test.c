/* SPDX-License-Identifier: Apache-2.0 */
/* When the cluster's picture is believed, given the monitor's words. */
#include "trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct vc_trust_rules keep = {.trust_ns = 100, .silent_ns = 50, .lost_ns = 200, .lost_safe = false};
static const struct vc_trust_rules safe = {.trust_ns = 100, .silent_ns = 50, .lost_ns = 200, .lost_safe = true};

static void hear(struct vc_trust *t, enum vc_monitor_check check, bool good, int64_t now_ns) {
	vc_trust_hear(t, &keep, check, good, now_ns);
}

static void one_bad_word_is_enough_and_many_good_ones_are_needed(void **state) {
	(void)state;
	struct vc_trust t;
	vc_trust_init(&t, 1000);
	assert_int_equal(vc_trust_judge(&t, &keep, 1000), VC_REASON_NONE);
	hear(&t, VC_CHECK_SOURCE, true, 1010);
	assert_int_equal(vc_trust_judge(&t, &keep, 1010), VC_REASON_NONE);
	hear(&t, VC_CHECK_SOURCE, false, 1020);
	assert_int_equal(vc_trust_judge(&t, &keep, 1020), VC_REASON_WRONG);
	for (int64_t now = 1030; now < 1130; now += 10) {
		hear(&t, VC_CHECK_SOURCE, true, now);
		assert_int_equal(vc_trust_judge(&t, &keep, now), VC_REASON_WRONG);
	}
	hear(&t, VC_CHECK_SOURCE, true, 1130);
	assert_int_equal(vc_trust_judge(&t, &keep, 1130), VC_REASON_NONE);
}

static void a_bad_word_or_a_gap_starts_the_time_anew(void **state) {
	(void)state;
	struct vc_trust t;
	vc_trust_init(&t, 1000);
	hear(&t, VC_CHECK_SOURCE, false, 1000);
	hear(&t, VC_CHECK_SOURCE, true, 1010);
	hear(&t, VC_CHECK_SOURCE, false, 1050);
	hear(&t, VC_CHECK_SOURCE, true, 1060);
	hear(&t, VC_CHECK_SOURCE, true, 1105);
	assert_int_equal(vc_trust_judge(&t, &keep, 1120), VC_REASON_WRONG);
	/* Two good words, and who knows what between them. Signs of life say nothing about frames. */
	hear(&t, VC_CHECK_NONE, true, 1140);
	hear(&t, VC_CHECK_SOURCE, true, 1165);
	assert_int_equal(vc_trust_judge(&t, &keep, 1165), VC_REASON_WRONG);
	hear(&t, VC_CHECK_SOURCE, true, 1210);
	hear(&t, VC_CHECK_SOURCE, true, 1255);
	assert_int_equal(vc_trust_judge(&t, &keep, 1255), VC_REASON_WRONG);
	hear(&t, VC_CHECK_SOURCE, true, 1265);
	assert_int_equal(vc_trust_judge(&t, &keep, 1265), VC_REASON_NONE);
}

static void a_wrong_output_is_not_mended_by_good_frames(void **state) {
	(void)state;
	struct vc_trust t;
	vc_trust_init(&t, 1000);
	hear(&t, VC_CHECK_OUTPUT, false, 1000);
	for (int64_t now = 1000; now < 1500; now += 10)
		hear(&t, VC_CHECK_SOURCE, true, now);
	assert_int_equal(vc_trust_judge(&t, &keep, 1500), VC_REASON_WRONG);
	hear(&t, VC_CHECK_OUTPUT, true, 1510);
	assert_int_equal(vc_trust_judge(&t, &keep, 1510), VC_REASON_NONE);
	/* And the other way round. */
	hear(&t, VC_CHECK_SOURCE, false, 1520);
	hear(&t, VC_CHECK_OUTPUT, true, 1530);
	assert_int_equal(vc_trust_judge(&t, &keep, 1530), VC_REASON_WRONG);
}

static void silence_is_the_configs_choice(void **state) {
	(void)state;
	struct vc_trust t;
	vc_trust_init(&t, 1000);
	assert_int_equal(vc_trust_judge(&t, &keep, 999999), VC_REASON_NONE);
	assert_int_equal(vc_trust_judge(&t, &safe, 1199), VC_REASON_NONE);
	assert_int_equal(vc_trust_judge(&t, &safe, 1200), VC_REASON_UNWATCHED);
	vc_trust_hear(&t, &safe, VC_CHECK_NONE, true, 1300);
	assert_int_equal(vc_trust_judge(&t, &safe, 1301), VC_REASON_NONE);
	/* One that has found a fault and fell silent leaves it found. */
	vc_trust_hear(&t, &safe, VC_CHECK_SOURCE, false, 1310);
	assert_int_equal(vc_trust_judge(&t, &keep, 999999), VC_REASON_WRONG);
}

static void who_does_not_look_at_the_output_is_lost_too(void **state) {
	(void)state;
	struct vc_trust t;
	struct vc_trust_rules rules = safe;
	rules.output_max_ns = 500;
	vc_trust_init(&t, 1000);
	for (int64_t now = 1000; now < 1500; now += 10)
		vc_trust_hear(&t, &rules, VC_CHECK_SOURCE, true, now);
	assert_int_equal(vc_trust_judge(&t, &rules, 1499), VC_REASON_NONE);
	assert_int_equal(vc_trust_judge(&t, &rules, 1500), VC_REASON_UNWATCHED);
	assert_true(vc_trust_blind(&t, &rules, 1500));
	vc_trust_hear(&t, &rules, VC_CHECK_OUTPUT, true, 1510);
	assert_int_equal(vc_trust_judge(&t, &rules, 1510), VC_REASON_NONE);
	rules.lost_safe = false;
	assert_int_equal(vc_trust_judge(&t, &rules, 9999), VC_REASON_NONE);
	assert_false(vc_trust_blind(&t, &safe, 9999)); /* 0: it need not */
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_bad_word_is_enough_and_many_good_ones_are_needed),
		cmocka_unit_test(a_bad_word_or_a_gap_starts_the_time_anew),
		cmocka_unit_test(a_wrong_output_is_not_mended_by_good_frames),
		cmocka_unit_test(silence_is_the_configs_choice),
		cmocka_unit_test(who_does_not_look_at_the_output_is_lost_too),
	};
	return cmocka_run_group_tests_name("compositor.trust", tests, NULL, NULL);
}
