/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making the next worker like the tables, one command at a time, so that neither the socket nor the arena overflows:
 *
 *   memory ─► resources ─► backings ─► what came from guest memory ─► contexts ─► what they have attached ─► the picture
 *
 * Contexts whose GL state died are not made again, and in a 2D worker nothing of 3D is.
 */
#include "rebuild.h"

#include "command.h"

#include <string.h>

void vc_rebuild_begin(struct vc_gpu *gpu, enum vc_rebuild_stage stage, bool remap) {
	gpu->stage = stage;
	gpu->stage_remap = remap;
	gpu->stage_resource = gpu->tables.first;
	gpu->stage_context = gpu->stage_index = 0;
}

static void put_memory(const struct vc_gpu *gpu, struct vc_worker_command *command) {
	command->op = VC_WORKER_MEMORY;
	command->memory.count = gpu->memory->count;
	for (unsigned i = 0; i < gpu->memory->count; i++)
		command->memory.region[i] = (struct vc_worker_region){.size = gpu->memory->region[i].size,
								      .offset = gpu->memory->region[i].offset};
}

static void next_stage(struct vc_gpu *gpu) {
	enum vc_rebuild_stage next = gpu->stage + 1;
	if (gpu->stage_remap)
		next = gpu->stage == VC_REBUILD_MEMORY ? VC_REBUILD_ATTACH : VC_REBUILD_NONE;
	vc_rebuild_begin(gpu, next, gpu->stage_remap && next != VC_REBUILD_NONE);
}

static void put_create(struct vc_gpu *gpu, struct vc_resource *r, struct vc_worker_command *command) {
	command->op = VC_WORKER_CREATE;
	command->resource = r->id;
	command->create = r->create;
	r->created_seq = gpu->queue.next_seq;
}

/* One resource a step; NULL ends the stage. */
static void step_resource(struct vc_gpu *gpu, struct vc_worker_command *command) {
	struct vc_resource *r = gpu->stage_resource;
	if (!r) {
		next_stage(gpu);
		return;
	}
	gpu->stage_resource = r->next;
	if (!r->flat && !gpu->virgl)
		return;
	if (gpu->stage == VC_REBUILD_CREATE)
		put_create(gpu, r, command);
	else if (gpu->stage == VC_REBUILD_ATTACH && r->pieces > 0 && !vc_command_put_backing(gpu, r, command))
		command->op = VC_WORKER_DETACH; /* its memory is gone */
	else if (gpu->stage == VC_REBUILD_UPLOAD && r->from_guest && r->pieces > 0 && !r->stale)
		vc_command_put_upload(r, command);
}

static struct vc_context *present_context(struct vc_gpu *gpu) {
	while (gpu->virgl && gpu->stage_context < gpu->tables.contexts_max) {
		struct vc_context *c = &gpu->tables.context[gpu->stage_context];
		if (c->id && !c->lost)
			return c;
		gpu->stage_context++;
	}
	return NULL;
}

static void step_context(struct vc_gpu *gpu, struct vc_worker_command *command) {
	struct vc_context *c = present_context(gpu);
	if (!c) {
		next_stage(gpu);
		return;
	}
	command->context = c->id;
	if (gpu->stage == VC_REBUILD_CONTEXTS) {
		command->op = VC_WORKER_CTX_CREATE;
		memcpy(command->name, c->name, sizeof(command->name));
		gpu->stage_context++;
	} else if (gpu->stage_index < c->resources) {
		command->op = VC_WORKER_CTX_ATTACH;
		command->resource = c->resource[gpu->stage_index++];
	} else {
		gpu->stage_context++;
		gpu->stage_index = 0;
	}
}

void vc_rebuild_step(struct vc_gpu *gpu, struct vc_worker_command *command) {
	switch (gpu->stage) {
	case VC_REBUILD_MEMORY:
		/* Until QEMU has shared its memory there's nothing to make. */
		if (gpu->memory->count > 0)
			put_memory(gpu, command);
		next_stage(gpu);
		break;
	case VC_REBUILD_CREATE:
	case VC_REBUILD_ATTACH:
	case VC_REBUILD_UPLOAD:
		step_resource(gpu, command);
		break;
	case VC_REBUILD_CONTEXTS:
	case VC_REBUILD_CONTEXT_RESOURCES:
		step_context(gpu, command);
		break;
	case VC_REBUILD_SCANOUT:
		/* What is shown from the guest's memory has never gone. */
		if (vc_gpu_scanout_lives(gpu) && !vc_gpu_scanout_is_direct(gpu))
			vc_command_put_flush(gpu, command);
		next_stage(gpu);
		break;
	case VC_REBUILD_WAIT:
	case VC_REBUILD_NONE:
		break;
	}
}
