/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in JSON as people would write them: 33.367, not 33.366699999999998. */
#ifndef VC_CLI_JSON_NUMBER_H
#define VC_CLI_JSON_NUMBER_H

#include "clock.h"

#include <json.h>
#include <stdio.h>

/* @value with three decimals. */
static inline json_object *vc_json_number(double value) {
	char text[64];
	snprintf(text, sizeof(text), "%.3f", value);
	return json_object_new_double_s(value, text);
}

static inline json_object *vc_json_ms(int64_t ns) {
	return vc_json_number((double)ns / (double)VC_NS_PER_MS);
}

static inline json_object *vc_json_us(double ns) {
	return vc_json_number(ns / 1000);
}

#endif
