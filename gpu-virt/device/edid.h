/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VC_GPU_EDID_H
#define VC_GPU_EDID_H

#include <stdint.h>

#define VC_EDID_SIZE 128

/* Writes a VESA E-EDID 1.4 base block for a screen of one mode: @width x @height pixels (each at most 4095) at
 * @refresh_mhz (1/1000 Hz). */
void vc_edid_make(uint8_t edid[VC_EDID_SIZE], uint32_t width, uint32_t height, uint32_t refresh_mhz);

#endif
