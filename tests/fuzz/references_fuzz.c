/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as the output monitor's references. What is taken must be inside the zone, and come out again as it went in. The CRC
 * at the end, which a fuzzer would never find, is made right first. */
#include "references.h"

#include "crc32.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Puts the right CRC into a last line "end COUNT CRC". */
static void mend(char *text, size_t size) {
	char crc[9];
	if (size < 10 || text[size - 1] != '\n')
		return;
	size_t line = size - 1;
	while (line > 0 && text[line - 1] != '\n')
		line--;
	if (size - line < 14 || memcmp(text + line, "end ", 4) != 0)
		return;
	snprintf(crc, sizeof(crc), "%08x", vc_crc32(0, text, line));
	memcpy(text + size - 9, crc, 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static struct vc_references r, again;
	static char text[VC_REFERENCES_BYTES_MAX], written[VC_REFERENCES_BYTES_MAX];
	if (size > sizeof(text))
		return 0;
	memcpy(text, data, size);
	mend(text, size);
	if (vc_references_parse(&r, text, size))
		return 0;
	if (r.count == 0 || r.count > VC_TELLTALES_MAX || !vc_strip_fits(&r.strip, r.width, r.height))
		abort();
	for (unsigned i = 0; i < r.count; i++)
		if (!vc_place_fits(&r.telltale[i].place, r.width, r.height))
			abort();
	if (vc_references_parse(&again, written, vc_references_write(&r, written)) ||
	    memcmp(&r, &again, sizeof(r)) != 0)
		abort();
	return 0;
}
