/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes from the worker: a thread of the client's waits for them and calls the program back. What a note is about is found by a
 * cookie, a number that only we can make sense of; a cookie that is not known is ignored.
 */
#ifndef VC_CL_NOTES_H
#define VC_CL_NOTES_H

#include "link.h"
#include "object.h"

/* One callback that is to come. */
struct vc_callback {
	/* Runs on the notes' thread, without locks. @status is the event's; CL_OUT_OF_RESOURCES if the worker died. */
	void (*run)(struct vc_callback *callback, cl_int status);
	void *function, *data;    /* the program's */
	struct vc_object *object; /* used until it has run, or NULL */
	void *more;
	bool stays;  /* may come again (contexts' notifications) */
	bool always; /* runs when the worker dies too */
};

bool vc_notes_start(struct vc_link *link);

/* A thread of ours, detached, which the program's signals don't reach. */
bool vc_thread_start(void *(*run)(void *), void *data);

/* Books a copy of @callback. Returns its cookie, 0: out of memory. */
uint64_t vc_notes_add(const struct vc_callback *callback);

/* Runs or drops it as if a note had come. */
void vc_notes_run(uint64_t cookie, cl_int status);
void vc_notes_drop(uint64_t cookie);

/* Has a thread of ours run @callback soon, without the worker. */
void vc_notes_post(const struct vc_callback *callback, cl_int status);

#endif
