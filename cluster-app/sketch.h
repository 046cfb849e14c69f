/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing into images with Cairo, at start only. */
#ifndef VC_SKETCH_H
#define VC_SKETCH_H

#include "image.h"

#include <cairo.h>

/* A context that draws into @image, which must outlive it. End it with vc_sketch_end(). */
cairo_t *vc_sketch_begin(const struct vc_image *image);
/* Returns false if Cairo ran into an error (it keeps the first one until the end). */
bool vc_sketch_end(cairo_t *cr);

/* @colour as 0xRRGGBB; @alpha 0 … 1. */
void vc_sketch_colour(cairo_t *cr, uint32_t colour, double alpha);
void vc_sketch_stop(cairo_pattern_t *pattern, double offset, uint32_t colour, double alpha);

/* A path: a rectangle whose corners have the radius @r. */
void vc_sketch_rounded(cairo_t *cr, double x, double y, double w, double h, double r);

/* Puts light of @colour, @radius pixels wide, behind what @image shows. Returns false when memory is short. */
bool vc_sketch_glow(struct vc_image *image, uint32_t colour, double radius, double strength);

#endif
