/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pictures that show when a source doesn't: drawn once at start, so that showing one is only a flip. What draws them is a
 * module (picture-draw.c), loaded only when one must be drawn: cairo, fonts and what they need are two dozen libraries, which
 * would be mapped and locked at each start, also after a crash, when the pictures are there already (store.h).
 */
#ifndef VC_PICTURE_H
#define VC_PICTURE_H

#include "config.h"
#include "kms-buffer.h"

/* Draws @layer's fallback picture into @dumb, which has the zone's size; an image that can't be read is replaced by a
 * picture drawn here. Returns false without memory. */
bool vc_picture_draw(const struct vc_dumb *dumb, const struct vc_config_layer *layer);

/* Can @layer's image be shown: is it a readable PNG of the zone's size? If not, says so in @why. */
bool vc_picture_check(const struct vc_config_layer *layer, char *why, size_t size);

/* The module's: as above. @why: filled when the image can't be shown. */
bool vc_picture_draw_fallback(const struct vc_dumb *dumb, const struct vc_config_layer *layer, char *why, size_t size);
bool vc_picture_check_image(const struct vc_config_layer *layer, char *why, size_t size);

/* Fills @dumb with one colour, 0xRRGGBB. */
void vc_picture_fill(const struct vc_dumb *dumb, uint32_t colour);

#endif
