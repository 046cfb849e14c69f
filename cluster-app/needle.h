/* SPDX-License-Identifier: Apache-2.0 */
/* An anti-aliased needle with a soft light around it, drawn pixel by pixel without any memory of its own. */
#ifndef VC_NEEDLE_H
#define VC_NEEDLE_H

#include "image.h"

/* How far the light reaches to each side, in needle widths. */
#define VC_NEEDLE_REACH 2.6

struct vc_needle {
	float x, y;         /* the point it turns about, pixels */
	float cosine, sine; /* of its angle, clockwise from three o'clock */
	float inner, outer; /* where it begins and ends, pixels from that point */
	float width;        /* at its inner end; its tip is 0.4 as wide */
};

void vc_needle_draw(const struct vc_needle *needle, const struct vc_image *to, struct vc_rect clip);

#endif
