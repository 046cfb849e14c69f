/* SPDX-License-Identifier: Apache-2.0 */
/* Where everything goes, for any zone size: pure arithmetic. All in pixels of the zone. */
#ifndef VC_LAYOUT_H
#define VC_LAYOUT_H

#include "image.h"
#include "lamps.h"
#include "picture.h"

#define VC_ZONE_WIDTH_MIN 320
#define VC_ZONE_HEIGHT_MIN 200

#define VC_CAPTION_ROOM 70 /* units that a caption beside a number takes */

struct vc_point {
	double x, y;
};

enum vc_align { VC_ALIGN_LEFT, VC_ALIGN_CENTRE, VC_ALIGN_RIGHT };

struct vc_text_place {
	double x, y; /* anchor on the baseline */
	double size; /* of the font */
	enum vc_align align;
};

struct vc_layout {
	int width, height;
	bool wide;                  /* room between the dials for more than a gap */
	double unit;                /* the size that line widths and small things go by; 1 at 960x720 */
	struct vc_point speed, rpm; /* centres of the dials */
	double radius;              /* of both */
	struct vc_point lamp[VC_LAMPS];
	double lamp_size[VC_LAMPS]; /* side of the square of each symbol */
	struct vc_text_place text[VC_TEXTS];
	struct vc_rect tray;   /* the strip behind the row of telltales */
	struct vc_rect notice; /* the line of words */
	double label_size;     /* of the small captions */
};

void vc_layout_make(struct vc_layout *layout, int width, int height);

#endif
