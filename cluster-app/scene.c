/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include "arc.h"
#include "face.h"
#include "font.h"
#include "layout.h"
#include "notice.h"
#include "sketch.h"
#include "text.h"
#include "theme.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a text looks when its value is known and when it isn't. */
enum { KNOWN, DASHED, TONES };

struct vc_scene {
	struct vc_layout layout;
	struct vc_image face;
	struct vc_arc arc[VC_ARCS];
	struct vc_typeface text[VC_TEXTS][TONES];
	struct vc_image lamp[VC_LAMPS][VC_LAMP_STATES];
	struct vc_image notice[VC_NOTICES];
};

static bool make_lamp(struct vc_image *image, enum vc_lamp lamp, enum vc_lamp_state state, double size) {
	int side = (int)ceil(size * 1.9);
	if (!vc_image_create(image, side, side))
		return false;
	cairo_t *cr = vc_sketch_begin(image);
	cairo_translate(cr, side / 2.0, side / 2.0);
	cairo_scale(cr, size / 34, size / 34);
	uint32_t colour = vc_lamp_colour(lamp);
	if (state == VC_LAMP_OFF)
		vc_sketch_colour(cr, 0x1d2631, 1);
	else
		vc_sketch_colour(cr, state == VC_LAMP_ON ? colour : VC_COLOUR_AMBER, state == VC_LAMP_ON ? 1 : 0.4);
	vc_lamp_sketch(cr, lamp);
	if (state == VC_LAMP_UNKNOWN) {
		/* Crossed out: it is not off, nobody knows. */
		cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
		cairo_set_operator(cr, CAIRO_OPERATOR_DEST_OUT);
		cairo_set_line_width(cr, 7);
		cairo_move_to(cr, -15, 15);
		cairo_line_to(cr, 15, -15);
		cairo_set_source_rgba(cr, 0, 0, 0, 1);
		cairo_stroke(cr);
		cairo_set_operator(cr, CAIRO_OPERATOR_OVER);
		vc_sketch_colour(cr, VC_COLOUR_AMBER, 0.75);
		cairo_set_line_width(cr, 2.2);
		cairo_move_to(cr, -15, 15);
		cairo_line_to(cr, 15, -15);
		cairo_stroke(cr);
	}
	bool good = vc_sketch_end(cr);
	return good && (state != VC_LAMP_ON || vc_sketch_glow(image, colour, size * 0.42, 0.75));
}

static bool make_lamps(struct vc_scene *scene) {
	for (int lamp = 0; lamp < VC_LAMPS; lamp++)
		for (int state = 0; state < VC_LAMP_STATES; state++)
			if (!make_lamp(&scene->lamp[lamp][state], (enum vc_lamp)lamp, (enum vc_lamp_state)state,
				       scene->layout.lamp_size[lamp]))
				return false;
	return true;
}

static bool make_texts(struct vc_scene *scene, const struct vc_fonts *fonts) {
	for (int i = 0; i < VC_TEXTS; i++) {
		bool big = i == VC_TEXT_SPEED || i == VC_TEXT_GEAR || (i == VC_TEXT_CLOCK && scene->layout.wide);
		enum vc_font_weight weight = big ? VC_FONT_LIGHT : VC_FONT_REGULAR;
		double size = scene->layout.text[i].size;
		if (!vc_typeface_init(&scene->text[i][KNOWN], fonts, weight, size, VC_COLOUR_TEXT, big ? 0.22 : 0) ||
		    !vc_typeface_init(&scene->text[i][DASHED], fonts, weight, size, VC_COLOUR_AMBER, big ? 0.3 : 0))
			return false;
	}
	return true;
}

static bool make_scene(struct vc_scene *scene, const struct vc_fonts *fonts) {
	struct vc_arc_shape shapes[VC_ARCS];
	vc_face_arcs(&scene->layout, shapes);
	for (int i = 0; i < VC_ARCS; i++)
		if (!vc_arc_init(&scene->arc[i], &shapes[i]))
			return false;
	for (int i = VC_NOTICE_NONE + 1; i < VC_NOTICES; i++)
		if (!vc_notice_make(&scene->notice[i], (enum vc_notice)i, scene->layout.notice, fonts))
			return false;
	return vc_image_create(&scene->face, scene->layout.width, scene->layout.height) &&
	       vc_face_draw(&scene->face, &scene->layout, fonts) && make_lamps(scene) && make_texts(scene, fonts);
}

struct vc_scene *vc_scene_create(int width, int height, const char *font_families, char *why, size_t size) {
	if (width < VC_ZONE_WIDTH_MIN || height < VC_ZONE_HEIGHT_MIN) {
		snprintf(why, size, "a zone of %dx%d is too small; the cluster needs %dx%d at least", width, height,
			 VC_ZONE_WIDTH_MIN, VC_ZONE_HEIGHT_MIN);
		return NULL;
	}
	struct vc_fonts fonts;
	if (!vc_fonts_init(&fonts, font_families)) {
		snprintf(why, size, "no font found; install fonts-roboto-unhinted or fonts-dejavu-core");
		return NULL;
	}
	struct vc_scene *scene = calloc(1, sizeof(*scene));
	if (scene) {
		vc_layout_make(&scene->layout, width, height);
		if (!make_scene(scene, &fonts)) {
			vc_scene_destroy(scene);
			scene = NULL;
		}
	}
	vc_fonts_finish(&fonts);
	if (!scene)
		snprintf(why, size, "out of memory for a zone of %dx%d", width, height);
	return scene;
}

void vc_scene_destroy(struct vc_scene *scene) {
	if (!scene)
		return;
	for (int i = 0; i < VC_ARCS; i++)
		vc_arc_finish(&scene->arc[i]);
	for (int i = 0; i < VC_TEXTS; i++)
		for (int tone = 0; tone < TONES; tone++)
			vc_typeface_finish(&scene->text[i][tone]);
	for (int lamp = 0; lamp < VC_LAMPS; lamp++)
		for (int state = 0; state < VC_LAMP_STATES; state++)
			vc_image_destroy(&scene->lamp[lamp][state]);
	for (int i = 0; i < VC_NOTICES; i++)
		vc_image_destroy(&scene->notice[i]);
	vc_image_destroy(&scene->face);
	free(scene);
}

static struct vc_rect lamp_box(const struct vc_scene *scene, int lamp) {
	int side = scene->lamp[lamp][VC_LAMP_OFF].width;
	const struct vc_point *at = &scene->layout.lamp[lamp];
	return (struct vc_rect){(int)lround(at->x) - side / 2, (int)lround(at->y) - side / 2, side, side};
}

static const struct vc_typeface *typeface_of(const struct vc_scene *scene, const struct vc_picture *picture, int i) {
	return &scene->text[i][picture->dashed[i] ? DASHED : KNOWN];
}

/* Everything again, inside @clip: the background first, so that it doesn't matter what was there. */
static void redraw(const struct vc_scene *scene, const struct vc_image *image, const struct vc_picture *picture,
		   struct vc_rect clip) {
	const struct vc_layout *l = &scene->layout;
	vc_image_copy(image, &scene->face, clip);
	for (int i = 0; i < VC_ARCS; i++)
		vc_arc_draw(&scene->arc[i], image, picture->arc[i], clip);
	for (int i = 0; i < VC_TEXTS; i++)
		vc_typeface_draw(typeface_of(scene, picture, i), image, picture->text[i], &l->text[i], clip);
	for (int i = 0; i < VC_LAMPS; i++) {
		struct vc_rect box = lamp_box(scene, i);
		vc_image_blend(image, &scene->lamp[i][picture->lamp[i]], box.x, box.y, clip);
	}
	if (picture->notice != VC_NOTICE_NONE)
		vc_image_blend(image, &scene->notice[picture->notice], l->notice.x, l->notice.y, clip);
}

struct vc_rect vc_scene_telltale(const struct vc_scene *scene, enum vc_lamp lamp) {
	/* Symbols reach 16 units of 34 from their middle (lamps.h); the neighbours' light ends further out. */
	int side = (int)ceil(scene->layout.lamp_size[lamp] * 1.06);
	const struct vc_rect box = lamp_box(scene, lamp);
	return (struct vc_rect){box.x + (box.width - side) / 2, box.y + (box.height - side) / 2, side, side};
}

struct vc_strip vc_scene_strip(const struct vc_scene *scene) {
	const struct vc_layout *l = &scene->layout;
	int block = (int)fmax(2, round(3 * l->unit)), margin = 2 * block;
	return (struct vc_strip){(uint16_t)(l->width - margin - VC_STRIP_COLUMNS * block),
				 (uint16_t)(l->height - margin - VC_STRIP_ROWS * block), (uint16_t)block};
}

static void draw_strip(const struct vc_scene *scene, const struct vc_image *image, uint32_t counter) {
	const struct vc_strip strip = vc_scene_strip(scene);
	vc_strip_draw(image->pixels, (size_t)image->stride, &strip, counter);
}

void vc_scene_draw_still(const struct vc_scene *scene, const struct vc_image *image, const struct vc_picture *picture) {
	redraw(scene, image, picture, (struct vc_rect){0, 0, image->width, image->height});
}

void vc_scene_draw_all(const struct vc_scene *scene, const struct vc_image *image, const struct vc_picture *picture) {
	vc_scene_draw_still(scene, image, picture);
	draw_strip(scene, image, picture->counter);
}

static struct vc_rect text_damage(const struct vc_scene *scene, const struct vc_picture *a, const struct vc_picture *b,
				  int i) {
	if (a->dashed[i] == b->dashed[i] && memcmp(a->text[i], b->text[i], VC_TEXT_MAX) == 0)
		return (struct vc_rect){0};
	const struct vc_text_place *place = &scene->layout.text[i];
	return vc_rect_unite(vc_typeface_box(typeface_of(scene, a, i), a->text[i], place),
			     vc_typeface_box(typeface_of(scene, b, i), b->text[i], place));
}

int vc_scene_damage(const struct vc_scene *scene, const struct vc_picture *shown, const struct vc_picture *picture,
		    struct vc_rect damage[VC_SCENE_DAMAGE]) {
	int count = 0;
	for (int i = 0; i < VC_ARCS; i++)
		damage[count++] = vc_arc_damage(&scene->arc[i], shown->arc[i], picture->arc[i]);
	for (int i = 0; i < VC_TEXTS; i++)
		damage[count++] = text_damage(scene, shown, picture, i);
	for (int i = 0; i < VC_LAMPS; i++)
		damage[count++] = shown->lamp[i] != picture->lamp[i] ? lamp_box(scene, i) : (struct vc_rect){0};
	damage[count++] = shown->notice != picture->notice ? scene->layout.notice : (struct vc_rect){0};
	return count;
}

uint64_t vc_scene_draw(const struct vc_scene *scene, const struct vc_image *image, const struct vc_picture *shown,
		       const struct vc_picture *picture) {
	struct vc_rect damage[VC_SCENE_DAMAGE];
	int count = vc_scene_damage(scene, shown, picture, damage);
	uint64_t pixels = 0;
	for (int i = 0; i < count; i++) {
		if (vc_rect_empty(damage[i]))
			continue;
		redraw(scene, image, picture, damage[i]);
		pixels += (uint64_t)damage[i].width * (uint64_t)damage[i].height;
	}
	draw_strip(scene, image, picture->counter);
	return pixels;
}
