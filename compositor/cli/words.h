/* SPDX-License-Identifier: Apache-2.0 */
/* The control protocol's enums as words: short keys that scripts may rely on, and phrases for people. */
#ifndef VC_CLI_WORDS_H
#define VC_CLI_WORDS_H

#include <stdint.h>

/* Keys: lower case, stable. All answer "unknown" for a value outside the enum. */
const char *vc_role_key(uint32_t role);
const char *vc_state_key(uint32_t state);
const char *vc_reason_key(uint32_t reason);
const char *vc_path_key(uint32_t path);
const char *vc_plane_type_key(uint32_t type);

/* A phrase that says why a layer doesn't show live frames; "" when it does. */
const char *vc_check_key(uint32_t check);
const char *vc_finding_key(uint32_t finding);
const char *vc_reason_phrase(uint32_t reason);

#endif
