/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest RAM as QEMU shares it: a few regions of a memfd each (vhost-user, "Memory regions description"). A guest of 4 GiB or
 * more comes as two, below and above the PCI hole.
 */
#ifndef VC_GPU_MEMORY_H
#define VC_GPU_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VC_MEMORY_REGIONS_MAX 8 /* what a back-end without CONFIGURE_MEM_SLOTS must take */

struct vc_memory_region {
	uint64_t gpa;    /* where the guest sees it */
	uint64_t size;   /* bytes */
	uint64_t uva;    /* where QEMU sees it: vring addresses are given so */
	uint64_t offset; /* of its first byte in the descriptor */
	int fd;
	uint8_t *map;
};

struct vc_memory {
	unsigned count;
	struct vc_memory_region region[VC_MEMORY_REGIONS_MAX];
};

/* Maps @count regions, whose gpa, size, uva, offset and fd are filled in. The descriptors are the memory's from now on, in
 * every case. Returns NULL, or why not. What was mapped before is unmapped in every case. */
const char *vc_memory_set(struct vc_memory *memory, const struct vc_memory_region *region, unsigned count);

void vc_memory_finish(struct vc_memory *memory);

/* @length bytes of guest RAM at guest address @gpa, or NULL if they aren't all in one region. */
void *vc_memory_at(const struct vc_memory *memory, uint64_t gpa, uint64_t length);

/* The same by QEMU's address. */
void *vc_memory_at_uva(const struct vc_memory *memory, uint64_t uva, uint64_t length);

/* The region and offset of @length bytes at @gpa. */
bool vc_memory_locate(const struct vc_memory *memory, uint64_t gpa, uint64_t length, uint32_t *region,
		      uint64_t *offset);

#endif
