/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One guest command under treatment, and the handlers that check and book it. Inside the gpu model only.
 *
 * A handler returns the response for the guest (VIRTIO_GPU_RESP_*), or VC_FORWARD: then @command goes to the worker and its
 * answer is the response; or VC_SHOWN: a frame is on its way to the screen without the worker, and the answer is OK once it is
 * there. A handler that returns an error has changed nothing.
 */
#ifndef VC_GPU_COMMAND_H
#define VC_GPU_COMMAND_H

#include "gpu.h"

#include <linux/virtio_gpu.h>

#define VC_FORWARD 0u
#define VC_SHOWN 1u

union vc_command_body {
	struct virtio_gpu_ctrl_hdr hdr;
	struct virtio_gpu_resource_create_2d create_2d;
	struct virtio_gpu_resource_unref unref;
	struct virtio_gpu_set_scanout set_scanout;
	struct virtio_gpu_resource_flush flush;
	struct virtio_gpu_transfer_to_host_2d transfer_2d;
	struct virtio_gpu_resource_attach_backing attach;
	struct virtio_gpu_resource_detach_backing detach;
	struct virtio_gpu_get_capset_info capset_info;
	struct virtio_gpu_get_capset capset;
	struct virtio_gpu_cmd_get_edid edid;
	struct virtio_gpu_ctx_create ctx_create;
	struct virtio_gpu_ctx_destroy ctx_destroy;
	struct virtio_gpu_ctx_resource ctx_resource;
	struct virtio_gpu_resource_create_3d create_3d;
	struct virtio_gpu_transfer_host_3d transfer_3d;
	struct virtio_gpu_cmd_submit submit;
	struct virtio_gpu_update_cursor cursor;
};

struct vc_command {
	const struct vc_chain *chain;
	union vc_command_body body; /* the only copy: guest memory isn't looked at twice */
	struct vc_worker_command command;
	/* what follows the header in the answer */
	const void *reply;
	size_t reply_size;
	union {
		struct virtio_gpu_resp_display_info display_info;
		struct virtio_gpu_resp_capset_info capset_info;
		struct virtio_gpu_resp_edid edid;
	} room;
	struct vc_resource *created; /* by this command */
	struct vc_resource *upload;  /* stale in the worker: its content goes there first */
	bool absent;                 /* about something 3D that a 2D worker doesn't have: answered without it */
};

struct vc_command_type {
	uint32_t type;
	uint32_t size;
	bool needs_virgl;
	uint32_t (*handle)(struct vc_gpu *gpu, struct vc_command *c);
};

/* NULL: no such command on that ring. */
const struct vc_command_type *vc_command_type(uint32_t type, bool cursor_ring);

uint32_t vc_command_display_info(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_edid(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_create_2d(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_unref(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_set_scanout(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_flush(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_transfer_2d(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_attach(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_detach(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_cursor(struct vc_gpu *gpu, struct vc_command *c);

uint32_t vc_command_capset_info(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_capset(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_ctx_create(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_ctx_destroy(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_ctx_attach(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_ctx_detach(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_create_3d(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_transfer_to_3d(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_transfer_from_3d(struct vc_gpu *gpu, struct vc_command *c);
uint32_t vc_command_submit(struct vc_gpu *gpu, struct vc_command *c);

/* Adds a resource after checking id and limits; the CREATE is forwarded. */
uint32_t vc_command_create(struct vc_gpu *gpu, struct vc_command *c, uint32_t id, const struct vc_worker_create *create,
			   bool flat);

/* Puts @resource's backing into the arena as pieces for an ATTACH. False if a piece isn't in guest memory any more. */
bool vc_command_put_backing(struct vc_gpu *gpu, const struct vc_resource *resource, struct vc_worker_command *command);

/* @resource's memory is about to change: what was made of it is given up. */
void vc_command_end_direct(struct vc_gpu *gpu, struct vc_resource *resource);

/* The whole of a flat resource as a WRITE. */
void vc_command_put_upload(const struct vc_resource *resource, struct vc_worker_command *command);

/* A FLUSH of the whole scanout. */
void vc_command_put_flush(struct vc_gpu *gpu, struct vc_worker_command *command);

#endif
