/* SPDX-License-Identifier: Apache-2.0 */
#include "compose.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>

/* No version of a layer's, and not an empty zone either. */
#define SPOILT UINT64_MAX

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

pixman_image_t *vc_compose_image(uint32_t fourcc, uint32_t width, uint32_t height, const void *map, uint32_t stride,
				 bool scaled) {
	pixman_format_code_t format = pixman_format(fourcc);
	if (format == 0 || stride % 4 != 0)
		return NULL;
	pixman_image_t *image = pixman_image_create_bits_no_clear(format, (int)width, (int)height,
								  (uint32_t *)(uintptr_t)map, (int)stride);
	if (!image || !scaled)
		return image;
	/* pixman allocates a place for the transform when one is set, and frees it when that is none. So the image has one
	 * from here on, and set_transform() never sets none: no frame allocates. */
	pixman_transform_t any;
	pixman_transform_init_translate(&any, 1, 1);
	pixman_image_set_repeat(image, PIXMAN_REPEAT_PAD);
	if (pixman_image_set_transform(image, &any))
		return image;
	pixman_image_unref(image);
	return NULL;
}

static bool init_layer(struct vc_compose *compose, unsigned slot, const struct vc_dumb *dumb,
		       const struct vc_layer *layer) {
	compose->version[slot] = 1;
	compose->fallback[slot] =
		vc_compose_image(DRM_FORMAT_XRGB8888, dumb->width, dumb->height, dumb->map, dumb->stride, false);
	if (layer->config->alpha == 100)
		return compose->fallback[slot] != NULL;
	const pixman_color_t mask = {.alpha = (uint16_t)(layer->config->alpha * 0xffff / 100)};
	compose->mask[slot] = pixman_image_create_solid_fill(&mask);
	return compose->fallback[slot] && compose->mask[slot];
}

bool vc_compose_init(struct vc_compose *compose, int card, uint32_t width, uint32_t height, uint32_t background,
		     const struct vc_dumb *fallback, struct vc_layer *const *layer, unsigned layers) {
	if (compose->ready)
		return true;
	compose->background = (pixman_color_t){.red = (uint16_t)((background >> 16 & 0xff) * 0x101),
					       .green = (uint16_t)((background >> 8 & 0xff) * 0x101),
					       .blue = (uint16_t)((background & 0xff) * 0x101),
					       .alpha = 0xffff};
	for (unsigned i = 0; i < VC_COMPOSE_BUFFERS; i++) {
		struct vc_compose_buffer *b = &compose->buffer[i];
		if (vc_dumb_create(&b->dumb, card, width, height, true) < 0)
			return false;
		b->image = vc_compose_image(DRM_FORMAT_XRGB8888, width, height, b->dumb.map, b->dumb.stride, false);
		if (!b->image)
			return false;
		const pixman_rectangle16_t all = {0, 0, (uint16_t)width, (uint16_t)height};
		pixman_image_fill_rectangles(PIXMAN_OP_SRC, b->image, &compose->background, 1, &all);
	}
	for (unsigned i = 0; i < layers; i++)
		if (!init_layer(compose, i, &fallback[i], layer[i]))
			return false;
	compose->ready = true;
	return true;
}

int vc_compose_adopt(struct vc_compose *compose, int card, uint32_t fb, uint32_t width, uint32_t height) {
	struct vc_compose_buffer *b = &compose->buffer[VC_COMPOSE_ADOPTED];
	int err = vc_dumb_adopt(&b->dumb, card, fb);
	if (err == 0 && (b->dumb.width != width || b->dumb.height != height))
		err = -EINVAL;
	if (err == 0)
		b->image = vc_compose_image(DRM_FORMAT_XRGB8888, width, height, b->dumb.map, b->dumb.stride, false);
	if (err == 0 && !b->image)
		err = -ENOMEM;
	if (err < 0)
		vc_dumb_destroy(&b->dumb, card);
	else
		compose->front = VC_COMPOSE_ADOPTED;
	return err;
}

void vc_compose_changed(struct vc_compose *compose, unsigned slot) {
	compose->version[slot]++;
}

/* Brackets the CPU's reads of a memfd's dma-buf. It is ours alone, see vc_import_create(), so there are no fences of a client's
 * that the bracket could wait for. */
static void bracket_read(const struct vc_buffer *buffer, bool begin) {
	if (!buffer)
		return;
	struct dma_buf_sync sync = {.flags = DMA_BUF_SYNC_READ | (begin ? DMA_BUF_SYNC_START : DMA_BUF_SYNC_END)};
	ioctl(buffer->import.dmabuf, DMA_BUF_IOCTL_SYNC, &sync);
}

/* Does @item cover all of its zone with opaque pixels? Then nothing need be wiped there. */
static bool covers_zone(const struct vc_compose_item *item) {
	const struct vc_rect *zone = &item->layer->config->rect;
	return item->image && !item->mask && pixman_image_get_depth(item->image) != 32 &&
	       item->target.width == zone->width && item->target.height == zone->height;
}

static void clear_item(const struct vc_compose *compose, pixman_image_t *to, const struct vc_compose_item *item) {
	const struct vc_rect *zone = &item->layer->config->rect;
	const pixman_rectangle16_t all = {(int16_t)zone->x, (int16_t)zone->y, (uint16_t)zone->width,
					  (uint16_t)zone->height};
	if (!covers_zone(item))
		pixman_image_fill_rectangles(PIXMAN_OP_SRC, to, &compose->background, 1, &all);
}

/* Tells pixman from where in the source each target pixel comes. */
static void set_transform(const struct vc_compose_item *item) {
	const struct vc_rect *from = &item->source, *to = &item->target;
	bool scaled = from->width != to->width || from->height != to->height;
	pixman_transform_t t;
	pixman_transform_init_scale(&t, (pixman_fixed_t)(((uint64_t)from->width << 16) / to->width),
				    (pixman_fixed_t)(((uint64_t)from->height << 16) / to->height));
	/* The smallest step more than none, see vc_compose_image(); without scaling it changes no pixel. */
	t.matrix[0][2] = pixman_int_to_fixed((int)from->x) + 1;
	t.matrix[1][2] = pixman_int_to_fixed((int)from->y) + 1;
	pixman_image_set_transform(item->image, &t);
	pixman_image_set_filter(item->image, scaled ? PIXMAN_FILTER_BILINEAR : PIXMAN_FILTER_NEAREST, NULL, 0);
}

static void draw_item(pixman_image_t *to, const struct vc_compose_item *item) {
	const struct vc_rect *target = &item->target;
	if (!item->image || target->width == 0 || target->height == 0)
		return;
	bool scales = item->buffer && item->layer->config->scale != VC_SCALE_NONE;
	if (scales)
		set_transform(item);
	bracket_read(item->buffer, true);
	pixman_image_composite32(PIXMAN_OP_OVER, item->image, item->mask, to, scales ? 0 : (int)item->source.x,
				 scales ? 0 : (int)item->source.y, 0, 0, (int)target->x, (int)target->y,
				 (int)target->width, (int)target->height);
	bracket_read(item->buffer, false);
	item->layer->stats.bytes_copied += (uint64_t)target->width * target->height * 4;
}

/* Layers that overlap a layer to be drawn are drawn, too, and what overlaps those. */
static void spread(const struct vc_compose_item *items, unsigned composed, unsigned count, bool *dirty) {
	for (bool found = true; found;) {
		found = false;
		for (unsigned i = 0; i < composed; i++)
			for (unsigned j = 0; j < count && !dirty[i]; j++)
				if (dirty[j] &&
				    vc_rect_overlaps(&items[i].layer->config->rect, &items[j].layer->config->rect))
					dirty[i] = found = true;
	}
}

void vc_compose_spoilt(struct vc_compose *compose, int index) {
	for (unsigned i = 0; i < VC_LAYERS_MAX; i++)
		compose->buffer[index].drawn[i] = SPOILT;
}

int vc_compose_draw(struct vc_compose *compose, const struct vc_compose_item *items, unsigned composed,
		    unsigned count) {
	int back = 0;
	while (back == compose->front || back == compose->lent)
		back++;
	struct vc_compose_buffer *b = &compose->buffer[back];
	bool dirty[VC_LAYERS_MAX] = {false};
	for (unsigned i = 0; i < count; i++) {
		uint64_t wanted = i < composed ? compose->version[i] : 0;
		dirty[i] = b->drawn[i] != wanted;
		b->drawn[i] = wanted;
	}
	spread(items, composed, count, dirty);
	for (unsigned i = 0; i < count; i++)
		if (dirty[i])
			clear_item(compose, b->image, &items[i]);
	for (unsigned i = 0; i < composed; i++)
		if (dirty[i])
			draw_item(b->image, &items[i]);
	return back;
}
