/* SPDX-License-Identifier: Apache-2.0 */
/* What never moves: the background, the dials with their scales, captions, the tray of the telltales. At start only. */
#ifndef VC_FACE_H
#define VC_FACE_H

#include "arc.h"
#include "font.h"
#include "layout.h"

/* The shapes of the moving arcs that fit the dials of @layout. */
void vc_face_arcs(const struct vc_layout *layout, struct vc_arc_shape shapes[VC_ARCS]);

/* Draws it all into @image, which has the layout's size. Returns false if Cairo ran into an error. */
bool vc_face_draw(const struct vc_image *image, const struct vc_layout *layout, const struct vc_fonts *fonts);

#endif
