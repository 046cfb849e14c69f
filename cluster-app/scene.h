/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns pictures into pixels. vc_scene_create() draws, once, all that Cairo is needed for; vc_scene_draw() then only copies
 * and blends, in bounded time and without allocating, and only where the picture has changed since the buffer was drawn.
 */
#ifndef VC_SCENE_H
#define VC_SCENE_H

#include "declaration.h"
#include "image.h"
#include "picture.h"

#include <stddef.h>

struct vc_scene;

/* Returns NULL with a sentence in @why: no font, or memory is short. */
struct vc_scene *vc_scene_create(int width, int height, const char *font_families, char *why, size_t size);
void vc_scene_destroy(struct vc_scene *scene);

/* Draws all of @picture into @image, which has the scene's size. */
void vc_scene_draw_all(const struct vc_scene *scene, const struct vc_image *image, const struct vc_picture *picture);

/* The same without the strip: for a picture that is no frame. */
void vc_scene_draw_still(const struct vc_scene *scene, const struct vc_image *image, const struct vc_picture *picture);

/* The rectangles, some of them empty, in which pictures differ but for the strip. Returns how many. */
#define VC_SCENE_DAMAGE ((int)VC_ARCS + (int)VC_TEXTS + (int)VC_LAMPS + 1)
int vc_scene_damage(const struct vc_scene *scene, const struct vc_picture *shown, const struct vc_picture *picture,
		    struct vc_rect damage[VC_SCENE_DAMAGE]);

/* Makes @image, which shows @shown, show @picture. Returns the number of pixels redrawn. */
uint64_t vc_scene_draw(const struct vc_scene *scene, const struct vc_image *image, const struct vc_picture *shown,
		       const struct vc_picture *picture);

/* The square around a telltale's symbol that shows its state and nothing else, whatever the rest of the picture is. */
struct vc_rect vc_scene_telltale(const struct vc_scene *scene, enum vc_lamp lamp);

/* Where the frame's counter is drawn. */
struct vc_strip vc_scene_strip(const struct vc_scene *scene);

#endif
