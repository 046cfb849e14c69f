/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool holds(uint64_t start, uint64_t size, uint64_t at, uint64_t length) {
	return at >= start && at - start < size && length <= size - (at - start);
}

/* A file that can shrink under us would turn a guest's access into SIGBUS here: only sealed memfds are taken. */
static const char *check_region(const struct vc_memory_region *r) {
	struct stat st;
	if (r->fd < 0 || fstat(r->fd, &st) < 0)
		return "a memory region has no descriptor";
	if (r->size == 0 || r->gpa + r->size < r->gpa || r->uva + r->size < r->uva || r->offset + r->size < r->offset)
		return "a memory region is empty or wraps around";
	if (r->offset % 4096 != 0)
		return "a memory region does not start on a page";
	if (st.st_size < 0 || r->offset + r->size > (uint64_t)st.st_size)
		return "a memory region is longer than its file";
	int seals = fcntl(r->fd, F_GET_SEALS);
	if (seals < 0 || !(seals & F_SEAL_SHRINK))
		return "guest memory can shrink; give QEMU -object memory-backend-memfd,share=on";
	return NULL;
}

static const char *map_region(struct vc_memory_region *r) {
	const char *why = check_region(r);
	if (why)
		return why;
	void *map = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, r->fd, (off_t)r->offset);
	if (map == MAP_FAILED)
		return "guest memory cannot be mapped";
	r->map = map;
	return NULL;
}

void vc_memory_finish(struct vc_memory *memory) {
	for (unsigned i = 0; i < memory->count; i++) {
		struct vc_memory_region *r = &memory->region[i];
		if (r->map)
			munmap(r->map, r->size);
		if (r->fd >= 0)
			close(r->fd);
	}
	memory->count = 0;
}

static bool overlap(const struct vc_memory_region *a, const struct vc_memory_region *b) {
	return (a->gpa < b->gpa + b->size && b->gpa < a->gpa + a->size) ||
	       (a->uva < b->uva + b->size && b->uva < a->uva + a->size);
}

const char *vc_memory_set(struct vc_memory *memory, const struct vc_memory_region *region, unsigned count) {
	vc_memory_finish(memory);
	const char *why = NULL;
	for (unsigned i = 0; i < count; i++) {
		struct vc_memory_region *r = &memory->region[memory->count++];
		*r = region[i];
		r->map = NULL;
		if (!why)
			why = map_region(r);
		for (unsigned j = 0; j < i && !why; j++)
			if (overlap(r, &memory->region[j]))
				why = "memory regions overlap";
	}
	if (why)
		vc_memory_finish(memory);
	return why;
}

bool vc_memory_locate(const struct vc_memory *memory, uint64_t gpa, uint64_t length, uint32_t *region,
		      uint64_t *offset) {
	for (unsigned i = 0; i < memory->count; i++) {
		const struct vc_memory_region *r = &memory->region[i];
		if (!holds(r->gpa, r->size, gpa, length))
			continue;
		*region = i;
		*offset = gpa - r->gpa;
		return true;
	}
	return false;
}

void *vc_memory_at(const struct vc_memory *memory, uint64_t gpa, uint64_t length) {
	uint32_t region;
	uint64_t offset;
	return vc_memory_locate(memory, gpa, length, &region, &offset) ? memory->region[region].map + offset : NULL;
}

void *vc_memory_at_uva(const struct vc_memory *memory, uint64_t uva, uint64_t length) {
	for (unsigned i = 0; i < memory->count; i++) {
		const struct vc_memory_region *r = &memory->region[i];
		if (holds(r->uva, r->size, uva, length))
			return r->map + (uva - r->uva);
	}
	return NULL;
}
