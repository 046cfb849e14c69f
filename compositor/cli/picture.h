/* SPDX-License-Identifier: Apache-2.0 */
/* Captured pixels to PNG files. */
#ifndef VC_CLI_PICTURE_H
#define VC_CLI_PICTURE_H

#include "control-client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Converts @picture to rows of R, G, B bytes without padding. Alpha is left out: what the CRTC puts out is opaque.
 * Returns memory to free(), or NULL when there is none. */
uint8_t *vc_picture_rgb(const struct vc_control_picture *picture);

/* Writes @rgb as a PNG file, whole or not at all: to a file beside @path, then renamed. "-" is standard output.
 * On failure returns false with a sentence in @why. */
bool vc_picture_write(const uint8_t *rgb, uint32_t width, uint32_t height, const char *path, char *why, size_t size);

#endif
