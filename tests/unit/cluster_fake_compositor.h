/* SPDX-License-Identifier: Apache-2.0 */
/* A compositor as far as a client can see: a thread that answers the display protocol, without a display. Each PRESENT is
 * answered at once, so a client runs as fast as it can draw. Never allocates once a client is connected. */
#ifndef VC_CLUSTER_FAKE_COMPOSITOR_H
#define VC_CLUSTER_FAKE_COMPOSITOR_H

#include "declaration.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FAKE_BUFFERS 8

struct fake_buffer {
	void *memory; /* mapped read-only: what would be on the screen */
	size_t size;
	uint32_t width, height, stride;
};

struct fake_compositor {
	const char *path;
	uint32_t width, height; /* of the zone; may be changed while no client is connected */
	const char *refuse;     /* answer HELLO with an ERROR that says so */
	int listener, stop[2];
	pthread_t thread;
	struct fake_buffer buffer[FAKE_BUFFERS];
	struct vc_display_declare declared; /* the last */
	/* Read by the test. */
	_Atomic uint64_t clients, presents, heartbeats, violations;
	_Atomic int shown;    /* id of the buffer presented last, -1 */
	_Atomic bool quiet;   /* don't answer PRESENTs */
	_Atomic bool hang_up; /* close the connection once, at the next message */
};

/* Each returns false on failure. */
bool fake_compositor_start(struct fake_compositor *fake);
void fake_compositor_stop(struct fake_compositor *fake);

#endif
