/* SPDX-License-Identifier: Apache-2.0 */
/* Objects by number. A place is an index and a generation, so that a stale number finds nothing. */
#include "state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct place {
	_Atomic(void *) handle;
	_Atomic uint32_t generation;
	_Atomic int32_t error; /* queues */
};

/* Reserved at first use and touched only as far as numbers go. */
static struct place *tables[VC_CL_KINDS];
static _Atomic uint32_t highest; /* index of any object so far */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct place *table_of(enum vc_cl_kind kind) {
	if (!tables[kind]) {
		size_t size = sizeof(struct place) * VC_CL_OBJECTS;
		void *memory =
			mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (memory == MAP_FAILED)
			vc_worker_fail("no memory for a table of objects");
		tables[kind] = memory;
	}
	return tables[kind];
}

static struct place *place_of(enum vc_cl_kind kind, uint64_t id) {
	uint32_t index = (uint32_t)id;
	if (index == 0 || index >= VC_CL_OBJECTS || kind <= VC_CL_NONE || kind >= VC_CL_KINDS)
		return NULL;
	struct place *p = __atomic_load_n(&tables[kind], __ATOMIC_ACQUIRE);
	return p ? p + index : NULL;
}

void *vc_table_find(enum vc_cl_kind kind, uint64_t id) {
	struct place *p = place_of(kind, id);
	if (!p)
		return NULL;
	void *handle = atomic_load_explicit(&p->handle, memory_order_acquire);
	return atomic_load_explicit(&p->generation, memory_order_relaxed) == id >> 32 ? handle : NULL;
}

bool vc_table_add(enum vc_cl_kind kind, uint64_t id, void *handle) {
	pthread_mutex_lock(&lock);
	table_of(kind);
	struct place *p = place_of(kind, id);
	bool good = p && handle && !atomic_load(&p->handle);
	if (good) {
		if ((uint32_t)id > atomic_load(&highest))
			atomic_store(&highest, (uint32_t)id);
		atomic_store(&p->error, CL_SUCCESS);
		atomic_store(&p->generation, (uint32_t)(id >> 32));
		atomic_store_explicit(&p->handle, handle, memory_order_release);
		atomic_fetch_add_explicit(&vc_worker.stats->objects[kind], 1, memory_order_relaxed);
	}
	pthread_mutex_unlock(&lock);
	return good;
}

void *vc_table_remove(enum vc_cl_kind kind, uint64_t id) {
	pthread_mutex_lock(&lock);
	void *handle = vc_table_find(kind, id);
	if (handle) {
		atomic_store(&place_of(kind, id)->handle, NULL);
		atomic_fetch_sub_explicit(&vc_worker.stats->objects[kind], 1, memory_order_relaxed);
	}
	pthread_mutex_unlock(&lock);
	return handle;
}

/* There are few devices, and they are named at start-up: a search will do. */
uint64_t vc_table_name(enum vc_cl_kind kind, void *handle) {
	if (!handle)
		return 0;
	uint64_t id = 0, empty = 0;
	pthread_mutex_lock(&lock);
	struct place *p = table_of(kind);
	for (uint32_t i = 1; i < VC_CL_NAMED && id == 0; i++) {
		void *there = atomic_load(&p[i].handle);
		if (there == handle)
			id = VC_CL_ID(i, atomic_load(&p[i].generation));
		else if (!there && empty == 0)
			empty = i;
	}
	if (id == 0 && empty != 0) {
		uint32_t generation = atomic_load(&p[empty].generation) + 1;
		atomic_store(&p[empty].generation, generation);
		atomic_store_explicit(&p[empty].handle, handle, memory_order_release);
		atomic_fetch_add_explicit(&vc_worker.stats->objects[kind], 1, memory_order_relaxed);
		id = VC_CL_ID(empty, generation);
	}
	pthread_mutex_unlock(&lock);
	return id;
}

/* A queue's place, found by its handle: late errors are rare. */
static struct place *queue_place(cl_command_queue queue) {
	struct place *p = __atomic_load_n(&tables[VC_CL_QUEUE], __ATOMIC_ACQUIRE);
	for (uint32_t i = 1; p && queue && i <= atomic_load(&highest); i++)
		if (atomic_load(&p[i].handle) == queue)
			return p + i;
	return NULL;
}

static _Atomic uint32_t late_errors;

void vc_table_set_error(cl_command_queue queue, cl_int error) {
	struct place *p = queue_place(queue);
	int32_t none = CL_SUCCESS;
	if (p && atomic_compare_exchange_strong(&p->error, &none, error))
		atomic_fetch_add(&late_errors, 1);
}

cl_int vc_table_take_error(cl_command_queue queue) {
	if (atomic_load_explicit(&late_errors, memory_order_relaxed) == 0)
		return CL_SUCCESS;
	struct place *p = queue_place(queue);
	cl_int error = p ? atomic_exchange(&p->error, CL_SUCCESS) : CL_SUCCESS;
	if (error != CL_SUCCESS)
		atomic_fetch_sub(&late_errors, 1);
	return error;
}
