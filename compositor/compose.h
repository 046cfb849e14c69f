/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Composition on the CPU, for layers without a plane: the lowest layers of an output, or all of them, are drawn into one
 * picture for the primary plane, the cluster last. Three buffers: one on the screen, one to draw into, and one that a tool
 * may be reading. After a take-over the last compositor's picture is on the screen until the first of these.
 */
#ifndef VC_COMPOSE_H
#define VC_COMPOSE_H

#include "kms-buffer.h"
#include "layer.h"

#include <pixman.h>

#define VC_COMPOSE_BUFFERS 3
#define VC_COMPOSE_ADOPTED VC_COMPOSE_BUFFERS /* index of the last compositor's picture; never drawn into */
#define VC_COMPOSE_NONE (-1)

struct vc_compose_buffer {
	struct vc_dumb dumb;
	pixman_image_t *image;
	uint64_t drawn[VC_LAYERS_MAX]; /* which version of each layer it holds, 0: none */
};

struct vc_compose {
	bool ready;
	struct vc_compose_buffer buffer[VC_COMPOSE_BUFFERS + 1];
	int front; /* on the screen, or the last that was */
	int lent;  /* with a tool */
	pixman_color_t background;
	uint64_t version[VC_LAYERS_MAX]; /* counts changes of each layer */
	pixman_image_t *fallback[VC_LAYERS_MAX];
	pixman_image_t *mask[VC_LAYERS_MAX]; /* the layer's alpha; NULL: opaque */
};

/* What to draw for a layer, lowest first. */
struct vc_compose_item {
	struct vc_layer *layer;
	pixman_image_t *image; /* NULL: nothing, what lies below shows */
	pixman_image_t *mask;
	struct vc_rect source, target;  /* in the image and on the screen; scaled if their sizes differ */
	const struct vc_buffer *buffer; /* the source's, NULL for pictures of ours */
};

/* Makes buffers, and views of the @fallback pictures of @layers. Returns false without memory. */
bool vc_compose_init(struct vc_compose *compose, int card, uint32_t width, uint32_t height, uint32_t background,
		     const struct vc_dumb *fallback, struct vc_layer *const *layer, unsigned layers);

/* Takes the last compositor's picture @fb, which is on the screen and @width by @height, for the front. Returns 0 or -errno.
 * May come before vc_compose_init(). */
int vc_compose_adopt(struct vc_compose *compose, int card, uint32_t fb, uint32_t width, uint32_t height);

/* A view of memory as pixman wants it; @scaled: a source's, whose layer scales pictures. NULL if the format can't be composed.
 * Allocates: for buffers that come, not for frames. */
pixman_image_t *vc_compose_image(uint32_t fourcc, uint32_t width, uint32_t height, const void *map, uint32_t stride,
				 bool scaled);

/* Layer @slot will show something else from the next picture on. */
void vc_compose_changed(struct vc_compose *compose, unsigned slot);

/* What was drawn into buffer @index never came to the screen: whoever draws into it next draws everything. */
void vc_compose_spoilt(struct vc_compose *compose, int index);

/* Draws what changed into a free buffer and returns its index. @items: of all @count layers; those from @composed on are on
 * planes and leave their zones empty here. Adds the bytes copied to the layers' counters. */
int vc_compose_draw(struct vc_compose *compose, const struct vc_compose_item *items, unsigned composed, unsigned count);

#endif
