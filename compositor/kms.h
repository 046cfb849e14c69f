/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One output's KMS objects: connector, CRTC, mode, planes, writeback connector. Found at start; afterwards only request
 * building, which touches no memory but the request's.
 */
#ifndef VC_KMS_H
#define VC_KMS_H

#include "kms-card.h"
#include "kms-request.h"

#include <xf86drmMode.h>

struct vc_kms {
	struct vc_card *card;
	uint32_t crtc;
	unsigned crtc_index;
	uint32_t connector, writeback; /* writeback: 0 if there is none to use */
	char connector_name[32];
	drmModeModeInfo mode;
	uint32_t mode_blob;
	int64_t period_ns;
	unsigned layers;
	struct vc_planes_plan plan;
	struct {
		uint32_t active, mode_id, connector_crtc, writeback_crtc, writeback_fb, writeback_fence;
	} prop;
};

/* Finds everything @config and @wish ask for on @card. @why_composed: filled if there are too few planes. */
bool vc_kms_init(struct vc_kms *kms, struct vc_card *card, const struct vc_config_output *config,
		 struct vc_planes_wish *wish, char *why_composed, size_t size, struct vc_kms_error *error);

/* Parts of a request. */
void vc_kms_request_mode(const struct vc_kms *kms, struct vc_request *request);
void vc_kms_request_primary(const struct vc_kms *kms, struct vc_request *request, uint32_t fb);
void vc_kms_request_writeback(const struct vc_kms *kms, struct vc_request *request, uint32_t fb, int32_t *fence);

/* Switches off all planes of the CRTC that carry nothing of ours. */
void vc_kms_request_others_off(const struct vc_kms *kms, struct vc_request *request);

/* The plane of layer @slot (lowest first, plan.composed or above) shows @source of @fb at @target, @alpha percent opaque; with
 * fb 0 nothing. */
void vc_kms_request_layer(const struct vc_kms *kms, struct vc_request *request, unsigned slot, uint32_t fb,
			  const struct vc_rect *source, const struct vc_rect *target, uint32_t alpha);

/* The plane of layer @slot keeps what it shows, and new fences on that buffer don't matter. */
void vc_kms_request_keep(const struct vc_kms *kms, struct vc_request *request, unsigned slot);

/* The plane of layer @slot; the primary plane if it has none of its own. */
const struct vc_plane *vc_kms_plane(const struct vc_kms *kms, unsigned slot);

/* The framebuffer that the CRTC's primary plane shows, all over it; 0 if there is none such. */
uint32_t vc_kms_primary_is_lit(const struct vc_kms *kms);

/* The time of the CRTC's last vblank, 0 if the driver doesn't say. */
int64_t vc_kms_last_vblank(const struct vc_kms *kms);

/* What the kernel shows on layer @slot's plane lies inside @zone of this CRTC? */
bool vc_kms_layer_is_lit(const struct vc_kms *kms, unsigned slot, const struct vc_rect *zone);

#endif
