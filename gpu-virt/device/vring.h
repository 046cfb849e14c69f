/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A split virtqueue from the device's side (virtio 1.3, 2.7), with indirect descriptors (2.7.5.3) and event index (2.7.7.2,
 * 2.7.8.2; both are offered by QEMU itself and can't be declined). Everything in it is written by the guest: each index
 * and address is read once and checked before use.
 */
#ifndef VC_GPU_VRING_H
#define VC_GPU_VRING_H

#include "memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define VC_VRING_SIZE_MAX 1024
#define VC_CHAIN_MAX 1024 /* descriptors in one chain, indirect ones included */

struct vc_vring {
	/* as the front-end set it up */
	unsigned size; /* a power of two; 0: not set up */
	void *desc, *avail, *used;
	bool event_idx;
	bool enabled;
	int kick, call, err; /* eventfds or -1 */
	/* as the device goes */
	uint16_t next_avail; /* the next entry of the avail ring to take */
	uint16_t next_used;
	uint16_t told_used; /* next_used when the driver was last told */
	bool told;
	bool broken; /* the driver wrote nonsense; nothing is taken until it resets */
};

/* What a driver asks for: memory to read, then memory to write. */
struct vc_chain {
	uint16_t head;
	unsigned reads, writes; /* iov[0 … reads-1], iov[reads … reads+writes-1] */
	size_t read_size, write_size;
	struct iovec iov[VC_CHAIN_MAX];
};

enum vc_vring_result {
	VC_VRING_EMPTY,
	VC_VRING_CHAIN,     /* @chain is filled */
	VC_VRING_BAD_CHAIN, /* only @chain->head counts: hand it back with nothing written */
	VC_VRING_BROKEN,    /* the ring itself is nonsense; ring->broken is set */
};

void vc_vring_init(struct vc_vring *ring);

/* Closes eventfds and forgets all. */
void vc_vring_finish(struct vc_vring *ring);

/* Finds the three areas by QEMU's addresses. Returns NULL or why not. ring->size must be set. */
const char *vc_vring_place(struct vc_vring *ring, const struct vc_memory *memory, uint64_t desc, uint64_t avail,
			   uint64_t used);

bool vc_vring_ready(const struct vc_vring *ring);

/* Takes the next chain. When the ring is empty, the driver is asked to kick for the next one. */
enum vc_vring_result vc_vring_pop(struct vc_vring *ring, const struct vc_memory *memory, struct vc_chain *chain);

/* Hands a chain back, @written bytes of it written. */
void vc_vring_push(struct vc_vring *ring, uint16_t head, uint32_t written);

/* Tells the driver about what was pushed, if it wants to know. */
void vc_vring_notify(struct vc_vring *ring);

/* Copies from the readable part of @chain, starting @offset bytes into it. Returns bytes copied. */
size_t vc_chain_read(const struct vc_chain *chain, size_t offset, void *to, size_t size);

/* Copies into @count pieces of memory. Returns bytes copied. */
size_t vc_iov_write(const struct iovec *iov, unsigned count, const void *from, size_t size);

#endif
