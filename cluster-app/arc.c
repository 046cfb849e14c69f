/* SPDX-License-Identifier: Apache-2.0 */
#include "arc.h"

#include "needle.h"
#include "picture.h"

#include <math.h>
#include <stdlib.h>

#define GLOW 0.9     /* how far the light reaches beyond the band, in band widths */
#define AFTERGLOW 96 /* brightness of 256 of the swept part behind the tail */

static double mix(double a, double b, double t) {
	return a + (b - a) * t;
}

static double smooth(double t) {
	t = fmin(1, fmax(0, t));
	return t * t * (3 - 2 * t);
}

/* Premultiplied pixel of 0xRRGGBB at @alpha 0 … 1, whitened by @white 0 … 1. */
static uint32_t shade(uint32_t colour, double alpha, double white) {
	uint32_t a = (uint32_t)lround(alpha * 255), out = a << 24;
	for (int shift = 0; shift < 24; shift += 8) {
		double c = mix(colour >> shift & 255, 255, white);
		out |= (uint32_t)lround(c * alpha) << shift;
	}
	return out;
}

/* The fraction of the sweep at an angle; outside 0 … 1 beyond the ends, split in the middle of the gap. */
static double fraction(const struct vc_arc_shape *s, double angle) {
	double sweep = fabs(s->sweep), turned = s->sweep < 0 ? s->start - angle : angle - s->start;
	turned = fmod(turned, 2 * M_PI);
	if (turned < 0)
		turned += 2 * M_PI;
	double gap = 2 * M_PI - sweep;
	if (turned > sweep + gap / 2)
		turned -= 2 * M_PI;
	return turned / sweep;
}

static uint32_t lit_pixel(const struct vc_arc_shape *s, double r, double at) {
	double middle = (s->inner + s->outer) / 2, half = (s->outer - s->inner) / 2;
	double off = fabs(r - middle) - half;
	/* Beyond the ends of the sweep the distance counts along the circle. */
	double past = at < 0 ? -at : at > 1 ? at - 1 : 0;
	double past_px = past * fabs(s->sweep) * r;
	double distance = past_px > 0 ? hypot(fmax(off, 0), past_px) : off;
	double body = smooth(0.5 - distance);
	double reach = 2 * half * GLOW;
	double halo = distance < reach ? 0.42 * pow(1 - fmax(distance, 0) / reach, 2) : 0;
	double warn = smooth((at - s->warn_from) * (s->warn_below ? -1 : 1) / 0.012 + 0.5);
	uint32_t colour = warn > 0.5 ? s->warn_colour : s->colour;
	/* The outer edge is the brightest, as if lit from behind. */
	double sheen = body * smooth((r - s->inner) / (s->outer - s->inner)) * 0.35;
	return shade(colour, fmax(body, halo), sheen);
}

static void fill_lit(struct vc_arc *arc) {
	const struct vc_arc_shape *s = &arc->shape;
	for (int y = 0; y < arc->lit.height; y++)
		for (int x = 0; x < arc->lit.width; x++) {
			double dx = arc->box.x + x + 0.5 - s->x, dy = arc->box.y + y + 0.5 - s->y;
			double at = fraction(s, atan2(dy, dx));
			arc->position[y * arc->lit.width + x] = (int16_t)lround(fmin(2, fmax(-1, at)) * VC_ARC_FULL);
			vc_image_row(&arc->lit, y)[x] = lit_pixel(s, hypot(dx, dy), at);
		}
}

static void fill_weights(struct vc_arc *arc) {
	for (int i = 0; i < arc->edge * 2 + arc->tail_steps; i++) {
		int behind = i - arc->edge;
		double cover = smooth((double)(behind + arc->edge) / (2.0 * arc->edge));
		double bright = arc->tail_steps > 0 ? 1 - fmin(1, fmax(0, (double)behind / arc->tail_steps)) : 1;
		double weight = mix(AFTERGLOW, 256, bright * bright);
		arc->weight[i] = (uint16_t)lround(cover * weight);
	}
}

static double radius_touched(const struct vc_arc_shape *s) {
	double r = s->outer + (s->outer - s->inner) * GLOW + 2;
	return fmax(r, s->needle_outer + 2);
}

/* The box around the part of the ring from @inner to @outer between two fractions of the sweep. */
static struct vc_rect sector_box(const struct vc_arc_shape *s, double from, double to, double inner, double outer) {
	double x0 = INFINITY, y0 = INFINITY, x1 = -INFINITY, y1 = -INFINITY;
	int steps = 2 + (int)(fabs(to - from) * fabs(s->sweep) / 0.05);
	for (int i = 0; i <= steps; i++) {
		double angle = s->start + s->sweep * mix(from, to, (double)i / steps);
		for (int end = 0; end < 2; end++) {
			double r = end ? outer : inner;
			x0 = fmin(x0, s->x + r * cos(angle));
			x1 = fmax(x1, s->x + r * cos(angle));
			y0 = fmin(y0, s->y + r * sin(angle));
			y1 = fmax(y1, s->y + r * sin(angle));
		}
	}
	/* Between two samples the arc bulges out by less than 1 - cos(0.025) of the radius. */
	double pad = 2 + outer * 0.0004;
	int x = (int)floor(x0 - pad), y = (int)floor(y0 - pad);
	return (struct vc_rect){x, y, (int)ceil(x1 + pad) - x, (int)ceil(y1 + pad) - y};
}

bool vc_arc_init(struct vc_arc *arc, const struct vc_arc_shape *shape) {
	*arc = (struct vc_arc){.shape = *shape};
	double r = radius_touched(shape),
	       margin = (shape->outer - shape->inner) * GLOW / (fabs(shape->sweep) * shape->outer);
	double inner = shape->inner - (shape->outer - shape->inner) * GLOW - 2;
	if (shape->needle_outer > 0)
		inner = fmin(inner, shape->needle_inner - 2);
	arc->box = sector_box(shape, -margin, 1 + margin, inner, r);
	/* Two pixels along the circle, so that the head has no steps. */
	arc->edge = 1 + (int)lround(VC_ARC_FULL / (fabs(shape->sweep) * shape->outer));
	arc->tail_steps = (int)lround(VC_ARC_FULL * shape->tail / fabs(shape->sweep));
	if (vc_rect_empty(arc->box))
		return false;
	arc->position = calloc((size_t)arc->box.width * (size_t)arc->box.height, sizeof(*arc->position));
	arc->weight = calloc((size_t)arc->edge * 2 + (size_t)arc->tail_steps, sizeof(*arc->weight));
	if (!arc->position || !arc->weight || !vc_image_create(&arc->lit, arc->box.width, arc->box.height)) {
		vc_arc_finish(arc);
		return false;
	}
	fill_lit(arc);
	fill_weights(arc);
	return true;
}

void vc_arc_finish(struct vc_arc *arc) {
	vc_image_destroy(&arc->lit);
	free(arc->position);
	free(arc->weight);
	*arc = (struct vc_arc){0};
}

static void draw_band(const struct vc_arc *arc, const struct vc_image *to, int head, struct vc_rect clip) {
	int last = arc->edge * 2 + arc->tail_steps - 1;
	for (int y = clip.y; y < clip.y + clip.height; y++) {
		int offset = (y - arc->box.y) * arc->lit.width + clip.x - arc->box.x;
		const uint32_t *lit = arc->lit.pixels + offset;
		const int16_t *position = arc->position + offset;
		uint32_t *under = vc_image_row(to, y) + clip.x;
		for (int x = 0; x < clip.width; x++) {
			int index = head - position[x] + arc->edge;
			if (lit[x] == 0 || index <= 0)
				continue;
			under[x] = vc_pixel_over(under[x],
						 vc_pixel_scale(lit[x], arc->weight[index < last ? index : last]));
		}
	}
}

void vc_arc_draw(const struct vc_arc *arc, const struct vc_image *to, int position, struct vc_rect clip) {
	clip = vc_rect_intersect(vc_rect_intersect(clip, arc->box), (struct vc_rect){0, 0, to->width, to->height});
	if (vc_rect_empty(clip) || position == VC_ARC_NONE)
		return;
	draw_band(arc, to, position, clip);
	if (arc->shape.needle_outer > 0) {
		double angle = arc->shape.start + arc->shape.sweep * position / VC_ARC_FULL;
		struct vc_needle needle = {.x = (float)arc->shape.x,
					   .y = (float)arc->shape.y,
					   .cosine = (float)cos(angle),
					   .sine = (float)sin(angle),
					   .inner = (float)arc->shape.needle_inner,
					   .outer = (float)arc->shape.needle_outer,
					   .width = (float)arc->shape.needle_width};
		vc_needle_draw(&needle, to, clip);
	}
}

struct vc_rect vc_arc_damage(const struct vc_arc *arc, int from, int to) {
	const struct vc_arc_shape *s = &arc->shape;
	if (from == to)
		return (struct vc_rect){0};
	if (from == VC_ARC_NONE || to == VC_ARC_NONE)
		return arc->box;
	double low = from < to ? from : to, high = from < to ? to : from;
	/* Aside of the positions themselves: the needle's glow, the head's glow, the tail. */
	double width = fmax(s->needle_width * VC_NEEDLE_REACH, (s->outer - s->inner) * GLOW);
	double inner = s->needle_outer > 0 ? s->needle_inner : s->inner;
	double margin = asin(fmin(1, width / inner)) / fabs(s->sweep) + 2.0 * arc->edge / VC_ARC_FULL;
	double tail = (double)(arc->tail_steps + 2 * arc->edge) / VC_ARC_FULL;
	struct vc_rect band = sector_box(s, low / VC_ARC_FULL - fmax(margin, tail), high / VC_ARC_FULL + margin,
					 s->inner - (s->outer - s->inner) * GLOW - 1, radius_touched(s));
	if (s->needle_outer > 0)
		band = vc_rect_unite(band, sector_box(s, low / VC_ARC_FULL - margin, high / VC_ARC_FULL + margin,
						      s->needle_inner - 2, s->needle_outer + 2));
	return vc_rect_intersect(band, arc->box);
}
