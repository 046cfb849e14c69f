/* SPDX-License-Identifier: Apache-2.0 */
#include "object.h"

#include "call.h"
#include "entry.h"
#include "memory.h"
#include "opencl-api.h"
#include "staging.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static struct vc_object *table; /* VC_CL_OBJECTS places, touched as far as used; [0] is never used */
static struct vc_object *free_list;
static uint32_t used = 1;
static struct vc_object *named[VC_CL_KINDS][VC_CL_NAMED];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

enum vc_cl_kind vc_object_kind(const void *handle) {
	uintptr_t at = (uintptr_t)handle, start = (uintptr_t)__atomic_load_n(&table, __ATOMIC_ACQUIRE);
	if (start == 0 || at <= start || at - start >= sizeof(*table) * VC_CL_OBJECTS ||
	    (at - start) % sizeof(*table) != 0)
		return VC_CL_NONE;
	const struct vc_object *object = handle;
	return atomic_load_explicit(&object->refs, memory_order_relaxed) > 0
		       ? (enum vc_cl_kind)atomic_load_explicit(&object->kind, memory_order_relaxed)
		       : VC_CL_NONE;
}

bool vc_object_is(const void *handle, enum vc_cl_kind kind) {
	return vc_object_kind(handle) == kind && kind != VC_CL_NONE;
}

static struct vc_object *take_place(void) {
	if (!table) {
		void *memory = mmap(NULL, sizeof(*table) * VC_CL_OBJECTS, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (memory == MAP_FAILED)
			return NULL;
		__atomic_store_n(&table, memory, __ATOMIC_RELEASE);
	}
	struct vc_object *object = free_list;
	if (object)
		free_list = object->next;
	else if (used < VC_CL_OBJECTS)
		object = &table[used++];
	return object;
}

struct vc_object *vc_object_create(enum vc_cl_kind kind, struct vc_object *parent, uint32_t epoch) {
	pthread_mutex_lock(&lock);
	struct vc_object *object = take_place();
	pthread_mutex_unlock(&lock);
	if (!object)
		return NULL;
	uint32_t generation = (uint32_t)(object->id >> 32) + 1;
	uint64_t id = VC_CL_ID(object - table, generation);
	memset((char *)object + offsetof(struct vc_object, context), 0,
	       sizeof(*object) - offsetof(struct vc_object, context));
	object->dispatch = &vc_dispatch;
	object->epoch = epoch;
	object->id = id;
	object->parent = parent;
	if (parent)
		vc_object_use(parent);
	if (kind == VC_CL_EVENT)
		atomic_store(&object->event.status, CL_QUEUED);
	atomic_store(&object->uses, 1);
	atomic_store(&object->kind, kind);
	atomic_store(&object->refs, 1);
	return object;
}

void vc_object_use(struct vc_object *object) {
	atomic_fetch_add_explicit(&object->uses, 1, memory_order_relaxed);
}

/* The place is free again; what it used loses a use. */
void vc_object_forget(struct vc_object *object) {
	struct vc_object *parent = object->parent;
	atomic_store(&object->refs, 0);
	atomic_store(&object->kind, VC_CL_NONE);
	pthread_mutex_lock(&lock);
	object->next = free_list;
	free_list = object;
	pthread_mutex_unlock(&lock);
	if (parent)
		vc_object_unuse(parent);
}

void vc_object_unuse(struct vc_object *object) {
	if (atomic_fetch_sub(&object->uses, 1) != 1)
		return;
	enum vc_cl_kind kind = (enum vc_cl_kind)atomic_load(&object->kind);
	if (kind == VC_CL_PLATFORM)
		return;
	if (kind == VC_CL_CONTEXT)
		free(object->context.properties);
	else if (kind == VC_CL_MEM)
		vc_memory_finish(object);
	else if (kind == VC_CL_EVENT)
		vc_event_finish(object);
	if (kind == VC_CL_CONTEXT || kind == VC_CL_MEM)
		vc_staging_finish(object);
	struct vc_object *device = kind == VC_CL_QUEUE ? object->queue.device : NULL;
	if (kind == VC_CL_DEVICE) {
		pthread_mutex_lock(&lock);
		for (unsigned i = 0; i < VC_CL_NAMED; i++)
			if (named[VC_CL_DEVICE][i] == object)
				named[VC_CL_DEVICE][i] = NULL;
		pthread_mutex_unlock(&lock);
	}
	vc_call_release(object);
	vc_object_forget(object);
	if (device)
		vc_object_unuse(device);
}

struct vc_object *vc_object_context(struct vc_object *object) {
	while (object && atomic_load_explicit(&object->kind, memory_order_relaxed) != VC_CL_CONTEXT)
		object = object->parent;
	return object;
}

struct vc_object *vc_object_named(enum vc_cl_kind kind, uint64_t id) {
	uint32_t index = (uint32_t)id;
	if (index == 0 || index >= VC_CL_NAMED)
		return NULL;
	pthread_mutex_lock(&lock);
	struct vc_object *object = named[kind][index];
	pthread_mutex_unlock(&lock);
	if (object)
		return object;
	object = vc_object_create(kind, NULL, 0);
	if (!object)
		return NULL;
	object->id = id;
	pthread_mutex_lock(&lock);
	named[kind][index] = object;
	pthread_mutex_unlock(&lock);
	return object;
}
