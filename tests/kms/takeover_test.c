/* SPDX-License-Identifier: Apache-2.0 */
/* The picture outlives the compositor: the next one takes the card over from the fd store without a modeset. */
#include "rig.h"

static void picture_survives_and_is_taken_over(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi;
	rig_configure(&rig, "vkms", "", "hold_ms = 8000", "hold_ms = 8000");
	rig_start(&rig);
	assert_true(rig_stored(&rig, "drm-main") >= 0);
	struct vc_control_status status;
	rig_status(&rig, &status);
	assert_int_equal(status.output[0].adopted, 0);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	for (int round = 0; round < 3; round++) {
		assert_int_not_equal(painter_show(&ivi, RIG_BLUE), 0);
		assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
		rig_kill(&rig);
		painter_close(&ivi);
		painter_close(&cluster);
		rig_start(&rig);
		rig_status(&rig, &status);
		assert_int_equal(status.output[0].adopted, 1);
		/* Nobody has presented anything: these are the last compositor's frames. */
		const struct rig_probe probes[] = {
			{0, 0, RIG_RED}, {639, 479, RIG_RED}, {704, 0, RIG_BLUE}, {650, 10, RIG_BACKGROUND}};
		rig_expect(&rig, probes, sizeof(probes) / sizeof(probes[0]));
		assert_int_equal(rig_layer(&rig, "cluster").state, VC_STATE_HOLD);
		painter_open(&cluster, &rig, "cluster", 0, 0);
		painter_open(&ivi, &rig, "ivi", 0, 0);
		/* A source that has come, but shown nothing, doesn't make the old picture its own. */
		assert_int_equal(vc_display_heartbeat(&cluster.client, 1), 0);
		assert_int_equal(rig_layer(&rig, "cluster").state, VC_STATE_HOLD);
	}
	assert_int_not_equal(painter_show(&cluster, RIG_GREEN), 0);
	rig_await(&rig, "cluster", VC_STATE_LIVE, VC_REASON_NONE);
	painter_close(&ivi);
	painter_close(&cluster);
	rig_stop(&rig);
}

static void what_was_taken_over_falls_back_in_time(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster;
	rig_configure(&rig, "vkms", "", "hold_ms = 200", "");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_show(&cluster, RIG_RED);
	rig_kill(&rig);
	painter_close(&cluster);
	rig_start(&rig);
	rig_await(&rig, "cluster", VC_STATE_FALLBACK, VC_REASON_GONE);
	assert_int_not_equal(rig_pixel(&rig, 20, 20), RIG_RED);
	rig_stop(&rig);
}

int main(void) {
	if (rig_skips("vkms"))
		return RIG_SKIPPED;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(picture_survives_and_is_taken_over),
		cmocka_unit_test(what_was_taken_over_falls_back_in_time),
	};
	return cmocka_run_group_tests_name("kms.takeover", tests, NULL, NULL);
}
