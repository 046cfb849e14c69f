/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting awake for commands that end soon. To sleep in the host until a small kernel has run costs a wake-up, and the client one
 * more; who looks at the event's status instead needs none. For that the host is asked for events of the first commands
 * after each wait: where a program waits for each command they are all it enqueues, and in a long chain they cost nothing.
 *
 * All of it is done by the thread that leads, so nothing here is locked.
 */
#include "clock.h"
#include "request.h"
#include "spin.h"
#include "state.h"

enum { FIRST = 2, EVENTS_MAX = 8 };

static struct vc_spin expected;
static unsigned since_wait; /* commands */
static cl_command_queue last_queue;
static bool last_useful = true; /* to look at its events is */
static cl_event last;           /* its last command's; held by us */

/* Drivers of GPUs wait awake by themselves. */
static bool is_useful(cl_command_queue queue) {
	cl_device_id device = NULL;
	cl_device_type type = 0;
	return clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof(device), &device, NULL) == CL_SUCCESS &&
	       clGetDeviceInfo(device, CL_DEVICE_TYPE, sizeof(type), &type, NULL) == CL_SUCCESS &&
	       (type & CL_DEVICE_TYPE_CPU);
}

static bool in_order(cl_command_queue queue) {
	cl_command_queue_properties bits = 0;
	return clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES, sizeof(bits), &bits, NULL) == CL_SUCCESS &&
	       !(bits & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
}

bool vc_linger_wants_event(void) {
	return vc_worker_leads() && since_wait < FIRST && last_useful && vc_spin_most(VC_SPIN_WORKER) > 0;
}

void vc_linger_drop(void) {
	if (last && vc_worker_leads()) {
		clReleaseEvent(last);
		last = NULL;
	}
}

void vc_linger_forget_queue(void) {
	if (vc_worker_leads())
		last_queue = NULL;
}

void vc_linger_note(cl_command_queue queue, cl_event event, bool ours) {
	if (!vc_worker_leads()) {
		if (event && ours)
			clReleaseEvent(event);
		return;
	}
	vc_linger_drop();
	if (queue != last_queue)
		last_useful = is_useful(queue);
	last_queue = queue;
	if (event && since_wait < FIRST && last_useful && (ours || clRetainEvent(event) == CL_SUCCESS))
		last = event;
	else if (event && ours)
		clReleaseEvent(event);
	since_wait++;
}

static bool all_done(cl_uint count, const cl_event *events) {
	for (cl_uint i = 0; i < count; i++) {
		cl_int status = CL_COMPLETE;
		if (clGetEventInfo(events[i], CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status, NULL) ==
			    CL_SUCCESS &&
		    status > CL_COMPLETE)
			return false;
	}
	return true;
}

static void linger(cl_command_queue queue, cl_uint count, const cl_event *events) {
	struct vc_spinning s;
	vc_spin_begin(&s, vc_spin_for(&expected, vc_spin_most(VC_SPIN_WORKER)));
	if (s.until == s.began)
		return;
	clFlush(queue);
	/* What other threads of the client want meanwhile goes first. */
	while (!all_done(count, events) && !vc_ring_ready(&vc_worker.commands) && vc_spin_on(&s)) {
	}
}

int64_t vc_linger_for_queue(cl_command_queue queue) {
	int64_t began = vc_clock_now();
	if (!vc_worker_leads())
		return began;
	since_wait = 0;
	if (last && last_queue == queue && in_order(queue))
		linger(queue, 1, &last);
	vc_linger_drop();
	return began;
}

int64_t vc_linger_for_events(cl_uint count, const cl_event *events) {
	int64_t began = vc_clock_now();
	if (!vc_worker_leads())
		return began;
	since_wait = 0;
	if (last_queue && last_useful && events && count <= EVENTS_MAX)
		linger(last_queue, count, events);
	vc_linger_drop();
	return began;
}

void vc_linger_learn(int64_t began) {
	vc_spin_learn(&expected, vc_clock_now() - began, vc_spin_most(VC_SPIN_WORKER));
}
