/* SPDX-License-Identifier: Apache-2.0 */
#include "staging.h"

#include "call.h"
#include "memory.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of making pieces */

/* A piece of memory and the host's buffer over it, which frees it when it goes. */
static void make(struct vc_object *context, size_t size, struct vc_staging *s) {
	struct vc_link *link = vc_call_link_alive();
	uint8_t *memory = link && link->epoch == context->epoch ? vc_memory_alloc(link, size, 4096) : NULL;
	cl_int err;
	if (!memory)
		return;
	cl_mem pin = vc_call_clCreateBuffer((cl_context)(void *)context, CL_MEM_USE_HOST_PTR, size,
					    (cl_ulong)(uintptr_t)memory, false, &err);
	if (!pin) {
		vc_memory_free(memory);
		return;
	}
	/* It goes with its owner, and must not keep the context. */
	VC_OBJECT(pin)->parent = NULL;
	vc_object_unuse(context);
	s->pin = VC_OBJECT(pin);
	s->memory = memory;
}

uint8_t *vc_staging_take(struct vc_object *context) {
	struct vc_staging *s = &context->context.pool;
	if (atomic_exchange(&s->busy, true))
		return NULL;
	if (!s->memory)
		make(context, VC_STAGING_POOL, s);
	if (!s->memory)
		atomic_store(&s->busy, false);
	return s->memory;
}

void vc_staging_give(struct vc_object *context) {
	atomic_store(&context->context.pool.busy, false);
}

uint8_t *vc_staging_of(struct vc_object *mem, size_t size) {
	pthread_mutex_lock(&lock);
	if (!mem->mem.staging.memory)
		make(vc_object_context(mem), size, &mem->mem.staging);
	pthread_mutex_unlock(&lock);
	return mem->mem.staging.memory;
}

void vc_staging_finish(struct vc_object *object) {
	bool mem = atomic_load(&object->kind) == VC_CL_MEM;
	struct vc_staging *s = mem ? &object->mem.staging : &object->context.pool;
	if (s->pin)
		vc_object_unuse(s->pin);
}
