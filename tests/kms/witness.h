/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at a card through the descriptor in the fd store, past the compositor and also while none runs: whether the CRTC and its
 * planes stay lit, and what the CRTC puts out.
 */
#ifndef VC_WITNESS_H
#define VC_WITNESS_H

#include "rig.h"

#include <pthread.h>
#include <stdatomic.h>

#define WITNESS_PLANES_MAX 16

struct witness {
	int card;
	uint32_t crtc, planes, plane[WITNESS_PLANES_MAX]; /* lit when it began to look */
	pthread_t thread;
	atomic_bool stop;
	uint64_t looks, dark; /* dark: looks at which the CRTC was off or one of those planes showed nothing */
};

/* Looks, over and over, from a thread of its own, until witness_stop(). @card stays the caller's. */
void witness_start(struct witness *witness, int card);

/* Expects that it looked at all, and never saw anything dark. */
void witness_stop(struct witness *witness);

/* Captures what the CRTC puts out by a commit of its own, and expects @probes. No compositor may run. */
void witness_expect(int card, const struct rig_probe *probes, unsigned count);

#endif
