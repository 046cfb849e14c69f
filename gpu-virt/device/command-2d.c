/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that a 2D device has too: virtio 1.3, 5.7.6.8 "Device Operation: controlq", and 5.7.6.10 "cursorq". */
#include "command.h"

#include "edid.h"

#include <drm_fourcc.h>
#include <stdlib.h>
#include <string.h>

/* Gallium's names for what CREATE_2D makes; virglrenderer's wire format. */
#define TARGET_TEXTURE_2D 2u
#define BIND_RENDER_TARGET (1u << 1)
#define BIND_SCANOUT (1u << 18)

uint32_t vc_gpu_fourcc(uint32_t format) {
	switch (format) {
	case VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM:
		return DRM_FORMAT_ARGB8888;
	case VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM:
		return DRM_FORMAT_XRGB8888;
	case VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM:
		return DRM_FORMAT_BGRA8888;
	case VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM:
		return DRM_FORMAT_BGRX8888;
	case VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM:
		return DRM_FORMAT_ABGR8888;
	case VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM:
		return DRM_FORMAT_XBGR8888;
	case VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM:
		return DRM_FORMAT_RGBA8888;
	case VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM:
		return DRM_FORMAT_RGBX8888;
	default:
		return 0;
	}
}

uint32_t vc_gpu_opaque_fourcc(uint32_t format) {
	switch (vc_gpu_fourcc(format)) {
	case DRM_FORMAT_ARGB8888:
		return DRM_FORMAT_XRGB8888;
	case DRM_FORMAT_BGRA8888:
		return DRM_FORMAT_BGRX8888;
	case DRM_FORMAT_ABGR8888:
		return DRM_FORMAT_XBGR8888;
	case DRM_FORMAT_RGBA8888:
		return DRM_FORMAT_RGBX8888;
	default:
		return vc_gpu_fourcc(format);
	}
}

static bool inside(const struct virtio_gpu_rect *r, uint32_t width, uint32_t height) {
	return r->width <= width && r->height <= height && r->x <= width - r->width && r->y <= height - r->height;
}

uint32_t vc_command_display_info(struct vc_gpu *gpu, struct vc_command *c) {
	uint32_t mhz;
	struct virtio_gpu_resp_display_info *info = &c->room.display_info;
	memset(info, 0, sizeof(*info));
	gpu->ops->zone(gpu->data, &info->pmodes[0].r.width, &info->pmodes[0].r.height, &mhz);
	info->pmodes[0].enabled = 1;
	c->reply = info->pmodes;
	c->reply_size = sizeof(info->pmodes);
	return VIRTIO_GPU_RESP_OK_DISPLAY_INFO;
}

uint32_t vc_command_edid(struct vc_gpu *gpu, struct vc_command *c) {
	if (c->body.edid.scanout != 0)
		return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
	uint32_t width, height, mhz;
	gpu->ops->zone(gpu->data, &width, &height, &mhz);
	struct virtio_gpu_resp_edid *edid = &c->room.edid;
	memset(edid, 0, sizeof(*edid));
	edid->size = VC_EDID_SIZE;
	vc_edid_make(edid->edid, width, height, mhz);
	c->reply = &edid->size;
	c->reply_size = sizeof(*edid) - sizeof(edid->hdr);
	return VIRTIO_GPU_RESP_OK_EDID;
}

uint32_t vc_command_create(struct vc_gpu *gpu, struct vc_command *c, uint32_t id, const struct vc_worker_create *create,
			   bool flat) {
	if (id == 0 || vc_tables_find(&gpu->tables, id))
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	uint64_t bytes = vc_create_bytes(create);
	uint64_t limit = (uint64_t)gpu->config->max_resource_mb << 20;
	if (bytes == UINT64_MAX)
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	if (gpu->tables.resources >= gpu->config->max_resources) {
		vc_gpu_refuse(gpu, "more than max_resources resources");
		return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	}
	if (bytes > limit || gpu->tables.bytes > limit - bytes) {
		vc_gpu_refuse(gpu, "more than max_resource_mb of resources");
		return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	}
	c->created = vc_tables_add(&gpu->tables, id, create);
	if (!c->created)
		return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	c->created->flat = flat;
	c->command.op = VC_WORKER_CREATE;
	c->command.resource = id;
	c->command.create = *create;
	return VC_FORWARD;
}

uint32_t vc_command_create_2d(struct vc_gpu *gpu, struct vc_command *c) {
	const struct virtio_gpu_resource_create_2d *b = &c->body.create_2d;
	if (vc_gpu_fourcc(b->format) == 0 || b->width == 0 || b->height == 0)
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	struct vc_worker_create create = {.target = TARGET_TEXTURE_2D,
					  .format = b->format,
					  .bind = BIND_RENDER_TARGET | BIND_SCANOUT,
					  .width = b->width,
					  .height = b->height,
					  .depth = 1,
					  .array_size = 1};
	return vc_command_create(gpu, c, b->resource_id, &create, true);
}

uint32_t vc_command_unref(struct vc_gpu *gpu, struct vc_command *c) {
	struct vc_resource *r = vc_tables_find(&gpu->tables, c->body.unref.resource_id);
	if (!r)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (gpu->scanout.resource == r->id)
		gpu->scanout.resource = 0;
	c->absent = !gpu->virgl && !r->flat;
	c->command.op = VC_WORKER_UNREF;
	c->command.resource = r->id;
	gpu->ops->forget(gpu->data, r->id);
	vc_tables_remove(&gpu->tables, r);
	return VC_FORWARD;
}

uint32_t vc_command_set_scanout(struct vc_gpu *gpu, struct vc_command *c) {
	const struct virtio_gpu_set_scanout *b = &c->body.set_scanout;
	if (b->scanout_id != 0)
		return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
	if (b->resource_id == 0) {
		gpu->scanout.resource = 0;
		return VIRTIO_GPU_RESP_OK_NODATA;
	}
	const struct vc_resource *r = vc_tables_find(&gpu->tables, b->resource_id);
	if (!r)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (r->create.target != TARGET_TEXTURE_2D || vc_gpu_fourcc(r->create.format) == 0 || b->r.width < 16 ||
	    b->r.height < 16 || !inside(&b->r, r->create.width, r->create.height))
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	gpu->scanout.resource = r->id;
	gpu->scanout.x = b->r.x;
	gpu->scanout.y = b->r.y;
	gpu->scanout.width = b->r.width;
	gpu->scanout.height = b->r.height;
	return VIRTIO_GPU_RESP_OK_NODATA;
}

void vc_command_put_flush(struct vc_gpu *gpu, struct vc_worker_command *command) {
	command->op = VC_WORKER_FLUSH;
	command->resource = gpu->scanout.resource;
	command->flush = (struct vc_worker_flush){
		.x = gpu->scanout.x, .y = gpu->scanout.y, .width = gpu->scanout.width, .height = gpu->scanout.height};
	gpu->ops->plan(gpu->data, gpu->scanout.resource, &command->flush);
}

/* Shows a flat resource from the guest's own memory. GL that has it attached would see the worker's copy, so then it is kept fresh. */
static bool show_direct(struct vc_gpu *gpu, struct vc_resource *r) {
	if (!r->flat || r->not_direct || r->pieces == 0 || r->attachments > 0)
		return false;
	if (!gpu->ops->show_direct(gpu->data, r, gpu->scanout.x, gpu->scanout.y, gpu->scanout.width,
				   gpu->scanout.height)) {
		r->not_direct = true;
		gpu->ops->forget(gpu->data, r->id);
		return false;
	}
	gpu->counters.frames++;
	gpu->counters.frames_in_place++;
	gpu->counters.frames_direct++;
	return true;
}

uint32_t vc_command_flush(struct vc_gpu *gpu, struct vc_command *c) {
	const struct virtio_gpu_resource_flush *b = &c->body.flush;
	struct vc_resource *r = vc_tables_find(&gpu->tables, b->resource_id);
	if (!r)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (!inside(&b->r, r->create.width, r->create.height))
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	if (gpu->scanout.resource != r->id)
		return VIRTIO_GPU_RESP_OK_NODATA;
	gpu->counters.flushes++;
	if (r->lost) {
		gpu->counters.frames_lost++;
		return VIRTIO_GPU_RESP_OK_NODATA;
	}
	if (show_direct(gpu, r))
		return VC_SHOWN;
	if (r->stale)
		c->upload = r;
	vc_command_put_flush(gpu, &c->command);
	return VC_FORWARD;
}

uint32_t vc_command_transfer_2d(struct vc_gpu *gpu, struct vc_command *c) {
	const struct virtio_gpu_transfer_to_host_2d *b = &c->body.transfer_2d;
	struct vc_resource *r = vc_tables_find(&gpu->tables, b->resource_id);
	if (!r || !r->flat)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (b->r.width == 0 || b->r.height == 0 || !inside(&b->r, r->create.width, r->create.height))
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	/* The backing holds the picture with rows of its whole width. */
	uint64_t stride = (uint64_t)r->create.width * 4;
	uint64_t need = stride * (b->r.height - 1) + (uint64_t)b->r.width * 4;
	if (b->offset > r->backing_bytes || need > r->backing_bytes - b->offset)
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	r->from_guest = true;
	/* On the screen from where the guest has it: nothing to copy. */
	if (r->direct && !r->not_direct && r->attachments == 0) {
		r->stale = true;
		return VIRTIO_GPU_RESP_OK_NODATA;
	}
	if (r->stale)
		c->upload = r;
	c->command.op = VC_WORKER_WRITE;
	c->command.resource = r->id;
	c->command.box = (struct vc_worker_box){.x = b->r.x,
						.y = b->r.y,
						.w = b->r.width,
						.h = b->r.height,
						.d = 1,
						.stride = (uint32_t)stride,
						.offset = b->offset};
	return VC_FORWARD;
}

void vc_command_put_upload(const struct vc_resource *resource, struct vc_worker_command *command) {
	command->op = VC_WORKER_WRITE;
	command->resource = resource->id;
	command->box = (struct vc_worker_box){.w = resource->create.width,
					      .h = resource->create.height,
					      .d = 1,
					      .stride = resource->create.width * 4};
}

bool vc_command_put_backing(struct vc_gpu *gpu, const struct vc_resource *resource, struct vc_worker_command *command) {
	command->op = VC_WORKER_ATTACH;
	command->resource = resource->id;
	command->arena_size = resource->pieces * (uint32_t)sizeof(struct vc_worker_piece);
	command->arena_offset = vc_queue_arena(&gpu->queue, command->arena_size);
	struct vc_worker_piece *piece = (struct vc_worker_piece *)(gpu->arena + command->arena_offset);
	for (uint32_t i = 0; i < resource->pieces; i++) {
		piece[i].length = resource->length[i];
		if (!vc_memory_locate(gpu->memory, resource->gpa[i], resource->length[i], &piece[i].region,
				      &piece[i].offset))
			return false;
	}
	return true;
}

void vc_command_end_direct(struct vc_gpu *gpu, struct vc_resource *r) {
	if (r->direct)
		gpu->ops->forget(gpu->data, r->id);
	r->direct = 0;
	r->not_direct = r->stale = false;
}

uint32_t vc_command_attach(struct vc_gpu *gpu, struct vc_command *c) {
	const struct virtio_gpu_resource_attach_backing *b = &c->body.attach;
	struct vc_resource *r = vc_tables_find(&gpu->tables, b->resource_id);
	if (!r)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	uint32_t n = b->nr_entries;
	size_t size = (size_t)n * sizeof(struct virtio_gpu_mem_entry);
	if (n == 0 || n > gpu->config->max_backing_entries || c->chain->read_size - sizeof(*b) < size)
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	/* What it has now goes when the new one comes. */
	if (gpu->tables.pieces - r->pieces + n > gpu->config->max_backing_total) {
		vc_gpu_refuse(gpu, "more than max_backing_total pieces of memory behind the guest's resources");
		return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	}
	struct virtio_gpu_mem_entry *entry = malloc(size);
	uint64_t *gpa = malloc(n * sizeof(*gpa));
	uint32_t *length = malloc(n * sizeof(*length));
	bool good = entry && gpa && length;
	uint32_t response = good ? VC_FORWARD : VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	if (good)
		vc_chain_read(c->chain, sizeof(*b), entry, size);
	for (uint32_t i = 0; i < n && good; i++) {
		gpa[i] = entry[i].addr;
		length[i] = entry[i].length;
		good = length[i] > 0 && vc_memory_at(gpu->memory, gpa[i], length[i]) != NULL;
		if (!good)
			response = VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	}
	free(entry);
	if (!good) {
		free(gpa);
		free(length);
		return response;
	}
	vc_command_end_direct(gpu, r);
	vc_resource_back(&gpu->tables, r, gpa, length, n);
	c->absent = !gpu->virgl && !r->flat;
	if (c->absent)
		return VC_FORWARD;
	vc_command_put_backing(gpu, r, &c->command);
	return VC_FORWARD;
}

uint32_t vc_command_detach(struct vc_gpu *gpu, struct vc_command *c) {
	struct vc_resource *r = vc_tables_find(&gpu->tables, c->body.detach.resource_id);
	if (!r)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (r->pieces == 0)
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	vc_command_end_direct(gpu, r);
	vc_resource_unback(&gpu->tables, r);
	r->from_guest = false;
	c->absent = !gpu->virgl && !r->flat;
	c->command.op = VC_WORKER_DETACH;
	c->command.resource = r->id;
	return VC_FORWARD;
}

/* The display protocol has no cursor layer, so the guest's pointer isn't drawn; its commands are checked and taken, as a
 * driver expects. */
uint32_t vc_command_cursor(struct vc_gpu *gpu, struct vc_command *c) {
	const struct virtio_gpu_update_cursor *b = &c->body.cursor;
	if (b->pos.scanout_id != 0)
		return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
	if (b->hdr.type == VIRTIO_GPU_CMD_UPDATE_CURSOR && b->resource_id != 0 &&
	    !vc_tables_find(&gpu->tables, b->resource_id))
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	return VIRTIO_GPU_RESP_OK_NODATA;
}
