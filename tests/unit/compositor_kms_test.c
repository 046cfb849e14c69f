/* SPDX-License-Identifier: Apache-2.0 */
/* Two outputs on one card, against a libdrm of the test's own: each finds its CRTC, and its requests touch nothing of the other. */
#include "kms.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>

#include <cmocka.h>

/* CRTCs 10 and 11; connectors 20 and 21 behind encoders 30 and 31, which reach both; every property has id 50. */
enum { CRTC = 10, CONNECTOR = 20, ENCODER = 30, PROPERTY = 50, BLOB = 60, FOREIGN = 145 };

static uint32_t crtcs[] = {CRTC, CRTC + 1}, connectors[] = {CONNECTOR, CONNECTOR + 1};
static drmModeRes resources = {.count_crtcs = 2, .crtcs = crtcs, .count_connectors = 2, .connectors = connectors};
static drmModeModeInfo mode = {.clock = 25200, .hdisplay = 640, .htotal = 800, .vdisplay = 480, .vtotal = 525};
static unsigned probes; /* of monitors */

#define WRAPPED(type, name, ...)                                                                                       \
	type __wrap_##name(__VA_ARGS__);                                                                               \
	type __wrap_##name(__VA_ARGS__)

WRAPPED(drmModeResPtr, drmModeGetResources, int fd) {
	assert_int_equal(fd, 5);
	return &resources;
}
WRAPPED(void, drmModeFreeResources, drmModeResPtr p) {
	assert_ptr_equal(p, &resources);
}

static drmModeConnectorPtr make_connector(uint32_t id) {
	drmModeConnectorPtr c = calloc(1, sizeof(*c));
	static uint32_t encoders[2] = {ENCODER, ENCODER + 1};
	assert_non_null(c);
	c->connector_id = id;
	c->connector_type = DRM_MODE_CONNECTOR_HDMIA;
	c->connector_type_id = id - CONNECTOR + 1;
	c->connection = DRM_MODE_CONNECTED;
	c->count_modes = 1;
	c->modes = &mode;
	c->count_encoders = 1;
	c->encoders = &encoders[id - CONNECTOR];
	return c;
}
WRAPPED(drmModeConnectorPtr, drmModeGetConnector, int fd, uint32_t id) {
	(void)fd;
	probes++;
	return make_connector(id);
}
WRAPPED(drmModeConnectorPtr, drmModeGetConnectorCurrent, int fd, uint32_t id) {
	(void)fd;
	return make_connector(id);
}
WRAPPED(void, drmModeFreeConnector, drmModeConnectorPtr p) {
	free(p);
}
WRAPPED(drmModeEncoderPtr, drmModeGetEncoder, int fd, uint32_t id) {
	static drmModeEncoder encoder = {.possible_crtcs = 3};
	(void)fd;
	assert_in_range(id, ENCODER, ENCODER + 1);
	return &encoder;
}
WRAPPED(void, drmModeFreeEncoder, drmModeEncoderPtr p) {
	(void)p;
}
WRAPPED(int, drmModeCreatePropertyBlob, int fd, const void *data, size_t size, uint32_t *id) {
	(void)fd;
	(void)data;
	assert_int_equal(size, sizeof(mode));
	*id = BLOB;
	return 0;
}
WRAPPED(drmModeObjectPropertiesPtr, drmModeObjectGetProperties, int fd, uint32_t object, uint32_t type) {
	static uint32_t ids[] = {PROPERTY, PROPERTY + 1, PROPERTY + 2};
	static uint64_t values[] = {0, 0, 0};
	static drmModeObjectProperties all = {3, ids, values};
	(void)fd;
	(void)object;
	(void)type;
	return &all;
}
WRAPPED(void, drmModeFreeObjectProperties, drmModeObjectPropertiesPtr p) {
	(void)p;
}
WRAPPED(drmModePropertyPtr, drmModeGetProperty, int fd, uint32_t id) {
	static const char *const names[] = {"ACTIVE", "MODE_ID", "CRTC_ID"};
	static drmModePropertyRes property;
	(void)fd;
	strcpy(property.name, names[id - PROPERTY]);
	property.prop_id = id;
	return &property;
}
WRAPPED(void, drmModeFreeProperty, drmModePropertyPtr p) {
	(void)p;
}

static void add_plane(struct vc_card *card, uint32_t id, uint32_t type, uint32_t possible, uint32_t lit) {
	struct vc_plane *p = &card->plane[card->planes++];
	*p = (struct vc_plane){.id = id, .type = type, .possible_crtcs = possible, .lit_crtc = lit, .formats = 1};
	p->format[0] = (struct vc_plane_format){DRM_FORMAT_XRGB8888, DRM_FORMAT_MOD_LINEAR};
	uint32_t *ids = (uint32_t *)&p->prop;
	for (unsigned i = 0; i < sizeof(p->prop) / sizeof(*ids); i++)
		ids[i] = PROPERTY + 10 + i;
}

static void make_card(struct vc_card *card) {
	*card = (struct vc_card){.fd = 5, .idle_fence = -1, .path = "/dev/dri/card0", .driver = "fake"};
	add_plane(card, 100, DRM_PLANE_TYPE_PRIMARY, 1, 0);
	add_plane(card, 101, DRM_PLANE_TYPE_PRIMARY, 2, 0);
	/* Overlays that fit both CRTCs. The lowest is left over, lit by somebody before us. */
	add_plane(card, FOREIGN, DRM_PLANE_TYPE_OVERLAY, 3, CRTC + 1);
	for (uint32_t i = 0; i < 4; i++)
		add_plane(card, 146 + i, DRM_PLANE_TYPE_OVERLAY, 3, 0);
}

static bool names(const struct vc_request *r, uint32_t object) {
	for (unsigned i = 0; i < r->objects; i++)
		if (r->object[i] == object)
			return true;
	return false;
}

static void init(struct vc_kms *kms, struct vc_card *card, const char *connector) {
	struct vc_config_output output = {
		.name = "o", .width = 640, .height = 480, .refresh_mhz = 60000, .writeback = true};
	struct vc_planes_wish wish = {.layers = 2, .layer = {{"ivi", 0}, {"cluster", 0}}};
	struct vc_kms_error error = {0};
	char why[192] = "";
	strcpy(output.connector, connector);
	if (!vc_kms_init(kms, card, &output, &wish, why, sizeof(why), &error))
		fail_msg("%s", error.text);
	assert_string_equal(why, "");
}

static void outputs_share_a_card(void **state) {
	(void)state;
	static struct vc_card card;
	static struct vc_kms kms[2];
	static struct vc_request request[2];
	make_card(&card);
	init(&kms[0], &card, "HDMI-A-2");
	init(&kms[1], &card, "auto");
	assert_int_equal(kms[0].connector, CONNECTOR + 1);
	assert_int_equal(kms[1].connector, CONNECTOR);
	assert_int_equal(kms[0].crtc, CRTC);
	assert_int_equal(kms[1].crtc, CRTC + 1);
	for (int i = 0; i < 2; i++) {
		const struct vc_rect all = {0, 0, 640, 480};
		vc_request_init(&request[i]);
		vc_kms_request_mode(&kms[i], &request[i]);
		vc_kms_request_primary(&kms[i], &request[i], 1);
		for (unsigned slot = 0; slot < 2; slot++)
			vc_kms_request_layer(&kms[i], &request[i], slot, 1, &all, &all, 100);
		vc_kms_request_others_off(&kms[i], &request[i]);
		assert_false(request[i].failed);
	}
	for (unsigned i = 0; i < request[0].objects; i++)
		if (names(&request[1], request[0].object[i]))
			fail_msg("object %u is in both outputs' requests", request[0].object[i]);
	/* What somebody left on a CRTC would lie over us: it goes with the first commit there. */
	assert_false(names(&request[0], FOREIGN));
	assert_true(names(&request[1], FOREIGN));
}

static void third_output_is_refused(void **state) {
	(void)state;
	static struct vc_card card;
	static struct vc_kms kms[2];
	make_card(&card);
	init(&kms[0], &card, "auto");
	init(&kms[1], &card, "HDMI-A-2");
	const struct vc_config_output output = {
		.name = "third", .connector = "HDMI-A-1", .width = 640, .height = 480, .refresh_mhz = 60000};
	struct vc_planes_wish wish = {0};
	struct vc_kms_error error = {0};
	struct vc_kms third;
	char why[192];
	assert_false(vc_kms_init(&third, &card, &output, &wish, why, sizeof(why), &error));
	assert_true(error.config);
	assert_non_null(strstr(error.text, "[output third] connector = HDMI-A-1: no such connector is usable"));
}

/* Asking a monitor takes long: a compositor that takes over believes what the kernel knows. */
static void monitors_are_not_asked_again(void **state) {
	(void)state;
	static struct vc_card card;
	static struct vc_kms kms;
	make_card(&card);
	probes = 0;
	card.stored = true;
	init(&kms, &card, "auto");
	assert_int_equal(probes, 0);
	make_card(&card);
	init(&kms, &card, "auto");
	assert_true(probes > 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outputs_share_a_card),
		cmocka_unit_test(third_output_is_refused),
		cmocka_unit_test(monitors_are_not_asked_again),
	};
	return cmocka_run_group_tests_name("compositor.kms", tests, NULL, NULL);
}
