/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer.h"

#include "call.h"
#include "copy.h"
#include "entry.h"
#include "memory.h"
#include "notes.h"
#include "staging.h"

#include <stdlib.h>
#include <string.h>

static void copy_box(const struct vc_box *b) {
	size_t bytes = b->bytes, rows = b->rows, slices = b->slices;
	/* Rows without gaps are one long row, and so are slices. */
	if (rows == 1 || (b->to_row == bytes && b->from_row == bytes)) {
		bytes *= rows;
		rows = 1;
		if (slices == 1 || (b->to_slice == bytes && b->from_slice == bytes)) {
			bytes *= slices;
			slices = 1;
		}
	}
	for (size_t z = 0; z < slices; z++)
		for (size_t y = 0; y < rows; y++)
			vc_copy(b->to + z * b->to_slice + y * b->to_row, b->from + z * b->from_slice + y * b->from_row,
				bytes);
}

void vc_box_copy(const struct vc_box *box) {
	size_t bytes = box->bytes * box->rows * box->slices;
	if (bytes == 0)
		return;
	copy_box(box);
	vc_copy_count(bytes);
}

/* The move's bytes, between the program's memory and @other with those pitches. */
static struct vc_box box_of(const struct vc_move *m, uint8_t *other, size_t row, size_t slice) {
	struct vc_box b = {.bytes = m->nothing ? 0 : m->bytes, .rows = m->rows, .slices = m->slices};
	if (m->write) {
		b.to = other, b.to_row = row, b.to_slice = slice;
		b.from = m->user, b.from_row = m->user_row, b.from_slice = m->user_slice;
	} else {
		b.to = m->user, b.to_row = m->user_row, b.to_slice = m->user_slice;
		b.from = other, b.from_row = row, b.from_slice = slice;
	}
	return b;
}

static cl_command_queue queue_of(const struct vc_move *m) {
	return (cl_command_queue)(void *)m->queue;
}

static void drop_event(cl_event event) {
	vc_entry_clReleaseEvent(event);
}

static void keep_event(cl_event *to, cl_event event) {
	vc_entry_clRetainEvent(event);
	*to = event;
}

/* A copy that waits for its turn on the notes' thread. */
struct job {
	struct vc_box box;
	struct vc_object *queue, *mem;
	cl_event hold; /* what later commands wait for, or NULL */
	void *staging;
};

static void run_job(struct vc_callback *callback, cl_int status) {
	struct job *job = callback->more;
	if (status == CL_COMPLETE)
		vc_box_copy(&job->box);
	/* With the worker its commands went as well; a call would start another one. */
	struct vc_link *link = vc_call_link_alive();
	if (job->hold && link && link->epoch == VC_OBJECT(job->hold)->epoch)
		vc_call_clSetUserEventStatus(job->hold, status <= CL_COMPLETE ? status : CL_OUT_OF_RESOURCES);
	if (job->hold)
		drop_event(job->hold);
	vc_memory_free(job->staging);
	vc_object_unuse(job->queue);
	if (job->mem)
		vc_object_unuse(job->mem);
	free(job);
}

/* Once @gate is complete, @box is copied; what comes later on an in-order queue, and *event, wait for that. Takes @gate. */
static cl_int copy_later(const struct vc_move *m, const struct vc_box *box, cl_event gate, bool hold, cl_event *event) {
	struct job *job = calloc(1, sizeof(*job));
	cl_int err = job ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
	cl_event held = NULL;
	if (err == CL_SUCCESS && hold)
		held = vc_call_clCreateUserEvent((cl_context)(void *)vc_object_context(m->queue), &err);
	if (err != CL_SUCCESS) {
		free(job);
		drop_event(gate);
		return err;
	}
	*job = (struct job){.box = *box, .queue = m->queue, .mem = m->mem, .hold = held, .staging = m->staging};
	vc_object_use(m->queue);
	if (m->mem)
		vc_object_use(m->mem);
	if (hold && (event || m->queue->queue.in_order))
		err = vc_queue_mark(queue_of(m), m->type, 1, &held, event);
	/* Not in place, the gate is a transfer of the host's. */
	if (hold && event && err == CL_SUCCESS && !m->memory)
		vc_event_stands_for(*event, gate, gate);
	const struct vc_callback callback = {.run = run_job, .more = job, .object = VC_OBJECT(gate), .always = true};
	uint64_t cookie = vc_notes_add(&callback);
	if (cookie == 0) {
		/* No memory for a note: the wait is here instead. */
		struct vc_callback now = callback;
		run_job(&now, vc_events_wait(1, &gate) == CL_SUCCESS ? CL_COMPLETE : CL_OUT_OF_RESOURCES);
	} else if (vc_call_clSetEventCallback(gate, CL_COMPLETE, cookie) != CL_SUCCESS) {
		vc_notes_run(cookie, CL_OUT_OF_RESOURCES);
	}
	drop_event(gate);
	return err;
}

/* Waits until the wait list is done; in-order queues, until they are idle. */
static cl_int await_turn(const struct vc_move *m, cl_uint count, const cl_event *list) {
	if (m->queue->queue.in_order && count == 0)
		return vc_queue_drain(m->queue);
	cl_event gate;
	cl_int err = vc_queue_mark(queue_of(m), m->type, count, list, &gate);
	if (err != CL_SUCCESS)
		return err;
	err = vc_events_wait(1, &gate);
	drop_event(gate);
	return err;
}

/* Other threads may enqueue while we wait; their commands then count as earlier. But not for ever. */
enum { TURNS = 1000 };

/* Waits until the client itself may move bytes. Then *locked says whether vc_queue_copy_end() is due. */
static cl_int take_turn(const struct vc_move *m, cl_uint count, const cl_event *list, bool *locked) {
	cl_int err = CL_SUCCESS;
	*locked = count == 0 && vc_queue_copy_begin(m->queue);
	for (int i = 0; !*locked && i < TURNS && err == CL_SUCCESS; i++) {
		err = await_turn(m, i == 0 ? count : 0, i == 0 ? list : NULL);
		*locked = err == CL_SUCCESS && vc_queue_copy_begin(m->queue);
	}
	return err;
}

static cl_int move_in_place(const struct vc_move *m, cl_uint count, const cl_event *list, cl_event *event) {
	const struct vc_box box = box_of(m, m->memory, m->row, m->slice);
	cl_int err = CL_SUCCESS;
	bool locked = count == 0 && vc_queue_copy_begin(m->queue);
	if (!locked && !m->blocking) {
		if (m->nothing)
			return event || count > 0 ? vc_queue_mark(queue_of(m), m->type, count, list, event)
						  : CL_SUCCESS;
		cl_event gate;
		err = vc_queue_mark(queue_of(m), m->type, count, list, &gate);
		return err == CL_SUCCESS ? copy_later(m, &box, gate, true, event) : err;
	}
	if (!locked)
		err = take_turn(m, count, list, &locked);
	if (err != CL_SUCCESS)
		return err;
	vc_box_copy(&box);
	if (locked)
		vc_queue_copy_end(m->queue);
	vc_memory_free(m->staging);
	if (!event)
		return CL_SUCCESS;
	return vc_queue_mark(queue_of(m), m->type, 0, NULL, event);
}

/* The host's command between the object and @staging, where rows are packed. */
static cl_int command(const struct vc_move *m, uint8_t *staging, cl_bool blocking, cl_uint count, const cl_event *list,
		      cl_event *event) {
	static const size_t zero[3];
	cl_command_queue queue = queue_of(m);
	cl_mem mem = (cl_mem)(void *)m->mem;
	cl_int err;
	bool image = m->mem->mem.type != CL_MEM_OBJECT_BUFFER;
	size_t at = m->origin[0] + m->origin[1] * m->mem_row + m->origin[2] * m->mem_slice;
	if (image && m->write)
		err = vc_call_clEnqueueWriteImage(queue, mem, blocking, m->origin, m->region, 0, 0, staging, count,
						  list, event);
	else if (image)
		err = vc_call_clEnqueueReadImage(queue, mem, blocking, m->origin, m->region, 0, 0, staging, count, list,
						 event);
	else if (m->rows == 1 && m->slices == 1 && m->write)
		err = vc_call_clEnqueueWriteBuffer(queue, mem, blocking, at, m->bytes, staging, count, list, event);
	else if (m->rows == 1 && m->slices == 1)
		err = vc_call_clEnqueueReadBuffer(queue, mem, blocking, at, m->bytes, staging, count, list, event);
	else if (m->write)
		err = vc_call_clEnqueueWriteBufferRect(queue, mem, blocking, m->origin, zero, m->region, m->mem_row,
						       m->mem_slice, 0, 0, staging, count, list, event);
	else
		err = vc_call_clEnqueueReadBufferRect(queue, mem, blocking, m->origin, zero, m->region, m->mem_row,
						      m->mem_slice, 0, 0, staging, count, list, event);
	if (err == CL_SUCCESS && event)
		VC_OBJECT(*event)->event.type = m->type;
	return err;
}

/* Long transfers go in chunks, so that our copy of one overlaps with the host's of others: at least as many as fly at once, and not so
 * short that the commands cost more than the copies. */
enum { DEPTH = 4, CHUNK_MOST = VC_STAGING_POOL / DEPTH, CHUNK_LEAST = 256 << 10, LONG = 1 << 20 };

static bool is_long(const struct vc_move *m) {
	return m->bytes >= LONG && m->mem->mem.type == CL_MEM_OBJECT_BUFFER && m->rows == 1 && m->slices == 1 &&
	       m->mem_row == 0;
}

static size_t chunk_of(size_t bytes) {
	size_t chunk = (bytes / (2 * DEPTH) + CHUNK_LEAST - 1) / CHUNK_LEAST * CHUNK_LEAST;
	return chunk < CHUNK_MOST ? chunk : CHUNK_MOST;
}

/* Chunk @i of @m, and its copy between the program's memory and @staging. */
static struct vc_box cut_chunk(const struct vc_move *m, size_t chunk, size_t i, uint8_t *staging,
			       struct vc_move *part) {
	*part = *m;
	part->origin[0] = m->origin[0] + i * chunk;
	part->bytes = m->bytes - i * chunk < chunk ? m->bytes - i * chunk : chunk;
	part->user = m->user + i * chunk;
	return box_of(part, staging + i % DEPTH * chunk, part->bytes, part->bytes);
}

/* @first, @last: those commands' events, the caller's, unless there was an error. */
static cl_int stream(const struct vc_move *m, uint8_t *staging, cl_event *first, cl_event *last) {
	cl_event flying[DEPTH] = {NULL};
	size_t chunk = chunk_of(m->bytes), chunks = (m->bytes + chunk - 1) / chunk;
	cl_int err = CL_SUCCESS;
	for (size_t i = 0; i < chunks + DEPTH; i++) {
		cl_event *place = &flying[i % DEPTH];
		struct vc_move part;
		if (*place) {
			cl_int waited = vc_events_wait(1, place);
			err = err == CL_SUCCESS ? waited : err;
			drop_event(*place);
			*place = NULL;
			const struct vc_box box = cut_chunk(m, chunk, i - DEPTH, staging, &part);
			if (err == CL_SUCCESS && !m->write)
				vc_box_copy(&box);
		}
		if (i < chunks && err == CL_SUCCESS) {
			const struct vc_box box = cut_chunk(m, chunk, i, staging, &part);
			if (m->write)
				vc_box_copy(&box);
			/* The host has accepted the first; the others differ in their offset. */
			vc_call_sure = i > 0;
			err = command(&part, staging + i % DEPTH * chunk, CL_FALSE, 0, NULL, place);
			vc_call_sure = false;
			if (err == CL_SUCCESS && i == 0)
				keep_event(first, *place);
			if (err == CL_SUCCESS && i == chunks - 1)
				keep_event(last, *place);
		}
	}
	if (err != CL_SUCCESS) {
		drop_event(*first);
		drop_event(*last);
	}
	return err;
}

/* Chunks are many commands, between which no other thread's may come. */
static cl_int stream_in_turn(const struct vc_move *m, uint8_t *staging, cl_uint count, const cl_event *list,
			     cl_event *event) {
	cl_event first = NULL, last = NULL;
	bool locked;
	cl_int err = take_turn(m, count, list, &locked);
	if (err == CL_SUCCESS)
		err = stream(m, staging, &first, &last);
	if (locked)
		vc_queue_copy_end(m->queue);
	if (err != CL_SUCCESS)
		return err;
	if (event)
		err = vc_queue_mark(queue_of(m), m->type, 0, NULL, event);
	if (event && err == CL_SUCCESS)
		vc_event_stands_for(*event, first, last);
	drop_event(first);
	drop_event(last);
	return err;
}

static cl_int move_staged(const struct vc_move *m, cl_uint count, const cl_event *list, cl_event *event) {
	struct vc_link *link = vc_call_link_alive();
	if (m->nothing)
		return move_in_place(m, count, list, event);
	/* The bytes of a long write are taken here and now if nothing is under way that they would have to wait for. */
	if (!m->blocking && m->write && is_long(m) && count == 0 && m->queue->queue.in_order &&
	    vc_queue_copy_begin(m->queue)) {
		struct vc_move now = *m;
		now.blocking = true;
		cl_int done = move_staged(&now, 0, NULL, event);
		vc_queue_copy_end(m->queue);
		return done;
	}
	size_t size = m->bytes * m->rows * m->slices;
	/* Packed rows that are in shared memory already go as they are. */
	bool direct = m->user_row == m->bytes && m->user_slice == m->bytes * m->rows && vc_memory_left(m->user) >= size;
	bool chunks = !direct && m->blocking && is_long(m);
	struct vc_object *context = vc_object_context(m->queue);
	uint8_t *staging = direct ? m->user : NULL;
	/* The context's own piece for who waits anyhow, a new one for others. */
	bool pool = !direct && m->blocking && (chunks || size <= VC_STAGING_POOL) &&
		    (staging = vc_staging_take(context)) != NULL;
	if (!staging)
		staging = link ? vc_memory_alloc(link, chunks ? VC_STAGING_POOL : size, 4096) : NULL;
	if (!staging)
		return CL_OUT_OF_RESOURCES;
	struct vc_move own = *m;
	struct vc_box box = {0};
	cl_int err = CL_SUCCESS;
	if (!direct) {
		own.staging = pool ? NULL : staging;
		box = box_of(m, staging, m->bytes, m->bytes * m->rows);
	}
	const struct vc_box none = {0}, *later = m->write ? &none : &box;
	if (chunks) {
		err = stream_in_turn(m, staging, count, list, event);
	} else {
		if (m->write)
			vc_box_copy(&box);
		uint64_t before = atomic_load(&m->queue->queue.enqueued);
		if (m->blocking)
			err = command(m, staging, CL_TRUE, count, list, event);
		if (m->blocking && err == CL_SUCCESS) {
			vc_queue_passed(m->queue, before);
			vc_box_copy(later);
		}
	}
	if (m->blocking) {
		if (pool)
			vc_staging_give(context);
		vc_memory_free(own.staging);
		return err;
	}
	bool hold = later->bytes > 0;
	cl_event done;
	err = command(m, staging, CL_FALSE, count, list, &done);
	if (err != CL_SUCCESS) {
		vc_memory_free(own.staging);
		return err;
	}
	if (event && !hold) {
		vc_entry_clRetainEvent(done);
		*event = done;
	}
	if (hold || own.staging)
		return copy_later(&own, later, done, hold, hold ? event : NULL);
	drop_event(done);
	return CL_SUCCESS;
}

cl_int vc_move(const struct vc_move *m, cl_uint count, const cl_event *list, cl_event *event) {
	bool in_place = !m->mem || m->mem->mem.memory;
	struct vc_link *link = vc_call_link_alive();
	if (!link || link->epoch != m->queue->epoch)
		return CL_OUT_OF_RESOURCES;
	cl_int err = in_place ? move_in_place(m, count, list, event) : move_staged(m, count, list, event);
	if (err == CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST && !m->blocking)
		err = CL_SUCCESS;
	return err;
}
