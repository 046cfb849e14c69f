/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What draws: virgl.c with GL, plain.c with the CPU and in two dimensions only. Functions return VIRTIO_GPU_RESP_* and are
 * called on the worker's one thread.
 */
#ifndef VC_GPU_RENDERER_H
#define VC_GPU_RENDERER_H

#include "worker-proto.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct vc_renderer {
	uint32_t (*create)(uint32_t id, const struct vc_worker_create *create);
	uint32_t (*unref)(uint32_t id);
	/* @iov: malloced; the renderer's from now on, in every case */
	uint32_t (*attach)(uint32_t id, struct iovec *iov, unsigned count);
	uint32_t (*detach)(uint32_t id);
	uint32_t (*write)(const struct vc_worker_command *command);
	uint32_t (*read)(const struct vc_worker_command *command);
	/* Makes a frame of the resource. @fd: a descriptor that stays the renderer's. */
	uint32_t (*frame)(const struct vc_worker_command *command, struct vc_worker_frame *frame, int *fd);
	/* NULL in a 2D renderer */
	uint32_t (*context)(const struct vc_worker_command *command); /* CTX_* */
	uint32_t (*submit)(uint32_t context, void *stream, uint32_t bytes);
	/* Asks for @fenced(seq) once everything before has been drawn. False: it has been already. */
	bool (*fence)(uint64_t seq);
	int (*fence_fd)(void); /* readable when fence_poll() has work; -1: call it now and then */
	void (*fence_poll)(void);
};

/* Starts virglrenderer. Returns NULL if it can't; @ready says why, else names renderer and capsets (bytes in @arena). */
const struct vc_renderer *vc_virgl_start(struct vc_worker_ready *ready, uint8_t *arena, void (*fenced)(uint64_t seq));

const struct vc_renderer *vc_plain_start(void);

/* The memory that frames are copied into: VC_WORKER_SLOTS sealed memfds, as large as needed. */
struct vc_slot {
	int fd;
	uint8_t *map;
	size_t size;
	uint64_t export;
};

/* The slot @index with room for @size bytes, or NULL. */
struct vc_slot *vc_slot_get(uint32_t index, size_t size);

/* A memfd of @size bytes that can't shrink, mapped at *@map. Returns -1 if memory is short. */
int vc_slot_memory(size_t size, uint8_t **map);

/* Never the same number twice. */
uint64_t vc_slot_next_export(void);

#endif
