/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include "sketch.h"

#include <math.h>
#include <string.h>

/* Each with its UTF-8 for Cairo. */
static const struct {
	char latin1;
	const char *utf8;
} glyphs[] = {
	{'0', "0"},      {'1', "1"}, {'2', "2"},         {'3', "3"}, {'4', "4"}, {'5', "5"}, {'6', "6"},
	{'7', "7"},      {'8', "8"}, {'9', "9"},         {'.', "."}, {',', ","}, {':', ":"}, {'+', "+"},
	{'-', "\u2013"}, {' ', " "}, {'P', "P"},         {'R', "R"}, {'N', "N"}, {'D', "D"}, {'M', "M"},
	{'S', "S"},      {'C', "C"}, {'\xb0', "\u00b0"}, {'k', "k"}, {'m', "m"},
};
#define GLYPHS ((int)(sizeof(glyphs) / sizeof(glyphs[0])))
_Static_assert(sizeof(glyphs) / sizeof(glyphs[0]) <= VC_GLYPHS_MAX, "more glyphs than a typeface has room for");

static int glyph_of(char c) {
	for (int i = 0; i < GLYPHS; i++)
		if (glyphs[i].latin1 == c)
			return i;
	return -1;
}

static bool draw_glyph(struct vc_typeface *face, int index, const struct vc_fonts *fonts, enum vc_font_weight weight,
		       double size, uint32_t colour, double light, double shift) {
	struct vc_image *image = &face->glyph[index];
	if (!vc_image_create(image, face->advance[index] + 2 * face->margin, face->ascent + face->descent))
		return false;
	cairo_t *cr = vc_sketch_begin(image);
	vc_fonts_use(fonts, cr, weight, size);
	vc_sketch_colour(cr, colour, 1);
	cairo_move_to(cr, face->margin + shift, face->ascent);
	cairo_show_text(cr, glyphs[index].utf8);
	bool good = vc_sketch_end(cr);
	return good && (light <= 0 || vc_sketch_glow(image, colour, size * 0.16, light));
}

bool vc_typeface_init(struct vc_typeface *face, const struct vc_fonts *fonts, enum vc_font_weight weight, double size,
		      uint32_t colour, double light) {
	*face = (struct vc_typeface){.margin = 2 + (light > 0 ? (int)lround(size * 0.2) : 0)};
	face->ascent = (int)ceil(size * 0.78) + face->margin;
	face->descent = (int)ceil(size * 0.24) + face->margin;
	/* Measured on a scratch surface: widths don't depend on where it is drawn. */
	cairo_surface_t *scratch = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
	cairo_t *cr = cairo_create(scratch);
	cairo_surface_destroy(scratch);
	vc_fonts_use(fonts, cr, weight, size);
	double natural[VC_GLYPHS_MAX], digit = 0;
	for (int i = 0; i < GLYPHS; i++) {
		cairo_text_extents_t extents;
		cairo_text_extents(cr, glyphs[i].utf8, &extents);
		natural[i] = extents.x_advance;
		if (i < 10)
			digit = fmax(digit, natural[i]);
	}
	bool good = cairo_status(cr) == CAIRO_STATUS_SUCCESS;
	cairo_destroy(cr);
	for (int i = 0; i < GLYPHS && good; i++) {
		face->advance[i] = (int)lround(i < 10 ? digit : natural[i]);
		double shift = i < 10 ? (face->advance[i] - natural[i]) / 2 : 0;
		good = draw_glyph(face, i, fonts, weight, size, colour, light, shift);
	}
	if (!good)
		vc_typeface_finish(face);
	return good;
}

void vc_typeface_finish(struct vc_typeface *face) {
	for (int i = 0; i < GLYPHS; i++)
		vc_image_destroy(&face->glyph[i]);
}

static int width_of(const struct vc_typeface *face, const char *text) {
	int width = 0;
	for (; *text; text++) {
		int glyph = glyph_of(*text);
		width += glyph < 0 ? 0 : face->advance[glyph];
	}
	return width;
}

static int left_of(const struct vc_typeface *face, const char *text, const struct vc_text_place *place) {
	int width = width_of(face, text), x = (int)lround(place->x);
	return place->align == VC_ALIGN_LEFT ? x : place->align == VC_ALIGN_RIGHT ? x - width : x - width / 2;
}

struct vc_rect vc_typeface_box(const struct vc_typeface *face, const char *text, const struct vc_text_place *place) {
	int width = width_of(face, text);
	if (width == 0)
		return (struct vc_rect){0};
	return (struct vc_rect){left_of(face, text, place) - face->margin, (int)lround(place->y) - face->ascent,
				width + 2 * face->margin, face->ascent + face->descent};
}

void vc_typeface_draw(const struct vc_typeface *face, const struct vc_image *to, const char *text,
		      const struct vc_text_place *place, struct vc_rect clip) {
	int x = left_of(face, text, place) - face->margin, y = (int)lround(place->y) - face->ascent;
	for (; *text; text++) {
		int glyph = glyph_of(*text);
		if (glyph < 0)
			continue;
		vc_image_blend(to, &face->glyph[glyph], x, y, clip);
		x += face->advance[glyph];
	}
}
