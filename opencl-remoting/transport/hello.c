/* SPDX-License-Identifier: Apache-2.0 */
#include "hello.h"

#include <stdlib.h>

enum { USUAL_MS = 10000, LONGEST_MS = 600000 };

int64_t vc_hello_ms(void) {
	const char *text = getenv("VCOCKPIT_CL_HELLO_MS");
	int64_t ms = text ? strtoll(text, NULL, 10) : USUAL_MS;
	return ms < 1 ? 1 : (ms > LONGEST_MS ? LONGEST_MS : ms);
}
