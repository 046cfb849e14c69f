/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of VIRTIO_GPU_F_VIRGL: virtio 1.3, 5.7.6.8. The streams in SUBMIT_3D are checked by virglrenderer, in the worker. */
#include "command.h"

#include <string.h>

uint32_t vc_command_capset_info(struct vc_gpu *gpu, struct vc_command *c) {
	uint32_t index = c->body.capset_info.capset_index;
	struct virtio_gpu_resp_capset_info *info = &c->room.capset_info;
	memset(info, 0, sizeof(*info));
	/* An index too far is no error in the drivers' eyes: it reads as a set of id 0. */
	if (index < gpu->capsets) {
		info->capset_id = gpu->capset[index].id;
		info->capset_max_version = gpu->capset[index].version;
		info->capset_max_size = gpu->capset[index].size;
	}
	c->reply = &info->capset_id;
	c->reply_size = sizeof(*info) - sizeof(info->hdr);
	return VIRTIO_GPU_RESP_OK_CAPSET_INFO;
}

uint32_t vc_command_capset(struct vc_gpu *gpu, struct vc_command *c) {
	const struct virtio_gpu_get_capset *b = &c->body.capset;
	for (unsigned i = 0; i < gpu->capsets; i++) {
		if (gpu->capset[i].id != b->capset_id || b->capset_version > gpu->capset[i].version)
			continue;
		c->reply = gpu->capset_bytes[i];
		c->reply_size = gpu->capset[i].size;
		return VIRTIO_GPU_RESP_OK_CAPSET;
	}
	return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
}

uint32_t vc_command_ctx_create(struct vc_gpu *gpu, struct vc_command *c) {
	const struct virtio_gpu_ctx_create *b = &c->body.ctx_create;
	uint32_t id = b->hdr.ctx_id;
	if (id == 0 || vc_tables_context(&gpu->tables, id))
		return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
	if (b->nlen > sizeof(b->debug_name) || b->context_init != 0)
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	if (!gpu->virgl)
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	struct vc_context *context = vc_tables_context_add(&gpu->tables, id);
	if (!context) {
		vc_gpu_refuse(gpu, "more than max_contexts contexts");
		return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	}
	size_t n = b->nlen < sizeof(context->name) ? b->nlen : sizeof(context->name) - 1;
	memcpy(context->name, b->debug_name, n);
	c->command.op = VC_WORKER_CTX_CREATE;
	c->command.context = id;
	memcpy(c->command.name, context->name, sizeof(c->command.name));
	return VC_FORWARD;
}

uint32_t vc_command_ctx_destroy(struct vc_gpu *gpu, struct vc_command *c) {
	struct vc_context *context = vc_tables_context(&gpu->tables, c->body.hdr.ctx_id);
	if (!context)
		return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
	bool lost = context->lost;
	c->absent = !gpu->virgl;
	c->command.op = VC_WORKER_CTX_DESTROY;
	c->command.context = context->id;
	vc_tables_context_remove(&gpu->tables, context);
	return lost ? VIRTIO_GPU_RESP_OK_NODATA : VC_FORWARD;
}

uint32_t vc_command_ctx_attach(struct vc_gpu *gpu, struct vc_command *c) {
	struct vc_context *context = vc_tables_context(&gpu->tables, c->body.hdr.ctx_id);
	struct vc_resource *r = vc_tables_find(&gpu->tables, c->body.ctx_resource.resource_id);
	if (!context)
		return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
	if (!r)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (!vc_context_attach(context, r))
		return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	if (r->stale)
		c->upload = r;
	c->absent = !gpu->virgl;
	c->command.op = VC_WORKER_CTX_ATTACH;
	c->command.context = context->id;
	c->command.resource = r->id;
	return context->lost ? VIRTIO_GPU_RESP_OK_NODATA : VC_FORWARD;
}

uint32_t vc_command_ctx_detach(struct vc_gpu *gpu, struct vc_command *c) {
	struct vc_context *context = vc_tables_context(&gpu->tables, c->body.hdr.ctx_id);
	struct vc_resource *r = vc_tables_find(&gpu->tables, c->body.ctx_resource.resource_id);
	if (!context)
		return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
	if (!r || !vc_context_detach(context, r))
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	c->absent = !gpu->virgl;
	c->command.op = VC_WORKER_CTX_DETACH;
	c->command.context = context->id;
	c->command.resource = r->id;
	return context->lost ? VIRTIO_GPU_RESP_OK_NODATA : VC_FORWARD;
}

uint32_t vc_command_create_3d(struct vc_gpu *gpu, struct vc_command *c) {
	const struct virtio_gpu_resource_create_3d *b = &c->body.create_3d;
	if (b->width == 0 || b->height == 0 || b->depth == 0 || b->array_size == 0 || b->last_level > 15)
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	if (!gpu->virgl)
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	/* Y_0_TOP asks that the picture be kept upside down in GL's eyes, for hosts that show GL textures with GL's origin.
	 * A scanout plane reads rows from the top, so without it nothing has to be turned over; the guest can't tell. */
	struct vc_worker_create create = {.target = b->target,
					  .format = b->format,
					  .bind = b->bind,
					  .width = b->width,
					  .height = b->height,
					  .depth = b->depth,
					  .array_size = b->array_size,
					  .last_level = b->last_level,
					  .nr_samples = b->nr_samples,
					  .flags = b->flags & ~(uint32_t)VIRTIO_GPU_RESOURCE_FLAG_Y_0_TOP};
	return vc_command_create(gpu, c, b->resource_id, &create, false);
}

static uint32_t minify(uint32_t size, uint32_t level) {
	return size >> level ? size >> level : 1;
}

static bool within(uint32_t start, uint32_t length, uint32_t size) {
	return length <= size && start <= size - length;
}

/* How much of the backing a transfer reads depends on the format's blocks, which virglrenderer knows and checks. */
static bool box_fits(const struct vc_resource *r, const struct virtio_gpu_transfer_host_3d *b) {
	const struct vc_worker_create *c = &r->create;
	uint64_t layers = (uint64_t)c->depth * c->array_size;
	return b->level <= c->last_level && within(b->box.x, b->box.w, minify(c->width, b->level)) &&
	       within(b->box.y, b->box.h, minify(c->height, b->level)) && b->box.d <= layers &&
	       b->box.z <= layers - b->box.d && b->offset < r->backing_bytes;
}

static uint32_t transfer(struct vc_gpu *gpu, struct vc_command *c, uint32_t op) {
	const struct virtio_gpu_transfer_host_3d *b = &c->body.transfer_3d;
	struct vc_resource *r = vc_tables_find(&gpu->tables, b->resource_id);
	const struct vc_context *context = vc_tables_context(&gpu->tables, b->hdr.ctx_id);
	if (!r)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (b->hdr.ctx_id != 0 && !context)
		return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
	if (context && context->lost)
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	if (!box_fits(r, b))
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	if (!gpu->virgl)
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	if (op == VC_WORKER_WRITE)
		r->lost = false;
	if (r->stale)
		c->upload = r;
	c->command.op = op;
	c->command.resource = r->id;
	c->command.context = b->hdr.ctx_id;
	c->command.box = (struct vc_worker_box){.x = b->box.x,
						.y = b->box.y,
						.z = b->box.z,
						.w = b->box.w,
						.h = b->box.h,
						.d = b->box.d,
						.level = b->level,
						.stride = b->stride,
						.layer_stride = b->layer_stride,
						.offset = b->offset};
	return VC_FORWARD;
}

uint32_t vc_command_transfer_to_3d(struct vc_gpu *gpu, struct vc_command *c) {
	return transfer(gpu, c, VC_WORKER_WRITE);
}

uint32_t vc_command_transfer_from_3d(struct vc_gpu *gpu, struct vc_command *c) {
	return transfer(gpu, c, VC_WORKER_READ);
}

uint32_t vc_command_submit(struct vc_gpu *gpu, struct vc_command *c) {
	const struct virtio_gpu_cmd_submit *b = &c->body.submit;
	struct vc_context *context = vc_tables_context(&gpu->tables, b->hdr.ctx_id);
	if (!context)
		return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
	/* Streams are words. */
	if (b->size == 0 || b->size % 4 != 0 || b->size > gpu->config->max_submit_kb * 1024u ||
	    b->size > c->chain->read_size - sizeof(*b))
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	if (context->lost || !gpu->virgl)
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	c->command.op = VC_WORKER_SUBMIT;
	c->command.context = context->id;
	c->command.arena_size = b->size;
	c->command.arena_offset = vc_queue_arena(&gpu->queue, b->size);
	vc_chain_read(c->chain, sizeof(*b), gpu->arena + c->command.arena_offset, b->size);
	context->submitted = true;
	if (context->heals)
		vc_tables_heal(&gpu->tables, context);
	gpu->counters.submits++;
	return VC_FORWARD;
}
