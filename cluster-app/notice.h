/* SPDX-License-Identifier: Apache-2.0 */
/* The line of words that goes with the most urgent telltale. */
#ifndef VC_NOTICE_H
#define VC_NOTICE_H

#include "font.h"
#include "image.h"
#include "picture.h"

/* The notice for the lamps of a picture: the first in the order of enum vc_notice that applies. */
enum vc_notice vc_notice_choose(const uint8_t lamp[VC_LAMPS], bool anything_known);

/* Draws @notice as an image of @place's size; at start only. Returns false when memory is short. */
bool vc_notice_make(struct vc_image *image, enum vc_notice notice, struct vc_rect place, const struct vc_fonts *fonts);

#endif
