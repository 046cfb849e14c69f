/* SPDX-License-Identifier: Apache-2.0 */
#include "compose.h"

#include <drm_fourcc.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>

static pixman_format_code_t pixman_format(uint32_t fourcc) {
	switch (fourcc) {
	case DRM_FORMAT_XRGB8888:
		return PIXMAN_x8r8g8b8;
	case DRM_FORMAT_ARGB8888:
		return PIXMAN_a8r8g8b8;
	case DRM_FORMAT_XBGR8888:
		return PIXMAN_x8b8g8r8;
	case DRM_FORMAT_ABGR8888:
		return PIXMAN_a8b8g8r8;
	case DRM_FORMAT_RGB565:
		return PIXMAN_r5g6b5;
	default:
		return 0;
	}
}

pixman_image_t *vc_compose_image(uint32_t fourcc, uint32_t width, uint32_t height, const void *map, uint32_t stride) {
	pixman_format_code_t format = pixman_format(fourcc);
	if (format == 0 || stride % 4 != 0)
		return NULL;
	return pixman_image_create_bits_no_clear(format, (int)width, (int)height, (uint32_t *)(uintptr_t)map,
						 (int)stride);
}

bool vc_compose_init(struct vc_compose *compose, int card, uint32_t width, uint32_t height, uint32_t background) {
	*compose = (struct vc_compose){.front = VC_COMPOSE_NONE, .lent = VC_COMPOSE_NONE};
	compose->background = (pixman_color_t){.red = (uint16_t)((background >> 16 & 0xff) * 0x101),
					       .green = (uint16_t)((background >> 8 & 0xff) * 0x101),
					       .blue = (uint16_t)((background & 0xff) * 0x101),
					       .alpha = 0xffff};
	for (unsigned i = 0; i < VC_COMPOSE_BUFFERS; i++) {
		struct vc_compose_buffer *b = &compose->buffer[i];
		if (vc_dumb_create(&b->dumb, card, width, height, true) < 0)
			return false;
		b->image = vc_compose_image(DRM_FORMAT_XRGB8888, width, height, b->dumb.map, b->dumb.stride);
		if (!b->image)
			return false;
		const pixman_rectangle16_t all = {0, 0, (uint16_t)width, (uint16_t)height};
		pixman_image_fill_rectangles(PIXMAN_OP_SRC, b->image, &compose->background, 1, &all);
	}
	for (unsigned i = 0; i < VC_LAYERS_MAX; i++)
		compose->version[i] = 1;
	return true;
}

void vc_compose_changed(struct vc_compose *compose, unsigned slot) {
	compose->version[slot]++;
}

/* Brackets the CPU's reads of a memfd's dma-buf, which is ours alone. A client's own dma-buf is read without: the bracket
 * waits for its fences, which the client could leave unsignalled. */
static void bracket_read(const struct vc_buffer *buffer, bool begin) {
	if (!buffer || !buffer->import.ours)
		return;
	struct dma_buf_sync sync = {.flags = DMA_BUF_SYNC_READ | (begin ? DMA_BUF_SYNC_START : DMA_BUF_SYNC_END)};
	ioctl(buffer->import.dmabuf, DMA_BUF_IOCTL_SYNC, &sync);
}

/* What layer @item shows where; an empty target if only the background. */
static void place_item(const struct vc_compose_item *item, struct vc_rect *source, struct vc_rect *target) {
	*source = *target = (struct vc_rect){0};
	if (item->image)
		vc_layer_place(&item->layer->config->rect, &item->part, source, target);
}

static void clear_item(const struct vc_compose *compose, pixman_image_t *to, const struct vc_compose_item *item) {
	const struct vc_rect *zone = &item->layer->config->rect;
	struct vc_rect source, target;
	place_item(item, &source, &target);
	bool opaque = item->image && pixman_image_get_depth(item->image) != 32;
	if (opaque && target.width == zone->width && target.height == zone->height)
		return;
	const pixman_rectangle16_t all = {(int16_t)zone->x, (int16_t)zone->y, (uint16_t)zone->width,
					  (uint16_t)zone->height};
	pixman_image_fill_rectangles(PIXMAN_OP_SRC, to, &compose->background, 1, &all);
}

static void draw_item(pixman_image_t *to, const struct vc_compose_item *item) {
	struct vc_rect source, target;
	place_item(item, &source, &target);
	if (!item->image)
		return;
	bracket_read(item->buffer, true);
	pixman_image_composite32(PIXMAN_OP_OVER, item->image, NULL, to, (int)source.x, (int)source.y, 0, 0,
				 (int)target.x, (int)target.y, (int)target.width, (int)target.height);
	bracket_read(item->buffer, false);
	item->layer->stats.bytes_copied += (uint64_t)target.width * target.height * 4;
}

/* Layers that overlap a layer to be drawn are drawn, too. Guests don't overlap each other, only the cluster, so two rounds
 * find them all. */
static void spread(const struct vc_compose_item *items, unsigned count, bool *dirty) {
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < count; i++)
			for (unsigned j = 0; j < count; j++)
				dirty[i] |= dirty[j] && vc_rect_overlaps(&items[i].layer->config->rect,
									 &items[j].layer->config->rect);
}

int vc_compose_draw(struct vc_compose *compose, const struct vc_compose_item *items, unsigned count) {
	int back = 0;
	while (back == compose->front || back == compose->lent)
		back++;
	struct vc_compose_buffer *b = &compose->buffer[back];
	bool dirty[VC_LAYERS_MAX] = {false};
	for (unsigned i = 0; i < count; i++)
		dirty[i] = b->drawn[i] != compose->version[i];
	spread(items, count, dirty);
	for (unsigned i = 0; i < count; i++)
		if (dirty[i])
			clear_item(compose, b->image, &items[i]);
	for (unsigned i = 0; i < count; i++)
		if (dirty[i])
			draw_item(b->image, &items[i]);
	for (unsigned i = 0; i < count; i++)
		b->drawn[i] = compose->version[i];
	return back;
}
