/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: one epoll set, one thread. Among events that come together the more urgent are served first, so that a
 * busy guest never stands before the frame clock.
 */
#ifndef VC_LOOP_H
#define VC_LOOP_H

#include "stalls.h"

#include <stdbool.h>
#include <stdint.h>

/* After a long sleep several are due, and the tick, which decides what is shown, must know that the last flip is through and what
 * the cluster and the output monitor have said meanwhile: else a late tick would take the cluster for silent. They are few,
 * and limited in what they may say at once. */
enum vc_urgency { VC_URGENT_FLIP, VC_URGENT_CLUSTER, VC_URGENT_CLOCK, VC_URGENT_REST, VC_URGENCIES };

struct vc_loop;

/* Something to wait for. Lives in its owner's tables as long as it is in the loop. */
struct vc_watch {
	int fd;
	bool paused;
	enum vc_urgency urgency;
	void (*ready)(void *data, uint32_t events); /* EPOLL* */
	void *data;
};

struct vc_loop {
	int epoll;
	bool quit;
	struct vc_stalls stalls;
};

/* Returns 0 or -errno. */
int vc_loop_init(struct vc_loop *loop);
int vc_loop_add(struct vc_loop *loop, struct vc_watch *watch);

/* While paused only the end of a connection is told. */
void vc_loop_pause(struct vc_loop *loop, struct vc_watch *watch, bool paused);

/* Call before the descriptor is closed. Safe from within a ready() call, of any watch. */
void vc_loop_remove(struct vc_loop *loop, struct vc_watch *watch);

/* Runs until loop->quit. Returns 0 or -errno. */
int vc_loop_run(struct vc_loop *loop);

#endif
