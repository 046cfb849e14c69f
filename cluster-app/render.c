/* SPDX-License-Identifier: Apache-2.0 */
#include "render.h"

#include "declare.h"
#include "log.h"
#include "safe.h"
#include "sketch.h"
#include "states.h"

#include <errno.h>
#include <string.h>

enum { GOOD, FAILED, USAGE };

/* A scene and an image of its size. */
struct canvas {
	struct vc_scene *scene;
	struct vc_image image;
};

static bool canvas_init(struct canvas *canvas, int width, int height, const char *fonts) {
	char why[256] = "out of memory";
	*canvas = (struct canvas){.scene = vc_scene_create(width, height, fonts, why, sizeof(why))};
	if (canvas->scene && vc_image_create(&canvas->image, width, height))
		return true;
	vc_error("%s", why);
	vc_scene_destroy(canvas->scene);
	return false;
}

static void canvas_finish(struct canvas *canvas) {
	vc_image_destroy(&canvas->image);
	vc_scene_destroy(canvas->scene);
}

static int write_png(const struct vc_image *image, const char *path) {
	cairo_t *cr = vc_sketch_begin(image);
	cairo_status_t status = cairo_surface_write_to_png(cairo_get_target(cr), path);
	cairo_destroy(cr);
	if (status != CAIRO_STATUS_SUCCESS)
		vc_error("%s: %s", path, cairo_status_to_string(status));
	return status == CAIRO_STATUS_SUCCESS ? GOOD : FAILED;
}

int vc_render_state(const char *path, const char *state, int width, int height, const char *fonts) {
	struct vc_picture picture;
	struct canvas canvas;
	if (!vc_state_picture(state, &picture)) {
		vc_error("--demo-state %s: unknown; use one of %s", state, vc_states_names());
		return USAGE;
	}
	if (!canvas_init(&canvas, width, height, fonts))
		return FAILED;
	vc_scene_draw_all(canvas.scene, &canvas.image, &picture);
	int code = write_png(&canvas.image, path);
	canvas_finish(&canvas);
	return code;
}

int vc_render_safe(const char *path, int width, int height, const char *families) {
	struct canvas canvas;
	struct vc_fonts fonts;
	if (!canvas_init(&canvas, width, height, families))
		return FAILED;
	int code = FAILED;
	if (vc_fonts_init(&fonts, families)) {
		if (vc_safe_draw(canvas.scene, &canvas.image, &fonts))
			code = write_png(&canvas.image, path);
		else
			vc_error("%s: the safe picture could not be drawn", path);
		vc_fonts_finish(&fonts);
	}
	canvas_finish(&canvas);
	return code;
}

int vc_render_references(const char *path, int width, int height, const char *fonts) {
	struct canvas canvas;
	struct vc_references references;
	char text[VC_REFERENCES_BYTES_MAX];
	if (!canvas_init(&canvas, width, height, fonts))
		return FAILED;
	vc_declare_references(canvas.scene, &canvas.image, &references);
	canvas_finish(&canvas);
	size_t size = vc_references_write(&references, text);
	FILE *file = fopen(path, "we");
	bool good = file && fwrite(text, 1, size, file) == size;
	if (file)
		good = fclose(file) == 0 && good;
	if (!good)
		vc_error("%s: %s", path, strerror(errno));
	return good ? GOOD : FAILED;
}
