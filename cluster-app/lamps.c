/* SPDX-License-Identifier: Apache-2.0 */
#include "lamps.h"

#include "sketch.h"
#include "theme.h"

#include <math.h>

#define LINE 2.3 /* stroke width of all symbols */

static void polygon(cairo_t *cr, const double (*point)[2], int count) {
	for (int i = 0; i < count; i++)
		cairo_line_to(cr, point[i][0], point[i][1]);
}
#define POLYGON(cr, ...)                                                                                               \
	polygon(cr, (const double[][2]){__VA_ARGS__}, sizeof((const double[][2]){__VA_ARGS__}) / sizeof(double[2]))

static void line(cairo_t *cr, double x0, double y0, double x1, double y1) {
	cairo_move_to(cr, x0, y0);
	cairo_line_to(cr, x1, y1);
	cairo_stroke(cr);
}

static void circle(cairo_t *cr, double x, double y, double r) {
	cairo_new_sub_path(cr);
	cairo_arc(cr, x, y, r, 0, 2 * M_PI);
}

/* Draws what comes next as a hole. */
static void carve(cairo_t *cr) {
	cairo_set_operator(cr, CAIRO_OPERATOR_DEST_OUT);
}

static void turn(cairo_t *cr, double side) {
	cairo_scale(cr, side, 1);
	POLYGON(cr, {-15, 0}, {-1, -13}, {-1, -6}, {14, -6}, {14, 6}, {-1, 6}, {-1, 13});
	cairo_close_path(cr);
	cairo_fill_preserve(cr);
	cairo_set_line_width(cr, 1.2);
	cairo_stroke(cr);
}

/* A headlamp seen from the side, lens to the left, and its rays, each @drop lower at its far end. */
static void beam(cairo_t *cr, int rays, double drop, double lens) {
	cairo_move_to(cr, lens, -10.5);
	cairo_curve_to(cr, lens + 19, -11, lens + 19, 11, lens, 10.5);
	cairo_curve_to(cr, lens - 2.5, 5, lens - 2.5, -5, lens, -10.5);
	cairo_close_path(cr);
	cairo_stroke(cr);
	for (int i = 0; i < rays; i++) {
		double y = rays == 1 ? 0 : -8.5 + 17.0 * i / (rays - 1);
		line(cr, lens - 5, y, -15.5, y + drop);
	}
}

/* Fog: a wave across the rays. */
static void fog(cairo_t *cr, double side, double drop) {
	cairo_scale(cr, side, 1);
	beam(cr, 3, drop, 2.5);
	cairo_move_to(cr, -8, -13.5);
	for (int i = 0; i < 3; i++) {
		double y = -13.5 + 9 * i;
		cairo_curve_to(cr, i % 2 ? -13 : -3.5, y + 3, i % 2 ? -13 : -3.5, y + 6, -8.2, y + 9);
	}
	cairo_stroke(cr);
}

static void belt(cairo_t *cr) {
	circle(cr, 0, -11, 4);
	cairo_fill(cr);
	cairo_move_to(cr, -8.5, 14.5);
	cairo_curve_to(cr, -10, 4, -9.5, -4.5, -4.5, -5.2);
	cairo_curve_to(cr, -2, -5.5, 2, -5.5, 4.5, -5.2);
	cairo_curve_to(cr, 9.5, -4.5, 10, 4, 8.5, 14.5);
	cairo_close_path(cr);
	cairo_fill(cr);
	cairo_save(cr);
	carve(cr);
	cairo_set_line_width(cr, 5.6);
	line(cr, 9.5, -6, -8.2, 9.5);
	cairo_restore(cr);
	cairo_set_line_width(cr, 2.3);
	line(cr, 10.5, -7, -9.5, 10.6);
}

static void airbag(cairo_t *cr) {
	circle(cr, 5.5, -11, 3.8);
	cairo_fill(cr);
	cairo_move_to(cr, 3.6, -4.6);
	cairo_curve_to(cr, 8.5, -5.5, 11, -3.5, 11, 0);
	cairo_line_to(cr, 10.6, 8);
	cairo_line_to(cr, -2, 11.2);
	cairo_curve_to(cr, -4.6, 11.4, -5, 7.4, -2.4, 6.6);
	cairo_line_to(cr, 3.4, 5);
	cairo_close_path(cr);
	cairo_fill(cr);
	cairo_set_line_width(cr, 3);
	cairo_move_to(cr, -3.4, 10);
	cairo_line_to(cr, -5.5, 15);
	cairo_line_to(cr, -10, 15);
	cairo_stroke(cr);
	circle(cr, -7.6, -1.2, 6.4);
	cairo_fill(cr);
}

/* The ring with two brackets that all brake symbols share. */
static void brake_ring(cairo_t *cr) {
	circle(cr, 0, 0, 10);
	cairo_stroke(cr);
	for (int side = 0; side < 2; side++) {
		double middle = side ? 0 : M_PI;
		cairo_new_sub_path(cr);
		cairo_arc(cr, 0, 0, 14.6, middle - 0.82, middle + 0.82);
		cairo_stroke(cr);
	}
}

static void exclamation(cairo_t *cr, double x, double y, double height) {
	cairo_set_line_width(cr, 2.8);
	line(cr, x, y - height / 2, x, y + height * 0.12);
	circle(cr, x, y + height / 2 - 0.6, 1.6);
	cairo_fill(cr);
	cairo_set_line_width(cr, LINE);
}

static void parking_brake(cairo_t *cr) {
	brake_ring(cr);
	cairo_set_line_width(cr, 2.7);
	cairo_move_to(cr, -2.8, 5.8);
	cairo_line_to(cr, -2.8, -5.6);
	cairo_line_to(cr, 0.6, -5.6);
	cairo_curve_to(cr, 5, -5.6, 5, 0.9, 0.6, 0.9);
	cairo_line_to(cr, -2.4, 0.9);
	cairo_stroke(cr);
}

static void abs_ring(cairo_t *cr) {
	brake_ring(cr);
	cairo_set_line_width(cr, 1.7);
	/* A */
	POLYGON(cr, {-8, 3.4}, {-5.6, -3.6}, {-3.2, 3.4});
	cairo_stroke(cr);
	line(cr, -7, 1.2, -4.2, 1.2);
	/* B */
	cairo_move_to(cr, -1.6, 3.4);
	cairo_line_to(cr, -1.6, -3.6);
	cairo_line_to(cr, 0, -3.6);
	cairo_curve_to(cr, 2.4, -3.6, 2.4, -0.3, 0, -0.3);
	cairo_line_to(cr, -1.4, -0.3);
	cairo_move_to(cr, 0, -0.3);
	cairo_curve_to(cr, 3, -0.3, 3, 3.4, 0, 3.4);
	cairo_line_to(cr, -1.6, 3.4);
	cairo_stroke(cr);
	/* S */
	cairo_move_to(cr, 7.4, -2.6);
	cairo_curve_to(cr, 6, -4.6, 3.2, -3.6, 3.8, -1.6);
	cairo_curve_to(cr, 4.2, -0.2, 7.4, 0, 7.4, 1.8);
	cairo_curve_to(cr, 7.4, 4, 4.4, 4, 3.5, 2.4);
	cairo_stroke(cr);
}

static void door(cairo_t *cr) {
	vc_sketch_rounded(cr, -6.5, -14, 13, 28, 5);
	cairo_stroke(cr);
	cairo_set_line_width(cr, 1.8);
	cairo_move_to(cr, -4.6, -4.6);
	cairo_curve_to(cr, -2, -6.4, 2, -6.4, 4.6, -4.6);
	cairo_stroke(cr);
	cairo_move_to(cr, -4.4, 8.6);
	cairo_curve_to(cr, -2, 9.8, 2, 9.8, 4.4, 8.6);
	cairo_stroke(cr);
	cairo_set_line_width(cr, 2.6);
	for (int side = -1; side <= 1; side += 2) {
		line(cr, side * 6.5, -3.5, side * 14.8, 2.2);
		line(cr, side * 6.5, 4.5, side * 13, 9);
	}
}

static void oil(cairo_t *cr) {
	/* The can, its spout to the right, its handle to the left. */
	POLYGON(cr, {-8.5, -2.6}, {5, -2.6}, {8, 0}, {14, -4.4}, {15, -3}, {6.4, 8}, {-8.5, 8});
	cairo_close_path(cr);
	cairo_stroke(cr);
	line(cr, -1.6, -3, -1.6, -6.4);
	line(cr, -5, -6.6, 1.8, -6.6);
	POLYGON(cr, {-8.5, 1.8}, {-14.6, -0.8}, {-14.6, -4.6}, {-8.7, -1.8});
	cairo_stroke(cr);
	cairo_move_to(cr, 14.2, 2.2);
	cairo_curve_to(cr, 16.4, 5.6, 16, 7.6, 14.2, 7.6);
	cairo_curve_to(cr, 12.4, 7.6, 12, 5.6, 14.2, 2.2);
	cairo_fill(cr);
}

static void battery(cairo_t *cr) {
	vc_sketch_rounded(cr, -14, -7.5, 28, 18, 1.6);
	cairo_stroke(cr);
	cairo_set_line_width(cr, 3.4);
	cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
	line(cr, -10.6, -10.2, -5, -10.2);
	line(cr, 5, -10.2, 10.6, -10.2);
	cairo_set_line_width(cr, LINE);
	line(cr, -10.4, 0.6, -4.4, 0.6);
	line(cr, 4.4, 0.6, 10.4, 0.6);
	line(cr, 7.4, -2.4, 7.4, 3.6);
}

static void wave(cairo_t *cr, double x0, double x1, double y) {
	int humps = (int)lround((x1 - x0) / 5.5);
	double step = (x1 - x0) / humps;
	cairo_move_to(cr, x0, y);
	for (int i = 0; i < humps; i++) {
		double x = x0 + step * i, up = i % 2 ? 2.6 : -2.6;
		cairo_curve_to(cr, x + step * 0.35, y + up, x + step * 0.65, y + up, x + step, y);
	}
	cairo_stroke(cr);
}

static void coolant(cairo_t *cr) {
	cairo_set_line_width(cr, 3);
	line(cr, 0, -13.5, 0, 3.4);
	circle(cr, 0, 5.2, 3.9);
	cairo_fill(cr);
	cairo_set_line_width(cr, 2);
	for (int i = 0; i < 3; i++)
		line(cr, 1, -12.6 + 4.4 * i, 6.4, -12.6 + 4.4 * i);
	wave(cr, -15, -5.6, 6.6);
	wave(cr, 5.6, 15, 6.6);
	wave(cr, -15, 15, 13);
}

static void engine(cairo_t *cr) {
	POLYGON(cr, {-6.4, -6.2}, {2.2, -6.2}, {5.6, -2.8}, {8.4, -2.8}, {8.4, 0.6}, {10.8, 0.6}, {10.8, -3.2},
		{14.6, -3.2}, {14.6, 9}, {10.8, 9}, {10.8, 5.4}, {8.4, 5.4}, {8.4, 10.6}, {-2.6, 10.6}, {-6, 7.2},
		{-9.6, 7.2}, {-9.6, -2.8}, {-6.4, -2.8});
	cairo_close_path(cr);
	cairo_stroke(cr);
	line(cr, -2, -6.2, -2, -10.4);
	line(cr, -7, -10.6, 3, -10.6);
	line(cr, -9.6, 2, -14, 2);
	line(cr, -14.2, -3.2, -14.2, 7.4);
}

/* A car from behind and the tracks of its skid. */
static void esc(cairo_t *cr) {
	cairo_set_line_width(cr, 2);
	POLYGON(cr, {-8.4, -7.6}, {-5.8, -13.6}, {5.8, -13.6}, {8.4, -7.6});
	cairo_stroke(cr);
	vc_sketch_rounded(cr, -10.4, -7.8, 20.8, 7.4, 1.8);
	cairo_fill(cr);
	vc_sketch_rounded(cr, -9.4, -1.6, 4.2, 4.2, 1);
	cairo_fill(cr);
	vc_sketch_rounded(cr, 5.2, -1.6, 4.2, 4.2, 1);
	cairo_fill(cr);
	cairo_save(cr);
	carve(cr);
	circle(cr, -6.8, -4.2, 1.5);
	circle(cr, 6.8, -4.2, 1.5);
	cairo_fill(cr);
	cairo_restore(cr);
	cairo_set_line_width(cr, 2.2);
	for (int side = 0; side < 2; side++) {
		double x = side ? 6 : -7.4;
		cairo_move_to(cr, x, 5.4);
		cairo_curve_to(cr, x - 5, 8.4, x + 6, 10.6, x + 0.6, 14.8);
		cairo_stroke(cr);
	}
}

static void tyre(cairo_t *cr) {
	cairo_move_to(cr, -6.2, -13);
	cairo_curve_to(cr, -13.6, -6, -14.2, 4, -8.6, 9.4);
	cairo_line_to(cr, 8.6, 9.4);
	cairo_curve_to(cr, 14.2, 4, 13.6, -6, 6.2, -13);
	cairo_stroke(cr);
	for (int i = -2; i <= 2; i++)
		line(cr, i * 3.9, 9.6, i * 3.9, 13.4);
	exclamation(cr, 0, -2, 15);
}

static void fuel(cairo_t *cr) {
	vc_sketch_rounded(cr, -11, -13, 14, 26, 2);
	cairo_fill(cr);
	cairo_save(cr);
	carve(cr);
	vc_sketch_rounded(cr, -8, -10, 8, 7.4, 0.8);
	cairo_fill(cr);
	cairo_restore(cr);
	line(cr, -13.4, 13.6, 5.4, 13.6);
	cairo_move_to(cr, 3, 1.6);
	cairo_curve_to(cr, 8, 1.6, 6.4, 5, 6.6, 8);
	cairo_curve_to(cr, 6.8, 12, 12, 12, 12.2, 8);
	cairo_line_to(cr, 12.2, -4.6);
	cairo_line_to(cr, 6.6, -10.6);
	cairo_stroke(cr);
}

static void data(cairo_t *cr) {
	POLYGON(cr, {0, -12.6}, {14.6, 12}, {-14.6, 12});
	cairo_close_path(cr);
	cairo_stroke(cr);
	exclamation(cr, 0, 3, 13);
}

static void left_arrow(cairo_t *cr) {
	turn(cr, 1);
}
static void right_arrow(cairo_t *cr) {
	turn(cr, -1);
}
static void low_beam(cairo_t *cr) {
	beam(cr, 4, 4, -0.5);
}
static void high_beam(cairo_t *cr) {
	beam(cr, 4, 0, -0.5);
}
static void fog_front(cairo_t *cr) {
	fog(cr, 1, 3.5);
}
static void fog_rear(cairo_t *cr) {
	fog(cr, -1, 0);
}
static void brake(cairo_t *cr) {
	brake_ring(cr);
	exclamation(cr, 0, 0, 12.4);
}

static const struct {
	void (*sketch)(cairo_t *cr);
	uint32_t colour;
} lamps[VC_LAMPS] = {
	[VC_LAMP_TURN_LEFT] = {left_arrow, VC_COLOUR_GREEN},
	[VC_LAMP_TURN_RIGHT] = {right_arrow, VC_COLOUR_GREEN},
	[VC_LAMP_LOW_BEAM] = {low_beam, VC_COLOUR_GREEN},
	[VC_LAMP_HIGH_BEAM] = {high_beam, VC_COLOUR_BLUE},
	[VC_LAMP_FOG_FRONT] = {fog_front, VC_COLOUR_GREEN},
	[VC_LAMP_FOG_REAR] = {fog_rear, VC_COLOUR_AMBER},
	[VC_LAMP_BELT] = {belt, VC_COLOUR_RED},
	[VC_LAMP_AIRBAG] = {airbag, VC_COLOUR_RED},
	[VC_LAMP_BRAKE] = {brake, VC_COLOUR_RED},
	[VC_LAMP_PARKING_BRAKE] = {parking_brake, VC_COLOUR_RED},
	[VC_LAMP_DOOR] = {door, VC_COLOUR_RED},
	[VC_LAMP_OIL] = {oil, VC_COLOUR_RED},
	[VC_LAMP_BATTERY] = {battery, VC_COLOUR_RED},
	[VC_LAMP_COOLANT] = {coolant, VC_COLOUR_RED},
	[VC_LAMP_ENGINE] = {engine, VC_COLOUR_AMBER},
	[VC_LAMP_ABS] = {abs_ring, VC_COLOUR_AMBER},
	[VC_LAMP_ESC] = {esc, VC_COLOUR_AMBER},
	[VC_LAMP_TYRE] = {tyre, VC_COLOUR_AMBER},
	[VC_LAMP_FUEL] = {fuel, VC_COLOUR_AMBER},
	[VC_LAMP_DATA] = {data, VC_COLOUR_AMBER},
};

uint32_t vc_lamp_colour(enum vc_lamp lamp) {
	return lamps[lamp].colour;
}

void vc_lamp_sketch(cairo_t *cr, enum vc_lamp lamp) {
	cairo_save(cr);
	cairo_set_line_width(cr, LINE);
	cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
	cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
	lamps[lamp].sketch(cr);
	cairo_restore(cr);
}

const char *vc_lamp_name(enum vc_lamp lamp) {
	static const char *const names[VC_LAMPS] = {
		[VC_LAMP_TURN_LEFT] = "turn-left",
		[VC_LAMP_TURN_RIGHT] = "turn-right",
		[VC_LAMP_LOW_BEAM] = "low-beam",
		[VC_LAMP_HIGH_BEAM] = "high-beam",
		[VC_LAMP_FOG_FRONT] = "fog-front",
		[VC_LAMP_FOG_REAR] = "fog-rear",
		[VC_LAMP_BELT] = "belt",
		[VC_LAMP_AIRBAG] = "airbag",
		[VC_LAMP_BRAKE] = "brake",
		[VC_LAMP_PARKING_BRAKE] = "parking-brake",
		[VC_LAMP_DOOR] = "door",
		[VC_LAMP_OIL] = "oil",
		[VC_LAMP_BATTERY] = "battery",
		[VC_LAMP_COOLANT] = "coolant",
		[VC_LAMP_ENGINE] = "engine",
		[VC_LAMP_ABS] = "abs",
		[VC_LAMP_ESC] = "esc",
		[VC_LAMP_TYRE] = "tyre",
		[VC_LAMP_FUEL] = "fuel",
		[VC_LAMP_DATA] = "data",
	};
	return names[lamp];
}
