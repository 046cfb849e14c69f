/* SPDX-License-Identifier: Apache-2.0 */
/* Callbacks ring, the test waits: a counter with a limit of 20 s on the wait. */
#ifndef VC_TESTS_OPENCL_BELL_H
#define VC_TESTS_OPENCL_BELL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct vc_bell {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	unsigned rings;
	int64_t last; /* what the last ring told */
};

void vc_bell_init(struct vc_bell *bell);
void vc_bell_finish(struct vc_bell *bell);

/* From callbacks: rings, and rings with a number to tell. */
void vc_bell_ring(struct vc_bell *bell);
void vc_bell_tell(struct vc_bell *bell, int64_t what);

/* How often it rang so far; and a wait until that is @rings at least, false if that takes too long. */
unsigned vc_bell_rings(struct vc_bell *bell);
bool vc_bell_wait(struct vc_bell *bell, unsigned rings);

#endif
