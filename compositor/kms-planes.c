/* SPDX-License-Identifier: Apache-2.0 */
#include "kms-planes.h"

#include <drm_fourcc.h>
#include <stdio.h>
#include <xf86drmMode.h>

bool vc_plane_has_format(const struct vc_plane *plane, uint32_t fourcc, uint64_t modifier) {
	for (unsigned i = 0; i < plane->formats; i++)
		if (plane->format[i].fourcc == fourcc && plane->format[i].modifier == modifier)
			return true;
	return false;
}

/* Can the plane carry a layer at all? */
static bool usable(const struct vc_plane *p, uint32_t type, unsigned crtc) {
	return p->type == type && !p->taken && (p->possible_crtcs & (1u << crtc)) &&
	       vc_plane_has_format(p, DRM_FORMAT_XRGB8888, DRM_FORMAT_MOD_LINEAR);
}

/* Does plane @a lie below plane @b? Table order is index order. */
static bool is_below(const struct vc_plane *planes, unsigned a, unsigned b) {
	if (planes[a].has_zpos && planes[b].has_zpos && planes[a].zpos != planes[b].zpos)
		return planes[a].zpos < planes[b].zpos;
	return a < b;
}

static const char *type_name(uint32_t type) {
	return type == DRM_PLANE_TYPE_PRIMARY ? "primary" : type == DRM_PLANE_TYPE_CURSOR ? "cursor" : "overlay";
}

/* Finds the plane with the configured @id among those that may carry layers. */
static bool find_asked(const struct vc_plane *planes, unsigned count, const struct vc_planes_wish *wish, unsigned layer,
		       unsigned *found, char *why, size_t size) {
	uint32_t id = wish->layer[layer].plane;
	for (unsigned i = 0; i < count; i++) {
		if (planes[i].id != id)
			continue;
		*found = i;
		if (usable(&planes[i], DRM_PLANE_TYPE_OVERLAY, wish->crtc))
			return true;
		if (planes[i].type != DRM_PLANE_TYPE_OVERLAY)
			snprintf(why, size, "[layer %s] plane = %u: is a %s plane; use an overlay plane or auto",
				 wish->layer[layer].name, id, type_name(planes[i].type));
		else
			snprintf(why, size,
				 "[layer %s] plane = %u: cannot be used on this output (other CRTC, taken, or no "
				 "XRGB8888); use auto",
				 wish->layer[layer].name, id);
		return false;
	}
	snprintf(why, size, "[layer %s] plane = %u: the card has no such plane; use auto", wish->layer[layer].name, id);
	return false;
}

/* The topmost free overlay plane that lies below plane @ceiling (any, if there is none yet). */
static bool find_topmost(const struct vc_plane *planes, unsigned count, const struct vc_planes_wish *wish,
			 const bool *used, const unsigned *ceiling, unsigned *found) {
	bool any = false;
	for (unsigned i = 0; i < count; i++) {
		if (used[i] || !usable(&planes[i], DRM_PLANE_TYPE_OVERLAY, wish->crtc))
			continue;
		if (ceiling && !is_below(planes, i, *ceiling))
			continue;
		if (!any || is_below(planes, *found, i))
			*found = i;
		any = true;
	}
	return any;
}

/* Where zpos can be set, sets it to the order that was planned, so that nothing rests on a driver's defaults. */
static void plan_zpos(const struct vc_plane *planes, const struct vc_planes_wish *wish, struct vc_planes_plan *plan) {
	const struct vc_plane *primary = &planes[plan->primary];
	plan->set_zpos = primary->has_zpos && !primary->zpos_fixed;
	for (unsigned i = plan->composed; i < wish->layers; i++)
		plan->set_zpos &= planes[plan->layer[i]].has_zpos && !planes[plan->layer[i]].zpos_fixed;
	if (!plan->set_zpos)
		return;
	uint64_t z = primary->zpos_min;
	plan->primary_zpos = z;
	for (unsigned i = plan->composed; i < wish->layers; i++) {
		const struct vc_plane *p = &planes[plan->layer[i]];
		z = z + 1 > p->zpos_min ? z + 1 : p->zpos_min;
		plan->layer_zpos[i] = z;
		plan->set_zpos &= z <= p->zpos_max;
	}
}

/* From the top down, so that the cluster gets the topmost plane, until there are no more. */
static enum vc_planes_result assign_layers(const struct vc_plane *planes, unsigned count,
					   const struct vc_planes_wish *wish, struct vc_planes_plan *plan, char *why,
					   size_t size) {
	bool used[VC_PLANES_MAX] = {false};
	for (unsigned l = 0; l < wish->layers; l++)
		if (wish->layer[l].plane != 0) {
			if (!find_asked(planes, count, wish, l, &plan->layer[l], why, size))
				return VC_PLANES_WRONG;
			used[plan->layer[l]] = true;
		}
	for (unsigned l = wish->layers; l-- > 0;) {
		const unsigned *ceiling = l + 1 < wish->layers ? &plan->layer[l + 1] : NULL;
		if (wish->layer[l].plane == 0) {
			if (!find_topmost(planes, count, wish, used, ceiling, &plan->layer[l])) {
				snprintf(why, size, "no overlay plane is left for layer %s", wish->layer[l].name);
				plan->composed = l + 1;
				return VC_PLANES_FOUND;
			}
			used[plan->layer[l]] = true;
		} else if (ceiling && !is_below(planes, plan->layer[l], *ceiling)) {
			snprintf(why, size,
				 "[layer %s] plane = %u: lies above plane %u of layer %s, which must be on top; use "
				 "auto",
				 wish->layer[l].name, wish->layer[l].plane, planes[*ceiling].id,
				 wish->layer[l + 1].name);
			return VC_PLANES_WRONG;
		}
		if (!is_below(planes, plan->primary, plan->layer[l])) {
			snprintf(why, size, "plane %u for layer %s lies below the primary plane",
				 planes[plan->layer[l]].id, wish->layer[l].name);
			plan->composed = l + 1;
			return wish->layer[l].plane != 0 ? VC_PLANES_WRONG : VC_PLANES_FOUND;
		}
	}
	return VC_PLANES_FOUND;
}

enum vc_planes_result vc_planes_assign(const struct vc_plane *planes, unsigned count, const struct vc_planes_wish *wish,
				       struct vc_planes_plan *plan, char *why, size_t size) {
	*plan = (struct vc_planes_plan){.primary = count};
	for (unsigned i = count; i-- > 0;)
		if (usable(&planes[i], DRM_PLANE_TYPE_PRIMARY, wish->crtc))
			plan->primary = i;
	if (plan->primary == count) {
		snprintf(why, size, "the CRTC has no primary plane that takes XRGB8888");
		return VC_PLANES_WRONG;
	}
	enum vc_planes_result result = assign_layers(planes, count, wish, plan, why, size);
	if (result == VC_PLANES_FOUND)
		plan_zpos(planes, wish, plan);
	return result;
}
