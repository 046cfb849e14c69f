/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the device process and its worker say to each other.
 *
 * Transport: one SOCK_SEQPACKET socketpair, made by the device and inherited by the worker as descriptor
 * VC_WORKER_SOCKET, and one memfd, the arena, inherited as VC_WORKER_ARENA. Bulk bytes (SUBMIT_3D streams, backing lists)
 * are copied once, from the guest into the arena; messages only name their place. The guest cannot reach the arena, so what
 * the device has checked is what the worker runs.
 *
 * Commands are numbered and run in order. Each is answered by one DONE; one that asked for a fence is answered again by
 * FENCED once the GPU has finished everything up to it. The device trusts no field of an answer more than it must: a worker
 * that a guest has taken over can show a wrong picture and nothing else.
 */
#ifndef VC_WORKER_PROTO_H
#define VC_WORKER_PROTO_H

#include <stdint.h>

#define VC_WORKER_SOCKET 3
#define VC_WORKER_ARENA 4
#define VC_WORKER_ARENA_SIZE (16u << 20)
#define VC_WORKER_REGIONS_MAX 8
#define VC_WORKER_CAPSETS_MAX 4
#define VC_WORKER_CAPSET_BYTES 4096
#define VC_WORKER_SLOTS 3 /* buffers that frames are copied into where they can't be shown in place */

enum vc_worker_op {
	/* device to worker */
	VC_WORKER_MEMORY =
		1, /* guest RAM; carries one descriptor a region; backings must be attached anew afterwards */
	VC_WORKER_CREATE = 2,
	VC_WORKER_UNREF = 3,
	VC_WORKER_ATTACH = 4, /* backing: struct vc_worker_piece[] in the arena */
	VC_WORKER_DETACH = 5,
	VC_WORKER_CTX_CREATE = 6,
	VC_WORKER_CTX_DESTROY = 7,
	VC_WORKER_CTX_ATTACH = 8,
	VC_WORKER_CTX_DETACH = 9,
	VC_WORKER_WRITE = 10,  /* guest backing to resource */
	VC_WORKER_READ = 11,   /* resource to guest backing */
	VC_WORKER_SUBMIT = 12, /* virgl command stream in the arena */
	VC_WORKER_FLUSH = 13,  /* answered by DONE with a frame */

	/* worker to device */
	VC_WORKER_READY = 0x101, /* once, first; capset bytes lie at the arena's start */
	VC_WORKER_DONE = 0x102,
	VC_WORKER_FENCED = 0x103,
};

#define VC_WORKER_FENCE 1u /* command flag: answer with FENCED too */

/* A piece of guest RAM. */
struct vc_worker_piece {
	uint32_t region; /* index into the last MEMORY */
	uint32_t length; /* bytes */
	uint64_t offset; /* in the region */
};

/* virtio 1.3, 5.7.6.8, RESOURCE_CREATE_3D; a 2D resource is written in the same terms. */
struct vc_worker_create {
	uint32_t target, format, bind, width, height, depth, array_size, last_level, nr_samples, flags;
};

struct vc_worker_box {
	uint32_t x, y, z, w, h, d;
	uint32_t level, stride, layer_stride;
	uint32_t reserved;
	uint64_t offset; /* in the backing */
};

struct vc_worker_flush {
	uint32_t x, y, width, height; /* of the scanout, inside the resource */
	uint32_t slot;                /* to copy into if need be; free at the moment */
	uint32_t must_copy;           /* 1: the compositor can't take the resource's own memory */
};

struct vc_worker_region {
	uint64_t size, offset; /* of the region, and where in the descriptor it starts */
};

struct vc_worker_command {
	uint32_t op;
	uint32_t flags;
	uint64_t seq;
	uint32_t resource, context;
	uint32_t arena_offset, arena_size;
	union {
		struct vc_worker_create create;
		struct vc_worker_box box;
		struct vc_worker_flush flush;
		struct {
			uint32_t count;
			uint32_t reserved;
			struct vc_worker_region region[VC_WORKER_REGIONS_MAX];
		} memory;
		char name[64]; /* CTX_CREATE */
	};
};

struct vc_worker_capset {
	uint32_t id, version, size;
	uint32_t offset; /* in the arena */
};

struct vc_worker_ready {
	uint32_t op;
	uint32_t virgl; /* 1: 3D works; 0: 2D only */
	uint32_t capsets;
	uint32_t reserved;
	struct vc_worker_capset capset[VC_WORKER_CAPSETS_MAX];
	char renderer[128]; /* GL_RENDERER, or why there is none */
};

/* A picture of the scanout. */
struct vc_worker_frame {
	uint64_t export; /* names the memory for as long as this worker lives; 0: no frame */
	uint32_t kind;   /* enum vc_display_buffer_kind */
	uint32_t width, height, fourcc, stride;
	uint32_t in_place; /* 1: the guest's resource itself, no copy */
	uint64_t offset, size, modifier;
	uint64_t bytes_copied;
	uint32_t x, y; /* where the scanout starts in it */
};

struct vc_worker_done {
	uint32_t op;
	uint32_t response; /* VIRTIO_GPU_RESP_* */
	uint64_t seq;
	uint64_t bytes_copied;        /* guest RAM to resource or back */
	struct vc_worker_frame frame; /* FLUSH; its descriptor comes along */
};

struct vc_worker_fenced {
	uint32_t op;
	uint32_t reserved;
	uint64_t seq; /* and every earlier one */
};

union vc_worker_answer {
	uint32_t op;
	struct vc_worker_ready ready;
	struct vc_worker_done done;
	struct vc_worker_fenced fenced;
};

#endif
