/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cluster says about its frames to the output monitor (declaration.h), and what its telltales look like, for the
 * references that the monitor compares with. The CRCs are taken from the pixels in the buffer, not from what should be there.
 */
#ifndef VC_DECLARE_H
#define VC_DECLARE_H

#include "display-proto.h"
#include "references.h"
#include "scene.h"

/* Makes the declaration of @image, which shows @picture and is to be presented with @seq. No allocation, no system call. */
void vc_declare_frame(const struct vc_scene *scene, const struct vc_image *image, const struct vc_picture *picture,
		      uint64_t seq, struct vc_display_declare *declare);

/* Draws each telltale of @scene in each state. @scratch has the scene's size. */
void vc_declare_references(const struct vc_scene *scene, const struct vc_image *scratch,
			   struct vc_references *references);

#endif
