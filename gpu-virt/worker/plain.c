/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two dimensions and no GL: a resource is a memfd of pixels, filled from the guest's memory as it asks and shown in place.
 */
#include "renderer.h"

#include "display-proto.h"

#include <drm_fourcc.h>
#include <linux/virtio_gpu.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct picture {
	uint32_t id, width, height, stride, fourcc;
	uint64_t export;
	int fd;
	uint8_t *map;
	size_t size;
	struct iovec *iov;
	unsigned count;
	struct picture *next;
};

static struct picture *pictures;

static struct picture *find(uint32_t id) {
	struct picture *p = pictures;
	while (p && p->id != id)
		p = p->next;
	return p;
}

/* The alpha of a screen means nothing. */
static uint32_t fourcc_of(uint32_t format) {
	switch (format) {
	case VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM:
	case VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM:
		return DRM_FORMAT_BGRX8888;
	case VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM:
	case VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM:
		return DRM_FORMAT_XBGR8888;
	case VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM:
	case VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM:
		return DRM_FORMAT_RGBX8888;
	default:
		return DRM_FORMAT_XRGB8888;
	}
}

static uint32_t plain_create(uint32_t id, const struct vc_worker_create *create) {
	struct picture *p = calloc(1, sizeof(*p));
	if (!p)
		return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	p->id = id;
	p->width = create->width;
	p->height = create->height;
	p->stride = create->width * 4;
	p->fourcc = fourcc_of(create->format);
	p->size = ((size_t)p->stride * p->height + 4095) & ~(size_t)4095;
	p->fd = vc_slot_memory(p->size, &p->map);
	if (p->fd < 0) {
		free(p);
		return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	}
	p->export = vc_slot_next_export();
	p->next = pictures;
	pictures = p;
	return VIRTIO_GPU_RESP_OK_NODATA;
}

static uint32_t plain_unref(uint32_t id) {
	for (struct picture **link = &pictures; *link; link = &(*link)->next) {
		struct picture *p = *link;
		if (p->id != id)
			continue;
		*link = p->next;
		munmap(p->map, p->size);
		close(p->fd);
		free(p->iov);
		free(p);
		return VIRTIO_GPU_RESP_OK_NODATA;
	}
	return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
}

static uint32_t plain_attach(uint32_t id, struct iovec *iov, unsigned count) {
	struct picture *p = find(id);
	if (!p) {
		free(iov);
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	}
	free(p->iov);
	p->iov = iov;
	p->count = count;
	return VIRTIO_GPU_RESP_OK_NODATA;
}

static uint32_t plain_detach(uint32_t id) {
	return plain_attach(id, NULL, 0);
}

/* Copies @size bytes at @offset of the backing. */
static bool fetch(const struct picture *p, uint64_t offset, uint8_t *to, size_t size) {
	for (unsigned i = 0; i < p->count && size > 0; i++) {
		size_t length = p->iov[i].iov_len;
		if (offset >= length) {
			offset -= length;
			continue;
		}
		size_t n = length - offset < size ? length - (size_t)offset : size;
		memcpy(to, (const uint8_t *)p->iov[i].iov_base + offset, n);
		to += n;
		size -= n;
		offset = 0;
	}
	return size == 0;
}

static uint32_t plain_write(const struct vc_worker_command *c) {
	const struct picture *p = find(c->resource);
	if (!p)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	const struct vc_worker_box *b = &c->box;
	if (b->x > p->width || b->w > p->width - b->x || b->y > p->height || b->h > p->height - b->y)
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	for (uint32_t row = 0; row < b->h; row++) {
		uint8_t *to = p->map + (size_t)(b->y + row) * p->stride + (size_t)b->x * 4;
		if (!fetch(p, b->offset + (uint64_t)row * b->stride, to, (size_t)b->w * 4))
			return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	}
	return VIRTIO_GPU_RESP_OK_NODATA;
}

static uint32_t plain_read(const struct vc_worker_command *c) {
	(void)c;
	return VIRTIO_GPU_RESP_ERR_UNSPEC; /* nothing in 2D is drawn here, so there's nothing to read back */
}

static uint32_t plain_frame(const struct vc_worker_command *c, struct vc_worker_frame *frame, int *fd) {
	const struct picture *p = find(c->resource);
	if (!p)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	*fd = p->fd;
	*frame = (struct vc_worker_frame){.export = p->export,
					  .kind = VC_DISPLAY_MEMFD,
					  .width = p->width,
					  .height = p->height,
					  .fourcc = p->fourcc,
					  .stride = p->stride,
					  .in_place = 1,
					  .size = p->size,
					  .modifier = DRM_FORMAT_MOD_LINEAR,
					  .x = c->flush.x,
					  .y = c->flush.y};
	return VIRTIO_GPU_RESP_OK_NODATA;
}

static const struct vc_renderer plain = {
	.create = plain_create,
	.unref = plain_unref,
	.attach = plain_attach,
	.detach = plain_detach,
	.write = plain_write,
	.read = plain_read,
	.frame = plain_frame,
};

const struct vc_renderer *vc_plain_start(void) {
	return &plain;
}
