/* SPDX-License-Identifier: Apache-2.0 */
/* The picture outlives the compositor: the next one takes the card over from the fd store without a modeset or a blank. */
#include "witness.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 5
#define WATCHDOG_MS 300

static const struct rig_probe shown[] = {
	{0, 0, RIG_RED}, {639, 479, RIG_RED}, {704, 0, RIG_BLUE}, {650, 10, RIG_BACKGROUND}};
#define SHOWN sizeof(shown) / sizeof(shown[0])

static double ms(int64_t ns) {
	return (double)ns / VC_NS_PER_MS;
}

/* What this machine takes to start and end a process that does nothing, in ms: the yardstick for the times printed here. */
static double process_ms(void) {
	char *const argv[] = {"/bin/true", NULL};
	int64_t start_ns = vc_clock_now();
	pid_t pid;
	int status;
	assert_int_equal(posix_spawn(&pid, argv[0], NULL, NULL, argv, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return ms(vc_clock_now() - start_ns);
}

/* @dead_ns: when the process had ended and its parent knew. */
static void report(const char *what, struct rig *rig, int64_t killed_ns, int64_t dead_ns, int64_t again_ns) {
	struct vc_control_status status;
	rig_status(rig, &status);
	assert_int_equal(status.output[0].adopted, 1);
	assert_true(status.output[0].first_commit_ns > killed_ns);
	print_message("%s -> ended %.1f ms; started again -> main() %.1f, -> first commit %.1f ms; a process that does "
		      "nothing takes %.1f ms\n",
		      what, ms(dead_ns - killed_ns), ms(status.start_ns - again_ns),
		      ms(status.output[0].first_commit_ns - again_ns), process_ms());
}

/* What was taken over is neither a frame that somebody has presented nor the fallback, and captures say so. */
static void expect_adopted(struct rig *rig) {
	struct vc_control_picture picture;
	if (vc_control_capture(&rig->tool, 0, &picture) < 0)
		fail_msg("capture: %s", rig->tool.why);
	uint64_t seq = picture.info.seq[0];
	vc_control_release(&rig->tool, &picture);
	assert_true(seq == VC_CONTROL_ADOPTED);
}

static void picture_survives_and_is_taken_over(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi;
	struct witness witness;
	rig_configure(&rig, "vkms", "", "hold_ms = 8000", "hold_ms = 8000");
	rig_start(&rig);
	int card = rig_stored(&rig, "drm-main");
	assert_true(card >= 0);
	struct vc_control_status status;
	rig_status(&rig, &status);
	assert_int_equal(status.output[0].adopted, 0);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	for (int round = 0; round < ROUNDS; round++) {
		assert_int_not_equal(painter_show(&ivi, RIG_BLUE), 0);
		assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
		rig_expect(&rig, shown, SHOWN);
		witness_start(&witness, card);
		int64_t killed_ns = vc_clock_now();
		rig_kill(&rig);
		int64_t dead_ns = vc_clock_now();
		painter_close(&ivi);
		painter_close(&cluster);
		/* Nobody drives the display, and it shows what it did. */
		if (round == 0)
			witness_expect(card, shown, SHOWN);
		int64_t again_ns = vc_clock_now();
		rig_start(&rig);
		/* Nobody has presented anything: these are the last compositor's frames. */
		rig_expect(&rig, shown, SHOWN);
		expect_adopted(&rig);
		witness_stop(&witness);
		report("SIGKILL", &rig, killed_ns, dead_ns, again_ns);
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

static void stuck_compositor_is_noticed_and_replaced(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi;
	struct witness witness;
	rig_configure(&rig, "vkms", "", "hold_ms = 8000", "hold_ms = 8000");
	setenv("WATCHDOG_USEC", "300000", 1);
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	assert_int_not_equal(painter_show(&ivi, RIG_BLUE), 0);
	assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
	/* Signs of life come while it lives… */
	for (int i = 0; i < 10; i++)
		assert_true(rig_lives(&rig, WATCHDOG_MS));
	witness_start(&witness, rig_stored(&rig, "drm-main"));
	assert_return_code(kill(rig.pid, SIGSTOP), errno);
	int64_t stopped_ns = vc_clock_now();
	/* …and end when it is stuck, which is all that the service manager sees. */
	while (rig_lives(&rig, WATCHDOG_MS))
		assert_true(vc_clock_now() - stopped_ns < RIG_LIMIT_MS * VC_NS_PER_MS);
	rig_kill(&rig);
	int64_t dead_ns = vc_clock_now();
	painter_close(&ivi);
	painter_close(&cluster);
	int64_t again_ns = vc_clock_now();
	rig_start(&rig);
	rig_expect(&rig, shown, SHOWN);
	witness_stop(&witness);
	report("SIGSTOP, watchdog of 300 ms", &rig, stopped_ns, dead_ns, again_ns);
	unsetenv("WATCHDOG_USEC");
	rig_stop(&rig);
}

static void what_was_taken_over_falls_back_in_time(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster;
	rig_configure(&rig, "vkms", "", "hold_ms = 2000", "");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_show(&cluster, RIG_RED);
	rig_await(&rig, "cluster", VC_STATE_FALLBACK, VC_REASON_SILENT);
	uint32_t safe = rig_pixel(&rig, 320, 100);
	painter_show(&cluster, RIG_RED);
	rig_kill(&rig);
	painter_close(&cluster);
	rig_start(&rig);
	rig_await(&rig, "cluster", VC_STATE_FALLBACK, VC_REASON_GONE);
	/* The safe picture is the one that the first compositor drew. */
	assert_int_equal(rig_pixel(&rig, 320, 100), safe);
	assert_int_not_equal(rig_pixel(&rig, 20, 20), RIG_RED);
	rig_stop(&rig);
}

/* Pictures that the config has changed since are drawn anew, and what is no longer used is given up. */
static void stale_pictures_are_not_taken_over(void **state) {
	(void)state;
	struct rig rig;
	rig_configure(&rig, "vkms", "", "", "");
	rig_start(&rig);
	unsigned before = rig.stored;
	assert_true(before >= 4); /* card, background, two pictures */
	rig_kill(&rig);
	rig_add(&rig, "[layer third]\nrole = guest\noutput = main\nrect = 0,0 32x32\nuser = 0\n"
		      "[layer cluster]\ntitle = Something else\n");
	rig_start(&rig);
	assert_true(rig_stored(&rig, "drm-main") >= 0);
	assert_int_equal(rig.stored, before + 1);
	rig_stop(&rig);
}

/* Memory that the card does not take back is drawn anew, and not kept beside what takes its place. */
static void useless_pictures_are_given_up(void **state) {
	(void)state;
	struct rig rig;
	rig_configure(&rig, "vkms", "", "", "");
	rig_start(&rig);
	assert_true(rig_stored(&rig, "drm-main") >= 0);
	const unsigned before = rig.stored;
	rig_kill(&rig);
	unsigned pictures = 0;
	for (unsigned i = 0; i < rig.stored; i++)
		if (strncmp(rig.store[i].name, "picture-", 8) == 0) {
			int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
			assert_return_code(dup3(nothing, rig.store[i].fd, O_CLOEXEC), errno);
			close(nothing);
			pictures++;
		}
	assert_true(pictures >= 3);
	rig_start(&rig);
	assert_true(rig_stored(&rig, "drm-main") >= 0);
	assert_int_equal(rig.stored, before);
	for (unsigned i = 0; i < rig.stored; i++)
		if (strncmp(rig.store[i].name, "picture-", 8) == 0)
			assert_true(lseek(rig.store[i].fd, 0, SEEK_END) > 0); /* a dma-buf knows its size */
	rig_stop(&rig);
}

/* A source that has lost its right to be shown does not get it back by the compositor's death. */
static void bans_outlive_the_compositor(void **state) {
	(void)state;
	struct rig rig;
	struct painter ivi;
	struct vc_display_client other;
	char why[VC_DISPLAY_REASON_MAX] = "";
	rig_configure(&rig, "vkms", "", "", "errors = 1\nban_ms = 0");
	rig_start(&rig);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	struct vc_display_present wrong = {.id = 7, .seq = 1, .width = 1, .height = 1};
	assert_int_equal(vc_display_present(&ivi.client, &wrong, -1), 0);
	rig_await(&rig, "ivi", VC_STATE_FALLBACK, VC_REASON_BANNED);
	painter_close(&ivi);
	rig_kill(&rig);
	rig_start(&rig);
	assert_int_equal(rig_layer(&rig, "ivi").banned_until_ns, INT64_MAX);
	assert_int_equal(rig_layer(&rig, "ivi").bans, 1);
	assert_int_equal(rig_connect(&rig, &other, "ivi", why), -EACCES);
	assert_non_null(strstr(why, "banned until 'vcockpit allow ivi'"));
	assert_int_equal(vc_control_allow(&rig.tool, 1), 0);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	assert_int_not_equal(painter_show(&ivi, RIG_BLUE), 0);
	painter_close(&ivi);
	rig_stop(&rig);
}

static void composed_picture_is_taken_over(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi;
	struct witness witness;
	/* Scaling is nothing that vkms's planes do, so the guest is composed; the cluster keeps its plane. */
	rig_configure(&rig, "vkms", "", "hold_ms = 8000", "hold_ms = 8000\nscale = fill");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_open(&ivi, &rig, "ivi", 128, 120);
	for (int round = 0; round < 2; round++) {
		assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
		assert_int_not_equal(painter_show(&ivi, RIG_BLUE), 0);
		assert_int_equal(rig_layer(&rig, "ivi").path, VC_PATH_COMPOSED);
		assert_int_equal(rig_layer(&rig, "cluster").path, VC_PATH_PLANE);
		rig_expect(&rig, shown, SHOWN);
		witness_start(&witness, rig_stored(&rig, "drm-main"));
		int64_t killed_ns = vc_clock_now();
		rig_kill(&rig);
		int64_t dead_ns = vc_clock_now();
		painter_close(&ivi);
		painter_close(&cluster);
		int64_t again_ns = vc_clock_now();
		rig_start(&rig);
		rig_expect(&rig, shown, SHOWN);
		witness_stop(&witness);
		report("SIGKILL, guest composed", &rig, killed_ns, dead_ns, again_ns);
		assert_int_equal(rig_layer(&rig, "ivi").state, VC_STATE_HOLD);
		painter_open(&cluster, &rig, "cluster", 0, 0);
		/* A cluster frame leaves the guest's old picture alone. */
		assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
		rig_expect(&rig, shown, SHOWN);
		painter_open(&ivi, &rig, "ivi", 128, 120);
	}
	/* Back on its plane, once its pictures fit. */
	painter_close(&ivi);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	assert_int_not_equal(painter_show(&ivi, RIG_GREEN), 0);
	assert_int_equal(rig_pixel(&rig, 704, 0), RIG_GREEN);
	assert_int_not_equal(painter_show(&ivi, RIG_GREEN), 0);
	assert_int_equal(rig_layer(&rig, "ivi").path, VC_PATH_PLANE);
	painter_close(&ivi);
	painter_close(&cluster);
	rig_stop(&rig);
}

int main(void) {
	if (rig_skips("vkms"))
		return RIG_SKIPPED;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(picture_survives_and_is_taken_over),
		cmocka_unit_test(stuck_compositor_is_noticed_and_replaced),
		cmocka_unit_test(what_was_taken_over_falls_back_in_time),
		cmocka_unit_test(stale_pictures_are_not_taken_over),
		cmocka_unit_test(useless_pictures_are_given_up),
		cmocka_unit_test(bans_outlive_the_compositor),
		cmocka_unit_test(composed_picture_is_taken_over),
	};
	return cmocka_run_group_tests_name("kms.takeover", tests, NULL, NULL);
}
