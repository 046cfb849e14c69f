/* SPDX-License-Identifier: Apache-2.0 */
#include "witness.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

/* The id, and the value, of a property; 0 if there is none such. */
static uint32_t property(int card, uint32_t object, uint32_t type, const char *name, uint64_t *value) {
	uint32_t id = 0;
	drmModeObjectProperties *all = drmModeObjectGetProperties(card, object, type);
	for (uint32_t i = 0; all && i < all->count_props && id == 0; i++) {
		drmModePropertyRes *one = drmModeGetProperty(card, all->props[i]);
		if (one && strcmp(one->name, name) == 0) {
			id = one->prop_id;
			*value = all->prop_values[i];
		}
		drmModeFreeProperty(one);
	}
	drmModeFreeObjectProperties(all);
	return id;
}

static bool crtc_is_lit(int card, uint32_t crtc) {
	uint64_t active = 0;
	property(card, crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", &active);
	return active == 1;
}

static bool plane_is_lit(int card, uint32_t plane, uint32_t crtc) {
	drmModePlane *seen = drmModeGetPlane(card, plane);
	bool lit = seen && seen->fb_id != 0 && seen->crtc_id == crtc;
	drmModeFreePlane(seen);
	return lit;
}

static void *look(void *data) {
	struct witness *w = data;
	while (!atomic_load(&w->stop)) {
		bool lit = crtc_is_lit(w->card, w->crtc);
		for (uint32_t i = 0; i < w->planes; i++)
			lit &= plane_is_lit(w->card, w->plane[i], w->crtc);
		w->looks++;
		w->dark += !lit;
		poll(NULL, 0, 1);
	}
	return NULL;
}

static uint32_t find_crtc(int card) {
	uint32_t found = 0;
	drmModeRes *resources = drmModeGetResources(card);
	assert_non_null(resources);
	for (int i = 0; i < resources->count_crtcs && found == 0; i++)
		if (crtc_is_lit(card, resources->crtcs[i]))
			found = resources->crtcs[i];
	drmModeFreeResources(resources);
	assert_int_not_equal(found, 0);
	return found;
}

void witness_start(struct witness *w, int card) {
	memset(w, 0, sizeof(*w));
	w->card = card;
	w->crtc = find_crtc(card);
	drmModePlaneRes *planes = drmModeGetPlaneResources(card);
	assert_non_null(planes);
	for (uint32_t i = 0; i < planes->count_planes && w->planes < WITNESS_PLANES_MAX; i++)
		if (plane_is_lit(card, planes->planes[i], w->crtc))
			w->plane[w->planes++] = planes->planes[i];
	drmModeFreePlaneResources(planes);
	assert_true(w->planes > 0);
	assert_int_equal(pthread_create(&w->thread, NULL, look, w), 0);
}

void witness_stop(struct witness *w) {
	atomic_store(&w->stop, true);
	assert_int_equal(pthread_join(w->thread, NULL), 0);
	print_message("looked %llu times at the CRTC and %u planes, dark %llu times\n", (unsigned long long)w->looks,
		      w->planes, (unsigned long long)w->dark);
	assert_true(w->looks > 0);
	assert_int_equal(w->dark, 0);
}

static uint32_t find_writeback(int card) {
	uint32_t found = 0;
	drmModeRes *resources = drmModeGetResources(card);
	assert_non_null(resources);
	for (int i = 0; i < resources->count_connectors && found == 0; i++) {
		drmModeConnector *connector = drmModeGetConnectorCurrent(card, resources->connectors[i]);
		if (connector && connector->connector_type == DRM_MODE_CONNECTOR_WRITEBACK)
			found = connector->connector_id;
		drmModeFreeConnector(connector);
	}
	drmModeFreeResources(resources);
	assert_int_not_equal(found, 0);
	return found;
}

/* Has the next picture written into @fb and waits until it is. */
static void write_back(int card, uint32_t fb) {
	const uint32_t type = DRM_MODE_OBJECT_CONNECTOR, connector = find_writeback(card);
	uint64_t value;
	int32_t fence = -1;
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	drmModeAtomicAddProperty(request, connector, property(card, connector, type, "WRITEBACK_FB_ID", &value), fb);
	drmModeAtomicAddProperty(request, connector, property(card, connector, type, "WRITEBACK_OUT_FENCE_PTR", &value),
				 (uint64_t)(uintptr_t)&fence);
	assert_return_code(drmModeAtomicCommit(card, request, 0, NULL), errno);
	drmModeAtomicFree(request);
	struct pollfd p = {.fd = fence, .events = POLLIN};
	assert_int_equal(poll(&p, 1, RIG_LIMIT_MS), 1);
	close(fence);
}

void witness_expect(int card, const struct rig_probe *probes, unsigned count) {
	drmModeCrtc *crtc = drmModeGetCrtc(card, find_crtc(card));
	assert_non_null(crtc);
	struct drm_mode_create_dumb create = {.width = crtc->width, .height = crtc->height, .bpp = 32};
	drmModeFreeCrtc(crtc);
	assert_return_code(drmIoctl(card, DRM_IOCTL_MODE_CREATE_DUMB, &create), errno);
	const uint32_t handles[4] = {create.handle}, pitches[4] = {create.pitch}, offsets[4] = {0};
	uint32_t fb;
	assert_return_code(drmModeAddFB2(card, create.width, create.height, DRM_FORMAT_XRGB8888, handles, pitches,
					 offsets, &fb, 0),
			   errno);
	struct drm_mode_map_dumb map = {.handle = create.handle};
	assert_return_code(drmIoctl(card, DRM_IOCTL_MODE_MAP_DUMB, &map), errno);
	const uint8_t *pixels = mmap(NULL, create.size, PROT_READ, MAP_SHARED, card, (off_t)map.offset);
	assert_ptr_not_equal(pixels, MAP_FAILED);
	write_back(card, fb);
	for (unsigned i = 0; i < count; i++) {
		uint32_t seen;
		memcpy(&seen, pixels + (size_t)create.pitch * probes[i].y + (size_t)probes[i].x * 4, 4);
		if ((seen & 0xffffff) != probes[i].colour)
			fail_msg("nobody there: pixel %u,%u is #%06x, not #%06x", probes[i].x, probes[i].y,
				 seen & 0xffffff, probes[i].colour);
	}
	munmap((void *)(uintptr_t)pixels, create.size);
	drmModeRmFB(card, fb);
	drmCloseBufferHandle(card, create.handle);
}
