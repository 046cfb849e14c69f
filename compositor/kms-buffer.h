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

/* Returns 0 or -errno. */
int vc_dumb_create(struct vc_dumb *dumb, int card, uint32_t width, uint32_t height, bool export);
void vc_dumb_destroy(struct vc_dumb *dumb, int card);

/* A client's memory. */
struct vc_import {
	uint32_t fb;
	int dmabuf;      /* to poll for implicit fences and to bracket CPU reads */
	bool ours;       /* the dma-buf was made here, nobody else has it */
	const void *map; /* first row, for composition on the CPU; NULL if not asked for */
	void *map_start;
	size_t map_size;
	void *image; /* compose.c's view of the map */
};

/* Makes a framebuffer of @fd as @add describes it. @add must have passed vc_message_check_buffer(). @fd stays the caller's.
 * @udmabuf: /dev/udmabuf, or -1. @map: map it for the CPU instead of
 * making a framebuffer. Returns 0, or -errno with a sentence in @why (of
 * VC_DISPLAY_REASON_MAX bytes). */
int vc_import_create(struct vc_import *import, int card, int udmabuf, const struct vc_display_buffer_add *add, int fd,
		     bool map, char *why);
void vc_import_destroy(struct vc_import *import, int card);

#endif
