/* SPDX-License-Identifier: Apache-2.0 */
#include "needle.h"

#include "theme.h"

#include <math.h>

static float clamp01(float t) {
	return t < 0 ? 0 : t > 1 ? 1 : t;
}

/* One pixel of the needle: @along and @aside of its axis, in pixels. */
static uint32_t needle_pixel(const struct vc_needle *n, float along, float aside) {
	float t = clamp01((along - n->inner) / (n->outer - n->inner));
	float half = n->width * (0.5f - 0.3f * t);
	float ends = along < n->inner ? n->inner - along : along > n->outer ? along - n->outer : 0;
	float fade = clamp01(1 - ends);
	float core = clamp01(half - aside + 0.5f) * fade;
	float reach = n->width * (float)VC_NEEDLE_REACH;
	float light = aside < reach ? 1 - aside / reach : 0;
	/* The inner third comes out of the dark. */
	float rise = clamp01((along - n->inner) / ((n->outer - n->inner) * 0.35f));
	light = 0.5f * light * light * fade * rise;
	core *= 0.25f + 0.75f * rise;
	float alpha = core + light * (1 - core);
	if (alpha < 1 / 255.0f)
		return 0;
	uint32_t out = (uint32_t)(alpha * 255 + 0.5f) << 24;
	for (int shift = 0; shift < 24; shift += 8) {
		float white = (float)(VC_COLOUR_NEEDLE >> shift & 255), glow = (float)(VC_COLOUR_ACCENT >> shift & 255);
		out |= (uint32_t)(white * core + glow * light * (1 - core)) << shift;
	}
	return out;
}

void vc_needle_draw(const struct vc_needle *n, const struct vc_image *to, struct vc_rect clip) {
	float reach = n->width * (float)VC_NEEDLE_REACH + 1;
	float x0 = n->x + n->cosine * n->inner, x1 = n->x + n->cosine * n->outer;
	float y0 = n->y + n->sine * n->inner, y1 = n->y + n->sine * n->outer;
	int left = (int)floorf(fminf(x0, x1) - reach), right = (int)ceilf(fmaxf(x0, x1) + reach);
	int top = (int)floorf(fminf(y0, y1) - reach), bottom = (int)ceilf(fmaxf(y0, y1) + reach);
	clip = vc_rect_intersect(clip, (struct vc_rect){left, top, right - left, bottom - top});
	for (int y = clip.y; y < clip.y + clip.height; y++) {
		uint32_t *row = vc_image_row(to, y);
		float dy = (float)y + 0.5f - n->y;
		for (int x = clip.x; x < clip.x + clip.width; x++) {
			float dx = (float)x + 0.5f - n->x;
			float aside = fabsf(dy * n->cosine - dx * n->sine);
			if (aside > reach)
				continue;
			float along = dx * n->cosine + dy * n->sine;
			if (along < n->inner - 1 || along > n->outer + 1)
				continue;
			uint32_t over = needle_pixel(n, along, aside);
			if (over)
				row[x] = vc_pixel_over(row[x], over);
		}
	}
}
