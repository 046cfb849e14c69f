/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virgl without Mesa: resources and command streams straight to the kernel, as a hostile program would send them. Numbers are those
 * of virgl's wire format (virglrenderer's virgl_protocol.h and virgl_hw.h) and of gallium.
 */
#ifndef GUEST_VIRGL_H
#define GUEST_VIRGL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIRGL_FORMAT_BGRA 1u
#define VIRGL_FORMAT_Z24S8 19u
#define VIRGL_FORMAT_RGBA_FLOAT 31u
#define VIRGL_FORMAT_R8 64u
#define VIRGL_BIND_DEPTH (1u << 0)
#define VIRGL_BIND_RENDER (1u << 1)
#define VIRGL_BIND_SAMPLER (1u << 3)
#define VIRGL_BIND_SCANOUT (1u << 18)

/* The first word of a command. */
#define VIRGL_COMMAND(command, object, words) ((uint32_t)(command) | (uint32_t)(object) << 8 | (uint32_t)(words) << 16)

struct virgl_resource {
	uint32_t target, format, bind, width, height, depth, samples;
	uint32_t bytes; /* of guest memory behind it */
	uint32_t handle, id;
};

/* A render node of virtio-gpu with 3D, or -1 with a line why. */
int virgl_open(void);

bool virgl_resource_create(int fd, struct virgl_resource *resource);

/* Hands a stream to the kernel. Returns 0 or -errno. What the host thinks of it isn't told. */
int virgl_submit(int fd, const uint32_t *words, size_t count);

/* Waits until the host has done with @resource, or so says. */
void virgl_wait(int fd, const struct virgl_resource *resource);

#endif
