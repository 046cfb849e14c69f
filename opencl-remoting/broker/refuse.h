/* SPDX-License-Identifier: Apache-2.0 */
/* A broker that can't start, and those who wait for it. */
#ifndef VC_CL_REFUSE_H
#define VC_CL_REFUSE_H

#include <stdint.h>

/* Tells each client that waits at @listener that nobody will be served, for up to @limit_ms all together. Systemd keeps its socket open
 * when the broker has ended, and starts the next one for whoever still waits there. Takes nothing that clients send. */
void vc_cl_refuse_waiting(int listener, int64_t limit_ms);

#endif
