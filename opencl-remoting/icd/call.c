/* SPDX-License-Identifier: Apache-2.0 */
#include "call.h"

#include "adopt.h"
#include "copy.h"
#include "memory.h"
#include "notes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct vc_link_transport *vc_call_transport = &vc_link_local;

static struct vc_link *_Atomic current;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t epochs;
static pthread_once_t once = PTHREAD_ONCE_INIT;

_Thread_local bool vc_call_sure;

/* Hashes of shapes that the host has accepted; see opencl.api. */
enum { SHAPES = 8192 };
static _Atomic uint64_t shapes[SHAPES];

static struct vc_spin waits[VC_OPS];

/* A forked child has none of the threads, and must not use its parent's worker. */
static void after_fork(void) {
	atomic_store(&current, NULL);
	pthread_mutex_init(&lock, NULL);
	vc_copy_after_fork();
	vc_adopt_after_fork();
}

static void set_up_once(void) {
	pthread_atfork(NULL, NULL, after_fork);
}

/* Platforms and devices keep their numbers from worker to worker, because this asks for them first and in order. */
static void name_devices(void) {
	cl_platform_id platforms[16];
	cl_device_id devices[64];
	cl_uint n = 0, m;
	if (vc_call_clGetPlatformIDs(16, platforms, &n) != CL_SUCCESS)
		return;
	for (cl_uint i = 0; i < n && i < 16; i++)
		vc_call_clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 64, devices, &m);
}

struct vc_link *vc_call_link_alive(void) {
	struct vc_link *link = atomic_load_explicit(&current, memory_order_acquire);
	return link && !atomic_load_explicit(&link->dead, memory_order_relaxed) ? link : NULL;
}

struct vc_link *vc_call_link(void) {
	struct vc_link *link = vc_call_link_alive();
	if (link)
		return link;
	pthread_once(&once, set_up_once);
	pthread_mutex_lock(&lock);
	link = vc_call_link_alive();
	char why[160] = "";
	bool opened = false;
	if (!link) {
		link = vc_link_open(vc_call_transport, epochs + 1, why, sizeof(why));
		if (link && !vc_notes_start(link)) {
			vc_link_bury(link);
			link = NULL;
		}
		if (link) {
			epochs++;
			atomic_store_explicit(&current, link, memory_order_release);
			opened = true;
		} else if (getenv("VCOCKPIT_CL_DEBUG")) {
			fprintf(stderr, "vcockpit-opencl: no worker: %s\n", why);
		}
	}
	pthread_mutex_unlock(&lock);
	if (opened)
		name_devices();
	return link;
}

void vc_call_release(struct vc_object *object) {
	struct vc_link *link = vc_call_link_alive();
	if (link && (object->epoch == link->epoch || object->epoch == 0))
		vc_call_vcReleaseObject(atomic_load(&object->kind), object->id);
}

static void fail(struct vc_call *c, cl_int error) {
	if (!c->failed)
		c->result = error;
	c->failed = true;
}

void vc_call_begin(struct vc_call *c, enum vc_cl_op op, enum vc_call_kind kind) {
	memset(c, 0, offsetof(struct vc_call, small));
	c->head.op = (uint16_t)op;
	c->head.slot = VC_CL_NO_SLOT;
	c->kind = kind;
	c->data = c->small;
	c->room = sizeof(c->small);
	c->expect = sizeof(uint64_t);
	c->link = vc_call_link();
	if (!c->link)
		fail(c, CL_OUT_OF_RESOURCES);
}

void vc_call_expect(struct vc_call *c, size_t bytes) {
	if (__builtin_add_overflow(c->expect, bytes + 8, &c->expect))
		fail(c, CL_OUT_OF_HOST_MEMORY);
}

/* Room for @size more bytes of arguments; NULL: no memory. */
static uint8_t *grow(struct vc_call *c, size_t size) {
	if (size > VC_CL_REQUEST_MAX - c->used) {
		fail(c, CL_OUT_OF_HOST_MEMORY);
		return NULL;
	}
	if (size > c->room - c->used) {
		size_t room = c->room * 2 > c->used + size ? c->room * 2 : c->used + size;
		uint8_t *data = malloc(room);
		if (!data) {
			fail(c, CL_OUT_OF_HOST_MEMORY);
			return NULL;
		}
		memcpy(data, c->data, c->used);
		if (c->data != c->small)
			free(c->data);
		c->data = data;
		c->room = room;
	}
	uint8_t *at = c->data + c->used;
	c->used += size;
	return at;
}

void vc_put_val(struct vc_call *c, uint64_t value) {
	uint8_t *at = grow(c, sizeof(value));
	if (at)
		memcpy(at, &value, sizeof(value));
}

/* The number of @handle; 0 if it is not a live object of that kind, which the host will say in its own words. */
static uint64_t id_of(struct vc_call *c, enum vc_cl_kind kind, const void *handle) {
	if (!vc_object_is(handle, kind)) {
		c->foreign = true;
		return 0;
	}
	const struct vc_object *object = handle;
	/* What lived on a worker that died is lost. */
	if (object->epoch != 0 && c->link && object->epoch != c->link->epoch)
		fail(c, CL_OUT_OF_RESOURCES);
	return object->id;
}

void vc_put_obj(struct vc_call *c, enum vc_cl_kind kind, const void *handle) {
	vc_put_val(c, id_of(c, kind, handle));
}

static uint8_t *put_array(struct vc_call *c, size_t size) {
	size_t padded = (size + 7) & ~(size_t)7;
	vc_put_val(c, size);
	if (padded < size) {
		fail(c, CL_OUT_OF_HOST_MEMORY);
		return NULL;
	}
	uint8_t *at = grow(c, padded + VC_CL_GUARD);
	if (at)
		memset(at + size, 0, padded - size + VC_CL_GUARD);
	return at;
}

void vc_put_objs(struct vc_call *c, enum vc_cl_kind kind, const void *handles, size_t n) {
	if (!handles) {
		vc_put_val(c, UINT64_MAX);
		return;
	}
	uint8_t *at = n <= VC_CL_REQUEST_MAX / 8 ? put_array(c, n * sizeof(uint64_t)) : NULL;
	if (!at)
		fail(c, CL_OUT_OF_HOST_MEMORY);
	for (size_t i = 0; at && i < n; i++) {
		uint64_t id = id_of(c, kind, ((void *const *)handles)[i]);
		memcpy(at + i * sizeof(id), &id, sizeof(id));
	}
}

void vc_put_bytes(struct vc_call *c, const void *data, size_t size) {
	if (!data) {
		vc_put_val(c, UINT64_MAX);
		return;
	}
	uint8_t *at = put_array(c, size);
	if (at && size > 0)
		memcpy(at, data, size);
}

void vc_put_str(struct vc_call *c, const char *text) {
	vc_put_bytes(c, text, text ? strlen(text) : 0);
}

void vc_put_strs(struct vc_call *c, const char **texts, size_t n) {
	vc_put_val(c, texts ? n : UINT64_MAX);
	for (size_t i = 0; texts && i < n; i++)
		vc_put_str(c, texts[i]);
}

void vc_put_blobs(struct vc_call *c, const unsigned char **blobs, const size_t *lengths, size_t n) {
	if (!blobs || !lengths) {
		vc_put_val(c, UINT64_MAX);
		return;
	}
	vc_put_val(c, n);
	for (size_t i = 0; i < n; i++)
		vc_put_bytes(c, blobs[i], lengths[i]);
}

void vc_put_late(struct vc_call *c) {
	if (c->shape == 0)
		c->shape = c->used;
}

void *vc_put_new(struct vc_call *c, enum vc_cl_kind kind, const void *parent) {
	struct vc_object *object = NULL;
	/* Sources are looked at by their entry; of what else makes programs one can't see whether it prints. */
	if (c->link && kind == VC_CL_PROGRAM && c->head.op != VC_OP_clCreateProgramWithSource)
		atomic_store_explicit(&c->link->prints, true, memory_order_relaxed);
	if (!c->failed && (kind == VC_CL_CONTEXT || vc_object_kind(parent) != VC_CL_NONE))
		object = vc_object_create(kind, VC_OBJECT((void *)(uintptr_t)parent), c->link->epoch);
	/* Without a parent the host will refuse; a number that is never booked does for that. */
	vc_put_val(c, object ? object->id : VC_CL_ID(VC_CL_OBJECTS - 1, 0));
	return object;
}

void vc_put_made(struct vc_call *c, enum vc_cl_kind kind, void **handles, size_t n, const void *parent) {
	c->made_out = handles;
	if (!handles || c->failed || !vc_object_is(parent, VC_CL_PROGRAM) || n > 65536) {
		vc_put_val(c, UINT64_MAX);
		return;
	}
	c->made = calloc(n, sizeof(*c->made));
	uint8_t *at = c->made || n == 0 ? put_array(c, n * sizeof(uint64_t)) : NULL;
	for (size_t i = 0; at && i < n; i++) {
		c->made[i] = vc_object_create(kind, VC_OBJECT((void *)(uintptr_t)parent), c->link->epoch);
		if (!c->made[i])
			fail(c, CL_OUT_OF_HOST_MEMORY);
		else
			c->nmade = i + 1;
		uint64_t id = c->made[i] ? c->made[i]->id : 0;
		memcpy(at + i * sizeof(id), &id, sizeof(id));
	}
	if (!at)
		fail(c, CL_OUT_OF_HOST_MEMORY);
}

void vc_put_wait(struct vc_call *c, cl_command_queue queue, cl_uint count, const cl_event *list, cl_event *event) {
	bool known = vc_object_is(queue, VC_CL_QUEUE);
	struct vc_object *context = known ? vc_object_context(VC_OBJECT(queue)) : NULL;
	if ((count > 0) != (list != NULL))
		fail(c, CL_INVALID_EVENT_WAIT_LIST);
	for (cl_uint i = 0; !c->failed && i < count; i++) {
		if (!vc_object_is(list[i], VC_CL_EVENT))
			fail(c, CL_INVALID_EVENT_WAIT_LIST);
		else if (vc_object_context(VC_OBJECT(list[i])) != context)
			c->foreign = true;
	}
	if (!known)
		fail(c, CL_INVALID_COMMAND_QUEUE);
	if (c->failed)
		return;
	vc_put_objs(c, VC_CL_EVENT, list, count);
	c->queue = VC_OBJECT(queue);
	c->event = event;
	if (event) {
		c->new_event = vc_object_create(VC_CL_EVENT, c->queue, c->link->epoch);
		if (!c->new_event) {
			fail(c, CL_OUT_OF_HOST_MEMORY);
			return;
		}
	}
	vc_put_val(c, c->new_event ? c->new_event->id : 0);
}

static uint64_t hash_shape(const struct vc_call *c) {
	uint64_t h = 0x9e3779b97f4a7c15u ^ c->head.op;
	for (size_t i = 0; i + 8 <= c->shape; i += 8) {
		uint64_t word;
		memcpy(&word, c->data + i, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return h | 1;
}

static void count(_Atomic uint64_t *counter) {
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* Arguments too long for the ring, and room for an answer too long for a slot, go to shared memory. */
static void share_bulk(struct vc_call *c) {
	c->head.size = (uint32_t)(sizeof(c->head) + c->used);
	if (c->used > VC_CL_INLINE_BYTES - sizeof(c->head)) {
		c->shared_in = vc_memory_alloc(c->link, c->used, 8);
		if (!c->shared_in) {
			fail(c, CL_OUT_OF_HOST_MEMORY);
			return;
		}
		memcpy(c->shared_in, c->data, c->used);
		c->head.address = (uint64_t)(uintptr_t)c->shared_in;
		c->head.length = c->used;
		c->head.size = sizeof(c->head);
	}
	if (c->kind != VC_CALL_ONEWAY && c->expect > VC_CL_SLOT_BYTES) {
		c->shared_out = vc_memory_alloc(c->link, c->expect, 8);
		c->answer_room = malloc(c->expect);
		if (!c->shared_out || !c->answer_room) {
			fail(c, CL_OUT_OF_HOST_MEMORY);
			return;
		}
		c->head.room_address = (uint64_t)(uintptr_t)c->shared_out;
		c->head.room = c->expect;
	}
}

/* Copies the answer to private memory, once, and takes the result off it. */
static void take_answer(struct vc_call *c, const struct vc_cl_slot *slot) {
	size_t size = *(const volatile uint32_t *)&slot->size;
	const void *from = slot->bytes;
	c->answer = c->small_answer;
	if (size > VC_CL_SLOT_BYTES) {
		from = c->shared_out;
		c->answer = c->answer_room;
		size = from && size <= c->expect ? size : 0;
	} else if (size > sizeof(c->small_answer)) {
		if (!c->answer_room)
			c->answer_room = malloc(VC_CL_SLOT_BYTES);
		c->answer = c->answer_room;
		size = c->answer ? size : 0;
	}
	if (size > 0)
		memcpy(c->answer, from, size);
	c->answer_size = size;
	c->result = size >= sizeof(uint64_t) ? (cl_int)vc_get_val(c) : CL_OUT_OF_HOST_MEMORY;
}

void vc_call_run(struct vc_call *c) {
	if (!c->failed)
		share_bulk(c);
	if (c->failed)
		return;
	uint64_t hash = 0;
	enum vc_call_kind kind = c->kind;
	if (kind == VC_CALL_SHAPED) {
		hash = hash_shape(c);
		bool known = atomic_load_explicit(&shapes[hash % SHAPES], memory_order_relaxed) == hash;
		kind = known && !c->foreign ? VC_CALL_ONEWAY : VC_CALL_SYNC;
	}
	if (vc_call_sure && !c->foreign)
		kind = VC_CALL_ONEWAY;
	if (c->shared_in)
		kind = VC_CALL_SYNC;
	if (kind == VC_CALL_SYNC)
		c->head.slot = (uint16_t)vc_link_slot(c->link);
	count(kind == VC_CALL_SYNC ? &c->link->channel->counters.waited : &c->link->channel->counters.one_way);
	if (c->queue) {
		pthread_mutex_lock(&c->queue->queue.order);
		uint64_t sequence = atomic_fetch_add(&c->queue->queue.enqueued, 1) + 1;
		if (c->new_event)
			c->new_event->event.sequence = sequence;
	}
	bool alive = vc_link_send(c->link, &c->head, c->data);
	if (c->queue)
		pthread_mutex_unlock(&c->queue->queue.order);
	if (kind == VC_CALL_SYNC && alive)
		alive = vc_link_await(c->link, c->head.slot, &waits[c->head.op]);
	if (!alive) {
		fail(c, CL_OUT_OF_RESOURCES);
		return;
	}
	c->result = CL_SUCCESS;
	if (kind != VC_CALL_SYNC)
		return;
	take_answer(c, &c->link->channel->slots[c->head.slot]);
	if (c->kind == VC_CALL_SHAPED && c->result == CL_SUCCESS && !c->foreign)
		atomic_store_explicit(&shapes[hash % SHAPES], hash, memory_order_relaxed);
}

/* Outputs. Whatever the worker sent, no more than @size is written, and nothing where it sent less. */

uint64_t vc_get_val(struct vc_call *c) {
	uint64_t value = 0;
	if (c->answer_size - c->answer_at >= sizeof(value)) {
		memcpy(&value, c->answer + c->answer_at, sizeof(value));
		c->answer_at += sizeof(value);
	}
	return value;
}

void vc_get_outs(struct vc_call *c, void *to, size_t size) {
	size_t padded = (size + 7) & ~(size_t)7;
	if (!to || c->failed || c->answer_size - c->answer_at < padded)
		return;
	if (c->result == CL_SUCCESS || c->head.op == VC_OP_clCreateProgramWithBinary)
		memcpy(to, c->answer + c->answer_at, size);
	c->answer_at += padded;
}

void vc_get_out(struct vc_call *c, void *to, size_t size) {
	if (to)
		vc_get_outs(c, to, size);
	else
		c->answer_at += c->answer_size - c->answer_at >= 8 ? (size + 7) & ~(size_t)7 : 0;
}

void vc_get_found(struct vc_call *c, enum vc_cl_kind kind, void **handles, size_t n) {
	for (size_t i = 0; handles && !c->failed && i < n && c->answer_size - c->answer_at >= 8; i++) {
		void *object = vc_object_named(kind, vc_get_val(c));
		if (c->result == CL_SUCCESS && object)
			handles[i] = object;
	}
}

/* How many of the named objects there are now. */
void vc_get_made(struct vc_call *c) {
	c->made_there = vc_get_val(c);
}

static void give_made(struct vc_call *c) {
	for (size_t i = 0; i < c->nmade; i++) {
		if (c->result == CL_SUCCESS && i < c->made_there)
			c->made_out[i] = c->made[i];
		else
			vc_object_forget(c->made[i]);
	}
	free(c->made);
}

cl_int vc_call_end(struct vc_call *c) {
	if (c->new_event && c->result == CL_SUCCESS)
		*c->event = (cl_event)(void *)c->new_event;
	else if (c->new_event)
		vc_object_forget(c->new_event);
	if (c->made)
		give_made(c);
	vc_memory_free(c->shared_out);
	/* The worker copies long arguments when it comes to them: it has, if it answered. */
	if (c->head.slot != VC_CL_NO_SLOT)
		vc_memory_free(c->shared_in);
	if (c->data != c->small)
		free(c->data);
	free(c->answer_room);
	return c->result;
}

void *vc_call_end_new(struct vc_call *c, void *made, cl_int *errcode_ret) {
	/* Nobody has waited if the call went one way: then it is there as far as we know. */
	bool there = !c->failed && (c->head.slot == VC_CL_NO_SLOT || vc_get_val(c) != 0);
	cl_int result = vc_call_end(c);
	struct vc_object *object = made;
	if (!object && result == CL_SUCCESS)
		result = CL_OUT_OF_HOST_MEMORY;
	if (object && !there) {
		vc_object_forget(object);
		object = NULL;
	}
	if (errcode_ret)
		*errcode_ret = result;
	return object;
}
