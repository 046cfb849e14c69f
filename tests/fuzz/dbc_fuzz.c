/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a CAN database: it is refused with a line that names the file, or C can be made from it. */
#include "dbc.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static struct dbc dbc;
	static FILE *sink;
	char error[DBC_ERROR_MAX];
	if (!sink)
		sink = fopen("/dev/null", "w");
	if (dbc_parse(&dbc, "f", (const char *)data, size, error) && dbc_check(&dbc, "f", error)) {
		dbc_emit_header(&dbc, "vc_dbc", "f", sink);
		dbc_emit_source(&dbc, "vc_dbc", "f", sink);
	} else if (strncmp(error, "f:", 2) != 0 || strchr(error, '\n')) {
		abort();
	}
	return 0;
}
