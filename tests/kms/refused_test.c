/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's frame that the kernel refuses costs the cluster nothing, nor another guest. */
#include "clock.h"
#include "refuse.h"
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SECOND_GUEST                                                                                                   \
	"hold_ms = 1000\nfallback = none\n"                                                                            \
	"[layer nav]\nrole = guest\noutput = main\nrect = 0,0 320x240\nuser = 40003\nhold_ms = 20000"

static void only_the_culprit_pays(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi, nav;
	rig_configure(&rig, "vkms", "", "hold_ms = 20000", SECOND_GUEST);
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
	assert_int_equal(rig_layer(&rig, "ivi").errors, 3);
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

/* A compositor whose driver refuses what *@mode says, REFUSE_*. */
static volatile char *start_refusing(struct rig *rig, const char *extra, const char *cluster, const char *ivi) {
	char path[128];
	rig_configure(rig, "vkms", extra, cluster, ivi);
	snprintf(path, sizeof(path), "%s/refuse", rig->dir);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	assert_return_code(ftruncate(fd, 1), errno);
	volatile char *mode = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(mode, MAP_FAILED);
	close(fd);
	setenv("VC_REFUSE_FILE", path, 1);
	rig_preload(rig, "kms-refuse.so");
	rig_start(rig);
	unsetenv("VC_REFUSE_FILE");
	unlink(path);
	return mode;
}

/* Shows frames of the cluster until one is on the screen; returns how many ms that took. */
static int64_t until_shown(struct painter *cluster) {
	int64_t start_ns = vc_clock_now();
	while (painter_show(cluster, RIG_RED) == 0)
		assert_true(vc_clock_now() - start_ns < RIG_LIMIT_MS * VC_NS_PER_MS);
	return (vc_clock_now() - start_ns) / VC_NS_PER_MS;
}

static void cluster_comes_back_as_soon_as_the_kernel_takes_commits(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster;
	/* A refusal that was the frame's fault would keep the layer in its fallback for 15 s. */
	volatile char *mode = start_refusing(&rig, "flip_limit_ms = 200", "hold_ms = 15000", "");
	painter_open(&cluster, &rig, "cluster", 0, 0);
	assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
	*mode = REFUSE_ALL;
	for (int i = 0; i < 20; i++)
		assert_int_equal(painter_show(&cluster, RIG_GREEN), 0);
	*mode = REFUSE_NOTHING;
	int64_t ms = until_shown(&cluster);
	print_message("shown %lld ms after the kernel took commits again\n", (long long)ms);
	assert_true(ms < 5000);
	assert_int_equal(rig_pixel(&rig, 10, 10), RIG_RED);
	rig_await(&rig, "cluster", VC_STATE_LIVE, VC_REASON_NONE);
	painter_close(&cluster);
	rig_stop(&rig);
}

/* Something sets the CRTC into a state that flips don't work from: the compositor sets up all of it anew. */
static void whole_state_is_set_anew(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster;
	volatile char *mode = start_refusing(&rig, "flip_limit_ms = 100", "hold_ms = 15000", "");
	painter_open(&cluster, &rig, "cluster", 0, 0);
	assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
	*mode = REFUSE_FLIPS;
	int64_t limit_ns = vc_clock_now() + RIG_LIMIT_MS * VC_NS_PER_MS;
	while (rig_layer(&rig, "cluster").state != VC_STATE_FALLBACK) {
		painter_show(&cluster, RIG_GREEN);
		assert_true(vc_clock_now() < limit_ns);
	}
	assert_int_equal(rig_layer(&rig, "cluster").reason, VC_REASON_REFUSED);
	*mode = REFUSE_NOTHING;
	assert_true(until_shown(&cluster) < 5000);
	assert_int_equal(rig_pixel(&rig, 10, 10), RIG_RED);
	painter_close(&cluster);
	rig_stop(&rig);
}

static void test_only_may_promise_too_much(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi;
	volatile char *mode = start_refusing(&rig, "", "hold_ms = 20000", "hold_ms = 1000\nfallback = none");
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_open(&ivi, &rig, "ivi", 400, 240);
	*mode = REFUSE_LATE;
	for (int round = 0; round < 3; round++) {
		struct vc_display_present part = {.id = 0, .seq = ++ivi.seq, .width = 333, .height = 240};
		assert_int_equal(vc_display_present(&ivi.client, &part, -1), 0);
		assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
		rig_await(&rig, "ivi", VC_STATE_FALLBACK, VC_REASON_REFUSED);
		while (ivi.answered < ivi.seq)
			assert_true(painter_listen(&ivi, 1000));
		assert_int_equal(ivi.flip_ns, 0);
		assert_int_not_equal(painter_show(&ivi, RIG_BLUE), 0);
	}
	assert_int_equal(rig_layer(&rig, "cluster").refused, 0);
	assert_int_equal(rig_layer(&rig, "cluster").fallbacks, 0);
	painter_close(&cluster);
	painter_close(&ivi);
	rig_stop(&rig);
}

static void lost_flip_event_costs_its_limit(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster;
	volatile char *mode = start_refusing(&rig, "flip_limit_ms = 150", "hold_ms = 5000", "");
	painter_open(&cluster, &rig, "cluster", 0, 0);
	for (int round = 0; round < 3; round++) {
		assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
		*mode = REFUSE_ONE_EVENT;
		int64_t start_ns = vc_clock_now();
		assert_int_not_equal(painter_show(&cluster, RIG_GREEN), 0);
		assert_int_equal(*mode, REFUSE_NOTHING);
		int64_t ms = (vc_clock_now() - start_ns) / VC_NS_PER_MS;
		print_message("flip event lost: frames go on after %lld ms\n", (long long)ms);
		assert_true(ms >= 100 && ms < 5000);
		assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
		assert_int_equal(rig_pixel(&rig, 10, 10), RIG_RED);
	}
	assert_int_equal(rig_layer(&rig, "cluster").fallbacks, 0);
	painter_close(&cluster);
	rig_stop(&rig);
}

/* Whatever the kernel refuses when it refuses everything is no error of a guest's. */
static void kernel_trouble_bans_nobody(void **state) {
	(void)state;
	struct rig rig;
	struct painter ivi;
	int64_t limit_ns = vc_clock_now() + RIG_LIMIT_MS * VC_NS_PER_MS;
	volatile char *mode = start_refusing(&rig, "flip_limit_ms = 60000", "", "hold_ms = 50\nerrors = 3\nban_ms = 0");
	painter_open(&ivi, &rig, "ivi", 0, 0);
	assert_int_not_equal(painter_show(&ivi, RIG_BLUE), 0);
	*mode = REFUSE_TESTS;
	while (rig_layer(&rig, "ivi").refused < 6) {
		painter_show(&ivi, RIG_GREEN);
		assert_true(vc_clock_now() < limit_ns);
	}
	*mode = REFUSE_NOTHING;
	assert_int_equal(rig_layer(&rig, "ivi").errors, 0);
	assert_int_equal(rig_layer(&rig, "ivi").bans, 0);
	assert_true(until_shown(&ivi) < 5000);
	painter_close(&ivi);
	rig_stop(&rig);
}

/* A composed guest's frame, drawn for a commit that the kernel refused, goes with its source before it ever shows. What is composed
 * later for another guest holds what that one really showed, and no safe picture that was drawn for nothing, either. */
static void expect_no_leftovers(const char *extra) {
	struct rig rig;
	struct painter ivi, under;
	struct vc_control_status status;
	int64_t limit_ns = vc_clock_now() + RIG_LIMIT_MS * VC_NS_PER_MS;
	volatile char *mode = start_refusing(&rig, extra, "",
					     "hold_ms = 20000\nscale = fit\norder = 2\n"
					     "[layer under]\nrole = guest\noutput = main\nrect = 640,0 64x480\n"
					     "user = 40004\nhold_ms = 20000");
	painter_open(&under, &rig, "under", 0, 0);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	assert_int_not_equal(painter_show(&ivi, RIG_GOLD), 0);
	assert_int_not_equal(painter_show(&under, RIG_BLUE), 0);
	assert_int_equal(rig_layer(&rig, "under").path, VC_PATH_COMPOSED);
	rig_status(&rig, &status);
	const uint64_t refused = status.output[0].commits_refused;
	*mode = REFUSE_ALL;
	painter_present(&under, RIG_GREEN);
	do {
		rig_status(&rig, &status);
		assert_true(vc_clock_now() < limit_ns);
	} while (status.output[0].commits_refused < refused + 40);
	painter_close(&under);
	while (rig_layer(&rig, "under").pid != 0)
		assert_true(vc_clock_now() < limit_ns);
	*mode = REFUSE_NOTHING;
	assert_int_not_equal(painter_show(&ivi, RIG_RED), 0);
	const struct rig_probe probes[] = {{650, 240, RIG_BLUE}, {960, 240, RIG_RED}};
	rig_expect(&rig, probes, sizeof(probes) / sizeof(probes[0]));
	painter_close(&ivi);
	rig_stop(&rig);
}

static void what_never_showed_is_not_composed_later(void **state) {
	(void)state;
	expect_no_leftovers("flip_limit_ms = 60000");
	expect_no_leftovers("flip_limit_ms = 100");
}

int main(void) {
	if (rig_skips("vkms"))
		return RIG_SKIPPED;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_culprit_pays),
		cmocka_unit_test(cluster_comes_back_as_soon_as_the_kernel_takes_commits),
		cmocka_unit_test(whole_state_is_set_anew),
		cmocka_unit_test(test_only_may_promise_too_much),
		cmocka_unit_test(lost_flip_event_costs_its_limit),
		cmocka_unit_test(kernel_trouble_bans_nobody),
		cmocka_unit_test(what_never_showed_is_not_composed_later),
	};
	return cmocka_run_group_tests_name("kms.refused", tests, NULL, NULL);
}
