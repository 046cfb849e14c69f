/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu_guest.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RING_BYTES 0x4000u

static bool on_send(void *data, const struct vc_worker_command *command, const int *fds, unsigned nfds) {
	struct guest *g = data;
	(void)fds;
	(void)nfds;
	if (g->sent_count == GUEST_SENT_MAX) {
		memmove(g->sent, g->sent + g->answered, (g->sent_count - g->answered) * sizeof(g->sent[0]));
		g->sent_count -= g->answered;
		g->answered = 0;
	}
	g->sent[g->sent_count++] = *command;
	return true;
}

static void on_restart(void *data, const char *why) {
	struct guest *g = data;
	(void)why;
	g->restarts++;
}

static bool on_show(void *data, const struct vc_worker_frame *frame, uint32_t resource, uint32_t width, uint32_t height,
		    int fd) {
	struct guest *g = data;
	(void)frame;
	(void)resource;
	(void)width;
	(void)height;
	if (fd >= 0)
		close(fd);
	g->shown++;
	return true;
}

static bool on_show_direct(void *data, struct vc_resource *resource, uint32_t x, uint32_t y, uint32_t width,
			   uint32_t height) {
	struct guest *g = data;
	(void)x;
	(void)y;
	(void)width;
	(void)height;
	if (!g->direct)
		return false;
	resource->direct = 1000 + resource->id;
	g->shown_directly++;
	return true;
}

static void on_forget(void *data, uint32_t resource) {
	struct guest *g = data;
	(void)resource;
	g->forgotten++;
}

static void on_plan(void *data, uint32_t resource, struct vc_worker_flush *flush) {
	(void)data;
	(void)resource;
	flush->slot = 1;
}

static bool on_paced(void *data) {
	struct guest *g = data;
	return g->paced;
}

static void on_zone(void *data, uint32_t *width, uint32_t *height, uint32_t *refresh_mhz) {
	(void)data;
	*width = 960;
	*height = 720;
	*refresh_mhz = 30000;
}

static int64_t on_now(void *data) {
	struct guest *g = data;
	return ++g->now;
}

static const struct vc_gpu_ops ops = {
	.send = on_send,
	.restart = on_restart,
	.show = on_show,
	.show_direct = on_show_direct,
	.forget = on_forget,
	.plan = on_plan,
	.paced = on_paced,
	.zone = on_zone,
	.now = on_now,
};

struct vring_desc *guest_desc(struct guest *guest, unsigned ring, unsigned index) {
	return (struct vring_desc *)(void *)(guest->ram + ring * RING_BYTES) + index;
}

struct vring_avail *guest_avail(struct guest *guest, unsigned ring) {
	return (struct vring_avail *)(void *)(guest->ram + ring * RING_BYTES + 0x1000);
}

struct vring_used *guest_used(struct guest *guest, unsigned ring) {
	return (struct vring_used *)(void *)(guest->ram + ring * RING_BYTES + 0x2000);
}

static int make_ram(void) {
	int fd = memfd_create("ram", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, GUEST_RAM) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		abort();
	return fd;
}

void guest_init(struct guest *guest) {
	memset(guest, 0, sizeof(*guest));
	guest->paced = true;
	vc_gpu_config_defaults(&guest->config);
	guest->config.max_contexts = 4;
	guest->config.max_resources = 64;
	guest->config.max_resource_mb = 64;
	struct vc_memory_region region = {.gpa = GUEST_GPA, .uva = GUEST_UVA, .size = GUEST_RAM, .fd = make_ram()};
	if (vc_memory_set(&guest->memory, &region, 1) != NULL)
		abort();
	guest->ram = guest->memory.region[0].map;
	for (unsigned i = 0; i < 2; i++) {
		struct vc_vring *ring = &guest->ring[i];
		uint64_t at = GUEST_UVA + i * RING_BYTES;
		vc_vring_init(ring);
		ring->size = GUEST_RING;
		if (vc_vring_place(ring, &guest->memory, at, at + 0x1000, at + 0x2000) != NULL)
			abort();
		ring->kick = dup(guest->memory.region[0].fd); /* any descriptor: it is only tested for being there */
		ring->enabled = true;
	}
	guest->arena = malloc(VC_WORKER_ARENA_SIZE);
	if (!guest->arena || !vc_gpu_init(&guest->gpu, &guest->config, &ops, guest, &guest->memory, &guest->ring[0],
					  &guest->ring[1], guest->arena))
		abort();
}

void guest_finish(struct guest *guest) {
	vc_gpu_finish(&guest->gpu);
	vc_vring_finish(&guest->ring[0]);
	vc_vring_finish(&guest->ring[1]);
	vc_memory_finish(&guest->memory);
	free(guest->arena);
}

void guest_worker_ready(struct guest *guest, bool virgl) {
	struct vc_worker_ready ready = {.op = VC_WORKER_READY, .virgl = virgl, .capsets = virgl ? 2 : 0};
	ready.capset[0] = (struct vc_worker_capset){.id = 1, .version = 1, .size = 308, .offset = 0};
	ready.capset[1] = (struct vc_worker_capset){.id = 2, .version = 2, .size = 1500, .offset = 4096};
	memset(guest->arena, 0x5a, 8192);
	guest->sent_count = guest->answered = 0;
	vc_gpu_worker_ready(&guest->gpu, &ready);
	guest_run(guest);
}

static void pump(struct guest *guest) {
	while (vc_gpu_pump(&guest->gpu))
		;
}

void guest_fence(struct guest *guest, uint64_t seq) {
	union vc_worker_answer a = {.fenced = {.op = VC_WORKER_FENCED, .seq = seq}};
	vc_gpu_worker_answer(&guest->gpu, &a, sizeof(a.fenced), -1);
	pump(guest);
}

static void answer(struct guest *guest, const struct vc_worker_command *command) {
	union vc_worker_answer a = {.done = {.op = VC_WORKER_DONE, .seq = command->seq}};
	a.done.response = guest->response ? guest->response : VIRTIO_GPU_RESP_OK_NODATA;
	if (command->op == VC_WORKER_FLUSH)
		a.done.frame = (struct vc_worker_frame){.export = 1, .width = 4096, .height = 4096};
	vc_gpu_worker_answer(&guest->gpu, &a, sizeof(a.done), -1);
	if ((command->flags & VC_WORKER_FENCE) && !guest->lazy)
		guest_fence(guest, command->seq);
}

void guest_run(struct guest *guest) {
	pump(guest);
	while (!guest->silent && guest->answered < guest->sent_count) {
		struct vc_worker_command command = guest->sent[guest->answered++];
		answer(guest, &command);
		pump(guest);
	}
}

void guest_offer(struct guest *guest, unsigned ring, uint16_t head) {
	struct vring_avail *avail = guest_avail(guest, ring);
	avail->ring[avail->idx % GUEST_RING] = head;
	avail->idx++;
}

void *guest_put(struct guest *guest, unsigned ring, unsigned n, const void *command, size_t size, size_t answer_size) {
	uint32_t at = GUEST_DATA + n * 0x4000, answer_at = at + 0x3000;
	memcpy(guest->ram + at, command, size);
	memset(guest->ram + answer_at, 0, answer_size);
	*guest_desc(guest, ring, 2 * n) = (struct vring_desc){.addr = GUEST_GPA + at,
							      .len = (uint32_t)size,
							      .flags = VRING_DESC_F_NEXT,
							      .next = (uint16_t)(2 * n + 1)};
	*guest_desc(guest, ring, 2 * n + 1) = (struct vring_desc){
		.addr = GUEST_GPA + answer_at, .len = (uint32_t)answer_size, .flags = VRING_DESC_F_WRITE};
	guest_offer(guest, ring, (uint16_t)(2 * n));
	return guest->ram + answer_at;
}

uint32_t guest_do(struct guest *guest, const void *command, size_t size) {
	const struct virtio_gpu_ctrl_hdr *hdr = guest_put(guest, 0, 0, command, size, 0x1000);
	guest_run(guest);
	return hdr->type;
}
