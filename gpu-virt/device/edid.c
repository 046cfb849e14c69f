/* SPDX-License-Identifier: Apache-2.0 */
/* VESA Enhanced EDID Standard 1.4, section 3. Blanking is ours to choose, since no cable carries these timings. */
#include "edid.h"

#include <stdio.h>
#include <string.h>

#define H_BLANK 160u
#define H_FRONT 48u
#define H_SYNC 32u
#define V_BLANK 30u
#define V_FRONT 3u
#define V_SYNC 6u
#define DPI 96u

static uint32_t to_mm(uint32_t pixels) {
	return pixels * 254u / (DPI * 10u);
}

/* 3.10.2, detailed timing descriptor */
static void put_timing(uint8_t *d, uint32_t width, uint32_t height, uint32_t refresh_mhz) {
	uint64_t clock = (uint64_t)(width + H_BLANK) * (height + V_BLANK) * refresh_mhz / 1000u / 10000u; /* 10 kHz */
	if (clock > UINT16_MAX)
		clock = UINT16_MAX;
	uint32_t mm_w = to_mm(width), mm_h = to_mm(height);
	d[0] = (uint8_t)clock;
	d[1] = (uint8_t)(clock >> 8);
	d[2] = (uint8_t)width;
	d[3] = (uint8_t)H_BLANK;
	d[4] = (uint8_t)((width >> 8) << 4 | H_BLANK >> 8);
	d[5] = (uint8_t)height;
	d[6] = (uint8_t)V_BLANK;
	d[7] = (uint8_t)((height >> 8) << 4 | V_BLANK >> 8);
	d[8] = (uint8_t)H_FRONT;
	d[9] = (uint8_t)H_SYNC;
	d[10] = (uint8_t)(V_FRONT << 4 | V_SYNC);
	d[12] = (uint8_t)mm_w;
	d[13] = (uint8_t)mm_h;
	d[14] = (uint8_t)((mm_w >> 8) << 4 | mm_h >> 8);
	d[17] = 0x1e; /* digital separate sync, both positive */
}

/* 3.10.3, display descriptor of text, ended by a newline and padded with spaces */
static void put_text(uint8_t *d, uint8_t tag, const char *text) {
	memset(d, 0, 5);
	d[3] = tag;
	memset(d + 5, ' ', 13);
	size_t n = strnlen(text, 12);
	memcpy(d + 5, text, n);
	d[5 + n] = '\n';
}

void vc_edid_make(uint8_t edid[VC_EDID_SIZE], uint32_t width, uint32_t height, uint32_t refresh_mhz) {
	static const uint8_t magic[8] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00};
	/* 3.7: chromaticity of sRGB */
	static const uint8_t colour[10] = {0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54};
	memset(edid, 0, VC_EDID_SIZE);
	memcpy(edid, magic, sizeof(magic));
	/* 3.4.1: manufacturer "VCP", five bits a letter */
	uint16_t vendor = (uint16_t)(('V' - '@') << 10 | ('C' - '@') << 5 | ('P' - '@'));
	edid[8] = (uint8_t)(vendor >> 8);
	edid[9] = (uint8_t)vendor;
	edid[10] = 1;
	edid[16] = 1;
	edid[17] = 2026 - 1990;
	edid[18] = 1;
	edid[19] = 4;
	edid[20] = 0xa0; /* digital, 8 bits a colour */
	edid[21] = (uint8_t)(to_mm(width) / 10u);
	edid[22] = (uint8_t)(to_mm(height) / 10u);
	edid[23] = 120;  /* gamma 2.2 */
	edid[24] = 0x06; /* sRGB; the first timing is the native one */
	memcpy(edid + 25, colour, sizeof(colour));
	memset(edid + 38, 0x01, 16); /* no standard timings */
	put_timing(edid + 54, width, height, refresh_mhz);
	put_text(edid + 72, 0xfc, "vcockpit");
	put_text(edid + 90, 0xfe, "virtual zone");
	put_text(edid + 108, 0xff, "1");
	uint8_t sum = 0;
	for (unsigned i = 0; i < VC_EDID_SIZE - 1; i++)
		sum = (uint8_t)(sum + edid[i]);
	edid[127] = (uint8_t)-sum;
}
