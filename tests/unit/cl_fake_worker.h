/* SPDX-License-Identifier: Apache-2.0 */
/* A worker within the client's process, for tests of the client: it answers each request at once, as the test says. */
#ifndef CL_FAKE_WORKER_H
#define CL_FAKE_WORKER_H

#include "cl.h"
#include "link.h"
#include "opencl-api.h"

/* Answers one request: writes the answer to @answer (VC_CL_SLOT_BYTES of room, zeroed; a result of CL_SUCCESS unless changed)
 * and returns its size. */
typedef uint32_t (*fake_answer)(enum vc_cl_op op, const uint8_t *arguments, size_t size, uint8_t *answer);

/* From now on calls go to the fake, which answers by @answer. */
void fake_worker_start(fake_answer answer);

/* How many requests of @op there were. */
unsigned fake_worker_count(enum vc_cl_op op);

/* The link as it is now, NULL before the first call. */
struct vc_link *fake_worker_link(void);

/* The worker dies: calls fail from the next one on. */
void fake_worker_die(void);

/* The answer that does for most: success, and handles are there. */
uint32_t fake_worker_yes(enum vc_cl_op op, const uint8_t *arguments, size_t size, uint8_t *answer);

#endif
