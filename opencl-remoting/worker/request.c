/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include "clock.h"
#include "state.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct vc_piece {
	struct vc_piece *next;
	_Alignas(16) uint8_t bytes[];
};

static uint8_t spare[256];

void *vc_request_alloc(struct vc_request *q, size_t count, size_t size) {
	size_t total;
	struct vc_piece *piece = NULL;
	if (!__builtin_mul_overflow(count, size, &total) && total <= VC_CL_REQUEST_MAX)
		piece = calloc(1, sizeof(*piece) + total + VC_CL_GUARD);
	if (!piece) {
		q->bad = true;
		return spare;
	}
	piece->next = q->pieces;
	q->pieces = piece;
	return piece->bytes;
}

uint64_t vc_take_val(struct vc_request *q) {
	uint64_t value = 0;
	if (q->size - q->at < sizeof(value)) {
		q->bad = true;
		return 0;
	}
	memcpy(&value, q->in + q->at, sizeof(value));
	q->at += sizeof(value);
	return value;
}

void *vc_take_obj(struct vc_request *q, enum vc_cl_kind kind) {
	return vc_table_find(kind, vc_take_val(q));
}

/* The array stays where it is, and the guard behind it is made zero: whoever sent it may have put something else there. */
void *vc_take_bytes(struct vc_request *q, size_t *n) {
	uint64_t size = vc_take_val(q);
	*n = 0;
	if (size == UINT64_MAX || q->bad)
		return NULL;
	size_t left = q->size - q->at;
	if (left < VC_CL_GUARD || size > left - VC_CL_GUARD) {
		q->bad = true;
		return NULL;
	}
	uint8_t *data = q->in + q->at;
	size_t padded = ((size_t)size + 7) & ~(size_t)7;
	if (padded > left - VC_CL_GUARD) {
		q->bad = true;
		return NULL;
	}
	memset(data + size, 0, padded - size + VC_CL_GUARD);
	q->at += padded + VC_CL_GUARD;
	*n = (size_t)size;
	return data;
}

void *vc_take_objs(struct vc_request *q, enum vc_cl_kind kind, size_t *n) {
	size_t bytes;
	uint64_t *ids = vc_take_bytes(q, &bytes);
	*n = bytes / sizeof(*ids);
	void **handles = (void **)ids;
	for (size_t i = 0; i < *n; i++)
		handles[i] = vc_table_find(kind, ids[i]);
	return handles;
}

char *vc_take_str(struct vc_request *q) {
	size_t n;
	return vc_take_bytes(q, &n); /* the guard ends it */
}

const char **vc_take_strs(struct vc_request *q, size_t *n) {
	uint64_t count = vc_take_val(q);
	*n = 0;
	if (count == UINT64_MAX || q->bad || count > (q->size - q->at) / 8) {
		q->bad |= count != UINT64_MAX;
		return NULL;
	}
	const char **list = vc_request_alloc(q, count, sizeof(*list));
	for (*n = 0; *n < count && !q->bad; ++*n)
		list[*n] = vc_take_str(q);
	return q->bad ? NULL : list;
}

const unsigned char **vc_take_blobs(struct vc_request *q, const size_t *lengths, size_t nlengths, size_t *n) {
	uint64_t count = vc_take_val(q);
	*n = 0;
	if (count == UINT64_MAX)
		return NULL;
	if (q->bad || count > (q->size - q->at) / 8 || (count > 0 && count > nlengths)) {
		q->bad = true;
		return NULL;
	}
	const unsigned char **list = vc_request_alloc(q, count, sizeof(*list));
	for (*n = 0; *n < count && !q->bad; ++*n) {
		size_t length;
		list[*n] = vc_take_bytes(q, &length);
		vc_need(q, !list[*n] || length >= lengths[*n]);
	}
	return q->bad ? NULL : list;
}

void vc_take_info(struct vc_request *q, struct vc_info *info) {
	uint64_t size = vc_take_val(q), want = vc_take_val(q);
	*info = (struct vc_info){.size = (size_t)size};
	if (want)
		info->value = vc_request_alloc(q, 1, (size_t)size);
}

void vc_take_wait(struct vc_request *q, struct vc_wait *wait) {
	size_t n;
	*wait = (struct vc_wait){0};
	wait->list = vc_take_objs(q, VC_CL_EVENT, &n);
	wait->count = n <= UINT_MAX ? (cl_uint)n : 0;
	if (wait->count == 0)
		wait->list = NULL;
	wait->id = vc_take_val(q);
	wait->event = wait->id != 0 || vc_linger_wants_event() ? &wait->made : NULL;
}

void *vc_take_room(struct vc_request *q, size_t size, size_t count) {
	return vc_take_val(q) ? vc_request_alloc(q, count, size) : NULL;
}

void *vc_take_made(struct vc_request *q, size_t count, uint64_t **ids) {
	size_t n;
	*ids = vc_take_bytes(q, &n);
	if (!*ids || q->bad)
		return NULL;
	vc_need(q, n / sizeof(**ids) >= count);
	return vc_request_alloc(q, count, sizeof(void *));
}

void vc_request_leave(struct vc_request *q) {
	/* What nobody waits for must be done before what comes after it. */
	if (q->head.slot == VC_CL_NO_SLOT)
		return;
	q->left = vc_worker_leave();
}

/* Answers. */

static void put(struct vc_request *q, const void *data, size_t size) {
	if (size > q->room - q->used) {
		size_t room = q->room * 2 > q->used + size + 64 ? q->room * 2 : q->used + size + 64;
		uint8_t *bytes = vc_request_alloc(q, 1, room);
		if (q->bad)
			return;
		memcpy(bytes, q->out, q->used);
		q->out = bytes;
		q->room = room;
	}
	if (size > 0)
		memcpy(q->out + q->used, data, size);
	q->used += size;
}

static void put_val(struct vc_request *q, uint64_t value) {
	put(q, &value, sizeof(value));
}

static void put_padded(struct vc_request *q, const void *data, size_t size) {
	static const uint8_t zeros[8];
	put(q, data, size);
	put(q, zeros, (8 - size % 8) % 8);
}

void vc_reply_result(struct vc_request *q, cl_int result) {
	q->result = result;
	put_val(q, (uint64_t)(int64_t)result);
}

void vc_reply_out(struct vc_request *q, const void *value, size_t size) {
	put_padded(q, value, size);
}

void vc_reply_outs(struct vc_request *q, const void *values, size_t size, size_t count) {
	if (values)
		put_padded(q, values, size * count);
}

void vc_reply_found(struct vc_request *q, enum vc_cl_kind kind, void **handles, size_t count) {
	for (size_t i = 0; handles && i < count; i++)
		put_val(q, q->result == CL_SUCCESS ? vc_table_name(kind, handles[i]) : 0);
}

void vc_reply_made(struct vc_request *q, enum vc_cl_kind kind, void **handles, const uint64_t *ids, size_t count) {
	uint64_t there = 0;
	for (size_t i = 0; handles && q->result == CL_SUCCESS && i < count; i++)
		if (handles[i]) {
			vc_need(q, vc_table_add(kind, ids[i], handles[i]));
			there = i + 1;
		}
	put_val(q, there);
}

void vc_reply_info(struct vc_request *q, enum vc_info_table table, cl_uint param, struct vc_info *info) {
	size_t got = q->result == CL_SUCCESS && info->value ? info->size_ret : 0;
	if (got > info->size)
		got = info->size;
	enum vc_info_class class = vc_info_class(table, param);
	if (class == VC_INFO_DEVICES || class == VC_INFO_PLATFORM_) {
		void **handles = info->value;
		for (size_t i = 0; i < got / sizeof(*handles); i++) {
			uint64_t id =
				vc_table_name(class == VC_INFO_DEVICES ? VC_CL_DEVICE : VC_CL_PLATFORM, handles[i]);
			memcpy(&handles[i], &id, sizeof(id));
		}
	}
	put_val(q, info->size_ret);
	put_val(q, got);
	put_padded(q, info->value, got);
}

void vc_reply_new(struct vc_request *q, enum vc_cl_kind kind, uint64_t id, void *handle) {
	/* A program that failed to link is there all the same; other handles that come with an error are not. */
	bool there = handle && (q->result == CL_SUCCESS || q->result == CL_LINK_PROGRAM_FAILURE);
	if (there)
		vc_need(q, vc_table_add(kind, id, handle));
	put_val(q, there);
}

void vc_reply_wait(struct vc_request *q, struct vc_wait *wait, cl_command_queue queue, cl_int result) {
	if (result == CL_SUCCESS) {
		if (wait->id != 0)
			vc_need(q, wait->made && vc_table_add(VC_CL_EVENT, wait->id, wait->made));
		vc_linger_note(queue, wait->made, wait->id == 0);
		return;
	}
	if (q->head.slot != VC_CL_NO_SLOT)
		return;
	vc_table_set_error(queue, result);
	cl_context context;
	if (wait->id == 0 ||
	    clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof(context), &context, NULL) != CL_SUCCESS)
		return;
	cl_int err;
	cl_event failed = clCreateUserEvent(context, &err);
	if (failed) {
		clSetUserEventStatus(failed, result);
		vc_need(q, vc_table_add(VC_CL_EVENT, wait->id, failed));
	}
}

/* Sends the answer: into the slot, or into the client's room if it is longer. */
static void answer(struct vc_request *q) {
	struct vc_cl_slot *slot = &vc_worker.channel->slots[q->head.slot];
	if (q->used <= VC_CL_SLOT_BYTES) {
		memcpy(slot->bytes, q->out, q->used);
	} else if (q->used <= q->head.room) {
		memcpy((void *)(uintptr_t)q->head.room_address, q->out, q->used);
	} else {
		int64_t result = CL_OUT_OF_HOST_MEMORY;
		memcpy(slot->bytes, &result, sizeof(result));
		q->used = sizeof(result);
	}
	slot->size = (uint32_t)q->used;
	if (atomic_exchange(&slot->state, VC_CL_SLOT_DONE) == VC_CL_SLOT_SLEEPING)
		vc_futex_wake(&slot->state, 1);
}

/* The arguments, wherever they are, in private memory. */
static bool take_arguments(struct vc_request *q, uint8_t *record, size_t size) {
	q->in = record + sizeof(q->head);
	q->size = size - sizeof(q->head);
	if (q->head.length == 0)
		return true;
	const void *shared = (const void *)(uintptr_t)q->head.address;
	if (q->head.length > VC_CL_REQUEST_MAX || !vc_arena_holds(shared, q->head.length))
		return false;
	q->in = vc_request_alloc(q, 1, q->head.length);
	q->size = q->head.length;
	if (!q->bad)
		memcpy(q->in, shared, q->size);
	return !q->bad;
}

bool vc_request_serve(uint8_t *record, size_t size) {
	struct vc_request q;
	memset(&q, 0, offsetof(struct vc_request, small));
	q.out = q.small;
	q.room = sizeof(q.small);
	memcpy(&q.head, record, sizeof(q.head));
	bool known = q.head.op > VC_OP_NONE && q.head.op < VC_OPS && vc_serve_table[q.head.op] &&
		     (q.head.slot == VC_CL_NO_SLOT || q.head.slot < VC_CL_SLOTS);
	bool roomy = q.head.room == 0 || vc_arena_holds((void *)(uintptr_t)q.head.room_address, q.head.room);
	if (known && roomy && take_arguments(&q, record, size)) {
		atomic_fetch_add_explicit(&vc_worker.stats->calls[q.head.op], 1, memory_order_relaxed);
		vc_serve_table[q.head.op](&q);
	} else {
		q.bad = true;
	}
	if (q.left)
		vc_worker_join();
	if (!q.bad && q.head.slot != VC_CL_NO_SLOT)
		answer(&q);
	while (q.pieces) {
		struct vc_piece *next = q.pieces->next;
		free(q.pieces);
		q.pieces = next;
	}
	return !q.bad;
}
