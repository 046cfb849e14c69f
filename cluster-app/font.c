/* SPDX-License-Identifier: Apache-2.0 */
#include "font.h"

#include <cairo-ft.h>
#include <fontconfig/fontconfig.h>
#include <stdio.h>
#include <string.h>

/* Adds each name of the comma-separated @families to @pattern, best first. */
static void add_families(FcPattern *pattern, const char *families) {
	while (*families) {
		char name[64];
		families += strspn(families, ", \t");
		size_t n = strcspn(families, ",");
		snprintf(name, sizeof(name), "%.*s", (int)n, families);
		if (name[0])
			FcPatternAddString(pattern, FC_FAMILY, (const FcChar8 *)name);
		families += n;
	}
}

static cairo_font_face_t *find_face(const char *families, int weight) {
	FcPattern *pattern = FcPatternCreate();
	if (!pattern)
		return NULL;
	add_families(pattern, families);
	FcPatternAddInteger(pattern, FC_WEIGHT, weight);
	FcPatternAddInteger(pattern, FC_SLANT, FC_SLANT_ROMAN);
	FcPatternAddBool(pattern, FC_OUTLINE, FcTrue);
	FcConfigSubstitute(NULL, pattern, FcMatchPattern);
	FcDefaultSubstitute(pattern);
	FcResult result;
	FcPattern *match = FcFontMatch(NULL, pattern, &result);
	FcPatternDestroy(pattern);
	if (!match)
		return NULL;
	cairo_font_face_t *face = cairo_ft_font_face_create_for_pattern(match);
	FcPatternDestroy(match);
	if (cairo_font_face_status(face) == CAIRO_STATUS_SUCCESS)
		return face;
	cairo_font_face_destroy(face);
	return NULL;
}

bool vc_fonts_init(struct vc_fonts *fonts, const char *families) {
	static const int weights[VC_FONT_WEIGHTS] = {FC_WEIGHT_LIGHT, FC_WEIGHT_REGULAR, FC_WEIGHT_MEDIUM};
	*fonts = (struct vc_fonts){0};
	for (int i = 0; i < VC_FONT_WEIGHTS; i++) {
		fonts->face[i] = find_face(families, weights[i]);
		if (!fonts->face[i]) {
			vc_fonts_finish(fonts);
			return false;
		}
	}
	return true;
}

void vc_fonts_finish(struct vc_fonts *fonts) {
	for (int i = 0; i < VC_FONT_WEIGHTS; i++)
		if (fonts->face[i])
			cairo_font_face_destroy(fonts->face[i]);
	*fonts = (struct vc_fonts){0};
	/* Both keep caches for next time; here they would only be megabytes of locked memory. */
	cairo_debug_reset_static_data();
	FcFini();
}

void vc_fonts_use(const struct vc_fonts *fonts, cairo_t *cr, enum vc_font_weight weight, double size) {
	cairo_set_font_face(cr, fonts->face[weight]);
	cairo_set_font_size(cr, size);
	cairo_font_options_t *options = cairo_font_options_create();
	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	cairo_set_font_options(cr, options);
	cairo_font_options_destroy(options);
}

void vc_font_centre(cairo_t *cr, const char *text, double x, double y) {
	cairo_text_extents_t extents;
	cairo_text_extents(cr, text, &extents);
	cairo_move_to(cr, x - extents.x_advance / 2, y);
	cairo_show_text(cr, text);
}
