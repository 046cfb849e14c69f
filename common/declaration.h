/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cluster declares about a frame, for the output monitor: the frame's counter, and for each telltale where it is,
 * what it says and the CRC of its pixels. It goes through the compositor, which does not look into it, and is protected from
 * end to end as AUTOSAR's E2E profiles do it: a counter, and a CRC over counter, content and a data id that is not sent.
 *
 * The picture itself bears the counter, too, in the strip: two rows of sixteen blocks in two shades of the background. The upper
 * row and half of the lower hold 24 bits of the counter, the rest a check of them. So a capture of the screen can be matched
 * with a declaration, and a picture that stands still is noticed.
 */
#ifndef VC_DECLARATION_H
#define VC_DECLARATION_H

#include "display-proto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VC_TELLTALES_MAX 32

enum vc_telltale_state { VC_TELLTALE_OFF, VC_TELLTALE_ON, VC_TELLTALE_UNKNOWN, VC_TELLTALE_STATES };

struct vc_place {
	uint16_t x, y, width, height; /* in pixels of the zone */
};

struct vc_telltale {
	struct vc_place place;
	uint8_t state; /* enum vc_telltale_state */
	uint32_t crc;  /* of the pixels at that place, row by row (vc_crc32_pixels()) */
};

#define VC_STRIP_COLUMNS 16
#define VC_STRIP_ROWS 2
#define VC_STRIP_COUNTER_MASK 0xffffffu
#define VC_STRIP_DARK 0x0f141bu
#define VC_STRIP_LIGHT 0x1b2430u

struct vc_strip {
	uint16_t x, y;  /* upper left corner, in pixels of the zone */
	uint16_t block; /* side of a block */
};

struct vc_declaration {
	uint32_t counter;       /* the low half of PRESENT's seq */
	uint16_t width, height; /* of the zone */
	struct vc_strip strip;
	unsigned count;
	struct vc_telltale telltale[VC_TELLTALES_MAX];
};

/* A picture in memory, XRGB8888. */
struct vc_pixels {
	const uint32_t *first;
	size_t stride; /* pixels from one row to the next */
	uint32_t width, height;
};

/* Writes @declaration as bytes. Returns how many, VC_DISPLAY_DECLARATION_MAX at most. */
size_t vc_declaration_encode(const struct vc_declaration *declaration, uint8_t *bytes);

/* Reads @size bytes. Returns false if the CRC or the layout is wrong, or something lies outside the zone. */
bool vc_declaration_decode(struct vc_declaration *declaration, const uint8_t *bytes, size_t size);

/* Is @place inside a zone of that size, and not empty? */
bool vc_place_fits(const struct vc_place *place, uint32_t width, uint32_t height);
bool vc_strip_fits(const struct vc_strip *strip, uint32_t width, uint32_t height);

/* The CRC of the pixels at @place, which must be inside @pixels. */
uint32_t vc_place_crc(const struct vc_pixels *pixels, const struct vc_place *place);

/* Writes @counter into the picture whose first pixel is @first. */
void vc_strip_draw(uint32_t *first, size_t stride, const struct vc_strip *strip, uint32_t counter);

/* Reads it back. Returns false if what is there is no strip. */
bool vc_strip_read(const struct vc_pixels *pixels, const struct vc_strip *strip, uint32_t *counter);

#endif
