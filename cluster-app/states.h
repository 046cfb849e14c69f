/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures without a car: what "--render" shows, for looking at the design and for tests. */
#ifndef VC_STATES_H
#define VC_STATES_H

#include "picture.h"

#include <stdbool.h>

/* Fills @picture with the state called @name. Returns false if there is none; vc_states_names() lists them. */
bool vc_state_picture(const char *name, struct vc_picture *picture);
const char *vc_states_names(void);

#endif
