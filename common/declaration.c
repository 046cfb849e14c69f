/* SPDX-License-Identifier: Apache-2.0 */
#include "declaration.h"

#include "crc32.h"

/*
 * The bytes, least significant first:
 *   0 version (1)   1 number of telltales   2 counter, 4   6 width, 2   8 height, 2   10 strip: x, y, block, 2 each
 *   16 each telltale: x, y, width, height, 2 each; state, 1; zero, 3; CRC-32, 4
 *   then the CRC-32 over the data id (4 bytes) and all of the above
 */
#define VERSION 1
#define HEAD 16
#define EACH 16
#define TAIL 4
static const uint8_t data_id[4] = {'T', 'T', 'D', 'L'};

_Static_assert(HEAD + VC_TELLTALES_MAX * EACH + TAIL <= VC_DISPLAY_DECLARATION_MAX, "a full declaration fits");

static void put(uint8_t *bytes, size_t size, uint32_t value) {
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get(const uint8_t *bytes, size_t size) {
	uint32_t value = 0;
	for (size_t i = 0; i < size; i++)
		value |= (uint32_t)bytes[i] << 8 * i;
	return value;
}

static uint16_t get16(const uint8_t *bytes) {
	return (uint16_t)get(bytes, 2);
}

static uint32_t protect(const uint8_t *bytes, size_t size) {
	return vc_crc32(vc_crc32(0, data_id, sizeof(data_id)), bytes, size);
}

size_t vc_declaration_encode(const struct vc_declaration *d, uint8_t *bytes) {
	bytes[0] = VERSION;
	bytes[1] = (uint8_t)d->count;
	put(bytes + 2, 4, d->counter);
	put(bytes + 6, 2, d->width);
	put(bytes + 8, 2, d->height);
	put(bytes + 10, 2, d->strip.x);
	put(bytes + 12, 2, d->strip.y);
	put(bytes + 14, 2, d->strip.block);
	size_t at = HEAD;
	for (unsigned i = 0; i < d->count; i++, at += EACH) {
		const struct vc_telltale *t = &d->telltale[i];
		put(bytes + at, 2, t->place.x);
		put(bytes + at + 2, 2, t->place.y);
		put(bytes + at + 4, 2, t->place.width);
		put(bytes + at + 6, 2, t->place.height);
		put(bytes + at + 8, 4, t->state);
		put(bytes + at + 12, 4, t->crc);
	}
	put(bytes + at, TAIL, protect(bytes, at));
	return at + TAIL;
}

bool vc_declaration_decode(struct vc_declaration *d, const uint8_t *bytes, size_t size) {
	if (size < HEAD + TAIL || bytes[0] != VERSION || bytes[1] > VC_TELLTALES_MAX)
		return false;
	size_t end = HEAD + (size_t)bytes[1] * EACH;
	if (size != end + TAIL || get(bytes + end, TAIL) != protect(bytes, end))
		return false;
	*d = (struct vc_declaration){.counter = get(bytes + 2, 4),
				     .width = get16(bytes + 6),
				     .height = get16(bytes + 8),
				     .strip = {get16(bytes + 10), get16(bytes + 12), get16(bytes + 14)},
				     .count = bytes[1]};
	if (!vc_strip_fits(&d->strip, d->width, d->height))
		return false;
	for (unsigned i = 0; i < d->count; i++) {
		const uint8_t *b = bytes + HEAD + (size_t)i * EACH;
		uint32_t state = get(b + 8, 4);
		d->telltale[i] = (struct vc_telltale){.place = {get16(b), get16(b + 2), get16(b + 4), get16(b + 6)},
						      .state = (uint8_t)state,
						      .crc = get(b + 12, 4)};
		if (state >= VC_TELLTALE_STATES || !vc_place_fits(&d->telltale[i].place, d->width, d->height))
			return false;
	}
	return true;
}

bool vc_place_fits(const struct vc_place *place, uint32_t width, uint32_t height) {
	return place->width > 0 && place->height > 0 && (uint32_t)place->x + place->width <= width &&
	       (uint32_t)place->y + place->height <= height;
}

bool vc_strip_fits(const struct vc_strip *strip, uint32_t width, uint32_t height) {
	uint32_t block = strip->block;
	return block > 0 && strip->x + VC_STRIP_COLUMNS * block <= width && strip->y + VC_STRIP_ROWS * block <= height;
}

uint32_t vc_place_crc(const struct vc_pixels *pixels, const struct vc_place *place) {
	uint32_t crc = 0;
	for (uint32_t y = 0; y < place->height; y++)
		crc = vc_crc32_pixels(crc, pixels->first + pixels->stride * (place->y + y) + place->x, place->width);
	return crc;
}

/* 24 bits of counter, and 8 that depend on all of them. */
static uint32_t strip_code(uint32_t counter) {
	const uint8_t bytes[3] = {(uint8_t)counter, (uint8_t)(counter >> 8), (uint8_t)(counter >> 16)};
	return (counter & VC_STRIP_COUNTER_MASK) << 8 | (protect(bytes, sizeof(bytes)) & 0xff);
}

void vc_strip_draw(uint32_t *first, size_t stride, const struct vc_strip *strip, uint32_t counter) {
	const uint32_t code = strip_code(counter), block = strip->block;
	for (uint32_t y = 0; y < VC_STRIP_ROWS * block; y++) {
		uint32_t *row = first + stride * (strip->y + y) + strip->x;
		for (uint32_t x = 0; x < VC_STRIP_COLUMNS * block; x++) {
			uint32_t bit = 31 - (y / block * VC_STRIP_COLUMNS + x / block);
			row[x] = 0xff000000u | (code >> bit & 1 ? VC_STRIP_LIGHT : VC_STRIP_DARK);
		}
	}
}

bool vc_strip_read(const struct vc_pixels *pixels, const struct vc_strip *strip, uint32_t *counter) {
	uint32_t code = 0;
	for (uint32_t i = 0; i < VC_STRIP_COLUMNS * VC_STRIP_ROWS; i++) {
		uint32_t x = strip->x + i % VC_STRIP_COLUMNS * strip->block + strip->block / 2;
		uint32_t y = strip->y + i / VC_STRIP_COLUMNS * strip->block + strip->block / 2;
		uint32_t pixel = pixels->first[pixels->stride * y + x] & 0xffffffu;
		if (pixel != VC_STRIP_DARK && pixel != VC_STRIP_LIGHT)
			return false;
		code = code << 1 | (pixel == VC_STRIP_LIGHT);
	}
	*counter = code >> 8;
	return code == strip_code(code >> 8);
}
