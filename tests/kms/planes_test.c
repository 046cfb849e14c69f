/* SPDX-License-Identifier: Apache-2.0 */
/* Where layers land on the screen, down to the pixel, and how wrong configs are answered. */
#include "rig.h"

#include <string.h>

static void zones_show_their_sources(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi;
	rig_configure(&rig, "vkms", "", "", "");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	assert_int_equal(cluster.client.zone.width, 640);
	assert_int_equal(ivi.client.zone.width, 512);
	assert_int_not_equal(painter_show(&ivi, RIG_BLUE), 0);
	assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
	/* hold_ms is 100 for the cluster: the capture is taken from a frame that is fresh. */
	painter_present(&cluster, RIG_RED);
	const struct rig_probe probes[] = {
		{704, 0, RIG_BLUE},          {1215, 479, RIG_BLUE},       {703, 200, RIG_BACKGROUND},
		{1216, 200, RIG_BACKGROUND}, {1279, 479, RIG_BACKGROUND}, {640, 0, RIG_BACKGROUND},
	};
	rig_expect(&rig, probes, sizeof(probes) / sizeof(probes[0]));
	struct vc_control_layer c = rig_layer(&rig, "cluster"), i = rig_layer(&rig, "ivi");
	assert_int_not_equal(c.plane, i.plane);
	assert_int_equal(c.path, VC_PATH_PLANE);
	assert_int_equal(i.bytes_copied, 0);
	painter_close(&cluster);
	painter_close(&ivi);
	rig_stop(&rig);
}

static void cluster_fills_its_zone(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster;
	rig_configure(&rig, "vkms", "", "hold_ms = 20000", "fallback = none");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
	const struct rig_probe probes[] = {{0, 0, RIG_RED},     {639, 0, RIG_RED},          {0, 479, RIG_RED},
					   {639, 479, RIG_RED}, {640, 240, RIG_BACKGROUND}, {900, 240, RIG_BACKGROUND}};
	rig_expect(&rig, probes, sizeof(probes) / sizeof(probes[0]));
	painter_close(&cluster);
	rig_stop(&rig);
}

static void other_sizes_are_centred_or_cut(void **state) {
	(void)state;
	struct rig rig;
	struct painter ivi;
	rig_configure(&rig, "vkms", "", "", "hold_ms = 20000");
	rig_start(&rig);
	painter_open(&ivi, &rig, "ivi", 320, 240);
	assert_int_not_equal(painter_show(&ivi, RIG_GREEN), 0);
	/* 512x480 at 704,0: the picture starts at 704 + 96, 120. */
	const struct rig_probe small[] = {{800, 120, RIG_GREEN},
					  {1119, 359, RIG_GREEN},
					  {799, 120, RIG_BACKGROUND},
					  {1120, 359, RIG_BACKGROUND},
					  {800, 119, RIG_BACKGROUND}};
	rig_expect(&rig, small, sizeof(small) / sizeof(small[0]));
	painter_close(&ivi);
	painter_open(&ivi, &rig, "ivi", 1024, 768);
	assert_int_not_equal(painter_show(&ivi, RIG_GOLD), 0);
	const struct rig_probe large[] = {
		{704, 0, RIG_GOLD}, {1215, 479, RIG_GOLD}, {703, 0, RIG_BACKGROUND}, {1216, 479, RIG_BACKGROUND}};
	rig_expect(&rig, large, sizeof(large) / sizeof(large[0]));
	painter_close(&ivi);
	rig_stop(&rig);
}

static void guest_under_cluster_stays_under(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi;
	/* rect may come once: this guest has a second layer of its own, under the cluster. */
	rig_configure(
		&rig, "vkms", "", "hold_ms = 20000",
		"[layer under]\nrole = guest\noutput = main\nrect = 320,0 384x480\nuser = 40004\nhold_ms = 20000");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_open(&ivi, &rig, "under", 0, 0);
	assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
	assert_int_not_equal(painter_show(&ivi, RIG_BLUE), 0);
	const struct rig_probe probes[] = {{320, 240, RIG_RED}, {639, 240, RIG_RED}, {640, 240, RIG_BLUE}};
	rig_expect(&rig, probes, sizeof(probes) / sizeof(probes[0]));
	painter_close(&cluster);
	painter_close(&ivi);
	rig_stop(&rig);
}

/* Runs with that config and expects @code and @text in one line. */
static void expect_end(const char *card, const char *extra, const char *ivi, int code, const char *text) {
	struct rig rig;
	char log[4096];
	rig_configure(&rig, card, extra, "", ivi);
	assert_int_equal(rig_run(&rig, log, sizeof(log)), code);
	if (!strstr(log, text))
		fail_msg("\"%s\" is not in: %s", text, log);
	/* The complaint is the last line. */
	assert_string_equal(strchr(strstr(log, text), '\n'), "\n");
	rig_stop(&rig);
}

static void wrong_configs_end_with_one_line(void **state) {
	(void)state;
	expect_end("nosuchdriver", "", "", 2, "card = nosuchdriver: no card in /dev/dri has that driver");
	expect_end("/dev/dri/card99", "", "", 2, "card = /dev/dri/card99: No such file");
	expect_end("vkms", "connector = DP-7", "", 2, "connector = DP-7: no such connector");
	expect_end("vkms", "", "plane = 9999", 2, "[layer ivi] plane = 9999: the card has no such plane");
}

int main(void) {
	if (rig_skips("vkms"))
		return RIG_SKIPPED;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_show_their_sources),        cmocka_unit_test(cluster_fills_its_zone),
		cmocka_unit_test(other_sizes_are_centred_or_cut),  cmocka_unit_test(guest_under_cluster_stays_under),
		cmocka_unit_test(wrong_configs_end_with_one_line),
	};
	return cmocka_run_group_tests_name("kms.planes", tests, NULL, NULL);
}
