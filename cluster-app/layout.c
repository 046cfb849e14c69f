/* SPDX-License-Identifier: Apache-2.0 */
#include "layout.h"

#include <math.h>

/* The row of telltales, centred on @x. */
static void place_row(struct vc_layout *l, double x, double y, double pitch, double size) {
	int count = VC_LAMPS - VC_LAMPS_ROW;
	for (int i = 0; i < count; i++) {
		l->lamp[VC_LAMPS_ROW + i] = (struct vc_point){x + pitch * (i - (count - 1) / 2.0), y};
		l->lamp_size[VC_LAMPS_ROW + i] = size;
	}
	double margin = pitch * 0.3, high = size * 1.42;
	l->tray = (struct vc_rect){(int)(x - pitch * count / 2 - margin), (int)(y - high / 2),
				   (int)(pitch * count + 2 * margin), (int)high};
}

/* The lamps on top: the arrows at @spread to both sides of @x, the lights between them. */
static void place_top(struct vc_layout *l, double x, double y, double spread, double size) {
	static const enum vc_lamp lights[] = {VC_LAMP_LOW_BEAM, VC_LAMP_HIGH_BEAM, VC_LAMP_FOG_FRONT, VC_LAMP_FOG_REAR};
	l->lamp[VC_LAMP_TURN_LEFT] = (struct vc_point){x - spread, y};
	l->lamp[VC_LAMP_TURN_RIGHT] = (struct vc_point){x + spread, y};
	l->lamp_size[VC_LAMP_TURN_LEFT] = l->lamp_size[VC_LAMP_TURN_RIGHT] = size * 1.5;
	for (int i = 0; i < 4; i++) {
		l->lamp[lights[i]] = (struct vc_point){x + spread * 0.36 * (i - 1.5), y};
		l->lamp_size[lights[i]] = size;
	}
}

static void place_dial_texts(struct vc_layout *l) {
	double r = l->radius;
	l->text[VC_TEXT_SPEED] = (struct vc_text_place){l->speed.x, l->speed.y + r * 0.135, r * 0.46, VC_ALIGN_CENTRE};
	l->text[VC_TEXT_GEAR] = (struct vc_text_place){l->rpm.x, l->rpm.y + r * 0.135, r * 0.46, VC_ALIGN_CENTRE};
}

static void make_compact(struct vc_layout *l) {
	double w = l->width, h = l->height, u = l->unit;
	l->radius = fmin(w * 0.232, h * 0.312);
	l->speed = (struct vc_point){w * 0.255, h * 0.475};
	l->rpm = (struct vc_point){w * 0.745, h * 0.475};
	place_top(l, w / 2, h * 0.075, w * 0.155, 34 * u);
	double pitch = fmin(w * 0.92 / (VC_LAMPS - VC_LAMPS_ROW), 62 * u);
	place_row(l, w / 2, h * 0.87, pitch, fmin(38 * u, pitch * 0.62));
	double margin = w * 0.05, top = h * 0.088, bottom = h * 0.966;
	l->text[VC_TEXT_CLOCK] = (struct vc_text_place){margin, top, 30 * u, VC_ALIGN_LEFT};
	l->text[VC_TEXT_OUTSIDE] = (struct vc_text_place){w - margin, top, 30 * u, VC_ALIGN_RIGHT};
	l->text[VC_TEXT_ODOMETER] = (struct vc_text_place){margin + VC_CAPTION_ROOM * u, bottom, 20 * u, VC_ALIGN_LEFT};
	l->text[VC_TEXT_TRIP] =
		(struct vc_text_place){w - margin - (VC_CAPTION_ROOM + 4) * u, bottom, 20 * u, VC_ALIGN_RIGHT};
	int width = (int)(w * 0.46), height = (int)(40 * u);
	l->notice = (struct vc_rect){(int)(w / 2) - width / 2, (int)(h * 0.957) - height / 2, width, height};
}

static void make_wide(struct vc_layout *l) {
	double w = l->width, h = l->height, u = l->unit;
	l->radius = fmin(w * 0.2, h * 0.385);
	double margin = fmin(w * 0.03, 40 * u) + fmax(0, (w - h * 2.9) * 0.16);
	l->speed = (struct vc_point){margin + l->radius, h * 0.43};
	l->rpm = (struct vc_point){w - margin - l->radius, h * 0.43};
	double gap = l->rpm.x - l->speed.x - 2 * l->radius;
	place_top(l, w / 2, h * 0.1, fmin(gap * 0.42, 220 * u), fmin(36 * u, gap * 0.085));
	double pitch = fmin(w * 0.9 / (VC_LAMPS - VC_LAMPS_ROW), 72 * u);
	place_row(l, w / 2, h * 0.915, pitch, fmin(42 * u, pitch * 0.62));
	l->text[VC_TEXT_CLOCK] = (struct vc_text_place){w / 2, h * 0.34, fmin(88 * u, gap * 0.22), VC_ALIGN_CENTRE};
	l->text[VC_TEXT_OUTSIDE] = (struct vc_text_place){w / 2, h * 0.44, fmin(34 * u, gap * 0.09), VC_ALIGN_CENTRE};
	double side = fmin(gap * 0.36, 170 * u), size = fmin(28 * u, gap * 0.07);
	l->text[VC_TEXT_ODOMETER] = (struct vc_text_place){w / 2 - side * 0.5, h * 0.605, size, VC_ALIGN_CENTRE};
	l->text[VC_TEXT_TRIP] = (struct vc_text_place){w / 2 + side * 0.5, h * 0.605, size, VC_ALIGN_CENTRE};
	int width = (int)fmin(gap * 0.96, 430 * u), height = (int)(50 * u);
	l->notice = (struct vc_rect){(int)(w / 2) - width / 2, (int)(h * 0.73) - height / 2, width, height};
}

void vc_layout_make(struct vc_layout *layout, int width, int height) {
	*layout = (struct vc_layout){.width = width, .height = height, .wide = width * 10 >= height * 17};
	layout->unit = layout->wide ? fmin(height / 720.0, width / 1500.0) : fmin(width / 960.0, height / 720.0);
	layout->label_size = 15 * layout->unit;
	if (layout->wide)
		make_wide(layout);
	else
		make_compact(layout);
	place_dial_texts(layout);
}
