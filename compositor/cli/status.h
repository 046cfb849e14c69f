/* SPDX-License-Identifier: Apache-2.0 */
/* vcockpit status: what the compositor shows, where from, and how well. */
#ifndef VC_CLI_STATUS_H
#define VC_CLI_STATUS_H

#include "control-proto.h"

#include <json.h>
#include <stdbool.h>
#include <stdio.h>

/* The JSON of vcockpit(1), of a checked @status. Returns a new object. */
json_object *vc_status_json(const struct vc_control_status *status);

/* The same for people. */
void vc_status_print(const struct vc_control_status *status, FILE *out, bool colour);

#endif
