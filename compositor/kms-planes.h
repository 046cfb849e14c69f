/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which KMS plane carries which layer. Pure: works on a table of what the kernel said about its planes.
 *
 * Planes lie on each other by zpos where the driver has that property, else by index (a higher one is on top, as in vkms).
 * The primary plane is lowest. The cluster gets the topmost overlay, the guests those next below it, so that nothing can ever
 * be in front of the cluster. Where overlays are too few, the lowest layers go without: they are composed into the primary
 * plane, which else carries the background. Cursor planes are left alone: drivers cut them to cursor size.
 */
#ifndef VC_KMS_PLANES_H
#define VC_KMS_PLANES_H

#include "config.h"

#define VC_PLANES_MAX 48
#define VC_PLANE_FORMATS_MAX 64

struct vc_plane_format {
	uint32_t fourcc;
	uint64_t modifier;
};

struct vc_plane {
	uint32_t id;
	uint32_t type; /* DRM_PLANE_TYPE_* */
	uint32_t possible_crtcs;
	uint32_t lit_crtc; /* that shows it, as found at start; 0: none */
	bool taken;        /* by an output of ours */
	bool has_zpos, zpos_fixed;
	uint64_t zpos, zpos_min, zpos_max;
	uint64_t premultiplied; /* of "pixel blend mode" */
	unsigned formats;
	struct vc_plane_format format[VC_PLANE_FORMATS_MAX];
	/* property ids; 0 where the driver lacks one */
	struct {
		uint32_t fb, crtc, src_x, src_y, src_w, src_h, crtc_x, crtc_y, crtc_w, crtc_h, in_fence, zpos, alpha,
			blend;
	} prop;
};

bool vc_plane_has_format(const struct vc_plane *plane, uint32_t fourcc, uint64_t modifier);

/* What to find planes for. */
struct vc_planes_wish {
	unsigned crtc; /* index of the CRTC */
	unsigned layers;
	struct {
		const char *name;
		uint32_t plane; /* asked for in the config, 0: any */
	} layer[VC_LAYERS_MAX]; /* lowest first; the last one is the cluster if there is one */
};

/* Indices into the table of planes, and the zpos to set on them. */
struct vc_planes_plan {
	unsigned primary;
	unsigned composed; /* so many of the lowest layers have no plane of their own */
	unsigned layer[VC_LAYERS_MAX];
	bool set_zpos;
	uint64_t primary_zpos, layer_zpos[VC_LAYERS_MAX];
};

enum vc_planes_result {
	VC_PLANES_FOUND, /* @why says what is missing if layers are composed */
	VC_PLANES_WRONG, /* the config asks for the impossible; @why says what */
};

enum vc_planes_result vc_planes_assign(const struct vc_plane *planes, unsigned count, const struct vc_planes_wish *wish,
				       struct vc_planes_plan *plan, char *why, size_t size);

#endif
