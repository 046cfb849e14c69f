/* SPDX-License-Identifier: Apache-2.0 */
#include "face.h"

#include "scales.h"
#include "sketch.h"
#include "theme.h"

#include <math.h>
#include <stdio.h>

/* The dials open downwards: 240 degrees of scale, and in the gap a small arc for fuel or temperature. */
#define DIAL_START (150 * M_PI / 180)
#define DIAL_SWEEP (240 * M_PI / 180)
#define SMALL_START (124 * M_PI / 180)
#define SMALL_SWEEP (-68 * M_PI / 180)

/* Radii as fractions of the dial's. */
#define BAND_OUTER 0.950
#define BAND_INNER 0.905
#define TICK_OUTER 0.880
#define NUMBER_OUTER 0.785 /* the outer edge of the numbers */
#define HUB 0.50

#define COOLANT_HOT ((VC_COOLANT_HOT - VC_COOLANT_MIN) / (VC_COOLANT_MAX - VC_COOLANT_MIN))

void vc_face_arcs(const struct vc_layout *layout, struct vc_arc_shape shapes[VC_ARCS]) {
	double r = layout->radius;
	struct vc_arc_shape dial = {.inner = r * BAND_INNER,
				    .outer = r * BAND_OUTER,
				    .start = DIAL_START,
				    .sweep = DIAL_SWEEP,
				    .tail = 0.9,
				    .colour = VC_COLOUR_ACCENT,
				    .warn_from = 2,
				    .warn_colour = VC_COLOUR_RED,
				    .needle_inner = r * (HUB + 0.02),
				    .needle_outer = r * BAND_OUTER,
				    .needle_width = fmax(2.5, r * 0.026)};
	struct vc_arc_shape small = {.inner = r * (BAND_INNER + 0.008),
				     .outer = r * (BAND_OUTER - 0.008),
				     .start = SMALL_START,
				     .sweep = SMALL_SWEEP,
				     .tail = 0.5,
				     .colour = VC_COLOUR_ACCENT,
				     .warn_from = 2,
				     .warn_colour = VC_COLOUR_RED};
	shapes[VC_ARC_SPEED] = shapes[VC_ARC_RPM] = dial;
	shapes[VC_ARC_RPM].warn_from = VC_RPM_RED / VC_RPM_MAX;
	shapes[VC_ARC_FUEL] = shapes[VC_ARC_COOLANT] = small;
	shapes[VC_ARC_FUEL].warn_from = VC_FUEL_LOW;
	shapes[VC_ARC_FUEL].warn_below = true;
	shapes[VC_ARC_FUEL].warn_colour = VC_COLOUR_AMBER;
	shapes[VC_ARC_COOLANT].warn_from = COOLANT_HOT;
	for (int i = 0; i < VC_ARCS; i++) {
		bool left = i == VC_ARC_SPEED || i == VC_ARC_FUEL;
		shapes[i].x = left ? layout->speed.x : layout->rpm.x;
		shapes[i].y = left ? layout->speed.y : layout->rpm.y;
	}
}

static void fill_radial(cairo_t *cr, double x, double y, double r, uint32_t inner, double inner_alpha, uint32_t outer,
			double outer_alpha) {
	cairo_pattern_t *p = cairo_pattern_create_radial(x, y, 0, x, y, r);
	vc_sketch_stop(p, 0, inner, inner_alpha);
	vc_sketch_stop(p, 1, outer, outer_alpha);
	cairo_set_source(cr, p);
	cairo_pattern_destroy(p);
}

static void draw_ground(cairo_t *cr, const struct vc_layout *l) {
	cairo_pattern_t *p = cairo_pattern_create_linear(0, 0, 0, l->height);
	vc_sketch_stop(p, 0.0, 0x0b1017, 1);
	vc_sketch_stop(p, 0.45, 0x070a0f, 1);
	vc_sketch_stop(p, 1.0, 0x030406, 1);
	cairo_set_source(cr, p);
	cairo_paint(cr);
	cairo_pattern_destroy(p);
	/* A cold light behind each dial. */
	const struct vc_point *centre[2] = {&l->speed, &l->rpm};
	for (int i = 0; i < 2; i++) {
		fill_radial(cr, centre[i]->x, centre[i]->y, l->radius * 1.65, 0x17416b, 0.62, 0x0a1a2c, 0);
		cairo_paint(cr);
	}
}

/* A ring of metal: light from above left. */
static void draw_bezel(cairo_t *cr, struct vc_point c, double r) {
	cairo_pattern_t *p = cairo_pattern_create_linear(c.x - r * 0.5, c.y - r, c.x + r * 0.5, c.y + r);
	vc_sketch_stop(p, 0.00, 0xaebccb, 1);
	vc_sketch_stop(p, 0.28, 0x46525f, 1);
	vc_sketch_stop(p, 0.55, 0x171c23, 1);
	vc_sketch_stop(p, 0.82, 0x2c353f, 1);
	vc_sketch_stop(p, 1.00, 0x76838f, 1);
	cairo_set_source(cr, p);
	cairo_pattern_destroy(p);
	cairo_set_line_width(cr, r * 0.014);
	cairo_arc(cr, c.x, c.y, r * 0.993, 0, 2 * M_PI);
	cairo_stroke(cr);
	vc_sketch_colour(cr, 0x000000, 0.75);
	cairo_set_line_width(cr, r * 0.018);
	cairo_arc(cr, c.x, c.y, r * 0.977, 0, 2 * M_PI);
	cairo_stroke(cr);
}

static void draw_disc(cairo_t *cr, struct vc_point c, double r) {
	fill_radial(cr, c.x, c.y, r * 1.12, 0x000000, 0.95, 0x000000, 0);
	cairo_arc(cr, c.x, c.y, r * 1.12, 0, 2 * M_PI);
	cairo_fill(cr);
	cairo_pattern_t *p = cairo_pattern_create_radial(c.x, c.y - r * 0.3, r * 0.1, c.x, c.y, r);
	vc_sketch_stop(p, 0.0, 0x18212c, 1);
	vc_sketch_stop(p, 0.6, 0x0c1219, 1);
	vc_sketch_stop(p, 1.0, 0x05070a, 1);
	cairo_set_source(cr, p);
	cairo_pattern_destroy(p);
	cairo_arc(cr, c.x, c.y, r * 0.99, 0, 2 * M_PI);
	cairo_fill(cr);
	draw_bezel(cr, c, r);
}

/* The raised plate in the middle that carries the digits. */
static void draw_hub(cairo_t *cr, struct vc_point c, double r) {
	cairo_pattern_t *p = cairo_pattern_create_radial(c.x, c.y, r * HUB * 0.92, c.x, c.y, r * HUB * 1.3);
	vc_sketch_stop(p, 0.0, 0x000000, 0.85);
	vc_sketch_stop(p, 1.0, 0x000000, 0);
	cairo_set_source(cr, p);
	cairo_pattern_destroy(p);
	cairo_arc(cr, c.x, c.y, r * HUB * 1.3, 0, 2 * M_PI);
	cairo_fill(cr);
	p = cairo_pattern_create_linear(c.x, c.y - r * HUB, c.x, c.y + r * HUB);
	vc_sketch_stop(p, 0.0, 0x1b2531, 1);
	vc_sketch_stop(p, 0.5, 0x0d131a, 1);
	vc_sketch_stop(p, 1.0, 0x090d12, 1);
	cairo_set_source(cr, p);
	cairo_pattern_destroy(p);
	cairo_arc(cr, c.x, c.y, r * HUB, 0, 2 * M_PI);
	cairo_fill(cr);
	p = cairo_pattern_create_linear(c.x, c.y - r * HUB, c.x, c.y + r * HUB);
	vc_sketch_stop(p, 0.0, 0x6d7f92, 0.9);
	vc_sketch_stop(p, 0.5, 0x2a3542, 0.5);
	vc_sketch_stop(p, 1.0, VC_COLOUR_ACCENT, 0.55);
	cairo_set_source(cr, p);
	cairo_pattern_destroy(p);
	cairo_set_line_width(cr, fmax(1, r * 0.008));
	cairo_arc(cr, c.x, c.y, r * HUB, 0, 2 * M_PI);
	cairo_stroke(cr);
}

static void stroke_arc(cairo_t *cr, struct vc_point c, double r, double from, double to) {
	cairo_new_path(cr);
	if (to > from)
		cairo_arc(cr, c.x, c.y, r, from, to);
	else
		cairo_arc_negative(cr, c.x, c.y, r, from, to);
	cairo_stroke(cr);
}

static void draw_tracks(cairo_t *cr, struct vc_point c, double r, double red_from, bool fuel) {
	double middle = (BAND_INNER + BAND_OUTER) / 2 * r;
	cairo_set_line_width(cr, (BAND_OUTER - BAND_INNER) * r);
	vc_sketch_colour(cr, 0x22303f, 0.55);
	stroke_arc(cr, c, middle, DIAL_START, DIAL_START + DIAL_SWEEP * red_from);
	if (red_from < 1) {
		vc_sketch_colour(cr, 0xb01f18, 0.75);
		stroke_arc(cr, c, middle, DIAL_START + DIAL_SWEEP * red_from, DIAL_START + DIAL_SWEEP);
	}
	cairo_set_line_width(cr, (BAND_OUTER - BAND_INNER - 0.016) * r);
	double split = SMALL_START + SMALL_SWEEP * (fuel ? VC_FUEL_LOW : COOLANT_HOT);
	vc_sketch_colour(cr, fuel ? 0x8a5a10 : 0x22303f, 0.6);
	stroke_arc(cr, c, middle, SMALL_START, split);
	vc_sketch_colour(cr, fuel ? 0x22303f : 0xa0241d, 0.6);
	stroke_arc(cr, c, middle, split, SMALL_START + SMALL_SWEEP);
}

static void draw_tick(cairo_t *cr, struct vc_point c, double angle, double inner, double outer, double width) {
	cairo_set_line_width(cr, width);
	cairo_move_to(cr, c.x + inner * cos(angle), c.y + inner * sin(angle));
	cairo_line_to(cr, c.x + outer * cos(angle), c.y + outer * sin(angle));
	cairo_stroke(cr);
}

/* A scale of @numbers steps, each @step more, split into @minors. From @red_from (of 1) on it is red. */
static void draw_scale(cairo_t *cr, const struct vc_fonts *fonts, struct vc_point c, double r, int numbers, int step,
		       int minors, double red_from) {
	for (int i = 0; i <= numbers * minors; i++) {
		double at = (double)i / (numbers * minors), angle = DIAL_START + DIAL_SWEEP * at;
		bool major = i % minors == 0, red = at >= red_from - 1e-9;
		vc_sketch_colour(cr, red ? VC_COLOUR_RED : major ? 0xe8eef5 : 0x6f7f90, 1);
		draw_tick(cr, c, angle, r * (major ? TICK_OUTER - 0.072 : TICK_OUTER - 0.036), r * TICK_OUTER,
			  r * (major ? 0.013 : 0.0065));
	}
	double size = r * (numbers > 10 ? 0.102 : 0.125);
	vc_fonts_use(fonts, cr, VC_FONT_REGULAR, size);
	for (int i = 0; i <= numbers; i++) {
		double at = (double)i / numbers, angle = DIAL_START + DIAL_SWEEP * at;
		char text[8];
		snprintf(text, sizeof(text), "%d", i * step);
		vc_sketch_colour(cr, at >= red_from - 1e-9 ? 0xff6a60 : 0xd5dee8, 1);
		cairo_text_extents_t extents;
		cairo_text_extents(cr, text, &extents);
		double at_r =
			r * NUMBER_OUTER - fabs(cos(angle)) * extents.x_advance / 2 - fabs(sin(angle)) * size * 0.36;
		vc_font_centre(cr, text, c.x + at_r * cos(angle), c.y + at_r * sin(angle) + size * 0.36);
	}
}

static void draw_small_marks(cairo_t *cr, const struct vc_fonts *fonts, struct vc_point c, double r, bool fuel) {
	for (int i = 0; i <= 4; i++) {
		vc_sketch_colour(cr, 0x8b9aab, 1);
		draw_tick(cr, c, SMALL_START + SMALL_SWEEP * i / 4, r * (i % 2 ? 0.865 : 0.85), r * 0.885, r * 0.009);
	}
	vc_fonts_use(fonts, cr, VC_FONT_MEDIUM, r * 0.075);
	const char *ends[2] = {fuel ? "E" : "C", fuel ? "F" : "H"};
	for (int i = 0; i < 2; i++) {
		double angle = SMALL_START + SMALL_SWEEP * (i ? 0.95 : 0.05);
		vc_sketch_colour(cr, i == (fuel ? 0 : 1) ? (fuel ? VC_COLOUR_AMBER : VC_COLOUR_RED) : 0xaab7c4, 0.9);
		vc_font_centre(cr, ends[i], c.x + r * 0.79 * cos(angle), c.y + r * 0.79 * sin(angle) + r * 0.027);
	}
	cairo_save(cr);
	cairo_translate(cr, c.x, c.y + r * 0.735);
	cairo_scale(cr, r * 0.0042, r * 0.0042);
	cairo_push_group(cr);
	vc_sketch_colour(cr, 0xaab7c4, 1);
	vc_lamp_sketch(cr, fuel ? VC_LAMP_FUEL : VC_LAMP_COOLANT);
	cairo_pop_group_to_source(cr);
	cairo_paint(cr);
	cairo_restore(cr);
}

static void draw_dial(cairo_t *cr, const struct vc_fonts *fonts, struct vc_point c, double r, bool speed) {
	double red_from = speed ? 2 : VC_RPM_RED / VC_RPM_MAX;
	draw_disc(cr, c, r);
	draw_tracks(cr, c, r, fmin(1, red_from), speed);
	if (speed)
		draw_scale(cr, fonts, c, r, (int)VC_SPEED_MAX / 20, 20, 4, red_from);
	else
		draw_scale(cr, fonts, c, r, (int)VC_RPM_MAX / 1000, 1, 4, red_from);
	draw_small_marks(cr, fonts, c, r, speed);
	draw_hub(cr, c, r);
	vc_sketch_colour(cr, VC_COLOUR_LABEL, 1);
	vc_fonts_use(fonts, cr, VC_FONT_REGULAR, r * 0.088);
	vc_font_centre(cr, speed ? "km/h" : "GEAR", c.x, c.y + r * 0.315);
	if (!speed) {
		vc_fonts_use(fonts, cr, VC_FONT_REGULAR, r * 0.07);
		vc_font_centre(cr, "1/min × 1000", c.x, c.y - r * 0.285);
	}
}

static void draw_tray(cairo_t *cr, const struct vc_layout *l) {
	struct vc_rect t = l->tray;
	cairo_pattern_t *p = cairo_pattern_create_linear(0, t.y, 0, t.y + t.height);
	vc_sketch_stop(p, 0, 0x151c25, 0.95);
	vc_sketch_stop(p, 1, 0x080b10, 0.95);
	cairo_set_source(cr, p);
	cairo_pattern_destroy(p);
	vc_sketch_rounded(cr, t.x, t.y, t.width, t.height, t.height * 0.32);
	cairo_fill_preserve(cr);
	p = cairo_pattern_create_linear(0, t.y, 0, t.y + t.height);
	vc_sketch_stop(p, 0, 0x56687a, 0.55);
	vc_sketch_stop(p, 1, 0x1a222c, 0.4);
	cairo_set_source(cr, p);
	cairo_pattern_destroy(p);
	cairo_set_line_width(cr, fmax(1, l->unit));
	cairo_stroke(cr);
}

static void draw_caption(cairo_t *cr, const char *text, double x, double y) {
	cairo_move_to(cr, x, y);
	cairo_show_text(cr, text);
}

static void draw_captions(cairo_t *cr, const struct vc_layout *l, const struct vc_fonts *fonts) {
	const struct vc_text_place *odo = &l->text[VC_TEXT_ODOMETER], *trip = &l->text[VC_TEXT_TRIP];
	vc_sketch_colour(cr, VC_COLOUR_LABEL, 1);
	vc_fonts_use(fonts, cr, VC_FONT_REGULAR, l->label_size);
	if (l->wide) {
		vc_font_centre(cr, "ODO km", odo->x, odo->y - odo->size * 1.15);
		vc_font_centre(cr, "TRIP km", trip->x, trip->y - trip->size * 1.15);
		return;
	}
	draw_caption(cr, "ODO km", odo->x - VC_CAPTION_ROOM * l->unit, odo->y);
	draw_caption(cr, "TRIP km", trip->x + 12 * l->unit, trip->y);
}

bool vc_face_draw(const struct vc_image *image, const struct vc_layout *layout, const struct vc_fonts *fonts) {
	cairo_t *cr = vc_sketch_begin(image);
	draw_ground(cr, layout);
	draw_tray(cr, layout);
	draw_dial(cr, fonts, layout->speed, layout->radius, true);
	draw_dial(cr, fonts, layout->rpm, layout->radius, false);
	draw_captions(cr, layout, fonts);
	return vc_sketch_end(cr);
}
