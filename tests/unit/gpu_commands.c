/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu_commands.h"

struct guest g;

int setup(void **state) {
	(void)state;
	guest_init(&g);
	guest_worker_ready(&g, true);
	g.gpu.counters.worker_starts = 1;
	return 0;
}

int teardown(void **state) {
	(void)state;
	guest_finish(&g);
	return 0;
}

uint32_t create_2d(uint32_t id, uint32_t format, uint32_t width, uint32_t height) {
	struct virtio_gpu_resource_create_2d c = {
		{.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_2D}, id, format, width, height};
	return DO(c);
}

uint32_t create_3d(uint32_t id, uint32_t target, uint32_t width, uint32_t height) {
	struct virtio_gpu_resource_create_3d c = {.hdr = {.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_3D},
						  .resource_id = id,
						  .target = target,
						  .format = 1,
						  .bind = 2,
						  .width = width,
						  .height = height,
						  .depth = 1,
						  .array_size = 1,
						  .flags = VIRTIO_GPU_RESOURCE_FLAG_Y_0_TOP};
	return DO(c);
}

uint32_t attach(uint32_t id, uint64_t gpa, uint32_t length) {
	struct {
		struct virtio_gpu_resource_attach_backing c;
		struct virtio_gpu_mem_entry e;
	} m = {{{.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING}, id, 1}, {gpa, length, 0}};
	return DO(m);
}

uint32_t unref(uint32_t id) {
	struct virtio_gpu_resource_unref c = {{.type = VIRTIO_GPU_CMD_RESOURCE_UNREF}, id, 0};
	return DO(c);
}

uint32_t scanout(uint32_t id, uint32_t x, uint32_t width, uint32_t height) {
	struct virtio_gpu_set_scanout c = {{.type = VIRTIO_GPU_CMD_SET_SCANOUT}, {x, 0, width, height}, 0, id};
	return DO(c);
}

uint32_t transfer_2d(uint32_t id, uint32_t width, uint32_t height, uint64_t offset) {
	struct virtio_gpu_transfer_to_host_2d c = {
		{.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D}, {0, 0, width, height}, offset, id, 0};
	return DO(c);
}

uint32_t flush(uint32_t id) {
	struct virtio_gpu_resource_flush c = {{.type = VIRTIO_GPU_CMD_RESOURCE_FLUSH}, {0, 0, 16, 16}, id, 0};
	return DO(c);
}

uint32_t context(uint32_t type, uint32_t id) {
	struct virtio_gpu_ctx_create c = {.hdr = {.type = type, .ctx_id = id}, .nlen = 4, .debug_name = "cube"};
	return DO(c);
}

uint32_t context_resource(uint32_t type, uint32_t id, uint32_t resource) {
	struct virtio_gpu_ctx_resource c = {{.type = type, .ctx_id = id}, resource, 0};
	return DO(c);
}

struct submit submit_of(uint32_t id, uint32_t size) {
	return (struct submit){{{.type = VIRTIO_GPU_CMD_SUBMIT_3D, .ctx_id = id}, size, 0}, {1, 2, 3, 4}};
}

uint32_t submit(uint32_t id, uint32_t size) {
	struct submit s = submit_of(id, size);
	return DO(s);
}

const struct vc_worker_command *last(void) {
	return &g.sent[g.sent_count - 1];
}
