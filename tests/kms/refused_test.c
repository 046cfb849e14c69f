/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's frame that the kernel refuses costs the cluster nothing, nor another guest. */
#include "rig.h"

#define SECOND_GUEST                                                                                                   \
	"hold_ms = 300\nfallback = none\n"                                                                             \
	"[layer nav]\nrole = guest\noutput = main\nrect = 0,0 320x240\nuser = 40003\nhold_ms = 20000"

static void only_the_culprit_pays(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi, nav;
	rig_configure(&rig, "vkms", "", "hold_ms = 2000", SECOND_GUEST);
	rig_preload(&rig, "kms-refuse.so");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_open(&nav, &rig, "nav", 0, 0);
	/* refuse.c refuses parts 333 wide: this source's buffers are taken, but presented in part. */
	painter_open(&ivi, &rig, "ivi", 400, 240);
	struct vc_display_present part = {.id = 0, .seq = ++ivi.seq, .width = 333, .height = 240};
	for (int round = 0; round < 3; round++) {
		assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
		/* All three in one commit, most likely; the order of culprit and others must not matter. */
		part.seq = ++ivi.seq;
		assert_int_equal(vc_display_present(&ivi.client, &part, -1), 0);
		painter_present(&nav, RIG_GREEN);
		painter_present(&cluster, RIG_GOLD);
		rig_await(&rig, "ivi", VC_STATE_FALLBACK, VC_REASON_REFUSED);
		while (ivi.answered < part.seq)
			assert_true(painter_listen(&ivi, 1000));
		assert_int_equal(ivi.flip_ns, 0);
		while (nav.answered < nav.seq)
			assert_true(painter_listen(&nav, 1000));
		assert_int_not_equal(nav.flip_ns, 0);
		while (cluster.answered < cluster.seq)
			assert_true(painter_listen(&cluster, 1000));
		assert_int_not_equal(cluster.flip_ns, 0);
		/* A good frame leads back, once the penalty is over. */
		assert_int_not_equal(painter_show(&ivi, RIG_BLUE), 0);
		rig_await(&rig, "ivi", VC_STATE_LIVE, VC_REASON_NONE);
	}
	assert_int_equal(rig_layer(&rig, "ivi").refused, 3);
	assert_int_equal(rig_layer(&rig, "nav").refused, 0);
	assert_int_equal(rig_layer(&rig, "cluster").refused, 0);
	assert_int_equal(rig_layer(&rig, "cluster").fallbacks, 0);
	struct vc_control_status status;
	rig_status(&rig, &status);
	assert_int_equal(status.output[0].commits_refused, 3);
	painter_close(&cluster);
	painter_close(&ivi);
	painter_close(&nav);
	rig_stop(&rig);
}

int main(void) {
	if (rig_skips("vkms"))
		return RIG_SKIPPED;
	const struct CMUnitTest tests[] = {cmocka_unit_test(only_the_culprit_pays)};
	return cmocka_run_group_tests_name("kms.refused", tests, NULL, NULL);
}
