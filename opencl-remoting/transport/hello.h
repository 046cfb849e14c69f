/* SPDX-License-Identifier: Apache-2.0 */
/* How a client waits for the broker. */
#ifndef VC_CL_HELLO_H
#define VC_CL_HELLO_H

#include <stdint.h>

/* How long the answer to a hello may take, in ms: VCOCKPIT_CL_HELLO_MS, else 10,000. Systemd may have to start the broker for it. */
int64_t vc_hello_ms(void);

#endif
