/* SPDX-License-Identifier: Apache-2.0 */
/* One frame per vblank, each answered, each released; and what the counters and the frame log say about it. */
#include "rig.h"

#include "clock.h"

#define FRAMES 60

static struct vc_control_records records;

static void frames_are_paced_by_flips(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster;
	rig_configure(&rig, "vkms", "", "hold_ms = 2000", "");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	const int64_t period_ns = (int64_t)cluster.client.zone.period_ns;
	int64_t last_ns = painter_show(&cluster, RIG_RED);
	assert_int_not_equal(last_ns, 0);
	for (int i = 1; i < FRAMES; i++) {
		int64_t flip_ns = painter_show(&cluster, i % 2 ? RIG_GREEN : RIG_RED);
		/* Whole periods apart, and never two in one. */
		int64_t periods = (flip_ns - last_ns + period_ns / 2) / period_ns;
		if (periods < 1)
			fail_msg("frame %d flipped %.2f ms after the one before", i, (double)(flip_ns - last_ns) / 1e6);
		assert_in_range(flip_ns - last_ns - periods * period_ns + VC_NS_PER_MS, 0, 2 * VC_NS_PER_MS);
		last_ns = flip_ns;
	}
	struct vc_control_layer layer = rig_layer(&rig, "cluster");
	assert_int_equal(layer.frames_received, FRAMES);
	assert_int_equal(layer.frames_shown, FRAMES);
	assert_int_equal(layer.frames_dropped, 0);
	assert_true(layer.frames_due >= FRAMES - 1);
	assert_true(layer.worst_gap_ns >= period_ns - VC_NS_PER_MS);
	assert_true(layer.latency_ns_max > 0 && layer.latency_ns_sum >= layer.latency_ns_max);

	if (vc_control_get_frames(&rig.tool, 0, &records) < 0)
		fail_msg("frames: %s", rig.tool.why);
	uint64_t fresh = 0, missed = 0;
	for (size_t i = 0; i < records.count; i++) {
		fresh += (records.record[i].layer_new & 1) != 0;
		missed += (records.record[i].layer_missed & 1) != 0;
		if (i > 0)
			assert_true(records.record[i].vblank_ns > records.record[i - 1].vblank_ns);
	}
	assert_int_equal(fresh, FRAMES);
	layer = rig_layer(&rig, "cluster");
	assert_true(missed <= layer.frames_missed);
	assert_true(layer.frames_due >= fresh + missed - 1);
	print_message("due %llu, missed %llu, worst gap %.1f ms\n", (unsigned long long)layer.frames_due,
		      (unsigned long long)layer.frames_missed, (double)layer.worst_gap_ns / 1e6);
	painter_close(&cluster);
	rig_stop(&rig);
}

static void newer_frames_replace_waiting_ones(void **state) {
	(void)state;
	struct rig rig;
	struct painter ivi;
	rig_configure(&rig, "vkms", "", "", "hold_ms = 20000");
	rig_start(&rig);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	/* Twice as fast as the screen: of each pair the newer is shown. */
	for (int i = 0; i < 10; i++) {
		painter_present(&ivi, RIG_RED);
		painter_present(&ivi, RIG_GREEN);
		while (ivi.answered < ivi.seq)
			assert_true(painter_listen(&ivi, 1000));
	}
	assert_int_equal(rig_pixel(&rig, 800, 100), RIG_GREEN);
	struct vc_control_layer layer = rig_layer(&rig, "ivi");
	assert_int_equal(layer.frames_received, 20);
	assert_int_equal(layer.frames_shown + layer.frames_dropped, 20);
	painter_close(&ivi);
	rig_stop(&rig);
}

static void nothing_new_means_no_commit(void **state) {
	(void)state;
	struct rig rig;
	struct painter ivi;
	rig_configure(&rig, "vkms", "", "", "hold_ms = 20000");
	rig_start(&rig);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	painter_show(&ivi, RIG_BLUE);
	struct vc_control_status before, after;
	rig_status(&rig, &before);
	int64_t limit_ns = vc_clock_now() + RIG_LIMIT_MS * VC_NS_PER_MS;
	do {
		rig_status(&rig, &after);
		painter_listen(&ivi, 50);
		assert_true(vc_clock_now() < limit_ns);
	} while (after.output[0].vblanks < before.output[0].vblanks + 15);
	assert_int_equal(after.output[0].commits, before.output[0].commits);
	painter_close(&ivi);
	rig_stop(&rig);
}

int main(void) {
	if (rig_skips("vkms"))
		return RIG_SKIPPED;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_paced_by_flips),
		cmocka_unit_test(newer_frames_replace_waiting_ones),
		cmocka_unit_test(nothing_new_means_no_commit),
	};
	return cmocka_run_group_tests_name("kms.flips", tests, NULL, NULL);
}
