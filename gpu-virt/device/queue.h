/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands on their way through the worker, oldest first, and the arena bytes they hold.
 *
 * A guest's fences are one line: the driver takes a fenced answer as "this and every earlier fence is done". So fenced
 * answers are given strictly in order, those too that the device could give at once (an error, say); others when ready.
 */
#ifndef VC_GPU_QUEUE_H
#define VC_GPU_QUEUE_H

#include "vring.h"
#include "worker-proto.h"

#include <linux/virtio_gpu.h>
#include <stdbool.h>
#include <stdint.h>

#define VC_QUEUE_MAX 2048   /* more than a ring has chains, plus our own commands */
#define VC_QUEUE_RUNNING 48 /* sent and not yet DONE: few enough for the socket's buffer */
#define VC_ANSWER_PIECES (sizeof(struct virtio_gpu_ctrl_hdr)) /* a header can't lie in more pieces than it has bytes */

/* Where and how a chain is to be answered. */
struct vc_answer {
	uint16_t head;
	struct virtio_gpu_ctrl_hdr request;
	unsigned pieces;
	struct iovec iov[VC_ANSWER_PIECES];
};

struct vc_ticket {
	uint64_t seq;
	uint32_t op; /* 0: never sent to the worker, waits only for its turn */
	uint32_t resource;
	bool guest;    /* answer is valid; else a command of our own */
	bool fenced;   /* the guest wants a fence */
	bool executed; /* DONE has come */
	bool finished; /* and FENCED, if asked for */
	bool answered;
	uint32_t response;
	uint32_t arena_end; /* the arena is free up to here once this is executed */
	int64_t since_ns;   /* sent, or executed if a fence is awaited */
	struct vc_answer answer;
};

struct vc_queue {
	struct vc_ticket ticket[VC_QUEUE_MAX];
	unsigned first, count;
	unsigned running;
	uint64_t next_seq;
	int64_t progress_ns;             /* when the worker last finished a command */
	uint32_t arena_head, arena_tail; /* bytes from tail to head are in use; equal: none */
};

void vc_queue_init(struct vc_queue *queue);

/* True if one more command with @bytes of arena can be taken now. */
bool vc_queue_room(const struct vc_queue *queue, uint32_t bytes);

/* Reserves @bytes of arena for the next ticket. Call vc_queue_room() first. */
uint32_t vc_queue_arena(struct vc_queue *queue, uint32_t bytes);

/* Adds a ticket at the end. */
struct vc_ticket *vc_queue_add(struct vc_queue *queue, uint32_t op, int64_t now_ns);

/* The oldest that isn't executed, or NULL. */
struct vc_ticket *vc_queue_running(struct vc_queue *queue);

/* Marks @seq executed, which must be the oldest running one. Returns it, or NULL if the worker talks nonsense. */
struct vc_ticket *vc_queue_executed(struct vc_queue *queue, uint64_t seq, int64_t now_ns);

/* Marks every executed one up to @seq finished, but not @held: that one waits for more than the GPU. */
void vc_queue_fenced(struct vc_queue *queue, uint64_t seq, uint64_t held);

/* Marks @seq finished. */
void vc_queue_finish(struct vc_queue *queue, uint64_t seq);

/* The next ticket that can be answered now, or NULL. It counts as answered from here on and stays valid until the next
 * call. */
struct vc_ticket *vc_queue_next_answer(struct vc_queue *queue);

/* When the worker must have made progress, if it may take @limit_ns for each command; INT64_MAX: never. */
int64_t vc_queue_deadline(const struct vc_queue *queue, int64_t limit_ns);

/* The worker is gone: everything under way is finished with VIRTIO_GPU_RESP_ERR_UNSPEC, or with @response for what was
 * sent, if that's not 0; the arena is free. */
void vc_queue_abandon(struct vc_queue *queue, uint32_t response);

#endif
