/* SPDX-License-Identifier: Apache-2.0 */
/* Two outputs on two cards, each with a cluster and a guest: one with planes, one composed. Both are taken over lit. */
#include "witness.h"

#include "clock.h"

#include <stdio.h>

static const struct rig_probe first[] = {
	{0, 0, RIG_RED}, {639, 479, RIG_RED}, {704, 0, RIG_BLUE}, {650, 9, RIG_BACKGROUND}};
static const struct rig_probe second[] = {
	{0, 0, RIG_BLUE}, {399, 299, RIG_BLUE}, {400, 300, RIG_GOLD}, {799, 599, RIG_GOLD}};

static void open_all(struct rig *rig, struct painter *p) {
	painter_open(&p[0], rig, "cluster", 0, 0);
	painter_open(&p[1], rig, "ivi", 0, 0);
	painter_open(&p[2], rig, "cluster2", 0, 0);
	painter_open(&p[3], rig, "ivi2", 0, 0);
}

static void close_all(struct painter *p) {
	for (int i = 0; i < 4; i++)
		painter_close(&p[i]);
}

static void expect_all(struct rig *rig) {
	rig_expect_on(rig, 0, first, sizeof(first) / sizeof(first[0]));
	rig_expect_on(rig, 1, second, sizeof(second) / sizeof(second[0]));
}

static void outputs_run_side_by_side(void **state) {
	(void)state;
	struct rig rig;
	struct painter p[4];
	struct witness witness[2];
	struct vc_control_status status;
	char more[512];
	rig_configure(&rig, "vkms", "", "hold_ms = 20000", "hold_ms = 20000");
	snprintf(more, sizeof(more),
		 "[output right]\ncard = bochs-drm\nmode = 800x600@60\n"
		 "[layer cluster2]\nrole = cluster\noutput = right\nrect = 0,0 400x300\nuser = %u\nhold_ms = 20000\n"
		 "[layer ivi2]\nrole = guest\noutput = right\nrect = 0,0 800x600\nuser = %u\nhold_ms = 20000",
		 rig_user("cluster2"), rig_user("ivi2"));
	rig_add(&rig, more);
	rig_start(&rig);
	for (int round = 0; round < 2; round++) {
		open_all(&rig, p);
		for (int i = 0; i < 10; i++) {
			painter_present(&p[0], RIG_RED);
			painter_present(&p[2], RIG_BLUE);
			assert_int_not_equal(painter_show(&p[1], RIG_BLUE), 0);
			assert_int_not_equal(painter_show(&p[3], RIG_GOLD), 0);
			while (p[0].answered < p[0].seq)
				assert_true(painter_listen(&p[0], 1000));
			while (p[2].answered < p[2].seq)
				assert_true(painter_listen(&p[2], 1000));
		}
		expect_all(&rig);
		rig_status(&rig, &status);
		assert_int_equal(status.outputs, 2);
		assert_int_equal(rig_layer(&rig, "cluster").path, VC_PATH_PLANE);
		assert_int_equal(rig_layer(&rig, "cluster2").path, VC_PATH_COMPOSED);
		assert_int_equal(rig_layer(&rig, "cluster2").output, 1);
		assert_true(status.output[1].vblanks > 10);
		witness_start(&witness[0], rig_stored(&rig, "drm-main"));
		witness_start(&witness[1], rig_stored(&rig, "drm-right"));
		int64_t killed_ns = vc_clock_now();
		rig_kill(&rig);
		close_all(p);
		rig_start(&rig);
		expect_all(&rig);
		witness_stop(&witness[0]);
		witness_stop(&witness[1]);
		rig_status(&rig, &status);
		for (int i = 0; i < 2; i++) {
			assert_int_equal(status.output[i].adopted, 1);
			print_message("output %d: SIGKILL -> first commit %.1f ms\n", i,
				      (double)(status.output[i].first_commit_ns - killed_ns) / VC_NS_PER_MS);
		}
	}
	rig_stop(&rig);
}

/* The clusters of one output don't wait for the other. */
static void guest_of_one_output_does_not_slow_the_other(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi2;
	char more[512];
	rig_configure(&rig, "vkms", "", "hold_ms = 20000", "");
	snprintf(more, sizeof(more),
		 "[output right]\ncard = bochs-drm\nmode = 800x600@60\n"
		 "[layer ivi2]\nrole = guest\noutput = right\nrect = 0,0 800x600\nuser = %u\nhold_ms = 300",
		 rig_user("ivi2"));
	rig_add(&rig, more);
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_open(&ivi2, &rig, "ivi2", 0, 0);
	assert_int_not_equal(painter_show(&ivi2, RIG_GOLD), 0);
	for (int i = 0; i < 30; i++)
		assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
	rig_await(&rig, "ivi2", VC_STATE_FALLBACK, VC_REASON_SILENT);
	assert_int_equal(rig_layer(&rig, "cluster").state, VC_STATE_LIVE);
	assert_int_equal(rig_layer(&rig, "cluster").fallbacks, 0);
	painter_close(&cluster);
	painter_close(&ivi2);
	rig_stop(&rig);
}

int main(void) {
	if (rig_skips("vkms") || rig_skips("bochs-drm"))
		return RIG_SKIPPED;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outputs_run_side_by_side),
		cmocka_unit_test(guest_of_one_output_does_not_slow_the_other),
	};
	return cmocka_run_group_tests_name("kms.outputs", tests, NULL, NULL);
}
