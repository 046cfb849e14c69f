/* SPDX-License-Identifier: Apache-2.0 */
#include "direct.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define PAGE UINT64_C(4096)

int vc_direct_open(void) {
	int fd = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		vc_info("/dev/udmabuf: %s: what the guest draws by itself is copied", strerror(errno));
	return fd;
}

/* Adds pages of @memfd, to the last item if they follow it. False: too many. */
static bool add(struct udmabuf_create_list *list, int memfd, uint64_t offset, uint64_t size) {
	struct udmabuf_create_item *last = list->count > 0 ? &list->list[list->count - 1] : NULL;
	if (last && last->memfd == (uint32_t)memfd && last->offset + last->size == offset) {
		last->size += size;
		return true;
	}
	if (list->count == VC_DIRECT_PIECES_MAX)
		return false;
	list->list[list->count++] =
		(struct udmabuf_create_item){.memfd = (uint32_t)memfd, .offset = offset, .size = size};
	return true;
}

static int fill(struct udmabuf_create_list *list, const struct vc_memory *memory, const struct vc_resource *resource,
		uint64_t bytes) {
	for (uint32_t i = 0; i < resource->pieces && bytes > 0; i++) {
		uint32_t index;
		uint64_t at, length = resource->length[i];
		if (!vc_memory_locate(memory, resource->gpa[i], length, &index, &at))
			return -EINVAL;
		const struct vc_memory_region *region = &memory->region[index];
		bool last = length >= bytes;
		uint64_t use = ((last ? bytes : length) + PAGE - 1) & ~(PAGE - 1);
		/* The end of the last piece is filled up with what follows it in the guest's memory. */
		if (at % PAGE != 0 || (!last && length % PAGE != 0) || use > region->size - at)
			return -EINVAL;
		if (!add(list, region->fd, region->offset + at, use))
			return -E2BIG;
		bytes -= last ? bytes : length;
	}
	return bytes == 0 ? 0 : -EINVAL;
}

int vc_direct_wrap(int udmabuf, const struct vc_memory *memory, const struct vc_resource *resource, uint64_t bytes) {
	struct udmabuf_create_list *list = calloc(1, sizeof(*list) + VC_DIRECT_PIECES_MAX * sizeof(list->list[0]));
	if (!list)
		return -ENOMEM;
	list->flags = UDMABUF_FLAGS_CLOEXEC;
	int err = bytes > 0 ? fill(list, memory, resource, bytes) : -EINVAL;
	if (err == 0) {
		err = ioctl(udmabuf, UDMABUF_CREATE_LIST, list);
		err = err < 0 ? -errno : err;
	}
	free(list);
	return err;
}
