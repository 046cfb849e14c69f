/* SPDX-License-Identifier: Apache-2.0 */
#include "safe.h"

#include "layout.h"
#include "sketch.h"
#include "theme.h"
#include "warning-sign.h"

#include <math.h>
#include <string.h>

/* Dims the dials, between the two groups of telltales, which stay as they are. */
static void draw_veil(cairo_t *cr, const struct vc_layout *l, double top, double bottom) {
	cairo_pattern_t *fade = cairo_pattern_create_linear(0, top, 0, bottom);
	vc_sketch_stop(fade, 0, 0x070a0e, 0);
	vc_sketch_stop(fade, 0.12, 0x070a0e, 0.72);
	vc_sketch_stop(fade, 0.88, 0x070a0e, 0.72);
	vc_sketch_stop(fade, 1, 0x070a0e, 0);
	cairo_set_source(cr, fade);
	cairo_rectangle(cr, 0, top, l->width, bottom - top);
	cairo_fill(cr);
	cairo_pattern_destroy(fade);
}

static void draw_words(cairo_t *cr, const struct vc_layout *l, const struct vc_fonts *fonts, double middle) {
	static const char title[] = "Instruments unavailable", advice[] = "Stop where it is safe";
	double unit = l->unit, w = fmin(l->width * 0.66, 620 * unit), h = 210 * unit;
	double x = (l->width - w) / 2, y = middle - h / 2;
	vc_sketch_rounded(cr, x, y, w, h, 18 * unit);
	vc_sketch_colour(cr, 0x0c1117, 1);
	cairo_fill_preserve(cr);
	vc_sketch_colour(cr, VC_COLOUR_AMBER, 0.85);
	cairo_set_line_width(cr, 2 * unit);
	cairo_stroke(cr);
	double icon = 96 * unit, gap = 34 * unit, size = 38 * unit;
	cairo_text_extents_t extents;
	vc_fonts_use(fonts, cr, VC_FONT_MEDIUM, size);
	cairo_text_extents(cr, title, &extents);
	double extra = (w - icon - gap - extents.x_advance) / 2;
	if (extra < gap) {
		size *= (w - icon - 3 * gap) / extents.x_advance;
		extra = gap;
	}
	vc_sketch_colour(cr, VC_COLOUR_AMBER, 1);
	vc_warning_sign_draw(cr, x + extra + icon / 2, middle, icon);
	double text = x + extra + icon + gap;
	vc_fonts_use(fonts, cr, VC_FONT_MEDIUM, size);
	vc_sketch_colour(cr, VC_COLOUR_TEXT, 1);
	cairo_move_to(cr, text, middle - size * 0.12);
	cairo_show_text(cr, title);
	vc_fonts_use(fonts, cr, VC_FONT_REGULAR, size * 0.78);
	vc_sketch_colour(cr, VC_COLOUR_AMBER, 1);
	cairo_move_to(cr, text, middle + size * 1.05);
	cairo_show_text(cr, advice);
}

bool vc_safe_draw(const struct vc_scene *scene, const struct vc_image *image, const struct vc_fonts *fonts) {
	struct vc_layout layout;
	struct vc_picture picture = {.arc = {VC_ARC_NONE, VC_ARC_NONE, VC_ARC_NONE, VC_ARC_NONE}};
	memset(picture.lamp, VC_LAMP_UNKNOWN, sizeof(picture.lamp));
	vc_layout_make(&layout, image->width, image->height);
	vc_scene_draw_still(scene, image, &picture);
	/* From below the lamps on top to the tray of those at the bottom. */
	struct vc_rect arrow = vc_scene_telltale(scene, VC_LAMP_TURN_LEFT);
	double top = arrow.y + arrow.height, bottom = layout.tray.y;
	cairo_t *cr = vc_sketch_begin(image);
	draw_veil(cr, &layout, top, bottom);
	draw_words(cr, &layout, fonts, layout.speed.y);
	return vc_sketch_end(cr);
}
