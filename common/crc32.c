/* SPDX-License-Identifier: Apache-2.0 */
#include "crc32.h"

#include <stdbool.h>
#include <string.h>

#define POLYNOMIAL 0xedb88320u /* reflected */

/* table[n][b]: what byte b does to the CRC when n more bytes follow it. Eight bytes are taken at a time: each through its own
 * table, and their effects add up. */
static uint32_t table[8][256];
static bool made;

void vc_crc32_init(void) {
	for (uint32_t b = 0; b < 256; b++) {
		uint32_t crc = b;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
		table[0][b] = crc;
	}
	for (int n = 1; n < 8; n++)
		for (uint32_t b = 0; b < 256; b++)
			table[n][b] = table[n - 1][b] >> 8 ^ table[0][table[n - 1][b] & 0xff];
	made = true;
}

/* Eight bytes, @low the first four of them, least significant byte first. */
static inline uint32_t add_eight(uint32_t crc, uint32_t low, uint32_t high) {
	low ^= crc;
	return table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^ table[4][low >> 24] ^
	       table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^ table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
}

static inline uint32_t add_byte(uint32_t crc, uint8_t byte) {
	return crc >> 8 ^ table[0][(crc ^ byte) & 0xff];
}

uint32_t vc_crc32(uint32_t crc, const void *data, size_t size) {
	const uint8_t *bytes = data;
	if (!made)
		vc_crc32_init();
	crc = ~crc;
	for (; size > 0; size--)
		crc = add_byte(crc, *bytes++);
	return ~crc;
}

uint32_t vc_crc32_pixels(uint32_t crc, const uint32_t *pixels, size_t count) {
	if (!made)
		vc_crc32_init();
	crc = ~crc;
	for (; count >= 2; count -= 2, pixels += 2)
		crc = add_eight(crc, pixels[0] & 0xffffffu, pixels[1] & 0xffffffu);
	if (count > 0)
		for (int shift = 0; shift < 32; shift += 8)
			crc = add_byte(crc, (uint8_t)((pixels[0] & 0xffffffu) >> shift));
	return ~crc;
}
