/* SPDX-License-Identifier: Apache-2.0 */
/* The CRC-32 of Ethernet, zlib and PNG: polynomial 0x04c11db7, reflected, all ones before and after (ISO/IEC 8802-3, 3.2.9). */
#ifndef VC_CRC32_H
#define VC_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from @crc, the result so far; 0 at first. */
uint32_t vc_crc32(uint32_t crc, const void *data, size_t size);

/* The same over @count pixels of 32 bits, with their unused high bytes taken as 0: what XRGB8888 has there means nothing. */
uint32_t vc_crc32_pixels(uint32_t crc, const uint32_t *pixels, size_t count);

/* Makes the tables now instead of at first use. */
void vc_crc32_init(void);

#endif
