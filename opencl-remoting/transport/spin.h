/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting awake. Sleep and wake-up cost more than most of what is waited for here, but a core that spins is one that nobody else has.
 * So each kind of wait remembers how long it took lately, and is spun for only while it is expected to be short.
 */
#ifndef VC_SPIN_H
#define VC_SPIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* One kind of wait. Zeroed is expected to be short. Any thread; what several learn at once may be lost. */
struct vc_spin {
	_Atomic int64_t mean;   /* ns */
	_Atomic uint32_t slept; /* waits in a row that were not spun for */
};

/* Who spins: where there are few cores, a thread that waits for work of others must not take theirs; one that waits for
 * the client, which then runs alone, may. */
enum vc_spin_who { VC_SPIN_CLIENT, VC_SPIN_WORKER };

/* The longest spin that this machine's number of cores allows, in ns. $VCOCKPIT_CL_SPIN_US overrides. */
int64_t vc_spin_most(enum vc_spin_who who);

/* For how many ns to spin for what may begin now: 0 if it is expected to take longer than @most. Now and then it is tried all the same. */
int64_t vc_spin_for(struct vc_spin *spin, int64_t most);

/* It took @ns, spun for or slept. */
void vc_spin_learn(struct vc_spin *spin, int64_t ns, int64_t most);

/* One spin. */
struct vc_spinning {
	int64_t began, last, until;
};

void vc_spin_begin(struct vc_spinning *s, int64_t ns);

/* Passes a little time; false: it's over, or the core was taken away meanwhile, so that somebody else wants it. */
bool vc_spin_on(struct vc_spinning *s);

#endif
