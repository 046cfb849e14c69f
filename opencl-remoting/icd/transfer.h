/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving bytes between the program's memory and memory objects.
 *
 * Where devices work in shared memory itself (a context "in place"), a transfer is one copy by the client as soon as the queue's order
 * allows: at once if nothing is under way, else after waiting (blocking), else on the notes' thread, with later commands held
 * back by a user event. Maps without copies are the same with nothing to copy.
 *
 * Elsewhere bytes go through a piece of shared memory, which the host reads or writes by its own command.
 */
#ifndef VC_CL_TRANSFER_H
#define VC_CL_TRANSFER_H

#include "object.h"

/* A box of rows: @bytes a row, @rows a slice, @slices. */
struct vc_box {
	uint8_t *to;
	const uint8_t *from;
	size_t to_row, to_slice, from_row, from_slice;
	size_t bytes, rows, slices;
};

/* Copies, and counts the copy. */
void vc_box_copy(const struct vc_box *box);

struct vc_move {
	struct vc_object *queue, *mem; /* mem: NULL for SVM */
	cl_command_type type;          /* what the event says it is */
	bool blocking;
	bool write;        /* from the program's memory to the object; else the other way; see nothing */
	bool nothing;      /* no bytes move: only the order counts */
	uint8_t *memory;   /* where in the object, with SVM and in place */
	uint8_t *user;     /* where in the program's memory */
	size_t row, slice; /* pitches of memory */
	size_t user_row, user_slice;
	size_t bytes, rows, slices;
	size_t origin[3], region[3]; /* as the host's command wants them; with buffers, [0] is in bytes */
	size_t mem_row, mem_slice;   /* pitches of a buffer's rectangle */
	void *staging;               /* piece to free when it is done */
};

/* Does or enqueues it. Ownership of move->staging passes. */
cl_int vc_move(const struct vc_move *move, cl_uint count, const cl_event *list, cl_event *event);

cl_uint vc_map_count(struct vc_object *mem);

#endif
