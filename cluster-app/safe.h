/* SPDX-License-Identifier: Apache-2.0 */
/* The safe picture: what stands in for a cluster that can't be believed. Every telltale is crossed out, and words say what to
 * do. The compositor shows it from a file that is made when the cluster is built. */
#ifndef VC_SAFE_H
#define VC_SAFE_H

#include "font.h"
#include "scene.h"

/* Draws it into @image, which has the scene's size. Returns false if Cairo ran into an error. */
bool vc_safe_draw(const struct vc_scene *scene, const struct vc_image *image, const struct vc_fonts *fonts);

#endif
