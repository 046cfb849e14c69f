/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each telltale looks like in each state: a text file that the cluster's own drawing code writes when it is built, and the
 * output monitor reads.
 *
 *     vcockpit-telltales 1
 *     zone WIDTH HEIGHT
 *     strip X Y BLOCK
 *     telltale NAME X Y WIDTH HEIGHT CRC-OFF CRC-ON CRC-UNKNOWN     one a line, in the order of the declarations
 *     end COUNT CRC                                                the CRC-32 of all bytes before this line
 *
 * Numbers are decimal, CRCs eight hexadecimal digits.
 */
#ifndef VC_REFERENCES_H
#define VC_REFERENCES_H

#include "declaration.h"

#include <stdio.h>

#define VC_REFERENCES_BYTES_MAX 8192
#define VC_TELLTALE_NAME_MAX 24 /* with its NUL */

struct vc_reference {
	char name[VC_TELLTALE_NAME_MAX];
	struct vc_place place;
	uint32_t crc[VC_TELLTALE_STATES];
};

struct vc_references {
	uint16_t width, height; /* of the zone */
	struct vc_strip strip;
	unsigned count;
	struct vc_reference telltale[VC_TELLTALES_MAX];
};

/* Writes the text into @text, of VC_REFERENCES_BYTES_MAX. Returns its length. */
size_t vc_references_write(const struct vc_references *references, char *text);

/* Reads @size bytes of text. Returns NULL, or what is wrong with them. */
const char *vc_references_parse(struct vc_references *references, const char *text, size_t size);

/* Reads the file at @path. Returns false with one line in @why that names file and remedy. */
bool vc_references_read(struct vc_references *references, const char *path, char *why, size_t size);

#endif
