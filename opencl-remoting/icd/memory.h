/* SPDX-License-Identifier: Apache-2.0 */
/* Shared memory: arenas that client and worker map at the same address, and pieces of them. Any thread. */
#ifndef VC_CL_MEMORY_H
#define VC_CL_MEMORY_H

#include "object.h"

struct vc_link;

/* @size bytes at a multiple of @align (a power of two, at most a page), on @link. NULL: no memory, quota, or the worker is
 * dead. Contents are undefined. */
void *vc_memory_alloc(struct vc_link *link, size_t size, size_t align);

/* Gives a piece back; any other pointer is ignored. */
void vc_memory_free(void *memory);

/* How many bytes of a live piece follow @address, 0 if it is in none. */
size_t vc_memory_left(const void *address);

/* Frees what the client keeps for a memory object; its shared memory is freed when the host says that it is unused. */
void vc_memory_finish(struct vc_object *mem);

#endif
