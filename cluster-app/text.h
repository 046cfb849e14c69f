/* SPDX-License-Identifier: Apache-2.0 */
/* Characters drawn once at start, at one size and colour, and strings blended from them in the loop. */
#ifndef VC_TEXT_H
#define VC_TEXT_H

#include "font.h"
#include "image.h"
#include "layout.h"

#define VC_GLYPHS_MAX 32

struct vc_typeface {
	struct vc_image glyph[VC_GLYPHS_MAX];
	int advance[VC_GLYPHS_MAX]; /* pixels; all digits share one, so that numbers don't jump */
	int ascent, descent;        /* of the tallest glyph, its light included */
	int margin;                 /* light to the left of the origin */
};

/* @light: strength of the glow behind the characters, 0 for none. Returns false when memory is short. */
bool vc_typeface_init(struct vc_typeface *face, const struct vc_fonts *fonts, enum vc_font_weight weight, double size,
		      uint32_t colour, double light);
void vc_typeface_finish(struct vc_typeface *face);

/* Draws @text (Latin-1) at @place, inside @clip only. Characters that the typeface lacks are left out. */
void vc_typeface_draw(const struct vc_typeface *face, const struct vc_image *to, const char *text,
		      const struct vc_text_place *place, struct vc_rect clip);

/* What drawing @text would touch. */
struct vc_rect vc_typeface_box(const struct vc_typeface *face, const char *text, const struct vc_text_place *place);

#endif
