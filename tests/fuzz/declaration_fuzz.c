/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a declaration, checked against a picture by the output monitor's functions. One that is sound must lie inside its
 * zone and come out again as it went in. The CRC, which a fuzzer would never find, is made right first unless the first byte
 * is odd.
 */
#include "check.h"
#include "crc32.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WIDTH 96
#define HEIGHT 64

/* As declaration.c protects: the data id, then all bytes before the CRC. */
static void mend(uint8_t *bytes, size_t size) {
	if (size < 4)
		return;
	uint32_t crc = vc_crc32(vc_crc32(0, "TTDL", 4), bytes, size - 4);
	for (int i = 0; i < 4; i++)
		bytes[size - 4 + (size_t)i] = (uint8_t)(crc >> 8 * i);
}

/* References that agree with the declaration about the places, so that the pixels are looked at. */
static void agree(struct vc_references *r, const struct vc_declaration *d) {
	*r = (struct vc_references){.width = d->width, .height = d->height, .strip = d->strip, .count = d->count};
	for (unsigned i = 0; i < d->count; i++)
		r->telltale[i].place = d->telltale[i].place;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static uint32_t picture[WIDTH * HEIGHT];
	uint8_t bytes[VC_DISPLAY_DECLARATION_MAX], again[VC_DISPLAY_DECLARATION_MAX];
	struct vc_declaration d, seen;
	struct vc_references r;
	if (size < 1 || size - 1 > sizeof(bytes))
		return 0;
	bool honest = (data[0] & 1) == 0;
	size--;
	memcpy(bytes, data + 1, size);
	if (honest)
		mend(bytes, size);
	if (!vc_declaration_decode(&d, bytes, size))
		return 0;
	if (d.count > VC_TELLTALES_MAX || vc_declaration_encode(&d, again) != size || memcmp(bytes, again, size) != 0)
		abort();
	agree(&r, &d);
	if (vc_check_declaration(&r, bytes, size, d.counter, &seen) != VC_FOUND_GOOD ||
	    vc_check_declaration(&r, bytes, size, UINT64_C(1) + d.counter, &seen) != VC_FOUND_REPLAYED)
		abort();
	if (d.width > WIDTH || d.height > HEIGHT)
		return 0;
	const struct vc_pixels zone = {picture, WIDTH, d.width, d.height};
	vc_strip_draw(picture, WIDTH, &d.strip, d.counter);
	struct vc_check check = vc_check_picture(&r, &d, &zone);
	if (check.finding == VC_FOUND_COUNTER || check.telltale > d.count)
		abort();
	vc_check_safe(&r, &zone);
	return 0;
}
