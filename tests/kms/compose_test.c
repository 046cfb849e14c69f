/* SPDX-License-Identifier: Apache-2.0 */
/* A card with too few planes: the CPU composes, the cluster last. */
#include "rig.h"

static const char *card;

static void zones_are_composed(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi, under;
	rig_configure(
		&rig, card, "", "hold_ms = 20000",
		"hold_ms = 20000\n"
		"[layer under]\nrole = guest\noutput = main\nrect = 320,0 384x480\nuser = 40004\nhold_ms = 20000");
	rig_start(&rig);
	struct vc_control_status status;
	rig_status(&rig, &status);
	assert_int_equal(status.output[0].writeback, 0);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_open(&ivi, &rig, "ivi", 320, 240);
	painter_open(&under, &rig, "under", 0, 0);
	assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
	assert_int_not_equal(painter_show(&ivi, RIG_GREEN), 0);
	assert_int_not_equal(painter_show(&under, RIG_BLUE), 0);
	const struct rig_probe probes[] = {
		{0, 0, RIG_RED},      {639, 479, RIG_RED},   {320, 240, RIG_RED},        {640, 0, RIG_BLUE},
		{703, 479, RIG_BLUE}, {800, 120, RIG_GREEN}, {799, 119, RIG_BACKGROUND}, {1279, 0, RIG_BACKGROUND},
	};
	/* Over all buffers that composition rotates through. */
	for (int i = 0; i < 4; i++) {
		rig_expect(&rig, probes, sizeof(probes) / sizeof(probes[0]));
		painter_show(&under, RIG_BLUE);
	}
	struct vc_control_layer layer = rig_layer(&rig, "cluster");
	assert_int_equal(layer.path, VC_PATH_COMPOSED);
	assert_true(layer.bytes_copied >= 640 * 480 * 4);
	assert_true(rig_layer(&rig, "ivi").frames_copied == 1);
	painter_close(&cluster);
	painter_close(&ivi);
	painter_close(&under);
	rig_stop(&rig);
}

static void silent_cluster_gives_way(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster;
	rig_configure(&rig, card, "", "hold_ms = 300", "");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
	rig_await(&rig, "cluster", VC_STATE_FALLBACK, VC_REASON_SILENT);
	assert_int_not_equal(rig_pixel(&rig, 10, 10), RIG_RED);
	assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
	assert_int_equal(rig_layer(&rig, "cluster").fallbacks, 1);
	painter_close(&cluster);
	rig_stop(&rig);
}

int main(void) {
	card = rig_has_card("bochs-drm") ? "bochs-drm" : rig_has_card("virtio_gpu") ? "virtio_gpu" : NULL;
	if (!card) {
		print_message("no card with few planes (bochs-drm, virtio_gpu): skipped\n");
		return 77;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_are_composed),
		cmocka_unit_test(silent_cluster_gives_way),
	};
	return cmocka_run_group_tests_name("kms.compose", tests, NULL, NULL);
}
