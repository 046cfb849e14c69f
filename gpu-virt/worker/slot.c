/* SPDX-License-Identifier: Apache-2.0 */
#include "renderer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

uint64_t vc_slot_next_export(void) {
	static uint64_t last;
	return ++last;
}

int vc_slot_memory(size_t size, uint8_t **map) {
	size = (size + 4095) & ~(size_t)4095;
	int fd = memfd_create("vcockpit-frame", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -1;
	/* The compositor takes only memory that can't shrink under it and is all there. Its pages are made here, so that this
	 * guest pays for them and not whoever touches them first. */
	if (fallocate(fd, 0, 0, (off_t)size) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
		void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
		if (at != MAP_FAILED) {
			*map = at;
			return fd;
		}
	}
	close(fd);
	return -1;
}

struct vc_slot *vc_slot_get(uint32_t index, size_t size) {
	static struct vc_slot slots[VC_WORKER_SLOTS];
	if (index >= VC_WORKER_SLOTS)
		return NULL;
	struct vc_slot *slot = &slots[index];
	size = (size + 4095) & ~(size_t)4095;
	if (slot->map && slot->size == size)
		return slot;
	if (slot->map) {
		munmap(slot->map, slot->size);
		close(slot->fd);
	}
	slot->map = NULL;
	slot->fd = vc_slot_memory(size, &slot->map);
	if (slot->fd < 0)
		return NULL;
	slot->size = size;
	slot->export = vc_slot_next_export();
	return slot;
}
