/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fonts, chosen by fontconfig so that any machine has one. At start only: Cairo and fontconfig allocate.
 */
#ifndef VC_FONT_H
#define VC_FONT_H

#include <cairo.h>
#include <stdbool.h>

enum vc_font_weight { VC_FONT_LIGHT, VC_FONT_REGULAR, VC_FONT_MEDIUM, VC_FONT_WEIGHTS };

struct vc_fonts {
	cairo_font_face_t *face[VC_FONT_WEIGHTS];
};

/* @families: comma-separated, the first one installed is taken; fontconfig's default stands behind them all.
 * Returns false when there is no font at all. */
bool vc_fonts_init(struct vc_fonts *fonts, const char *families);
/* No Cairo object may be left by then: the caches of Cairo and fontconfig go too. */
void vc_fonts_finish(struct vc_fonts *fonts);

/* Makes @cr draw text of this weight, @size pixels high. */
void vc_fonts_use(const struct vc_fonts *fonts, cairo_t *cr, enum vc_font_weight weight, double size);

/* Draws @text in @cr's font and colour on the baseline @y, its advance width centred on @x. */
void vc_font_centre(cairo_t *cr, const char *text, double x, double y);

#endif
