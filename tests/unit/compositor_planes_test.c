/* SPDX-License-Identifier: Apache-2.0 */
/* Which plane carries which layer, for the cards we know and some that we don't; modes and the frame clock, too. */
#include "frame-clock.h"
#include "kms-mode.h"
#include "kms-planes.h"
#include "kms-request.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <xf86drm.h>

#include <cmocka.h>

static struct vc_plane make_plane(uint32_t id, uint32_t type) {
	return (struct vc_plane){.id = id,
				 .type = type,
				 .possible_crtcs = 1,
				 .formats = 1,
				 .format = {{DRM_FORMAT_XRGB8888, DRM_FORMAT_MOD_LINEAR}}};
}

/* As vkms has them: primary, overlays, cursor; no zpos. */
static unsigned make_card(struct vc_plane *planes, unsigned overlays) {
	unsigned n = 0;
	planes[n++] = make_plane(30, DRM_PLANE_TYPE_PRIMARY);
	for (unsigned i = 0; i < overlays; i++)
		planes[n++] = make_plane(31 + i, DRM_PLANE_TYPE_OVERLAY);
	planes[n++] = make_plane(99, DRM_PLANE_TYPE_CURSOR);
	return n;
}

static struct vc_planes_wish make_wish(uint32_t ivi, uint32_t cluster) {
	return (struct vc_planes_wish){.layers = 2, .layer = {{"ivi", ivi}, {"cluster", cluster}}};
}

static char why[256];

static void cluster_gets_the_topmost_overlay(void **unused) {
	(void)unused;
	struct vc_plane planes[16];
	struct vc_planes_plan plan;
	struct vc_planes_wish wish = make_wish(0, 0);
	unsigned n = make_card(planes, 8);
	assert_int_equal(vc_planes_assign(planes, n, &wish, &plan, why, sizeof(why)), VC_PLANES_FOUND);
	assert_int_equal(planes[plan.primary].id, 30);
	assert_int_equal(planes[plan.layer[1]].id, 38);
	assert_int_equal(planes[plan.layer[0]].id, 37);
	assert_false(plan.set_zpos);
}

static void unusable_planes_are_passed_over(void **unused) {
	(void)unused;
	struct vc_plane planes[16];
	struct vc_planes_plan plan;
	struct vc_planes_wish wish = make_wish(0, 0);
	unsigned n = make_card(planes, 5);
	planes[5].possible_crtcs = 2;
	planes[4].format[0].fourcc = DRM_FORMAT_NV12;
	planes[3].taken = true;
	assert_int_equal(vc_planes_assign(planes, n, &wish, &plan, why, sizeof(why)), VC_PLANES_FOUND);
	assert_int_equal(planes[plan.layer[1]].id, 32);
	assert_int_equal(planes[plan.layer[0]].id, 31);
	planes[1].taken = true;
	assert_int_equal(vc_planes_assign(planes, n, &wish, &plan, why, sizeof(why)), VC_PLANES_FOUND);
	assert_int_equal(plan.composed, 1);
}

/* Two CRTCs of one card: its overlays fit both, its primary planes one each. */
static void second_output_gets_what_the_first_left(void **unused) {
	(void)unused;
	struct vc_plane planes[16];
	struct vc_planes_plan plan[2];
	unsigned n = 0;
	for (unsigned crtc = 0; crtc < 2; crtc++) {
		planes[n] = make_plane(30 + crtc, DRM_PLANE_TYPE_PRIMARY);
		planes[n++].possible_crtcs = 1u << crtc;
	}
	for (unsigned i = 0; i < 3; i++) {
		planes[n] = make_plane(40 + i, DRM_PLANE_TYPE_OVERLAY);
		planes[n++].possible_crtcs = 3;
	}
	for (unsigned crtc = 0; crtc < 2; crtc++) {
		struct vc_planes_wish wish = make_wish(0, 0);
		wish.crtc = crtc;
		assert_int_equal(vc_planes_assign(planes, n, &wish, &plan[crtc], why, sizeof(why)), VC_PLANES_FOUND);
		planes[plan[crtc].primary].taken = true;
		for (unsigned i = plan[crtc].composed; i < 2; i++)
			planes[plan[crtc].layer[i]].taken = true;
	}
	assert_int_equal(planes[plan[0].primary].id, 30);
	assert_int_equal(planes[plan[0].layer[1]].id, 42);
	assert_int_equal(planes[plan[0].layer[0]].id, 41);
	/* One is left: the cluster's. */
	assert_int_equal(planes[plan[1].primary].id, 31);
	assert_int_equal(plan[1].composed, 1);
	assert_int_equal(planes[plan[1].layer[1]].id, 40);
}

/* From the bottom up: the cluster keeps its plane as long as there is one. */
static void few_planes_mean_composition(void **unused) {
	(void)unused;
	struct vc_plane planes[16];
	struct vc_planes_plan plan;
	struct vc_planes_wish wish = {.layers = 4, .layer = {{"a", 0}, {"b", 0}, {"ivi", 0}, {"cluster", 0}}};
	for (unsigned overlays = 0; overlays < 6; overlays++) {
		unsigned n = make_card(planes, overlays);
		why[0] = '\0';
		assert_int_equal(vc_planes_assign(planes, n, &wish, &plan, why, sizeof(why)), VC_PLANES_FOUND);
		assert_int_equal(plan.composed, overlays < 4 ? 4 - overlays : 0);
		if (overlays >= 4)
			assert_string_equal(why, "");
		else
			assert_non_null(strstr(why, "no overlay plane is left for layer"));
		for (unsigned i = plan.composed; i < 4; i++)
			assert_int_equal(planes[plan.layer[i]].id, 31 + overlays - (4 - i));
	}
}

static void zpos_outranks_index(void **unused) {
	(void)unused;
	struct vc_plane planes[16];
	struct vc_planes_plan plan;
	struct vc_planes_wish wish = make_wish(0, 0);
	unsigned n = make_card(planes, 3);
	const uint64_t fixed[] = {0, 3, 1, 2, 9};
	for (unsigned i = 0; i < n; i++) {
		planes[i].has_zpos = planes[i].zpos_fixed = true;
		planes[i].zpos = fixed[i];
	}
	assert_int_equal(vc_planes_assign(planes, n, &wish, &plan, why, sizeof(why)), VC_PLANES_FOUND);
	assert_int_equal(planes[plan.layer[1]].id, 31);
	assert_int_equal(planes[plan.layer[0]].id, 33);
	assert_false(plan.set_zpos);
	/* Where it can be set, it is set, and rises. */
	for (unsigned i = 0; i < n; i++) {
		planes[i].zpos_fixed = false;
		planes[i].zpos_max = 9;
	}
	assert_int_equal(vc_planes_assign(planes, n, &wish, &plan, why, sizeof(why)), VC_PLANES_FOUND);
	assert_true(plan.set_zpos);
	assert_true(plan.primary_zpos < plan.layer_zpos[0] && plan.layer_zpos[0] < plan.layer_zpos[1]);
	/* A primary plane above all overlays can't be the background. */
	planes[0].zpos = 8;
	assert_int_equal(vc_planes_assign(planes, n, &wish, &plan, why, sizeof(why)), VC_PLANES_FOUND);
	assert_int_equal(plan.composed, 2);
}

static void wrong_wishes_are_explained(void **unused) {
	(void)unused;
	static const struct {
		uint32_t ivi, cluster;
		const char *expected;
	} wrong[] = {
		{77, 0, "[layer ivi] plane = 77: the card has no such plane"},
		{30, 0, "[layer ivi] plane = 30: is a primary plane"},
		{99, 0, "[layer ivi] plane = 99: is a cursor plane"},
		{33, 32, "[layer ivi] plane = 33: lies above plane 32 of layer cluster"},
	};
	struct vc_plane planes[16];
	struct vc_planes_plan plan;
	unsigned n = make_card(planes, 3);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct vc_planes_wish wish = make_wish(wrong[i].ivi, wrong[i].cluster);
		assert_int_equal(vc_planes_assign(planes, n, &wish, &plan, why, sizeof(why)), VC_PLANES_WRONG);
		if (!strstr(why, wrong[i].expected))
			fail_msg("\"%s\" should say \"%s\"", why, wrong[i].expected);
	}
	struct vc_planes_wish wish = make_wish(31, 32);
	assert_int_equal(vc_planes_assign(planes, n, &wish, &plan, why, sizeof(why)), VC_PLANES_FOUND);
	assert_int_equal(planes[plan.layer[0]].id, 31);
	/* One given, one found below it. */
	wish = make_wish(0, 32);
	assert_int_equal(vc_planes_assign(planes, n, &wish, &plan, why, sizeof(why)), VC_PLANES_FOUND);
	assert_int_equal(planes[plan.layer[0]].id, 31);
}

static void modes_are_picked_and_made(void **unused) {
	(void)unused;
	drmModeModeInfo made, picked;
	const uint32_t rates[] = {24000, 30000, 59940, 60000, 144000};
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		vc_mode_make(1920, 720, rates[i], &made);
		assert_in_range(vc_mode_refresh_mhz(&made) + 10 - rates[i], 0, 20);
		assert_true(made.hsync_end < made.htotal && made.vsync_end < made.vtotal);
		assert_true(vc_mode_pick(&made, 1, 1920, 720, rates[i], &picked));
		assert_true(vc_mode_equal(&made, &picked));
		assert_false(vc_mode_pick(&made, 1, 1920, 721, rates[i], &picked));
		assert_false(vc_mode_pick(&made, 1, 1920, 720, rates[i] * 2, &picked));
	}
}

static void clock_follows_the_flips(void **unused) {
	(void)unused;
	struct vc_frame_clock clock;
	vc_frame_clock_init(&clock, 1000, 0, 500);
	assert_int_equal(clock.margin_ns, 250);
	assert_int_equal(vc_frame_clock_next(&clock, 500), 1500);
	assert_int_equal(vc_frame_clock_next(&clock, 1499), 1500);
	assert_int_equal(vc_frame_clock_next(&clock, 0), 500);
	assert_int_equal(vc_frame_clock_next(&clock, -600), -500);
	vc_frame_clock_lock(&clock, 1620);
	assert_int_equal(vc_frame_clock_next(&clock, 1620), 2620);
	assert_int_equal(vc_frame_clock_count(&clock, 1000, 3400), 2);
	assert_int_equal(vc_frame_clock_count(&clock, 1000, 3600), 3);
}

/* The kernel, as the request sees it: notes what comes, and answers as told. */
static struct drm_mode_atomic seen;
static int answer;
int __wrap_drmIoctl(int fd, unsigned long request, void *arg);
int __wrap_drmIoctl(int fd, unsigned long request, void *arg) {
	assert_int_equal(fd, 5);
	assert_int_equal(request, DRM_IOCTL_MODE_ATOMIC);
	memcpy(&seen, arg, sizeof(seen));
	errno = answer;
	return answer ? -1 : 0;
}

static void requests_are_laid_out_by_object(void **unused) {
	(void)unused;
	static struct vc_request r;
	vc_request_init(&r);
	vc_request_object(&r, 10);
	vc_request_set(&r, 1, 100);
	vc_request_set(&r, 2, 200);
	vc_request_object(&r, 11);
	vc_request_set(&r, 1, UINT64_MAX);
	answer = 0;
	assert_int_equal(vc_request_commit(&r, 5, DRM_MODE_ATOMIC_NONBLOCK, 42), 0);
	assert_int_equal(seen.count_objs, 2);
	assert_int_equal(seen.user_data, 42);
	assert_int_equal(seen.flags, DRM_MODE_ATOMIC_NONBLOCK);
	assert_int_equal(((uint32_t *)(uintptr_t)seen.count_props_ptr)[0], 2);
	assert_int_equal(((uint64_t *)(uintptr_t)seen.prop_values_ptr)[2], UINT64_MAX);
	answer = EBUSY;
	assert_int_equal(vc_request_commit(&r, 5, 0, 0), -EBUSY);
}

static void request_errors_stick(void **unused) {
	(void)unused;
	static struct vc_request r;
	answer = 0;
	vc_request_init(&r);
	vc_request_set(&r, 1, 1); /* no object yet */
	vc_request_object(&r, 10);
	assert_int_equal(vc_request_commit(&r, 5, 0, 0), -EINVAL);
	vc_request_init(&r);
	vc_request_object(&r, 10);
	vc_request_set(&r, 0, 1); /* the driver lacks it */
	vc_request_set(&r, 1, 1);
	assert_int_equal(vc_request_commit(&r, 5, 0, 0), -EINVAL);
	vc_request_init(&r);
	vc_request_object(&r, 10);
	for (unsigned i = 0; i <= VC_REQUEST_PROPS_MAX; i++)
		vc_request_set(&r, 1, 1);
	assert_int_equal(vc_request_commit(&r, 5, 0, 0), -EINVAL);
	vc_request_init(&r);
	for (unsigned i = 0; i <= VC_REQUEST_OBJECTS_MAX; i++)
		vc_request_object(&r, 10 + i);
	assert_int_equal(vc_request_commit(&r, 5, 0, 0), -EINVAL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cluster_gets_the_topmost_overlay),
		cmocka_unit_test(unusable_planes_are_passed_over),
		cmocka_unit_test(few_planes_mean_composition),
		cmocka_unit_test(second_output_gets_what_the_first_left),
		cmocka_unit_test(zpos_outranks_index),
		cmocka_unit_test(wrong_wishes_are_explained),
		cmocka_unit_test(modes_are_picked_and_made),
		cmocka_unit_test(clock_follows_the_flips),
		cmocka_unit_test(requests_are_laid_out_by_object),
		cmocka_unit_test(request_errors_stick),
	};
	return cmocka_run_group_tests_name("compositor.planes", tests, NULL, NULL);
}
