/* SPDX-License-Identifier: Apache-2.0 */
/* Display modes: picking the connector's own, or making one for virtual displays, which take any. Pure. */
#ifndef VC_KMS_MODE_H
#define VC_KMS_MODE_H

#include <stdbool.h>
#include <stdint.h>
#include <xf86drmMode.h>

/* Exact length of a frame, from the pixel clock. */
int64_t vc_mode_period_ns(const drmModeModeInfo *mode);

/* Refresh rate in 1/1000 Hz. */
uint32_t vc_mode_refresh_mhz(const drmModeModeInfo *mode);

/* Finds among @modes the one of this size whose refresh rate is nearest and at most 0.5 % away. */
bool vc_mode_pick(const drmModeModeInfo *modes, int count, uint32_t width, uint32_t height, uint32_t refresh_mhz,
		  drmModeModeInfo *mode);

/* Makes a mode with the blanking of CVT reduced blanking (VESA CVT 1.2, 5.4). */
void vc_mode_make(uint32_t width, uint32_t height, uint32_t refresh_mhz, drmModeModeInfo *mode);

/* Same timing? Names and flags that say nothing about it are ignored. */
bool vc_mode_equal(const drmModeModeInfo *a, const drmModeModeInfo *b);

#endif
