/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lit band along a circle, swept up to a position, and the needle at its head. Both are pure functions of pixel and
 * position, so that any part can be redrawn alone and comes out the same.
 *
 * Created at start: an image of the band fully lit and, for each of its pixels, the position along the arc. The loop
 * then only compares positions and looks up brightness.
 */
#ifndef VC_ARC_H
#define VC_ARC_H

#include "image.h"

/* Angles in radians, clockwise from three o'clock as the screen's y grows down. */
struct vc_arc_shape {
	double x, y;         /* centre, pixels */
	double inner, outer; /* radii of the band, pixels */
	double start, sweep; /* a negative sweep runs anticlockwise */
	double tail;         /* how long the bright part behind the head is, in radians */
	uint32_t colour;     /* 0xRRGGBB */
	double warn_from;    /* fraction from which on, or with warn_below up to which, it is lit in warn_colour */
	bool warn_below;
	uint32_t warn_colour;
	/* The needle; needle_outer 0 means none. */
	double needle_inner, needle_outer; /* radii, pixels */
	double needle_width;               /* at its inner end, pixels */
};

struct vc_arc {
	struct vc_arc_shape shape;
	struct vc_rect box; /* everything that it ever touches */
	struct vc_image lit;
	int16_t *position; /* of each pixel of lit */
	uint16_t *weight;  /* brightness of 256 by distance behind the head, from -edge to tail_steps */
	int edge, tail_steps;
};

/* Returns false when memory is short. */
bool vc_arc_init(struct vc_arc *arc, const struct vc_arc_shape *shape);
void vc_arc_finish(struct vc_arc *arc);

/* Draws the arc at @position (0 … VC_ARC_FULL, or VC_ARC_NONE) into @to, inside @clip only. */
void vc_arc_draw(const struct vc_arc *arc, const struct vc_image *to, int position, struct vc_rect clip);

/* What has to be redrawn when the position goes from @from to @to. */
struct vc_rect vc_arc_damage(const struct vc_arc *arc, int from, int to);

#endif
