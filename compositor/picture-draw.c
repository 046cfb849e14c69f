/* SPDX-License-Identifier: Apache-2.0 */
/* The module that draws: all that needs cairo and fonts. See picture.h. */
#include "picture.h"

#include "warning-sign.h"

#include <cairo.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct colour {
	double r, g, b;
};

static const struct colour ground_top = {0.075, 0.090, 0.118}, ground_bottom = {0.035, 0.043, 0.059};
static const struct colour amber = {0.961, 0.698, 0.255}, steel = {0.439, 0.514, 0.612};
static const struct colour title_colour = {0.910, 0.925, 0.945}, message_colour = {0.576, 0.620, 0.682};

static void set(cairo_t *cr, struct colour c) {
	cairo_set_source_rgb(cr, c.r, c.g, c.b);
}

static void draw_ground(cairo_t *cr, double w, double h) {
	cairo_pattern_t *fade = cairo_pattern_create_linear(0, 0, 0, h);
	cairo_pattern_add_color_stop_rgb(fade, 0, ground_top.r, ground_top.g, ground_top.b);
	cairo_pattern_add_color_stop_rgb(fade, 1, ground_bottom.r, ground_bottom.g, ground_bottom.b);
	cairo_set_source(cr, fade);
	cairo_rectangle(cr, 0, 0, w, h);
	cairo_fill(cr);
	cairo_pattern_destroy(fade);
}

/* A display with three dots: something else than the driving task pauses. */
static void draw_pause(cairo_t *cr, double x, double y, double s) {
	const double w = s, h = s * 0.62, r = s * 0.09;
	cairo_save(cr);
	cairo_translate(cr, x, y - s * 0.06);
	cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
	cairo_set_line_width(cr, s * 0.055);
	set(cr, steel);
	cairo_new_sub_path(cr);
	cairo_arc(cr, w / 2 - r, -h / 2 + r, r, -M_PI / 2, 0);
	cairo_arc(cr, w / 2 - r, h / 2 - r, r, 0, M_PI / 2);
	cairo_arc(cr, -w / 2 + r, h / 2 - r, r, M_PI / 2, M_PI);
	cairo_arc(cr, -w / 2 + r, -h / 2 + r, r, M_PI, 1.5 * M_PI);
	cairo_close_path(cr);
	cairo_stroke(cr);
	cairo_move_to(cr, -s * 0.2, h / 2 + s * 0.19);
	cairo_line_to(cr, s * 0.2, h / 2 + s * 0.19);
	cairo_stroke(cr);
	for (int i = -1; i <= 1; i++) {
		cairo_arc(cr, i * s * 0.19, 0, s * 0.045, 0, 2 * M_PI);
		cairo_fill(cr);
	}
	cairo_restore(cr);
}

/* Writes @text centred at @x with its base line at @y, smaller if it would be wider than @width. */
static void draw_line(cairo_t *cr, const char *text, double x, double y, double size, double width) {
	cairo_text_extents_t extents;
	cairo_set_font_size(cr, size);
	cairo_text_extents(cr, text, &extents);
	if (extents.x_advance > width && extents.x_advance > 0) {
		cairo_set_font_size(cr, size * width / extents.x_advance);
		cairo_text_extents(cr, text, &extents);
	}
	cairo_move_to(cr, x - extents.x_advance / 2, y);
	cairo_show_text(cr, text);
}

/* Breaks @text into lines of at most @width and writes them from base line @y down. */
static void draw_paragraph(cairo_t *cr, const char *text, double x, double y, double size, double width) {
	char line[VC_TEXT_MAX] = "";
	while (*text) {
		size_t word = strcspn(text, " ");
		char longer[VC_TEXT_MAX];
		snprintf(longer, sizeof(longer), "%s%s%.*s", line, *line ? " " : "", (int)word, text);
		cairo_text_extents_t extents;
		cairo_set_font_size(cr, size);
		cairo_text_extents(cr, longer, &extents);
		if (extents.x_advance > width && *line) {
			draw_line(cr, line, x, y, size, width);
			y += size * 1.45;
			snprintf(line, sizeof(line), "%.*s", (int)word, text);
		} else {
			memcpy(line, longer, sizeof(line));
		}
		text += word;
		text += strspn(text, " ");
	}
	if (*line)
		draw_line(cr, line, x, y, size, width);
}

static void draw(cairo_t *cr, const struct vc_config_layer *layer, double w, double h) {
	bool cluster = layer->role == VC_ROLE_CLUSTER;
	const char *title = *layer->title ? layer->title : cluster ? "Instruments unavailable" : "Paused";
	/* Everything scales with the smaller side, so that narrow and flat zones look alike. */
	double unit = fmin(w, h * 1.2), middle = h * 0.42;
	draw_ground(cr, w, h);
	if (cluster) {
		set(cr, amber);
		vc_warning_sign_draw(cr, w / 2, middle - unit * 0.07, unit * 0.24);
	} else
		draw_pause(cr, w / 2, middle - unit * 0.07, unit * 0.20);
	cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
	set(cr, title_colour);
	draw_line(cr, title, w / 2, middle + unit * 0.17, unit * 0.052, w * 0.86);
	cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
	set(cr, message_colour);
	draw_paragraph(cr, layer->message, w / 2, middle + unit * 0.245, unit * 0.032, w * 0.72);
	set(cr, cluster ? amber : steel);
	cairo_rectangle(cr, w / 2 - unit * 0.06, h * 0.93, unit * 0.12, fmax(2, unit * 0.004));
	cairo_fill(cr);
}

/* Returns NULL with the reason in @why. */
static cairo_surface_t *read_image(const struct vc_config_layer *layer, char *why, size_t size) {
	cairo_surface_t *image = cairo_image_surface_create_from_png(layer->image);
	const uint32_t width = layer->rect.width, height = layer->rect.height;
	if (cairo_surface_status(image) != CAIRO_STATUS_SUCCESS)
		snprintf(why, size, "[layer %s] fallback = image %s: %s; name a readable PNG file", layer->name,
			 layer->image, cairo_status_to_string(cairo_surface_status(image)));
	else if (cairo_image_surface_get_width(image) != (int)width ||
		 cairo_image_surface_get_height(image) != (int)height)
		snprintf(why, size,
			 "[layer %s] fallback = image %s: it is %dx%d and the zone %ux%u; make one of that size, for "
			 "the "
			 "cluster with vcockpit-cluster --render-safe FILE --size %ux%u",
			 layer->name, layer->image, cairo_image_surface_get_width(image),
			 cairo_image_surface_get_height(image), width, height, width, height);
	else
		return image;
	cairo_surface_destroy(image);
	return NULL;
}

bool vc_picture_check_image(const struct vc_config_layer *layer, char *why, size_t size) {
	*why = '\0';
	cairo_surface_t *image = layer->fallback == VC_FALLBACK_IMAGE ? read_image(layer, why, size) : NULL;
	cairo_surface_destroy(image);
	return image || layer->fallback != VC_FALLBACK_IMAGE;
}

/* A display without the image is better than no display. */
static void draw_fallback(cairo_t *cr, const struct vc_config_layer *layer, double w, double h, char *why,
			  size_t size) {
	cairo_surface_t *image = layer->fallback == VC_FALLBACK_IMAGE ? read_image(layer, why, size) : NULL;
	if (!image) {
		draw(cr, layer, w, h);
		return;
	}
	cairo_set_source_surface(cr, image, 0, 0);
	cairo_paint(cr);
	cairo_surface_destroy(image);
}

bool vc_picture_draw_fallback(const struct vc_dumb *dumb, const struct vc_config_layer *layer, char *why, size_t size) {
	*why = '\0';
	/* In ordinary memory first: a dumb buffer may be slow to read back, which blending does. */
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)dumb->width, (int)dumb->height);
	cairo_t *cr = cairo_create(surface);
	draw_fallback(cr, layer, dumb->width, dumb->height, why, size);
	bool good = cairo_status(cr) == CAIRO_STATUS_SUCCESS;
	cairo_destroy(cr);
	cairo_surface_flush(surface);
	const uint8_t *from = cairo_image_surface_get_data(surface);
	size_t stride = (size_t)cairo_image_surface_get_stride(surface);
	for (uint32_t y = 0; good && y < dumb->height; y++)
		memcpy(dumb->map + (size_t)dumb->stride * y, from + stride * y, (size_t)dumb->width * 4);
	cairo_surface_destroy(surface);
	return good;
}
