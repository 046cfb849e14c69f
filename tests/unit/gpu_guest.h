/* SPDX-License-Identifier: Apache-2.0 */
/* A small guest for tests and fuzzers of the GPU device: RAM in a sealed memfd, two rings, and a worker that is only a list. */
#ifndef VC_TEST_GPU_GUEST_H
#define VC_TEST_GPU_GUEST_H

#include "gpu.h"

#include <linux/virtio_gpu.h>
#include <linux/virtio_ring.h>

#define GUEST_GPA UINT64_C(0x40000000)
#define GUEST_UVA UINT64_C(0x7f0000000000)
#define GUEST_RAM (4u << 20)
#define GUEST_RING 64u
#define GUEST_DATA 0x10000u /* RAM from here on is the test's */
#define GUEST_SENT_MAX 4096

struct guest {
	struct vc_memory memory;
	uint8_t *ram;
	struct vc_vring ring[2];
	struct vc_gpu_config config;
	struct vc_gpu gpu;
	uint8_t *arena;
	/* the worker */
	struct vc_worker_command sent[GUEST_SENT_MAX];
	unsigned sent_count, answered;
	bool silent;       /* it doesn't answer by itself */
	bool lazy;         /* it answers DONE, and FENCED only when told */
	uint32_t response; /* 0: OK */
	unsigned restarts, shown, shown_directly, forgotten;
	bool direct; /* guest memory can be shown as it is */
	bool paced;
	int64_t now;
};

/* Called by the test program for each command that reaches the worker. */
void guest_init(struct guest *guest);
void guest_finish(struct guest *guest);

/* A worker says READY, as @virgl or 2D, and the rebuild runs. */
void guest_worker_ready(struct guest *guest, bool virgl);

/* Lets the worker answer all it has been sent and pumps until nothing moves. */
void guest_run(struct guest *guest);
void guest_fence(struct guest *guest, uint64_t seq);

struct vring_desc *guest_desc(struct guest *guest, unsigned ring, unsigned index);
struct vring_avail *guest_avail(struct guest *guest, unsigned ring);
struct vring_used *guest_used(struct guest *guest, unsigned ring);

/* Makes the chain that starts at descriptor @head available. */
void guest_offer(struct guest *guest, unsigned ring, uint16_t head);

/* Puts @size bytes and room for an answer into RAM and offers them as a chain of two, at descriptors 2n and 2n+1. Returns
 * where the answer will be. */
void *guest_put(struct guest *guest, unsigned ring, unsigned n, const void *command, size_t size, size_t answer_size);

/* The same, runs it and returns the type of the answer (0: none yet). */
uint32_t guest_do(struct guest *guest, const void *command, size_t size);

#endif
