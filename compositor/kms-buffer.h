/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that KMS can show: dumb buffers of our own, and clients' dma-bufs and memfds.
 *
 * GEM handles live only while a framebuffer is made; from then on the framebuffer keeps the memory. So the descriptor that
 * outlives this process carries nothing but framebuffers, which the next one can list and give back.
 */
#ifndef VC_KMS_BUFFER_H
#define VC_KMS_BUFFER_H

#include "display-proto.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Gives a framebuffer back. One that is still on the screen lives on until replaced (kernels before 6.8 switch its plane
 * off). */
void vc_fb_close(int card, uint32_t fb);

/* A dumb buffer, XRGB8888, mapped for the CPU. */
struct vc_dumb {
	uint32_t fb, width, height, stride;
	uint8_t *map;
	size_t size;
	int dmabuf; /* read-only export for tools; -1 if not asked for */
};

/* Returns 0 or -errno. All three: nothing is left behind on failure. */
int vc_dumb_create(struct vc_dumb *dumb, int card, uint32_t width, uint32_t height, bool export);

/* A dumb buffer out of its exported memory @dmabuf, which stays the caller's. */
int vc_dumb_import(struct vc_dumb *dumb, int card, uint32_t width, uint32_t height, uint32_t stride, int dmabuf);

/* The memory of @fb, a framebuffer in this descriptor that somebody else made; it gets none of its own, and is exported. */
int vc_dumb_adopt(struct vc_dumb *dumb, int card, uint32_t fb);

void vc_dumb_destroy(struct vc_dumb *dumb, int card);

/* A client's memory. */
struct vc_import {
	uint32_t lends;  /* bit per slot of the output that can show it as its fallback */
	uint32_t fb;     /* 0: none */
	bool on_plane;   /* its layer's plane shows it: the kernel was asked */
	int dmabuf;      /* to poll for implicit fences and to bracket CPU reads */
	const void *map; /* first row, for composition on the CPU; NULL if not asked for or not to be had */
	void *map_start;
	size_t map_size;
	void *image; /* compose.c's view of the map */
};

/* What to make of a client's memory. */
#define VC_IMPORT_FB 1u
#define VC_IMPORT_MAP 2u

/* The source changed the memory while it came in: an error of its own making, that of no other cause is. */
#define VC_IMPORT_CHANGED (-ETXTBSY)

/* Makes a framebuffer or a mapping, or both, of @fd as @add describes it; of both, one will do. A dma-buf of somebody else's is
 * never mapped: whoever exports it could let a read of it fault or wait. A memfd must be all there, and is held by a dma-buf made
 * here, so that reading it never faults. @add must have passed vc_message_check_buffer(). @fd stays the caller's. @udmabuf: /dev/udmabuf, or -1. @ways: VC_IMPORT_*. Returns 0, or -errno with
 * a sentence in @why (of VC_DISPLAY_REASON_MAX bytes). */
int vc_import_create(struct vc_import *import, int card, int udmabuf, const struct vc_display_buffer_add *add, int fd,
		     unsigned ways, char *why);
void vc_import_destroy(struct vc_import *import, int card);

#endif
