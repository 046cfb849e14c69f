/* SPDX-License-Identifier: Apache-2.0 */
#include "notice.h"

#include "lamps.h"
#include "sketch.h"
#include "theme.h"

#include <math.h>

static const struct {
	const char *text;
	enum vc_lamp lamp; /* that calls for it */
	uint32_t colour;
} notices[VC_NOTICES] = {
	[VC_NOTICE_NO_DATA] = {"NO VEHICLE DATA", VC_LAMP_DATA, VC_COLOUR_RED},
	[VC_NOTICE_DATA] = {"Vehicle data incomplete", VC_LAMP_DATA, VC_COLOUR_AMBER},
	[VC_NOTICE_BRAKE] = {"Brake fault: stop safely", VC_LAMP_BRAKE, VC_COLOUR_RED},
	[VC_NOTICE_OIL] = {"Oil pressure: stop engine", VC_LAMP_OIL, VC_COLOUR_RED},
	[VC_NOTICE_COOLANT] = {"Engine too hot", VC_LAMP_COOLANT, VC_COLOUR_RED},
	[VC_NOTICE_AIRBAG] = {"Airbag fault", VC_LAMP_AIRBAG, VC_COLOUR_RED},
	[VC_NOTICE_DOOR] = {"Door open", VC_LAMP_DOOR, VC_COLOUR_RED},
	[VC_NOTICE_BELT] = {"Fasten seat belt", VC_LAMP_BELT, VC_COLOUR_RED},
	[VC_NOTICE_BATTERY] = {"Battery not charging", VC_LAMP_BATTERY, VC_COLOUR_RED},
	[VC_NOTICE_ENGINE] = {"Check engine", VC_LAMP_ENGINE, VC_COLOUR_AMBER},
	[VC_NOTICE_TYRE] = {"Check tyre pressure", VC_LAMP_TYRE, VC_COLOUR_AMBER},
	[VC_NOTICE_FUEL] = {"Fuel low", VC_LAMP_FUEL, VC_COLOUR_AMBER},
};

enum vc_notice vc_notice_choose(const uint8_t lamp[VC_LAMPS], bool anything_known) {
	if (!anything_known)
		return VC_NOTICE_NO_DATA;
	for (int i = VC_NOTICE_DATA; i < VC_NOTICES; i++)
		if (lamp[notices[i].lamp] == VC_LAMP_ON)
			return (enum vc_notice)i;
	return VC_NOTICE_NONE;
}

static void draw_pill(cairo_t *cr, double w, double h, uint32_t colour, bool solid) {
	double r = h / 2 - 1.5;
	cairo_new_sub_path(cr);
	cairo_arc(cr, w - h / 2, h / 2, r, -M_PI / 2, M_PI / 2);
	cairo_arc(cr, h / 2, h / 2, r, M_PI / 2, 3 * M_PI / 2);
	cairo_close_path(cr);
	vc_sketch_colour(cr, solid ? colour : 0x0a0e13, solid ? 0.95 : 0.92);
	cairo_fill_preserve(cr);
	vc_sketch_colour(cr, colour, solid ? 1 : 0.85);
	cairo_set_line_width(cr, 1.4);
	cairo_stroke(cr);
}

bool vc_notice_make(struct vc_image *image, enum vc_notice notice, struct vc_rect place, const struct vc_fonts *fonts) {
	if (!vc_image_create(image, place.width, place.height))
		return false;
	uint32_t colour = notices[notice].colour;
	bool solid = notice == VC_NOTICE_NO_DATA;
	double w = place.width, h = place.height, icon = h * 0.62;
	cairo_t *cr = vc_sketch_begin(image);
	draw_pill(cr, w, h, colour, solid);
	double size = h * 0.46;
	cairo_text_extents_t extents;
	vc_fonts_use(fonts, cr, VC_FONT_MEDIUM, size);
	cairo_text_extents(cr, notices[notice].text, &extents);
	double total = icon + h * 0.3 + extents.x_advance, room = w - h;
	if (total > room) {
		size *= room / total;
		vc_fonts_use(fonts, cr, VC_FONT_MEDIUM, size);
		cairo_text_extents(cr, notices[notice].text, &extents);
		total = icon + h * 0.3 + extents.x_advance;
	}
	double x = (w - total) / 2;
	vc_sketch_colour(cr, solid ? 0xffffff : VC_COLOUR_TEXT, 1);
	cairo_move_to(cr, x + icon + h * 0.3, h / 2 + size * 0.36);
	cairo_show_text(cr, notices[notice].text);
	cairo_new_path(cr);
	cairo_translate(cr, x + icon / 2, h / 2);
	cairo_scale(cr, icon / 34, icon / 34);
	cairo_push_group(cr);
	vc_sketch_colour(cr, solid ? 0xffffff : colour, 1);
	vc_lamp_sketch(cr, notices[notice].lamp);
	cairo_pop_group_to_source(cr);
	cairo_paint(cr);
	return vc_sketch_end(cr);
}
