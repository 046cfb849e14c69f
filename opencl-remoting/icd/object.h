/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenCL objects as the client has them. A handle is the address of a struct vc_object, in a table of fixed place, so that any
 * pointer can be told to be a live object or not without touching it.
 *
 * An object is counted twice: refs are the program's (clRetain, clRelease, and what *_REFERENCE_COUNT says); uses also count what
 * hangs on it (a queue uses its context). With the last use the worker is told to release its half. All fields but the counts
 * and those marked are written before the handle is given out.
 */
#ifndef VC_CL_OBJECT_H
#define VC_CL_OBJECT_H

#include "cl.h"
#include "wire.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct vc_map;
struct vc_object;

/* See staging.h. */
struct vc_staging {
	uint8_t *memory;
	struct vc_object *pin; /* the host's buffer over it */
	_Atomic bool busy;
};

struct vc_object {
	const struct _cl_icd_dispatch *dispatch; /* first: the loader looks here */
	_Atomic uint32_t refs, uses;
	_Atomic uint32_t kind; /* VC_CL_NONE: a free place */
	uint32_t epoch;        /* of the link it lives on; 0: outlives links (platforms, devices) */
	uint64_t id;
	struct vc_object *parent; /* used by this one: the program of a kernel, the queue of an event, and so on */
	struct vc_object *next;   /* free list */
	union {
		struct {
			bool in_place; /* devices use shared memory itself */
			cl_context_properties *properties;
			size_t nproperties;
			uint64_t notify; /* cookie */
			struct vc_staging pool;
		} context;
		struct {
			bool in_order;
			struct vc_object *device;
			/* Held while a command is counted and sent, so that both are in one order, and while the client itself
			 * copies what a command of an in-order queue would. */
			pthread_mutex_t order;
			/* Commands; equal: nothing is under way (in-order queues). */
			_Atomic uint64_t enqueued, finished;
		} queue;
		struct {
			cl_mem_object_type type;
			cl_mem_flags flags; /* the program's */
			size_t size;
			void *host_ptr;  /* the program's, with CL_MEM_USE_HOST_PTR */
			uint8_t *memory; /* shared memory that is the object's contents, or NULL */
			bool shadow;     /* host_ptr is the program's own memory: maps copy */
			bool alias;      /* host_ptr shows the contents: see adopt.h */
			bool adopted;    /* likewise, and it ends with this object */
			size_t origin;   /* of a sub-buffer, in its parent */
			size_t element, row_pitch, slice_pitch; /* images: of memory */
			size_t extent[3];
			struct vc_staging staging;
			struct vc_map *maps; /* under transfer.c's lock */
		} mem;
		struct {
			cl_command_type type; /* if it is not the host's, else 0 */
			bool user;
			uint64_t sequence;      /* of its command in its queue */
			_Atomic int32_t status; /* CL_COMPLETE or an error once known, else CL_QUEUED */
			/* Events, held, of the first and the last of the host's commands that it stands for, whose times are its own;
			 * NULL: it is the host's command's. */
			cl_event first, last;
		} event;
	};
};

/* True if @handle is a live object of @kind that the program holds. Any pointer will do. */
bool vc_object_is(const void *handle, enum vc_cl_kind kind);
/* The kind of the live object that @handle is, VC_CL_NONE if it is none. */
enum vc_cl_kind vc_object_kind(const void *handle);

/* A new object with one reference, which uses @parent. NULL: out of memory, or VC_CL_OBJECTS exist. */
struct vc_object *vc_object_create(enum vc_cl_kind kind, struct vc_object *parent, uint32_t epoch);

/* One use less, or more. With the last the worker's half goes, then this. */
void vc_object_unuse(struct vc_object *object);
void vc_object_use(struct vc_object *object);

/* Gives up an object that the worker never had. */
void vc_object_forget(struct vc_object *object);

/* The context that @object belongs to: itself, or up its parents. */
struct vc_object *vc_object_context(struct vc_object *object);

/* Platforms and devices by the worker's number: the same handle each time. NULL for 0 and when there are too many. */
struct vc_object *vc_object_named(enum vc_cl_kind kind, uint64_t id);

#define VC_OBJECT(handle) ((struct vc_object *)(void *)(handle))

#endif
