/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns pictures into pixels. vc_scene_create() draws, once, all that Cairo is needed for; vc_scene_draw() then only copies
 * and blends, in bounded time and without allocating, and only where the picture has changed since the buffer was drawn.
 */
#ifndef VC_SCENE_H
#define VC_SCENE_H

#include "image.h"
#include "picture.h"

#include <stddef.h>

struct vc_scene;

/* Returns NULL with a sentence in @why: no font, or memory is short. */
struct vc_scene *vc_scene_create(int width, int height, const char *font_families, char *why, size_t size);
void vc_scene_destroy(struct vc_scene *scene);

/* Draws all of @picture into @image, which has the scene's size. */
void vc_scene_draw_all(const struct vc_scene *scene, const struct vc_image *image, const struct vc_picture *picture);

/* Makes @image, which shows @shown, show @picture. Returns the number of pixels redrawn. */
uint64_t vc_scene_draw(const struct vc_scene *scene, const struct vc_image *image, const struct vc_picture *shown,
		       const struct vc_picture *picture);

#endif
