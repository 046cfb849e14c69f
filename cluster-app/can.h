/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from a SocketCAN interface (Documentation/networking/can.rst of the kernel). Never blocks, never allocates. */
#ifndef VC_CAN_H
#define VC_CAN_H

#include "vehicle.h"

struct vc_can {
	const char *interface; /* the owner's */
	int64_t again_ns;      /* how long to wait before trying again */
	int sock;              /* -1 while the interface is missing */
	int error;             /* errno of the last failure, so that each is told once */
	int64_t retry_ns;      /* when to try again */
	int64_t empty_ns;      /* what is read now has come after that */
};

/* Tries to open @interface at once; if that fails, vc_can_receive() goes on trying each @again_ns. */
void vc_can_init(struct vc_can *can, const char *interface, int64_t again_ns, int64_t now_ns);
void vc_can_finish(struct vc_can *can);

/* Takes in what has come since the last call, at most 512 frames. */
void vc_can_receive(struct vc_can *can, struct vc_vehicle *vehicle, const struct vc_vehicle_rules *rules,
		    int64_t now_ns);

/* When a frame came that the kernel says to be @age_ns old, by a wall clock that may have been set since: not after @now_ns, not
 * before the queue was last seen empty. A frame of which no more is known is taken for as old as that. */
int64_t vc_can_arrival(int64_t age_ns, int64_t empty_ns, int64_t now_ns);

#endif
