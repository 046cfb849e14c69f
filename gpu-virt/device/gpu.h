/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtio-gpu device model (virtio 1.3, 5.7): takes commands from the two rings, checks each against what the guest has
 * made so far, has the worker run it, and answers. It does no I/O but through vc_gpu_ops, and never touches GL.
 *
 *   guest ring ─► copy once ─► check ─► tables ─► worker ─► answer
 *
 * When a worker has died, the model walks its tables and makes everything again in the next one before it takes another
 * command; the guest's commands wait in the ring meanwhile.
 */
#ifndef VC_GPU_GPU_H
#define VC_GPU_GPU_H

#include "config.h"
#include "gpu-proto.h"
#include "memory.h"
#include "queue.h"
#include "tables.h"
#include "vring.h"
#include "worker-proto.h"

#define VC_GPU_TURN 64

struct vc_gpu_ops {
	/* Sends a command; @fds stay the caller's. False: the worker can't be reached (its death will be told). */
	bool (*send)(void *data, const struct vc_worker_command *command, const int *fds, unsigned nfds);
	/* The worker answered nonsense, or isn't wanted any more (@why NULL): a new one, please. */
	void (*restart)(void *data, const char *why);
	/* A picture of the scanout, made of @resource. @fd is the callee's. Returns false if it can't
	 * be shown. */
	bool (*show)(void *data, const struct vc_worker_frame *frame, uint32_t resource, uint32_t width,
		     uint32_t height, int fd);
	/* A picture of the scanout (a rectangle of @resource) from the guest's own memory. Sets resource->direct. Returns false if that
	 * can't be. */
	bool (*show_direct)(void *data, struct vc_resource *resource, uint32_t x, uint32_t y, uint32_t width,
			    uint32_t height);
	/* @resource is no more, or all are (0): its buffers may go. */
	void (*forget)(void *data, uint32_t resource);
	/* Fills in how the next frame, of @resource, is to be made: slot, must_copy. */
	void (*plan)(void *data, uint32_t resource, struct vc_worker_flush *flush);
	/* True once the last frame is on the screen, or has waited long enough. */
	bool (*paced)(void *data);
	/* The size and rate of the layer. */
	void (*zone)(void *data, uint32_t *width, uint32_t *height, uint32_t *refresh_mhz);
	int64_t (*now)(void *data);
};

/* How far the next worker is made like the last one. */
enum vc_rebuild_stage {
	VC_REBUILD_WAIT, /* no worker, or not READY */
	VC_REBUILD_MEMORY,
	VC_REBUILD_CREATE,
	VC_REBUILD_ATTACH,
	VC_REBUILD_UPLOAD,
	VC_REBUILD_CONTEXTS,
	VC_REBUILD_CONTEXT_RESOURCES,
	VC_REBUILD_SCANOUT,
	VC_REBUILD_NONE, /* up */
};

struct vc_gpu {
	const struct vc_gpu_config *config;
	const struct vc_gpu_ops *ops;
	void *data;
	const struct vc_memory *memory;
	struct vc_vring *control, *cursor;
	uint8_t *arena;

	struct vc_tables tables;
	struct vc_queue queue;
	struct vc_chain chain;

	bool offers_virgl; /* what the guest was told; stays */
	bool virgl;        /* what the present worker can do */
	unsigned capsets;
	struct vc_worker_capset capset[VC_WORKER_CAPSETS_MAX];
	uint8_t capset_bytes[VC_WORKER_CAPSETS_MAX][VC_WORKER_CAPSET_BYTES];
	char renderer[128];

	enum vc_rebuild_stage stage;
	bool stage_remap;                   /* only the backings are to be attached anew: guest memory has moved */
	struct vc_resource *stage_resource; /* the next one to treat */
	uint32_t stage_context, stage_index;

	struct {
		uint32_t resource; /* 0: off */
		uint32_t x, y, width, height;
	} scanout;
	uint64_t flush_seq; /* a FLUSH is under way or its frame not yet on the screen; 0: none */
	bool flush_shown;

	struct vc_gpu_counters counters;
	char last_reason[VC_GPU_REASON_MAX];
	int64_t refused_ns; /* when a refusal was logged last */
};

bool vc_gpu_init(struct vc_gpu *gpu, const struct vc_gpu_config *config, const struct vc_gpu_ops *ops, void *data,
		 const struct vc_memory *memory, struct vc_vring *control, struct vc_vring *cursor, uint8_t *arena);
void vc_gpu_finish(struct vc_gpu *gpu);

/* Goes on with whatever can go on, VC_GPU_TURN commands a ring at the most. Call it after every event. True: there's more to do at
 * once, after everybody else has had a turn. */
bool vc_gpu_pump(struct vc_gpu *gpu);

/* The worker's events. @fd is the gpu's, or -1. */
void vc_gpu_worker_ready(struct vc_gpu *gpu, const struct vc_worker_ready *ready);
void vc_gpu_worker_answer(struct vc_gpu *gpu, const union vc_worker_answer *answer, size_t size, int fd);
void vc_gpu_worker_died(struct vc_gpu *gpu);

/* vhost's events, see vc_vhost_ops. */
void vc_gpu_settle(struct vc_gpu *gpu);
void vc_gpu_memory_changed(struct vc_gpu *gpu);
void vc_gpu_driver_fresh(struct vc_gpu *gpu);

/* True if the scanout shows something that lives. */
bool vc_gpu_scanout_lives(const struct vc_gpu *gpu);

/* True if it is shown from the guest's own memory. */
bool vc_gpu_scanout_is_direct(const struct vc_gpu *gpu);

/* Records that the guest has come to a limit; it may do so as often as it likes, and is logged a few times a second. */
void vc_gpu_refuse(struct vc_gpu *gpu, const char *why);

/* Records why something was refused or died. */
void vc_gpu_reason(struct vc_gpu *gpu, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* virtio's 2D formats as DRM ones; 0: none such. The alpha of a screen means nothing: vc_gpu_opaque_fourcc() leaves it out. */
uint32_t vc_gpu_fourcc(uint32_t format);
uint32_t vc_gpu_opaque_fourcc(uint32_t format);

#endif
