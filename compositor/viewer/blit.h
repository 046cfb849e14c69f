/* SPDX-License-Identifier: Apache-2.0 */
/* A captured picture into a screen's buffer. */
#ifndef VC_VIEWER_BLIT_H
#define VC_VIEWER_BLIT_H

#include "control-client.h"
#include "fit.h"

#include <pixman.h>
#include <stdbool.h>

/* Draws @picture into @screen (x8r8g8b8) as @fit says; each pixel of a scaled picture is the mean of those it stands for.
 * Alpha is ignored: what the CRTC puts out is opaque. Returns false when there is no memory. */
bool vc_blit(const struct vc_control_picture *picture, pixman_image_t *screen, const struct vc_fit *fit);

/* Makes all of @screen black. */
void vc_blit_clear(pixman_image_t *screen);

#endif
