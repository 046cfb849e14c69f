/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Composition on the CPU, for outputs with too few planes: all zones are drawn into one picture for the primary plane, the
 * cluster last. Three buffers: one on the screen, one to draw into, and one that a tool may be reading.
 */
#ifndef VC_COMPOSE_H
#define VC_COMPOSE_H

#include "kms-buffer.h"
#include "layer.h"

#include <pixman.h>

#define VC_COMPOSE_BUFFERS 3
#define VC_COMPOSE_NONE (-1)

struct vc_compose_buffer {
	struct vc_dumb dumb;
	pixman_image_t *image;
	uint64_t drawn[VC_LAYERS_MAX]; /* which version of each layer it holds */
};

struct vc_compose {
	struct vc_compose_buffer buffer[VC_COMPOSE_BUFFERS];
	int front; /* on the screen */
	int lent;  /* with a tool */
	pixman_color_t background;
	uint64_t version[VC_LAYERS_MAX]; /* counts changes of each layer */
	pixman_image_t *fallback[VC_LAYERS_MAX];
};

/* What to draw for a layer, lowest first. */
struct vc_compose_item {
	struct vc_layer *layer;
	pixman_image_t *image;          /* NULL: background */
	struct vc_rect part;            /* of the image */
	const struct vc_buffer *buffer; /* the source's, NULL for the fallback */
};

bool vc_compose_init(struct vc_compose *compose, int card, uint32_t width, uint32_t height, uint32_t background);

/* A view of memory as pixman wants it. NULL if the format can't be composed. Allocates: for buffers that come, not for
 * frames. */
pixman_image_t *vc_compose_image(uint32_t fourcc, uint32_t width, uint32_t height, const void *map, uint32_t stride);

/* Layer @slot will show something else from the next picture on. */
void vc_compose_changed(struct vc_compose *compose, unsigned slot);

/* Draws what changed into a free buffer and returns its index. Adds the bytes copied to the layers' counters. */
int vc_compose_draw(struct vc_compose *compose, const struct vc_compose_item *items, unsigned count);

#endif
