/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu.h"

#include "clock.h"
#include "command.h"
#include "log.h"
#include "rebuild.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool vc_gpu_init(struct vc_gpu *gpu, const struct vc_gpu_config *config, const struct vc_gpu_ops *ops, void *data,
		 const struct vc_memory *memory, struct vc_vring *control, struct vc_vring *cursor, uint8_t *arena) {
	memset(gpu, 0, sizeof(*gpu));
	gpu->config = config;
	gpu->ops = ops;
	gpu->data = data;
	gpu->memory = memory;
	gpu->control = control;
	gpu->cursor = cursor;
	gpu->arena = arena;
	vc_queue_init(&gpu->queue);
	return vc_tables_init(&gpu->tables, config->max_contexts);
}

void vc_gpu_finish(struct vc_gpu *gpu) {
	vc_tables_finish(&gpu->tables);
}

void vc_gpu_reason(struct vc_gpu *gpu, const char *format, ...) {
	va_list args;
	va_start(args, format);
	vsnprintf(gpu->last_reason, sizeof(gpu->last_reason), format, args);
	va_end(args);
	vc_warn("%s", gpu->last_reason);
}

void vc_gpu_refuse(struct vc_gpu *gpu, const char *why) {
	int64_t now = gpu->ops->now(gpu->data);
	if (gpu->refused_ns != 0 && now - gpu->refused_ns < VC_NS_PER_S)
		return;
	gpu->refused_ns = now;
	vc_gpu_reason(gpu, "the guest wants %s", why);
}

/* virtio 1.3, 5.7.6.7: the answer repeats fence and context. */
static void answer(struct vc_gpu *gpu, struct vc_vring *ring, const struct vc_answer *to, uint32_t response,
		   const void *payload, size_t size) {
	struct virtio_gpu_ctrl_hdr hdr = {.type = response};
	hdr.flags = to->request.flags & VIRTIO_GPU_FLAG_FENCE;
	if (hdr.flags) {
		hdr.fence_id = to->request.fence_id;
		hdr.ctx_id = to->request.ctx_id;
	}
	if (response >= VIRTIO_GPU_RESP_ERR_UNSPEC)
		gpu->counters.errors++;
	size_t written = vc_iov_write(to->iov, to->pieces, &hdr, sizeof(hdr));
	/* Only what is answered at once has a payload, and then the whole chain is at hand. */
	struct iovec *iov = gpu->chain.iov + gpu->chain.reads;
	size_t skip = sizeof(hdr);
	for (unsigned i = 0; i < gpu->chain.writes && size > 0; i++) {
		if (skip >= iov[i].iov_len) {
			skip -= iov[i].iov_len;
			continue;
		}
		struct iovec rest = {.iov_base = (uint8_t *)iov[i].iov_base + skip, .iov_len = iov[i].iov_len - skip};
		size_t n = vc_iov_write(&rest, 1, payload, size);
		payload = (const uint8_t *)payload + n;
		size -= n;
		written += n;
		skip = 0;
	}
	vc_vring_push(ring, to->head, (uint32_t)written);
}

static void answer_ready(struct vc_gpu *gpu) {
	struct vc_ticket *t;
	while ((t = vc_queue_next_answer(&gpu->queue)) != NULL)
		if (t->guest)
			answer(gpu, gpu->control, &t->answer, t->response, NULL, 0);
}

/* Notes where @chain's answer goes. False if there's no room for a header. */
static bool take_answer(const struct vc_chain *chain, const struct virtio_gpu_ctrl_hdr *request, struct vc_answer *to) {
	if (chain->write_size < sizeof(*request))
		return false;
	to->head = chain->head;
	to->request = *request;
	to->pieces = 0;
	for (size_t have = 0; have < sizeof(*request);) {
		to->iov[to->pieces] = chain->iov[chain->reads + to->pieces];
		have += to->iov[to->pieces++].iov_len;
	}
	return true;
}

/* Sends @command as the next ticket. */
static struct vc_ticket *forward(struct vc_gpu *gpu, struct vc_worker_command *command, const int *fds, unsigned nfds) {
	struct vc_ticket *t = vc_queue_add(&gpu->queue, command->op, gpu->ops->now(gpu->data));
	t->resource = command->resource;
	t->fenced = (command->flags & VC_WORKER_FENCE) != 0;
	command->seq = t->seq;
	/* If this fails the worker is as good as dead; its death answers the ticket. */
	gpu->ops->send(gpu->data, command, fds, nfds);
	return t;
}

/* The largest arena reservation that any guest command may need. */
static uint32_t largest(const struct vc_gpu *gpu) {
	uint32_t submit = gpu->config->max_submit_kb * 1024u;
	uint32_t attach = gpu->config->max_backing_entries * (uint32_t)sizeof(struct vc_worker_piece);
	return submit > attach ? submit : attach;
}

/* What the worker hasn't been given while it was shown directly. */
static void upload(struct vc_gpu *gpu, struct vc_resource *r) {
	struct vc_worker_command command = {0};
	r->stale = false;
	if (r->pieces == 0)
		return;
	vc_command_put_upload(r, &command);
	forward(gpu, &command, NULL, 0);
}

static void run_control(struct vc_gpu *gpu, struct vc_command *c, const struct vc_answer *to) {
	const struct vc_command_type *type = vc_command_type(c->body.hdr.type, false);
	uint32_t response;
	if (!type || (type->needs_virgl && !gpu->offers_virgl))
		response = VIRTIO_GPU_RESP_ERR_UNSPEC;
	else if (c->chain->read_size < type->size)
		response = VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	else
		response = type->handle(gpu, c);
	if (response == VC_FORWARD && c->absent)
		response = VIRTIO_GPU_RESP_OK_NODATA;
	if (response >= VIRTIO_GPU_RESP_ERR_UNSPEC)
		vc_debug("command 0x%x refused with 0x%x", c->body.hdr.type, response);
	bool fenced = (c->body.hdr.flags & VIRTIO_GPU_FLAG_FENCE) != 0;
	struct vc_ticket *t;
	if (c->upload && response == VC_FORWARD && !c->absent)
		upload(gpu, c->upload);
	if (response == VC_FORWARD) {
		c->command.flags = fenced ? VC_WORKER_FENCE : 0;
		t = forward(gpu, &c->command, NULL, 0);
		if (c->created)
			c->created->created_seq = t->seq;
		if (c->command.op == VC_WORKER_FLUSH)
			gpu->flush_seq = t->seq;
	} else if (response == VC_SHOWN) {
		t = vc_queue_add(&gpu->queue, 0, 0);
		t->fenced = fenced;
		t->response = VIRTIO_GPU_RESP_OK_NODATA;
		/* Answered when the frame is on the screen: flush_over(). */
		t->finished = false;
		gpu->flush_seq = t->seq;
		gpu->flush_shown = true;
	} else if (fenced && c->reply_size == 0) {
		t = vc_queue_add(&gpu->queue, 0, 0);
		t->fenced = true;
		t->response = response;
	} else {
		answer(gpu, gpu->control, to, response, c->reply, c->reply_size);
		return;
	}
	t->guest = true;
	t->answer = *to;
}

static void run_cursor(struct vc_gpu *gpu, struct vc_command *c, const struct vc_answer *to) {
	const struct vc_command_type *type = vc_command_type(c->body.hdr.type, true);
	uint32_t response = VIRTIO_GPU_RESP_ERR_UNSPEC;
	gpu->counters.cursor_commands++;
	if (type)
		response =
			c->chain->read_size < type->size ? VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER : type->handle(gpu, c);
	answer(gpu, gpu->cursor, to, response, NULL, 0);
}

/* Takes one chain from @ring. False when there's none. */
static bool take(struct vc_gpu *gpu, struct vc_vring *ring) {
	enum vc_vring_result got = vc_vring_pop(ring, gpu->memory, &gpu->chain);
	if (got == VC_VRING_EMPTY)
		return false;
	gpu->counters.commands++;
	if (got == VC_VRING_BROKEN) {
		gpu->counters.errors++;
		vc_gpu_reason(gpu, "the guest's %s ring is nonsense; it stays still until the driver starts anew",
			      ring == gpu->cursor ? "cursor" : "control");
		return false;
	}
	static struct vc_command c;
	memset(&c, 0, sizeof(c));
	c.chain = &gpu->chain;
	struct vc_answer to;
	bool good = got == VC_VRING_CHAIN;
	if (good) {
		vc_chain_read(&gpu->chain, 0, &c.body, sizeof(c.body));
		/* A driver may give cursor commands no room for an answer. */
		good = take_answer(&gpu->chain, &c.body.hdr, &to);
		if (!good && ring == gpu->cursor) {
			to = (struct vc_answer){.head = gpu->chain.head, .request = c.body.hdr};
			good = true;
		}
	}
	if (!good) {
		gpu->counters.errors++;
		vc_vring_push(ring, gpu->chain.head, 0);
		return true;
	}
	if (ring == gpu->cursor)
		run_cursor(gpu, &c, &to);
	else
		run_control(gpu, &c, &to);
	return true;
}

/* While a frame is on its way to the screen the ring rests: the guest can't run ahead of the display, nor draw into a
 * buffer that is still shown. */
static bool flush_over(struct vc_gpu *gpu) {
	if (gpu->flush_seq == 0)
		return true;
	if (!gpu->flush_shown || !gpu->ops->paced(gpu->data))
		return false;
	vc_queue_finish(&gpu->queue, gpu->flush_seq);
	gpu->flush_seq = 0;
	gpu->flush_shown = false;
	return true;
}

/* One step of the rebuild. */
static void rebuild(struct vc_gpu *gpu) {
	struct vc_worker_command command = {0};
	int fds[VC_MEMORY_REGIONS_MAX];
	vc_rebuild_step(gpu, &command);
	unsigned nfds = command.op == VC_WORKER_MEMORY ? command.memory.count : 0;
	for (unsigned i = 0; i < nfds; i++)
		fds[i] = gpu->memory->region[i].fd;
	if (command.op != 0 && forward(gpu, &command, fds, nfds)->op == VC_WORKER_FLUSH)
		gpu->flush_seq = gpu->queue.next_seq - 1;
}

bool vc_gpu_pump(struct vc_gpu *gpu) {
	unsigned cursors = 0, turns = 0;
	while (cursors < VC_GPU_TURN && vc_vring_ready(gpu->cursor) && take(gpu, gpu->cursor))
		cursors++;
	uint32_t room = largest(gpu);
	bool goes_on = flush_over(gpu);
	while (turns < VC_GPU_TURN && gpu->stage != VC_REBUILD_WAIT && vc_queue_room(&gpu->queue, room) && goes_on) {
		if (gpu->stage != VC_REBUILD_NONE)
			rebuild(gpu);
		else if (!take(gpu, gpu->control))
			break;
		turns++;
		answer_ready(gpu);
		goes_on = flush_over(gpu);
	}
	answer_ready(gpu);
	vc_vring_notify(gpu->control);
	vc_vring_notify(gpu->cursor);
	return cursors == VC_GPU_TURN || turns == VC_GPU_TURN;
}

/* The capsets of the first worker are the guest's for good: it reads them once. */
static void take_capsets(struct vc_gpu *gpu, const struct vc_worker_ready *ready) {
	if (gpu->counters.worker_starts > 1)
		return;
	for (uint32_t i = 0; i < ready->capsets && i < VC_WORKER_CAPSETS_MAX; i++) {
		const struct vc_worker_capset *set = &ready->capset[i];
		if (set->size > VC_WORKER_CAPSET_BYTES || set->offset > VC_WORKER_ARENA_SIZE - set->size)
			continue;
		memcpy(gpu->capset_bytes[gpu->capsets], gpu->arena + set->offset, set->size);
		gpu->capset[gpu->capsets++] = *set;
	}
	gpu->offers_virgl = ready->virgl && gpu->capsets > 0;
}

void vc_gpu_worker_ready(struct vc_gpu *gpu, const struct vc_worker_ready *ready) {
	gpu->counters.worker_starts++;
	take_capsets(gpu, ready);
	gpu->virgl = ready->virgl && gpu->offers_virgl;
	snprintf(gpu->renderer, sizeof(gpu->renderer), "%.*s", (int)sizeof(ready->renderer) - 1, ready->renderer);
	if (!gpu->virgl)
		for (uint32_t i = 0; i < gpu->tables.contexts_max; i++)
			gpu->tables.context[i].lost = gpu->tables.context[i].id != 0;
	vc_rebuild_begin(gpu, VC_REBUILD_MEMORY, false);
}

/* A resource that the worker couldn't make doesn't exist. */
static void create_failed(struct vc_gpu *gpu, const struct vc_ticket *t) {
	struct vc_resource *r = vc_tables_find(&gpu->tables, t->resource);
	if (!r || r->created_seq != t->seq)
		return;
	if (gpu->scanout.resource == r->id)
		gpu->scanout.resource = 0;
	gpu->ops->forget(gpu->data, r->id);
	/* A rebuild may stand right before it. */
	if (gpu->stage_resource == r)
		gpu->stage_resource = r->next;
	vc_tables_remove(&gpu->tables, r);
}

static void take_frame(struct vc_gpu *gpu, const struct vc_ticket *t, const struct vc_worker_frame *frame, int fd) {
	bool current = t->resource == gpu->scanout.resource;
	uint32_t width = gpu->scanout.width, height = gpu->scanout.height;
	bool fits = current && frame->export != 0 && frame->export >> 63 == 0 && frame->width <= 16384 &&
		    frame->height <= 16384 && frame->x <= frame->width && frame->y <= frame->height &&
		    width <= frame->width - frame->x && height <= frame->height - frame->y;
	if (fits && gpu->ops->show(gpu->data, frame, t->resource, width, height, fd)) {
		gpu->counters.frames++;
		gpu->counters.frames_in_place += frame->in_place != 0;
		gpu->counters.bytes_copied += frame->bytes_copied;
	} else {
		gpu->counters.frames_undelivered++;
		if (!fits && fd >= 0)
			close(fd);
	}
}

static bool take_done(struct vc_gpu *gpu, const struct vc_worker_done *done, int fd) {
	struct vc_ticket *t = vc_queue_executed(&gpu->queue, done->seq, gpu->ops->now(gpu->data));
	bool known =
		done->response >= VIRTIO_GPU_RESP_OK_NODATA && done->response <= VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	bool good = t && known;
	if (good) {
		t->response = done->response;
		gpu->counters.bytes_transferred += done->bytes_copied;
		if (t->op == VC_WORKER_CREATE && done->response != VIRTIO_GPU_RESP_OK_NODATA)
			create_failed(gpu, t);
	}
	if (good && t->op == VC_WORKER_FLUSH && t->seq == gpu->flush_seq) {
		/* Answered when the frame is on the screen: flush_over(). */
		t->finished = false;
		gpu->flush_shown = true;
		take_frame(gpu, t, &done->frame, fd);
	} else if (fd >= 0) {
		close(fd);
	}
	return good;
}

void vc_gpu_worker_answer(struct vc_gpu *gpu, const union vc_worker_answer *a, size_t size, int fd) {
	if (gpu->stage == VC_REBUILD_WAIT) {
		if (fd >= 0)
			close(fd);
	} else if (a->op == VC_WORKER_DONE && size == sizeof(a->done)) {
		if (!take_done(gpu, &a->done, fd))
			gpu->ops->restart(gpu->data, "it answered a command that wasn't its turn");
	} else {
		if (fd >= 0)
			close(fd);
		if (a->op == VC_WORKER_FENCED && size == sizeof(a->fenced) && a->fenced.seq < gpu->queue.next_seq)
			vc_queue_fenced(&gpu->queue, a->fenced.seq, gpu->flush_seq);
		else
			gpu->ops->restart(gpu->data, "it sent a message that isn't known");
	}
}

void vc_gpu_worker_died(struct vc_gpu *gpu) {
	vc_queue_abandon(&gpu->queue, 0);
	answer_ready(gpu);
	gpu->flush_seq = 0;
	gpu->flush_shown = false;
	vc_tables_lose(&gpu->tables);
	gpu->stage = VC_REBUILD_WAIT;
	vc_vring_notify(gpu->control);
}

void vc_gpu_settle(struct vc_gpu *gpu) {
	/* What the worker has been given it will do, in order; so "done" is said a little early, which only a driver that is
	 * being stopped can notice. */
	for (unsigned i = 0; i < gpu->queue.count; i++) {
		struct vc_ticket *t = &gpu->queue.ticket[(gpu->queue.first + i) % VC_QUEUE_MAX];
		if (t->guest && !t->answered) {
			uint32_t response = t->executed ? t->response : VIRTIO_GPU_RESP_OK_NODATA;
			answer(gpu, gpu->control, &t->answer, response, NULL, 0);
		}
		t->guest = false;
	}
	if (gpu->control->used)
		vc_vring_notify(gpu->control);
}

void vc_gpu_memory_changed(struct vc_gpu *gpu) {
	/* The same places are in other files now. What the worker has missed meanwhile it has missed all the same. */
	for (struct vc_resource *r = gpu->tables.first; r; r = r->next) {
		bool stale = r->stale;
		if (r->direct)
			vc_command_end_direct(gpu, r);
		r->stale = stale;
	}
	if (gpu->stage != VC_REBUILD_WAIT)
		vc_rebuild_begin(gpu, VC_REBUILD_MEMORY, gpu->stage == VC_REBUILD_NONE || gpu->stage_remap);
}

void vc_gpu_driver_fresh(struct vc_gpu *gpu) {
	bool used = gpu->tables.resources > 0 || gpu->tables.contexts > 0;
	vc_tables_clear(&gpu->tables);
	gpu->scanout.resource = 0;
	gpu->ops->forget(gpu->data, 0);
	/* A worker that has never worked is as good as new. Another one gets nothing more to do: what the new driver asks for waits
	 * for its successor. */
	if (used) {
		gpu->ops->restart(gpu->data, NULL);
		vc_gpu_worker_died(gpu);
	} else if (gpu->stage != VC_REBUILD_WAIT) {
		vc_rebuild_begin(gpu, VC_REBUILD_MEMORY, false);
	}
}

bool vc_gpu_scanout_lives(const struct vc_gpu *gpu) {
	const struct vc_resource *r = vc_tables_find(&gpu->tables, gpu->scanout.resource);
	return r && !r->lost;
}

bool vc_gpu_scanout_is_direct(const struct vc_gpu *gpu) {
	const struct vc_resource *r = vc_tables_find(&gpu->tables, gpu->scanout.resource);
	return r && r->direct && !r->not_direct && r->attachments == 0;
}
