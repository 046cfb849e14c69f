/* SPDX-License-Identifier: Apache-2.0 */
#include "kms.h"

#include "kms-mode.h"
#include "log.h"

#include <drm_fourcc.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <xf86drm.h>

__attribute__((format(printf, 3, 4))) static bool fail(struct vc_kms_error *error, bool config, const char *format,
						       ...) {
	va_list args;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	error->config = config;
	return false;
}

/* The CRTCs that some encoder of @connector can be fed by, as a mask. */
static uint32_t crtcs_of(const struct vc_card *card, const drmModeConnector *connector) {
	uint32_t mask = 0;
	for (int i = 0; i < connector->count_encoders; i++) {
		drmModeEncoder *encoder = drmModeGetEncoder(card->fd, connector->encoders[i]);
		if (encoder)
			mask |= encoder->possible_crtcs;
		drmModeFreeEncoder(encoder);
	}
	return mask;
}

/* A CRTC is free unless another output of the card has taken its primary plane. */
static bool crtc_is_free(const struct vc_card *card, unsigned crtc) {
	for (unsigned i = 0; i < card->planes; i++)
		if (card->plane[i].type == DRM_PLANE_TYPE_PRIMARY && !card->plane[i].taken &&
		    (card->plane[i].possible_crtcs & (1u << crtc)))
			return true;
	return false;
}

static bool choose_mode(struct vc_kms *kms, const drmModeConnector *connector, const struct vc_config_output *config,
			struct vc_kms_error *error) {
	if (!vc_mode_pick(connector->modes, connector->count_modes, config->width, config->height, config->refresh_mhz,
			  &kms->mode)) {
		if (connector->connector_type != DRM_MODE_CONNECTOR_VIRTUAL)
			return fail(error, true,
				    "[output %s] mode: %s has no mode %ux%u@%u.%03u; see \"modetest -c\" for its modes",
				    config->name, kms->connector_name, config->width, config->height,
				    config->refresh_mhz / 1000, config->refresh_mhz % 1000);
		vc_mode_make(config->width, config->height, config->refresh_mhz, &kms->mode);
	}
	kms->period_ns = vc_mode_period_ns(&kms->mode);
	if (drmModeCreatePropertyBlob(kms->card->fd, &kms->mode, sizeof(kms->mode), &kms->mode_blob) < 0)
		return fail(error, false, "[output %s]: the kernel takes no mode blob", config->name);
	return true;
}

static bool try_connector(struct vc_kms *kms, const drmModeRes *resources, const drmModeConnector *connector,
			  const char *wish) {
	if (connector->connector_type == DRM_MODE_CONNECTOR_WRITEBACK)
		return false;
	const char *type = drmModeGetConnectorTypeName(connector->connector_type);
	snprintf(kms->connector_name, sizeof(kms->connector_name), "%s-%u", type ? type : "Unknown",
		 connector->connector_type_id);
	if (strcmp(wish, "auto") == 0 ? connector->connection != DRM_MODE_CONNECTED
				      : strcmp(wish, kms->connector_name) != 0)
		return false;
	uint32_t crtcs = crtcs_of(kms->card, connector);
	for (int i = 0; i < resources->count_crtcs; i++)
		if ((crtcs & (1u << i)) && crtc_is_free(kms->card, (unsigned)i)) {
			kms->crtc = resources->crtcs[i];
			kms->crtc_index = (unsigned)i;
			kms->connector = connector->connector_id;
			return true;
		}
	return false;
}

/* On a card that is taken over what the kernel knows already will do, as long as something is connected: asking the monitor
 * itself takes tens of milliseconds. */
static drmModeConnector *get_connector(const struct vc_card *card, uint32_t id) {
	drmModeConnector *connector = card->stored ? drmModeGetConnectorCurrent(card->fd, id) : NULL;
	if (connector && connector->connection == DRM_MODE_CONNECTED && connector->count_modes > 0)
		return connector;
	drmModeFreeConnector(connector);
	return drmModeGetConnector(card->fd, id);
}

static bool find_connector(struct vc_kms *kms, const drmModeRes *resources, const struct vc_config_output *config,
			   struct vc_kms_error *error) {
	char known[128] = "";
	for (int i = 0; i < resources->count_connectors; i++) {
		drmModeConnector *connector = get_connector(kms->card, resources->connectors[i]);
		if (!connector)
			continue;
		bool found = try_connector(kms, resources, connector, config->connector);
		bool good = found && choose_mode(kms, connector, config, error);
		bool shown = connector->connector_type != DRM_MODE_CONNECTOR_WRITEBACK;
		drmModeFreeConnector(connector);
		if (found)
			return good;
		size_t used = strlen(known);
		if (shown)
			snprintf(known + used, sizeof(known) - used, " %s", kms->connector_name);
	}
	return fail(error, true, "[output %s] connector = %s: no such connector is usable on %s (%s); it has:%s",
		    config->name, config->connector, kms->card->path, kms->card->driver, known);
}

static bool writes_xrgb(struct vc_card *card, uint32_t connector) {
	uint64_t id = 0;
	bool found = false;
	const struct vc_card_ask ask = {"WRITEBACK_PIXEL_FORMATS", NULL, &id};
	vc_card_ask(card, connector, DRM_MODE_OBJECT_CONNECTOR, &ask, 1);
	drmModePropertyBlobRes *blob = id ? drmModeGetPropertyBlob(card->fd, (uint32_t)id) : NULL;
	for (uint32_t i = 0; blob && i < blob->length / 4; i++)
		found |= ((const uint32_t *)blob->data)[i] == DRM_FORMAT_XRGB8888;
	drmModeFreePropertyBlob(blob);
	return found;
}

static void find_writeback(struct vc_kms *kms, const drmModeRes *resources) {
	for (int i = 0; i < resources->count_connectors && kms->writeback == 0; i++) {
		drmModeConnector *connector = drmModeGetConnectorCurrent(kms->card->fd, resources->connectors[i]);
		if (!connector)
			continue;
		uint32_t id = connector->connector_id;
		if (connector->connector_type == DRM_MODE_CONNECTOR_WRITEBACK &&
		    (crtcs_of(kms->card, connector) & (1u << kms->crtc_index)) && writes_xrgb(kms->card, id)) {
			const struct vc_card_ask ask[] = {
				{"CRTC_ID", &kms->prop.writeback_crtc, NULL},
				{"WRITEBACK_FB_ID", &kms->prop.writeback_fb, NULL},
				{"WRITEBACK_OUT_FENCE_PTR", &kms->prop.writeback_fence, NULL},
			};
			kms->writeback = id;
			vc_card_ask(kms->card, id, DRM_MODE_OBJECT_CONNECTOR, ask, 3);
		}
		drmModeFreeConnector(connector);
	}
}

static bool find_planes(struct vc_kms *kms, struct vc_planes_wish *wish, char *why_composed, size_t size,
			struct vc_kms_error *error) {
	struct vc_card *card = kms->card;
	wish->crtc = kms->crtc_index;
	kms->layers = wish->layers;
	enum vc_planes_result result =
		vc_planes_assign(card->plane, card->planes, wish, &kms->plan, why_composed, size);
	if (result == VC_PLANES_WRONG)
		return fail(error, true, "%s", why_composed);
	card->plane[kms->plan.primary].taken = true;
	for (unsigned i = kms->plan.composed; i < wish->layers; i++)
		card->plane[kms->plan.layer[i]].taken = true;
	return true;
}

bool vc_kms_init(struct vc_kms *kms, struct vc_card *card, const struct vc_config_output *config,
		 struct vc_planes_wish *wish, char *why_composed, size_t size, struct vc_kms_error *error) {
	*kms = (struct vc_kms){.card = card};
	drmModeRes *resources = drmModeGetResources(card->fd);
	if (!resources)
		return fail(error, true, "%s (%s): drives no display; name another card in [output %s] card",
			    card->path, card->driver, config->name);
	bool good = find_connector(kms, resources, config, error);
	if (good && config->writeback)
		find_writeback(kms, resources);
	drmModeFreeResources(resources);
	if (!good)
		return false;
	const struct vc_card_ask crtc[] = {{"ACTIVE", &kms->prop.active, NULL}, {"MODE_ID", &kms->prop.mode_id, NULL}};
	const struct vc_card_ask connector = {"CRTC_ID", &kms->prop.connector_crtc, NULL};
	vc_card_ask(card, kms->crtc, DRM_MODE_OBJECT_CRTC, crtc, 2);
	vc_card_ask(card, kms->connector, DRM_MODE_OBJECT_CONNECTOR, &connector, 1);
	return find_planes(kms, wish, why_composed, size, error);
}

void vc_kms_request_mode(const struct vc_kms *kms, struct vc_request *request) {
	vc_request_object(request, kms->crtc);
	vc_request_set(request, kms->prop.mode_id, kms->mode_blob);
	vc_request_set(request, kms->prop.active, 1);
	vc_request_object(request, kms->connector);
	vc_request_set(request, kms->prop.connector_crtc, kms->crtc);
	if (kms->writeback) {
		vc_request_object(request, kms->writeback);
		vc_request_set(request, kms->prop.writeback_crtc, kms->crtc);
	}
}

static void request_plane(const struct vc_kms *kms, struct vc_request *request, const struct vc_plane *plane,
			  uint32_t fb, const struct vc_rect *source, const struct vc_rect *target) {
	vc_request_object(request, plane->id);
	vc_request_set(request, plane->prop.fb, fb);
	vc_request_set(request, plane->prop.crtc, fb ? kms->crtc : 0);
	if (!fb)
		return;
	/* Source coordinates are 16.16 fixed point. */
	vc_request_set(request, plane->prop.src_x, (uint64_t)source->x << 16);
	vc_request_set(request, plane->prop.src_y, (uint64_t)source->y << 16);
	vc_request_set(request, plane->prop.src_w, (uint64_t)source->width << 16);
	vc_request_set(request, plane->prop.src_h, (uint64_t)source->height << 16);
	vc_request_set(request, plane->prop.crtc_x, target->x);
	vc_request_set(request, plane->prop.crtc_y, target->y);
	vc_request_set(request, plane->prop.crtc_w, target->width);
	vc_request_set(request, plane->prop.crtc_h, target->height);
}

/* A fence that was attached to a dma-buf between our look at it and the commit would stop the CRTC until it signals. The
 * kernel heeds such implicit fences only where the commit brings no explicit one (drm_gem_plane_helper_prepare_fb()), so we
 * bring one that has signalled long ago. */
static void request_no_fence(const struct vc_kms *kms, struct vc_request *request, const struct vc_plane *plane) {
	if (kms->card->idle_fence >= 0 && plane->prop.in_fence)
		vc_request_set(request, plane->prop.in_fence, (uint64_t)kms->card->idle_fence);
}

void vc_kms_request_primary(const struct vc_kms *kms, struct vc_request *request, uint32_t fb) {
	const struct vc_rect all = {0, 0, kms->mode.hdisplay, kms->mode.vdisplay};
	const struct vc_plane *plane = &kms->card->plane[kms->plan.primary];
	request_plane(kms, request, plane, fb, &all, &all);
	/* A composed picture may have been lent out: a tool could have left a fence in it. */
	request_no_fence(kms, request, plane);
	if (kms->plan.set_zpos)
		vc_request_set(request, plane->prop.zpos, kms->plan.primary_zpos);
}

void vc_kms_request_writeback(const struct vc_kms *kms, struct vc_request *request, uint32_t fb, int32_t *fence) {
	vc_request_object(request, kms->writeback);
	vc_request_set(request, kms->prop.writeback_fb, fb);
	vc_request_set(request, kms->prop.writeback_fence, (uintptr_t)fence);
}

void vc_kms_request_others_off(const struct vc_kms *kms, struct vc_request *request) {
	const struct vc_card *card = kms->card;
	for (unsigned i = 0; i < card->planes; i++) {
		const struct vc_plane *p = &card->plane[i];
		bool ours = p->possible_crtcs == 1u << kms->crtc_index || p->lit_crtc == kms->crtc;
		if (!p->taken && ours)
			request_plane(kms, request, p, 0, NULL, NULL);
	}
}

const struct vc_plane *vc_kms_plane(const struct vc_kms *kms, unsigned slot) {
	return &kms->card->plane[slot >= kms->plan.composed ? kms->plan.layer[slot] : kms->plan.primary];
}

void vc_kms_request_layer(const struct vc_kms *kms, struct vc_request *request, unsigned slot, uint32_t fb,
			  const struct vc_rect *source, const struct vc_rect *target, uint32_t alpha) {
	const struct vc_plane *plane = vc_kms_plane(kms, slot);
	request_plane(kms, request, plane, fb, source, target);
	if (!fb)
		return;
	request_no_fence(kms, request, plane);
	if (plane->prop.alpha)
		vc_request_set(request, plane->prop.alpha, alpha * 0xffff / 100);
	if (plane->prop.blend)
		vc_request_set(request, plane->prop.blend, plane->premultiplied);
	if (kms->plan.set_zpos)
		vc_request_set(request, plane->prop.zpos, kms->plan.layer_zpos[slot]);
}

void vc_kms_request_keep(const struct vc_kms *kms, struct vc_request *request, unsigned slot) {
	const struct vc_plane *plane = vc_kms_plane(kms, slot);
	if (kms->card->idle_fence < 0 || !plane->prop.in_fence)
		return;
	vc_request_object(request, plane->id);
	request_no_fence(kms, request, plane);
}

/* What the kernel shows on a plane. */
struct lit {
	uint64_t fb, crtc, x, y, w, h;
};

static bool read_lit(const struct vc_kms *kms, const struct vc_plane *plane, struct lit *lit) {
	const struct vc_card_ask ask[] = {{"FB_ID", NULL, &lit->fb}, {"CRTC_ID", NULL, &lit->crtc},
					  {"CRTC_X", NULL, &lit->x}, {"CRTC_Y", NULL, &lit->y},
					  {"CRTC_W", NULL, &lit->w}, {"CRTC_H", NULL, &lit->h}};
	return vc_card_ask(kms->card, plane->id, DRM_MODE_OBJECT_PLANE, ask, 6) == 6 && lit->fb != 0 &&
	       lit->crtc == kms->crtc;
}

bool vc_kms_layer_is_lit(const struct vc_kms *kms, unsigned slot, const struct vc_rect *zone) {
	struct lit lit = {0};
	return read_lit(kms, vc_kms_plane(kms, slot), &lit) && (int64_t)lit.x >= zone->x && (int64_t)lit.y >= zone->y &&
	       lit.x + lit.w <= zone->x + zone->width && lit.y + lit.h <= zone->y + zone->height;
}

uint32_t vc_kms_primary_is_lit(const struct vc_kms *kms) {
	struct lit lit = {0};
	bool all = read_lit(kms, &kms->card->plane[kms->plan.primary], &lit) && lit.x == 0 && lit.y == 0 &&
		   lit.w == kms->mode.hdisplay && lit.h == kms->mode.vdisplay;
	return all ? (uint32_t)lit.fb : 0;
}

int64_t vc_kms_last_vblank(const struct vc_kms *kms) {
	uint64_t sequence, ns;
	return drmCrtcGetSequence(kms->card->fd, kms->crtc, &sequence, &ns) == 0 ? (int64_t)ns : 0;
}
