/* SPDX-License-Identifier: Apache-2.0 */
#include "image-diff.h"

#include <stdlib.h>

#define COLOURS (1u << 24)

/* Reads a number of at most nine digits and the character @end behind it ('\0': the text's end). */
static const char *parse_number(const char *text, char end, uint32_t *out) {
	uint32_t value = 0;
	const char *p = text;
	for (; *p >= '0' && *p <= '9' && p - text < 9; p++)
		value = value * 10 + (uint32_t)(*p - '0');
	if (p == text || *p != end)
		return NULL;
	*out = value;
	return p + (end != '\0');
}

bool vc_rect_parse(const char *text, struct vc_rect *rect) {
	const char *p = parse_number(text, ',', &rect->x);
	p = p ? parse_number(p, ',', &rect->y) : NULL;
	p = p ? parse_number(p, 'x', &rect->width) : NULL;
	p = p ? parse_number(p, '\0', &rect->height) : NULL;
	return p && rect->width > 0 && rect->height > 0;
}

bool vc_rect_inside(const struct vc_rect *rect, uint32_t width, uint32_t height) {
	return rect->x < width && rect->y < height && rect->width <= width - rect->x &&
	       rect->height <= height - rect->y;
}

/* Notes the colour at @p in the bit set @seen. Returns 1 if it is new. */
static uint32_t note_colour(uint8_t *seen, const uint8_t *p) {
	uint32_t colour = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
	uint8_t bit = (uint8_t)(1u << (colour % 8));
	if (seen[colour / 8] & bit)
		return 0;
	seen[colour / 8] |= bit;
	return 1;
}

bool vc_image_diff(const uint8_t *a, const uint8_t *b, uint32_t width, const struct vc_rect *rect,
		   struct vc_image_diff *diff) {
	uint8_t *seen_a = calloc(2, COLOURS / 8);
	if (!seen_a)
		return false;
	uint8_t *seen_b = seen_a + COLOURS / 8;
	uint64_t sum = 0;
	*diff = (struct vc_image_diff){0};
	for (uint32_t y = rect->y; y < rect->y + rect->height; y++)
		for (uint32_t x = rect->x; x < rect->x + rect->width; x++) {
			size_t at = ((size_t)y * width + x) * 3;
			uint64_t before = sum;
			for (size_t c = at; c < at + 3; c++)
				sum += (uint64_t)abs(a[c] - b[c]);
			diff->changed_pixels += sum != before;
			diff->distinct_colours_a += note_colour(seen_a, a + at);
			diff->distinct_colours_b += note_colour(seen_b, b + at);
		}
	free(seen_a);
	double pixels = (double)rect->width * (double)rect->height;
	diff->fraction = (double)diff->changed_pixels / pixels;
	diff->mean_abs_diff = (double)sum / (pixels * 3);
	return true;
}
