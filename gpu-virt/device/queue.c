/* SPDX-License-Identifier: Apache-2.0 */
#include "queue.h"

#include <stddef.h>

void vc_queue_init(struct vc_queue *queue) {
	queue->first = queue->count = queue->running = 0;
	queue->next_seq = 1;
	queue->arena_head = queue->arena_tail = 0;
}

static const struct vc_ticket *at(const struct vc_queue *queue, unsigned i) {
	return &queue->ticket[(queue->first + i) % VC_QUEUE_MAX];
}

static uint32_t rounded(uint32_t bytes) {
	return (bytes + 63u) & ~63u;
}

/* Where @bytes would go, or UINT32_MAX. A reservation never wraps, and never fills the arena to the last byte, so that
 * head == tail always means empty. */
static uint32_t place(const struct vc_queue *queue, uint32_t bytes) {
	uint32_t head = queue->arena_head, tail = queue->arena_tail;
	if (bytes == 0)
		return head;
	if (bytes > VC_WORKER_ARENA_SIZE / 2)
		return UINT32_MAX;
	bytes = rounded(bytes);
	if (head >= tail) {
		if (bytes < VC_WORKER_ARENA_SIZE - head)
			return head;
		return bytes < tail ? 0 : UINT32_MAX;
	}
	return bytes < tail - head ? head : UINT32_MAX;
}

bool vc_queue_room(const struct vc_queue *queue, uint32_t bytes) {
	/* One more than asked for: a command may bring an upload of its backing along. */
	return queue->count + 1 < VC_QUEUE_MAX && queue->running + 1 < VC_QUEUE_RUNNING &&
	       place(queue, bytes) != UINT32_MAX;
}

uint32_t vc_queue_arena(struct vc_queue *queue, uint32_t bytes) {
	uint32_t offset = place(queue, bytes);
	queue->arena_head = offset + rounded(bytes);
	return offset;
}

struct vc_ticket *vc_queue_add(struct vc_queue *queue, uint32_t op, int64_t now_ns) {
	struct vc_ticket *t = &queue->ticket[(queue->first + queue->count++) % VC_QUEUE_MAX];
	*t = (struct vc_ticket){.seq = queue->next_seq++, .op = op, .since_ns = now_ns, .arena_end = queue->arena_head};
	if (op == 0) {
		t->executed = t->finished = true;
		return t;
	}
	if (queue->running++ == 0)
		queue->progress_ns = now_ns;
	return t;
}

struct vc_ticket *vc_queue_running(struct vc_queue *queue) {
	for (unsigned i = 0; i < queue->count && queue->running > 0; i++) {
		struct vc_ticket *t = &queue->ticket[(queue->first + i) % VC_QUEUE_MAX];
		if (!t->executed)
			return t;
	}
	return NULL;
}

struct vc_ticket *vc_queue_executed(struct vc_queue *queue, uint64_t seq, int64_t now_ns) {
	struct vc_ticket *t = vc_queue_running(queue);
	if (!t || t->seq != seq)
		return NULL;
	t->executed = true;
	t->finished = !t->fenced;
	t->since_ns = queue->progress_ns = now_ns;
	queue->arena_tail = t->arena_end;
	if (--queue->running == 0)
		queue->arena_head = queue->arena_tail = 0;
	return t;
}

void vc_queue_fenced(struct vc_queue *queue, uint64_t seq, uint64_t held) {
	for (unsigned i = 0; i < queue->count; i++) {
		struct vc_ticket *t = &queue->ticket[(queue->first + i) % VC_QUEUE_MAX];
		if (t->seq > seq)
			break;
		if (t->executed && t->seq != held)
			t->finished = true;
	}
}

void vc_queue_finish(struct vc_queue *queue, uint64_t seq) {
	for (unsigned i = 0; i < queue->count; i++) {
		struct vc_ticket *t = &queue->ticket[(queue->first + i) % VC_QUEUE_MAX];
		if (t->seq == seq)
			t->finished = true;
	}
}

struct vc_ticket *vc_queue_next_answer(struct vc_queue *queue) {
	while (queue->count > 0 && at(queue, 0)->answered) {
		queue->first = (queue->first + 1) % VC_QUEUE_MAX;
		queue->count--;
	}
	bool fence_ahead = false;
	for (unsigned i = 0; i < queue->count; i++) {
		struct vc_ticket *t = &queue->ticket[(queue->first + i) % VC_QUEUE_MAX];
		if (t->answered)
			continue;
		if (t->finished && (!t->fenced || !fence_ahead)) {
			t->answered = true;
			return t;
		}
		fence_ahead = fence_ahead || t->fenced;
	}
	return NULL;
}

int64_t vc_queue_deadline(const struct vc_queue *queue, int64_t limit_ns) {
	int64_t deadline = queue->running > 0 ? queue->progress_ns + limit_ns : INT64_MAX;
	for (unsigned i = 0; i < queue->count; i++) {
		const struct vc_ticket *t = at(queue, i);
		if (t->executed && !t->finished && t->op != VC_WORKER_FLUSH && t->op != 0)
			return t->since_ns + limit_ns < deadline ? t->since_ns + limit_ns : deadline;
	}
	return deadline;
}

void vc_queue_abandon(struct vc_queue *queue, uint32_t response) {
	for (unsigned i = 0; i < queue->count; i++) {
		struct vc_ticket *t = &queue->ticket[(queue->first + i) % VC_QUEUE_MAX];
		if (!t->executed)
			t->response = response ? response : VIRTIO_GPU_RESP_ERR_UNSPEC;
		t->executed = t->finished = true;
	}
	queue->running = 0;
	queue->arena_head = queue->arena_tail = 0;
}
