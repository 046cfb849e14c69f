/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long it takes from the bus to the glass: from the kernel's stamp on a CAN frame to the flip of the first picture that
 * shows what it said; and from a message's last good frame to the flip of the first picture that no longer believes it. A
 * picture that never came on the screen hands its claims on to the next. Pure but for the ring in the statistics.
 */
#ifndef VC_LATENCY_H
#define VC_LATENCY_H

#include "stats.h"

struct vc_latency {
	uint64_t seq;                /* the picture that is on its way, 0: none */
	int64_t arrived_ns, lost_ns; /* what is new in it, as in struct vc_vehicle */
};

/* A picture of @vehicle was presented as @seq. */
void vc_latency_drawn(struct vc_latency *latency, struct vc_vehicle *vehicle, uint64_t seq);

/* The last picture that the compositor answered is @seq; it was on the screen at @flip_ns, or never (0). */
void vc_latency_answered(struct vc_latency *latency, struct vc_stats *stats, uint64_t seq, int64_t flip_ns);

#endif
