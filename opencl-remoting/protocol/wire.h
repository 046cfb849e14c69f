/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What client and worker agree on: see docs/opencl.md for the whole picture.
 *
 * They share one memory file, the channel: a ring of requests (client to worker), a table of answers (one slot for each
 * thread of the client that waits), and a ring of notes (worker to client: callbacks). Bulk data lies in further memory
 * files, the arenas, which both map at the same addresses, so that an address means the same on both sides. Numbers are
 * little-endian; all is of the client's making, and the worker trusts none of it, nor the client the worker's answers.
 */
#ifndef VC_CL_WIRE_H
#define VC_CL_WIRE_H

#include "ring.h"

#include <stdatomic.h>
#include <stdint.h>

#define VC_CL_SOCKET "/run/vcockpit/cl"

enum {
	VC_CL_VERSION = 1,
	VC_CL_MAGIC = 0x4c437656, /* "VvCL" */
	VC_CL_SLOTS = 64,
	VC_CL_SLOT_BYTES = 8192,       /* answer that fits in a slot */
	VC_CL_INLINE_BYTES = 32 << 10, /* request that fits in the ring, header included */
	VC_CL_REQUEST_MAX = 256 << 20, /* largest request, through shared memory */
	VC_CL_COMMANDS_SIZE = 256 << 10,
	VC_CL_NOTES_SIZE = 64 << 10,
	VC_CL_OBJECTS = 1 << 20, /* most objects a client may have */
	VC_CL_NAMED = 1024,      /* platforms or devices, which the worker numbers from 1 on */
	VC_CL_GUARD = 16,        /* zeros behind each array, so that lists end */
	VC_CL_OPS_MAX = 160,
};

/* Kinds of objects. */
enum vc_cl_kind {
	VC_CL_NONE,
	VC_CL_PLATFORM,
	VC_CL_DEVICE,
	VC_CL_CONTEXT,
	VC_CL_QUEUE,
	VC_CL_MEM,
	VC_CL_SAMPLER,
	VC_CL_PROGRAM,
	VC_CL_KERNEL,
	VC_CL_EVENT,
	VC_CL_KINDS,
};

/* An object's number: an index of the kind's table, and how often that place was used before. Client-made but for
 * platforms and devices, whose numbers the worker makes. 0 is no object. */
#define VC_CL_ID(index, generation) ((uint64_t)(generation) << 32 | (uint32_t)(index))

/* Socket: the first message, to the broker, which checks it and hands the socket to a worker of its own. With it come two
 * descriptors: the channel, a memfd sealed against resizing, and a pipe, which printf in kernels
 * goes to. */
struct vc_cl_hello {
	uint32_t magic, version;
	uint32_t want; /* enum vc_cl_want */
	uint32_t reserved;
	uint64_t base, size; /* addresses that the client has set aside for arenas */
	char name[32];       /* the program's, for people */
};

enum vc_cl_want { VC_CL_WANT_WORKER, VC_CL_WANT_STATUS };

/* Answer of the broker (errors) or the worker (success): 0, or a negative errno. -EADDRINUSE: try other addresses. */
struct vc_cl_welcome {
	uint32_t magic;
	int32_t error;
	char why[120];
};

/* Ring of requests: this header, then arguments as opencl.api says, each 8 bytes: scalars and handles as themselves,
 * arrays as a length (all ones: NULL), bytes padded to 8, and VC_CL_GUARD zeros. */
struct vc_cl_request {
	uint32_t size;               /* of the record, header included */
	uint16_t op;                 /* enum vc_cl_op */
	uint16_t slot;               /* where the answer goes; VC_CL_NO_SLOT: none is wanted */
	uint64_t address, length;    /* arguments in shared memory instead of behind the header; length 0: not */
	uint64_t room_address, room; /* shared memory for an answer that is too long for a slot; room 0: none */
};

enum { VC_CL_NO_SLOT = 0xffff };

/* An answer: the result, then outputs in order. */
struct vc_cl_slot {
	_Alignas(64) _Atomic uint32_t state; /* enum vc_cl_slot_state, and the futex the client sleeps on */
	uint32_t size;
	_Alignas(64) uint8_t bytes[VC_CL_SLOT_BYTES];
};

enum vc_cl_slot_state { VC_CL_SLOT_FREE, VC_CL_SLOT_WAITING, VC_CL_SLOT_SLEEPING, VC_CL_SLOT_DONE, VC_CL_SLOT_DEAD };

/* Ring of notes: a callback that the client registered under @cookie is due. */
struct vc_cl_note {
	uint32_t size;
	uint32_t kind; /* enum vc_cl_note_kind */
	uint64_t cookie;
	int64_t status; /* of the event */
	uint32_t private_size, reserved;
	/* VC_CL_NOTE_FREE: the host no longer uses the shared memory at address @cookie.
	 * VC_CL_NOTE_CONTEXT: private_size bytes of private information, then text with its NUL */
};

enum vc_cl_note_kind { VC_CL_NOTE_CALLBACK, VC_CL_NOTE_CONTEXT, VC_CL_NOTE_FREE };

/* What the client says it has moved; shown by the status, trusted for nothing else. */
struct vc_cl_counters {
	_Atomic uint64_t copies, bytes_copied; /* memcpy between the program's memory and shared memory */
	_Atomic uint64_t bytes_mapped;         /* handed out by maps, not copied */
	_Atomic uint64_t one_way, waited;      /* calls */
	_Atomic uint64_t local;                /* calls answered without the worker */
};

struct vc_cl_channel {
	struct vc_ring_shared commands, notes;
	struct vc_cl_counters counters;
	struct vc_cl_slot slots[VC_CL_SLOTS];
	_Alignas(4096) uint8_t command_bytes[VC_CL_COMMANDS_SIZE];
	uint8_t note_bytes[VC_CL_NOTES_SIZE];
};

/* What a worker tells the broker, in a page they share. */
struct vc_cl_stats {
	_Atomic uint64_t calls[VC_CL_OPS_MAX];
	_Atomic uint64_t objects[VC_CL_KINDS];
	_Atomic uint64_t arena_bytes;
	_Atomic uint64_t copies, bytes_copied, bytes_mapped, one_way, waited, local; /* the client's words */
	_Atomic uint64_t busy_ns;                                                    /* spent serving requests */
};

#endif
