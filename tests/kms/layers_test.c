/* SPDX-License-Identifier: Apache-2.0 */
/* Several guests over each other: order, scaling and alpha, on planes where they can and composed where not; and its cost. */
#include "rig.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FRAMES 20

/* A guest besides "ivi" (704,0 512x480). */
static void add_guest(const struct rig *rig, const char *name, const char *rect, const char *keys) {
	char text[256];
	snprintf(text, sizeof(text), "[layer %s]\nrole = guest\noutput = main\nrect = %s\nuser = %u\n%s\n%s\n", name,
		 rect, rig_user(name), strstr(keys, "hold_ms") ? "" : "hold_ms = 20000", keys);
	rig_add(rig, text);
}

static void show(struct rig *rig, struct painter *p, const char *layer, uint32_t width, uint32_t height,
		 uint32_t colour) {
	painter_open(p, rig, layer, width, height);
	assert_int_not_equal(painter_show(p, colour), 0);
}

static void guests_lie_by_their_order(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi, nav, under;
	rig_configure(&rig, "vkms", "", "hold_ms = 20000", "hold_ms = 20000\norder = 3");
	add_guest(&rig, "nav", "600,100 200x200", "order = 5");
	add_guest(&rig, "under", "620,50 300x300", "");
	rig_start(&rig);
	show(&rig, &nav, "nav", 0, 0, RIG_GOLD);
	show(&rig, &ivi, "ivi", 0, 0, RIG_BLUE);
	show(&rig, &under, "under", 0, 0, RIG_GREEN);
	show(&rig, &cluster, "cluster", 0, 0, RIG_RED);
	const struct rig_probe probes[] = {
		{639, 150, RIG_RED},  /* the cluster over all three */
		{640, 150, RIG_GOLD}, /* nav over under */
		{799, 299, RIG_GOLD}, /* nav over ivi and under */
		{800, 299, RIG_BLUE}, /* ivi over under */
		{703, 60, RIG_GREEN}, /* under alone */
		{650, 400, RIG_BACKGROUND},
	};
	rig_expect(&rig, probes, sizeof(probes) / sizeof(probes[0]));
	assert_int_equal(rig_layer(&rig, "under").path, VC_PATH_PLANE);
	painter_close(&cluster);
	painter_close(&ivi);
	painter_close(&nav);
	painter_close(&under);
	rig_stop(&rig);
}

/* Nobody draws for "ivi": its zone shows what "nav" shows, as long as that shows something. */
static void a_fallback_may_be_another_layer(void **state) {
	(void)state;
	struct rig rig;
	struct painter ivi, nav;
	const struct rig_probe lent[] = {{650, 100, RIG_GOLD}, {960, 240, RIG_GOLD}, {710, 240, RIG_BACKGROUND}};
	const struct rig_probe own[] = {{650, 100, RIG_GREEN}, {960, 240, RIG_BLUE}, {710, 240, RIG_BLUE}};
	rig_configure(&rig, "vkms", "", "", "hold_ms = 300\nfallback = layer nav");
	add_guest(&rig, "nav", "640,100 64x300", "hold_ms = 3000");
	rig_start(&rig);
	show(&rig, &nav, "nav", 0, 0, RIG_GREEN);
	assert_int_equal(rig_pixel(&rig, 960, 240), RIG_GREEN);
	assert_int_not_equal(painter_show(&nav, RIG_GOLD), 0);
	assert_int_not_equal(painter_show(&nav, RIG_GOLD), 0);
	rig_expect(&rig, lent, sizeof(lent) / sizeof(lent[0]));
	/* Its buffers come back, though two layers show them. */
	for (int i = 0; i < 6; i++)
		assert_int_not_equal(painter_show(&nav, i % 2 ? RIG_GREEN : RIG_GOLD), 0);
	show(&rig, &ivi, "ivi", 0, 0, RIG_BLUE);
	rig_expect(&rig, own, sizeof(own) / sizeof(own[0]));
	rig_await(&rig, "ivi", VC_STATE_FALLBACK, VC_REASON_SILENT);
	assert_int_equal(rig_pixel(&rig, 960, 240), RIG_GREEN);
	/* Who lends has gone: what is left is the picture. */
	painter_close(&nav);
	rig_await(&rig, "nav", VC_STATE_FALLBACK, VC_REASON_GONE);
	assert_int_not_equal(rig_pixel(&rig, 960, 240), RIG_GREEN);
	painter_close(&ivi);
	rig_stop(&rig);
}

/* Offers a picture of another format as buffer 2. Returns whether it is taken; if not, @why. */
static bool offer(struct painter *p, uint32_t fourcc, char *why) {
	const size_t size = ((size_t)p->width * p->height * 4 + 4095) & ~(size_t)4095;
	int fd = memfd_create("offer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(posix_fallocate(fd, 0, (off_t)size), 0);
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	munmap(map, size);
	assert_return_code(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), errno);
	struct vc_display_buffer_add add = {.id = 2,
					    .kind = VC_DISPLAY_MEMFD,
					    .width = p->width,
					    .height = p->height,
					    .fourcc = fourcc,
					    .stride = p->width * 4,
					    .size = size};
	assert_int_equal(vc_display_buffer_add(&p->client, &add, fd), 0);
	close(fd);
	for (;;) {
		union vc_display_message m;
		struct pollfd answer = {.fd = p->client.sock, .events = POLLIN};
		assert_int_equal(poll(&answer, 1, RIG_LIMIT_MS), 1);
		assert_int_equal(vc_display_receive(&p->client, &m), 1);
		if (m.header.type == VC_DISPLAY_RELEASE)
			p->free[m.release.id] = true;
		if (m.header.type == VC_DISPLAY_BUFFER_READY)
			return true;
		if (m.header.type != VC_DISPLAY_BUFFER_REJECTED)
			continue;
		snprintf(why, VC_DISPLAY_REASON_MAX, "%s", m.buffer_rejected.reason);
		return false;
	}
}

/* A picture that no plane of vkms's shows is composed if that moves nobody else, and refused if it would. */
static void guests_move_no_others(void **state) {
	(void)state;
	struct rig rig;
	struct painter ivi, under;
	char why[VC_DISPLAY_REASON_MAX] = "";
	rig_configure(&rig, "vkms", "", "", "hold_ms = 20000\norder = 2");
	add_guest(&rig, "under", "680,0 100x100", "order = 1");
	rig_start(&rig);
	show(&rig, &under, "under", 0, 0, RIG_GREEN);
	show(&rig, &ivi, "ivi", 0, 0, RIG_BLUE);
	assert_false(offer(&ivi, DRM_FORMAT_XBGR8888, why));
	if (!strstr(why, "would take others off their planes"))
		fail_msg("why: %s", why);
	assert_int_not_equal(painter_show(&under, RIG_GOLD), 0);
	assert_int_equal(rig_layer(&rig, "under").path, VC_PATH_PLANE);
	assert_int_equal(rig_pixel(&rig, 690, 50), RIG_GOLD);
	assert_true(offer(&under, DRM_FORMAT_XBGR8888, why));
	assert_int_not_equal(painter_show(&under, RIG_GREEN), 0);
	assert_int_not_equal(painter_show(&ivi, RIG_RED), 0);
	assert_int_equal(rig_layer(&rig, "under").path, VC_PATH_COMPOSED);
	assert_int_equal(rig_layer(&rig, "ivi").path, VC_PATH_PLANE);
	const struct rig_probe probes[] = {{690, 50, RIG_GREEN}, {704, 50, RIG_RED}, {779, 99, RIG_RED}};
	rig_expect(&rig, probes, sizeof(probes) / sizeof(probes[0]));
	painter_close(&ivi);
	painter_close(&under);
	rig_stop(&rig);
}

/* New buffers of a source are read by the CPU for the first time: their pages are mapped by then. */
static void composing_faults_nowhere(void **state) {
	(void)state;
	struct rig rig;
	struct painter ivi;
	struct vc_control_status before, after;
	rig_configure(&rig, "vkms", "", "", "hold_ms = 20000\nscale = fit");
	rig_start(&rig);
	for (int i = 0; i < 2; i++) {
		painter_open(&ivi, &rig, "ivi", 256, 240);
		rig_status(&rig, &before);
		for (int k = 0; k < 4; k++)
			assert_int_not_equal(painter_show(&ivi, k % 2 ? RIG_BLUE : RIG_GOLD), 0);
		rig_status(&rig, &after);
		assert_int_equal(rig_layer(&rig, "ivi").path, VC_PATH_COMPOSED);
		painter_close(&ivi);
	}
	assert_int_equal(after.stalls.minor_faults, before.stalls.minor_faults);
	assert_int_equal(after.stalls.major_faults, before.stalls.major_faults);
	rig_stop(&rig);
}

/* vkms's planes can't scale: the guest that asks for it is composed with what lies below, and the others keep their planes. */
static void guests_are_scaled(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi, nav, under;
	rig_configure(&rig, "vkms", "", "hold_ms = 20000", "hold_ms = 20000\nscale = fit\norder = 2");
	add_guest(&rig, "nav", "1000,0 100x480", "order = 3");
	add_guest(&rig, "under", "680,0 100x100", "order = 1");
	rig_start(&rig);
	show(&rig, &cluster, "cluster", 0, 0, RIG_RED);
	show(&rig, &under, "under", 0, 0, RIG_GREEN);
	show(&rig, &nav, "nav", 0, 0, RIG_GOLD);
	/* Before there is a picture to scale: no source changes where another's is shown. */
	assert_int_equal(rig_layer(&rig, "under").path, VC_PATH_COMPOSED);
	show(&rig, &ivi, "ivi", 128, 60, RIG_BLUE);
	/* 128x60 in 512x480 at 704,0 is 512x240 at 704,120. */
	const struct rig_probe fitted[] = {
		{704, 120, RIG_BLUE},        {1215, 359, RIG_BLUE}, {704, 119, RIG_BACKGROUND},
		{1215, 360, RIG_BACKGROUND}, {1000, 200, RIG_GOLD}, {1099, 10, RIG_GOLD},
		{680, 99, RIG_GREEN},        {779, 0, RIG_GREEN},   {639, 200, RIG_RED},
		{640, 200, RIG_BACKGROUND},
	};
	for (int i = 0; i < 4; i++) {
		rig_expect(&rig, fitted, sizeof(fitted) / sizeof(fitted[0]));
		assert_int_not_equal(painter_show(&ivi, RIG_BLUE), 0);
		assert_int_not_equal(painter_show(&under, RIG_GREEN), 0);
	}
	assert_int_equal(rig_layer(&rig, "ivi").path, VC_PATH_COMPOSED);
	assert_int_equal(rig_layer(&rig, "under").path, VC_PATH_COMPOSED);
	assert_int_equal(rig_layer(&rig, "nav").path, VC_PATH_PLANE);
	assert_int_equal(rig_layer(&rig, "cluster").path, VC_PATH_PLANE);
	assert_int_equal(rig_layer(&rig, "nav").bytes_copied, 0);
	painter_close(&ivi);
	show(&rig, &ivi, "ivi", 0, 0, RIG_GOLD);
	const struct rig_probe whole[] = {
		{704, 0, RIG_GOLD}, {1215, 479, RIG_GOLD}, {680, 99, RIG_GREEN}, {703, 99, RIG_GREEN}};
	rig_expect(&rig, whole, sizeof(whole) / sizeof(whole[0]));
	assert_int_not_equal(painter_show(&under, RIG_GREEN), 0);
	assert_int_equal(rig_layer(&rig, "ivi").path, VC_PATH_COMPOSED);
	rig_expect(&rig, whole, sizeof(whole) / sizeof(whole[0]));
	painter_close(&cluster);
	painter_close(&ivi);
	painter_close(&nav);
	painter_close(&under);
	rig_stop(&rig);
}

static void guests_fill_their_zone(void **state) {
	(void)state;
	struct rig rig;
	struct painter ivi;
	rig_configure(&rig, "vkms", "", "", "hold_ms = 20000\nscale = fill");
	rig_start(&rig);
	show(&rig, &ivi, "ivi", 64, 30, RIG_BLUE);
	const struct rig_probe filled[] = {
		{704, 0, RIG_BLUE}, {1215, 479, RIG_BLUE}, {703, 0, RIG_BACKGROUND}, {1216, 479, RIG_BACKGROUND}};
	rig_expect(&rig, filled, sizeof(filled) / sizeof(filled[0]));
	painter_close(&ivi);
	rig_stop(&rig);
}

/* vkms's planes have no alpha, either. */
static void guests_shine_through(void **state) {
	(void)state;
	struct rig rig;
	struct painter ivi, nav;
	rig_configure(&rig, "vkms", "", "", "hold_ms = 20000");
	add_guest(&rig, "nav", "704,0 100x100", "alpha = 50");
	rig_start(&rig);
	show(&rig, &ivi, "ivi", 0, 0, 0x204060);
	show(&rig, &nav, "nav", 0, 0, 0x602000);
	uint32_t seen = rig_pixel(&rig, 750, 50);
	for (int shift = 0; shift < 24; shift += 8) {
		int channel = (int)(seen >> shift & 0xff), expected = (int)(0x403030u >> shift & 0xff);
		if (abs(channel - expected) > 2)
			fail_msg("#%06x is not #204060 through #602000", seen);
	}
	assert_int_equal(rig_pixel(&rig, 804, 50), 0x204060);
	assert_int_equal(rig_layer(&rig, "nav").path, VC_PATH_COMPOSED);
	assert_int_equal(rig_layer(&rig, "cluster").path, VC_PATH_PLANE);
	painter_close(&ivi);
	painter_close(&nav);
	rig_stop(&rig);
}

static void what_may_not_be_composed_is_refused(void **state) {
	(void)state;
	struct rig rig;
	char log[4096];
	rig_configure(&rig, "vkms", "", "", "alpha = 50\ncompose = no");
	assert_int_equal(rig_run(&rig, log, sizeof(log)), 2);
	if (!strstr(log, "[layer ivi] alpha: plane "))
		fail_msg("no reason in: %s", log);
	rig_stop(&rig);
}

/* TEST_ONLY and the like belong to changes of what is shown how, not to frames. */
static void expect_one_ioctl_a_frame(const char *keys, uint32_t width, uint32_t height, enum vc_layer_path path) {
	struct rig rig;
	struct painter cluster, ivi;
	char file[128], all[128];
	snprintf(all, sizeof(all), "hold_ms = 20000\n%s", keys);
	rig_configure(&rig, "vkms", "", "hold_ms = 20000", all);
	snprintf(file, sizeof(file), "%s/counts", rig.dir);
	int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	assert_return_code(ftruncate(fd, 24), errno);
	const volatile uint64_t *counts = mmap(NULL, 24, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(counts, MAP_FAILED);
	setenv("VC_COUNT_FILE", file, 1);
	rig_preload(&rig, "kms-count.so");
	rig_start(&rig);
	unsetenv("VC_COUNT_FILE");
	show(&rig, &cluster, "cluster", 0, 0, RIG_RED);
	show(&rig, &ivi, "ivi", width, height, RIG_BLUE);
	uint64_t commits = counts[0], ioctls = counts[2];
	for (int i = 0; i < FRAMES; i++) {
		painter_present(&cluster, RIG_RED);
		assert_int_not_equal(painter_show(&ivi, RIG_BLUE), 0);
		while (cluster.answered < cluster.seq)
			assert_true(painter_listen(&cluster, 1000));
	}
	commits = counts[0] - commits;
	ioctls = counts[2] - ioctls;
	print_message("%d frames of two layers: %llu commits, %llu ioctls\n", FRAMES, (unsigned long long)commits,
		      (unsigned long long)ioctls);
	assert_int_equal(rig_layer(&rig, "ivi").path, path);
	assert_in_range(commits, FRAMES, 2 * FRAMES);
	assert_int_equal(ioctls, commits);
	munmap((void *)(uintptr_t)counts, 24);
	close(fd);
	unlink(file);
	painter_close(&cluster);
	painter_close(&ivi);
	rig_stop(&rig);
}

static void frames_cost_one_ioctl(void **state) {
	(void)state;
	expect_one_ioctl_a_frame("", 0, 0, VC_PATH_PLANE);
	expect_one_ioctl_a_frame("scale = fit", 256, 240, VC_PATH_COMPOSED);
}

int main(void) {
	if (rig_skips("vkms"))
		return RIG_SKIPPED;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guests_lie_by_their_order), cmocka_unit_test(a_fallback_may_be_another_layer),
		cmocka_unit_test(guests_are_scaled),         cmocka_unit_test(guests_fill_their_zone),
		cmocka_unit_test(guests_shine_through),      cmocka_unit_test(what_may_not_be_composed_is_refused),
		cmocka_unit_test(frames_cost_one_ioctl),     cmocka_unit_test(guests_move_no_others),
		cmocka_unit_test(composing_faults_nowhere),
	};
	return cmocka_run_group_tests_name("kms.layers", tests, NULL, NULL);
}
