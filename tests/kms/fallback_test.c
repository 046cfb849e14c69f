/* SPDX-License-Identifier: Apache-2.0 */
/* Sources that fall silent, die, lie or shout: what the screen shows then, and that it recovers. */
#include "rig.h"

#include "clock.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The pictures' ground is dark and bluish, and no source here paints that. */
static void expect_picture(struct rig *rig, uint32_t x, uint32_t y) {
	uint32_t pixel = rig_pixel(rig, x, y);
	if ((pixel >> 16) > 0x20 || (pixel >> 8 & 0xff) > 0x20 || (pixel & 0xff) > 0x28)
		fail_msg("pixel %u,%u is #%06x, no fallback picture", x, y, pixel);
}

static void silent_guest_falls_back_and_recovers(void **state) {
	(void)state;
	struct rig rig;
	struct painter ivi;
	rig_configure(&rig, "vkms", "", "", "hold_ms = 600");
	rig_start(&rig);
	rig_await(&rig, "ivi", VC_STATE_WAITING, VC_REASON_NO_SOURCE);
	expect_picture(&rig, 720, 20);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	for (int i = 0; i < 2; i++) {
		int64_t flip_ns = painter_show(&ivi, RIG_BLUE);
		assert_int_not_equal(flip_ns, 0);
		assert_int_equal(rig_layer(&rig, "ivi").state, VC_STATE_LIVE);
		rig_await(&rig, "ivi", VC_STATE_FALLBACK, VC_REASON_SILENT);
		int64_t held_ms = (vc_clock_now() - flip_ns) / VC_NS_PER_MS;
		print_message("held for %lld ms\n", (long long)held_ms);
		assert_true(held_ms >= 500);
		expect_picture(&rig, 720, 20);
	}
	assert_int_equal(rig_layer(&rig, "ivi").fallbacks, 2);
	/* Its buffer came back when the fallback took its place. */
	while (!ivi.free[0] || !ivi.free[1])
		assert_true(painter_listen(&ivi, 1000));
	painter_close(&ivi);
	rig_stop(&rig);
}

static void heartbeats_keep_a_still_picture(void **state) {
	(void)state;
	struct rig rig;
	struct painter ivi;
	rig_configure(&rig, "vkms", "", "", "hold_ms = 600");
	rig_start(&rig);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	int64_t flip_ns = painter_show(&ivi, RIG_BLUE);
	for (uint64_t beat = 1; vc_clock_now() - flip_ns < 1500 * VC_NS_PER_MS; beat++) {
		assert_int_equal(vc_display_heartbeat(&ivi.client, beat), 0);
		assert_true(painter_listen(&ivi, 100));
	}
	assert_int_equal(rig_layer(&rig, "ivi").state, VC_STATE_LIVE);
	assert_int_equal(rig_layer(&rig, "ivi").fallbacks, 0);
	painter_close(&ivi);
	rig_stop(&rig);
}

static void killed_guest_is_held_then_falls_back(void **state) {
	(void)state;
	struct rig rig;
	int ready[2];
	char byte;
	rig_configure(&rig, "vkms", "", "", "hold_ms = 3000");
	rig_start(&rig);
	assert_return_code(pipe(ready), errno);
	pid_t pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		struct painter ivi;
		painter_open(&ivi, &rig, "ivi", 0, 0);
		painter_show(&ivi, RIG_GOLD);
		if (write(ready[1], "!", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	rig_await(&rig, "ivi", VC_STATE_HOLD, VC_REASON_GONE);
	assert_int_equal(rig_pixel(&rig, 800, 100), RIG_GOLD);
	rig_await(&rig, "ivi", VC_STATE_FALLBACK, VC_REASON_GONE);
	expect_picture(&rig, 720, 20);
	struct painter next;
	painter_open(&next, &rig, "ivi", 0, 0);
	assert_int_not_equal(painter_show(&next, RIG_GREEN), 0);
	rig_await(&rig, "ivi", VC_STATE_LIVE, VC_REASON_NONE);
	painter_close(&next);
	close(ready[0]);
	close(ready[1]);
	rig_stop(&rig);
}

static void silent_cluster_gives_way_to_the_safe_picture(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster;
	rig_configure(&rig, "vkms", "", "hold_ms = 100\nmessage = Stop safely", "");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	int64_t flip_ns = painter_show(&cluster, RIG_RED);
	rig_await(&rig, "cluster", VC_STATE_FALLBACK, VC_REASON_SILENT);
	print_message("safe picture %lld ms after the last flip, as seen from here\n",
		      (long long)((vc_clock_now() - flip_ns) / VC_NS_PER_MS));
	expect_picture(&rig, 20, 20);
	assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
	painter_close(&cluster);
	rig_stop(&rig);
}

/* Presents cluster frames until the guest's connection is over. */
static void until_thrown_out(struct painter *cluster, struct painter *guest) {
	for (int i = 0; painter_listen(guest, 0); i++) {
		assert_true(i < 300);
		assert_int_not_equal(painter_show(cluster, RIG_RED), 0);
	}
}

static void breaches_end_the_guest_and_not_the_cluster(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi;
	rig_configure(&rig, "vkms", "", "hold_ms = 2000", "hold_ms = 500\nrate = 100");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_show(&cluster, RIG_RED);

	painter_open(&ivi, &rig, "ivi", 0, 0);
	painter_show(&ivi, RIG_BLUE);
	for (uint64_t i = 0; i < 200; i++)
		vc_display_heartbeat(&ivi.client, i);
	until_thrown_out(&cluster, &ivi);
	painter_close(&ivi);
	rig_await(&rig, "ivi", VC_STATE_FALLBACK, VC_REASON_PROTOCOL);

	/* The layer is closed for a moment after a breach. */
	char why[VC_DISPLAY_REASON_MAX];
	struct vc_display_client probe;
	int64_t limit_ns = vc_clock_now() + RIG_LIMIT_MS * VC_NS_PER_MS;
	while (rig_connect(&rig, &probe, "ivi", why) < 0)
		assert_true(vc_clock_now() < limit_ns);
	vc_display_disconnect(&probe);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	struct vc_display_present liar = {.id = 0, .seq = ++ivi.seq, .x = 0xfffffff0u, .width = 32, .height = 32};
	assert_int_equal(vc_display_present(&ivi.client, &liar, -1), 0);
	until_thrown_out(&cluster, &ivi);
	painter_close(&ivi);

	struct vc_control_layer layer = rig_layer(&rig, "cluster");
	assert_int_equal(layer.fallbacks, 0);
	painter_close(&cluster);
	rig_stop(&rig);
}

static void second_source_and_strangers_are_refused(void **state) {
	(void)state;
	struct rig rig;
	struct painter ivi;
	struct vc_display_client other;
	char why[VC_DISPLAY_REASON_MAX];
	rig_configure(&rig, "vkms", "", "", "");
	rig_start(&rig);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	assert_int_equal(rig_connect(&rig, &other, "ivi", why), -EACCES);
	assert_non_null(strstr(why, "has a source already"));
	assert_int_equal(rig_connect(&rig, &other, "nobody", why), -EACCES);
	assert_non_null(strstr(why, "there is no layer nobody"));
	painter_close(&ivi);
	rig_stop(&rig);
}

int main(void) {
	if (rig_skips("vkms"))
		return RIG_SKIPPED;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silent_guest_falls_back_and_recovers),
		cmocka_unit_test(heartbeats_keep_a_still_picture),
		cmocka_unit_test(killed_guest_is_held_then_falls_back),
		cmocka_unit_test(silent_cluster_gives_way_to_the_safe_picture),
		cmocka_unit_test(breaches_end_the_guest_and_not_the_cluster),
		cmocka_unit_test(second_source_and_strangers_are_refused),
	};
	return cmocka_run_group_tests_name("kms.fallback", tests, NULL, NULL);
}
