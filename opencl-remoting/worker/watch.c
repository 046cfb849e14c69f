/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callbacks of events where devices aren't CPUs. NVIDIA's driver (580) can stop for ever when a program of many threads has it call back: one
 * thread spun with the driver's lock held, and the driver's own thread for callbacks, as all others, waited for that lock. So it isn't
 * asked to; a thread of ours looks at the events instead, often at first, less often the longer nothing happens.
 *
 * The list is the watching thread's alone: whoever adds an event must not wait while that is in the host.
 */
#include "clock.h"
#include "state.h"

#include <stdlib.h>

enum { SHORTEST_NS = 20000, LONGEST_NS = 2000000 };

struct watched {
	struct watched *next;
	cl_event event; /* held */
	cl_int type;
	uint64_t cookie;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came = PTHREAD_COND_INITIALIZER;
static struct watched *coming, **coming_end = &coming; /* under the lock */
static bool runs;                                      /* likewise */

/* Tells the client if the event has come as far as it wants. */
static bool tell(const struct watched *w) {
	cl_int status = CL_QUEUED;
	cl_int err = clGetEventInfo(w->event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status, NULL);
	if (err != CL_SUCCESS)
		status = err;
	if (status > w->type)
		return false;
	vc_worker_note(VC_CL_NOTE_CALLBACK, w->cookie, status < 0 ? status : w->type, NULL, 0, NULL);
	return true;
}

/* Returns true if any of @list was told. */
static bool look(struct watched **list) {
	bool told = false;
	while (*list) {
		struct watched *w = *list;
		if (!tell(w)) {
			list = &w->next;
			continue;
		}
		told = true;
		*list = w->next;
		clReleaseEvent(w->event);
		free(w);
	}
	return told;
}

/* Takes what is coming to the end of @list; waits for it if there is nothing to watch, else up to @ns. Returns true if something came. */
static bool take(struct watched **list, int64_t ns) {
	pthread_mutex_lock(&lock);
	const struct timespec until = vc_clock_timespec(vc_clock_now() + ns);
	while (!coming && !*list)
		pthread_cond_wait(&came, &lock);
	if (!coming)
		pthread_cond_clockwait(&came, &lock, CLOCK_MONOTONIC, &until);
	bool more = coming != NULL;
	while (*list)
		list = &(*list)->next;
	*list = coming;
	coming = NULL;
	coming_end = &coming;
	pthread_mutex_unlock(&lock);
	return more;
}

static void *watch(void *unused) {
	(void)unused;
	struct watched *list = NULL;
	for (int64_t ns = SHORTEST_NS;;) {
		bool news = take(&list, ns);
		news |= look(&list);
		ns = news ? SHORTEST_NS : (ns * 2 < LONGEST_NS ? ns * 2 : LONGEST_NS);
	}
	return NULL;
}

cl_int vc_watch_event(cl_event event, cl_int type, uint64_t cookie) {
	struct watched *w = malloc(sizeof(*w));
	pthread_t thread;
	if (!w)
		return CL_OUT_OF_HOST_MEMORY;
	*w = (struct watched){.event = event, .type = type, .cookie = cookie};
	cl_int err = clRetainEvent(event);
	if (err != CL_SUCCESS) {
		free(w);
		return err;
	}
	pthread_mutex_lock(&lock);
	if (!runs) {
		if (pthread_create(&thread, NULL, watch, NULL) != 0)
			vc_worker_fail("no more threads");
		pthread_detach(thread);
		runs = true;
	}
	*coming_end = w;
	coming_end = &w->next;
	pthread_cond_signal(&came);
	pthread_mutex_unlock(&lock);
	return CL_SUCCESS;
}
