/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's link to its worker: the channel, a way to hand memory files over, and news of the worker's death. This is the
 * transport. The one there is, local.c, is a Unix socket and memfds; one for virtual machines would share guest memory and ring by
 * virtio, with the same channel and the same protocol.
 *
 * A link lives until its worker dies, and is never freed then: threads may still look at it, and its memory may hold the
 * program's data.
 */
#ifndef VC_CL_LINK_H
#define VC_CL_LINK_H

#include "spin.h"
#include "wire.h"

#include <pthread.h>
#include <stdbool.h>

struct vc_link;

/* How a transport does it. */
struct vc_link_transport {
	/* Fills channel, base and size, and @link->data. Waits for a limited time. Returns 0 or -errno, with words in @why. One thread
	 * at a time. */
	int (*open)(struct vc_link *link, char *why, size_t size);
	/* Hands the memory file @fd to the worker; a vcAddArena request follows. Returns 0 or -errno. */
	int (*share)(struct vc_link *link, int fd);
	/* Wakes a worker that rests elsewhere than on the ring's bell; NULL: the bell is enough. */
	void (*kick)(struct vc_link *link);
	/* Blocks until the worker has rung for notes (true) or is gone (false). */
	bool (*wait)(struct vc_link *link);
	/* False when the worker is gone. Doesn't block; any thread: the one that waits may be in a callback of the program. NULL: not
	 * to be known. */
	bool (*alive)(struct vc_link *link);
	/* Writes to standard output what kernels have printed since; NULL: they print there themselves. Any thread. */
	void (*print)(struct vc_link *link);
};

struct vc_link {
	const struct vc_link_transport *transport;
	int sock;
	_Atomic int output; /* pipe with what kernels print, -1: none */
	pthread_mutex_t output_lock;
	_Atomic bool
		prints; /* there are programs that may print, so that waits look at the output before they return */
	uint32_t epoch; /* counts links; never 0 */
	struct vc_cl_channel *channel;
	uint64_t base, size; /* addresses for arenas */
	struct vc_ring commands, notes;
	pthread_mutex_t send_lock; /* of commands */
	_Atomic bool dead;
	_Atomic uint64_t slots_taken;
};

/* Opens a link through @transport. @epoch: its number. Returns NULL with words in @why. The caller starts the thread that waits. */
struct vc_link *vc_link_open(const struct vc_link_transport *transport, uint32_t epoch, char *why, size_t size);

/* Sends a request: its header and, unless they are elsewhere, its arguments. Blocks while the ring is full. Returns false when the
 * worker is dead. */
bool vc_link_send(struct vc_link *link, struct vc_cl_request *head, const void *arguments);

/* This thread's slot for answers, made ready for one. Waits while all are taken. */
unsigned vc_link_slot(struct vc_link *link);

/* Waits until the worker has answered in @slot; @spin is this kind of wait. Returns false when it is dead. The answer stays until the
 * slot is used again. */
bool vc_link_await(struct vc_link *link, unsigned slot, struct vc_spin *spin);

/* The worker is gone: wakes all who wait. */
void vc_link_bury(struct vc_link *link);

extern const struct vc_link_transport vc_link_local;

#endif
