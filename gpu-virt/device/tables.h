/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest has made on its GPU, as the device process remembers it: enough to check every command before a worker
 * sees it, and to make it all again in the next worker.
 */
#ifndef VC_GPU_TABLES_H
#define VC_GPU_TABLES_H

#include "worker-proto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vc_resource {
	uint32_t id;
	bool flat;       /* made by RESOURCE_CREATE_2D: its content comes from the guest's memory alone */
	bool from_guest; /* flat, and something was transferred: to be uploaded again after a worker's death */
	bool stale;      /* flat, and shown from the guest's memory: the worker's copy has older content */
	bool not_direct; /* flat, and can't be shown from the guest's memory */
	uint64_t direct; /* its export number as such, 0: none yet */
	bool lost;       /* its content died with a worker; not shown until somebody draws anew */
	struct vc_worker_create create;
	uint64_t bytes;       /* estimate of what it costs the worker */
	uint64_t created_seq; /* of the CREATE that made it; a failure of that one takes it away again */
	uint32_t attachments; /* contexts that have it */
	uint32_t pieces;
	uint64_t *gpa; /* backing in guest addresses, [pieces] */
	uint32_t *length;
	uint64_t backing_bytes;
	struct vc_resource *hash_next, *prev, *next;
};

struct vc_context {
	uint32_t id; /* 0: free */
	char name[64];
	bool submitted;     /* has GL state that can't be made again */
	bool lost;          /* that state died with a worker */
	bool heals;         /* has lost resources attached: its next submit draws them anew */
	uint32_t *resource; /* ids attached, [resources] */
	uint32_t resources, room;
};

#define VC_RESOURCE_BUCKETS 4096

struct vc_tables {
	struct vc_resource *bucket[VC_RESOURCE_BUCKETS];
	struct vc_resource *first, *last; /* in order of creation */
	uint32_t resources;
	uint64_t bytes;
	uint64_t pieces;            /* of all backings */
	struct vc_context *context; /* [contexts_max] */
	uint32_t contexts_max, contexts;
};

bool vc_tables_init(struct vc_tables *tables, uint32_t contexts_max);
void vc_tables_clear(struct vc_tables *tables); /* forgets all resources and contexts */
void vc_tables_finish(struct vc_tables *tables);

struct vc_resource *vc_tables_find(const struct vc_tables *tables, uint32_t id);

/* Adds a resource with @id, not in use, and @create. Returns NULL when memory is short. */
struct vc_resource *vc_tables_add(struct vc_tables *tables, uint32_t id, const struct vc_worker_create *create);
void vc_tables_remove(struct vc_tables *tables, struct vc_resource *resource);

/* Gives the resource a backing: takes over @gpa and @length, two malloced arrays of @pieces. */
void vc_resource_back(struct vc_tables *tables, struct vc_resource *resource, uint64_t *gpa, uint32_t *length,
		      uint32_t pieces);
void vc_resource_unback(struct vc_tables *tables, struct vc_resource *resource);

struct vc_context *vc_tables_context(const struct vc_tables *tables, uint32_t id);

/* Returns NULL when all are in use. */
struct vc_context *vc_tables_context_add(struct vc_tables *tables, uint32_t id);
void vc_tables_context_remove(struct vc_tables *tables, struct vc_context *context);

/* Attaching twice is attaching once. Returns false when memory is short. */
bool vc_context_attach(struct vc_context *context, struct vc_resource *resource);
/* Returns false if it wasn't attached. */
bool vc_context_detach(struct vc_context *context, struct vc_resource *resource);

/* A context with @context's attachments draws: what was lost in them is so no more. */
void vc_tables_heal(struct vc_tables *tables, struct vc_context *context);

/* The worker is dead: contexts with GL state are lost, and so is what only GL could have drawn. */
void vc_tables_lose(struct vc_tables *tables);

/* Bytes that a resource of this shape may cost, never less than what a 4-byte-a-texel one costs; UINT64_MAX if absurd. */
uint64_t vc_create_bytes(const struct vc_worker_create *create);

#endif
