// SPDX-License-Identifier: Apache-2.0
// Callbacks of events and memory objects: each comes once, on a thread that may call OpenCL, with the right status.
#include "answers.h"
#include "bell.h"

#include <pthread.h>

static struct vc_bell bell;

static void CL_CALLBACK event_reached(cl_event event, cl_int status, void *user) {
	(void)event;
	vc_bell_tell(user, status);
}

static void CL_CALLBACK memory_gone(cl_mem memory, void *user) {
	(void)memory;
	vc_bell_ring(user);
}

static void statuses(void) {
	static const cl_int wanted[] = {CL_SUBMITTED, CL_RUNNING, CL_COMPLETE};
	cl_mem buffer = vc_buffer_counting(4096, 0);
	cl_uint pattern = 3;
	for (int i = 0; i < 3; i++) {
		struct vc_bell one;
		vc_bell_init(&one);
		cl_event user = clCreateUserEvent(rig.context, &error), event = NULL;
		MUST(clEnqueueFillBuffer(rig.queue, buffer, &pattern, 4, 0, 4096, 1, &user, &event));
		CALL(clSetEventCallback(event, wanted[i], event_reached, &one));
		CALL(clFlush(rig.queue));
		CALL(clSetUserEventStatus(user, CL_COMPLETE));
		CHECK(vc_bell_wait(&one, 1));
		/* The status is the one asked for, or one that the command has reached since. */
		CHECK(one.last <= wanted[i]);
		CALL(clFinish(rig.queue));
		vc_answer("rings", "%u", vc_bell_rings(&one));
		CALL(clReleaseEvent(user));
		CALL(clReleaseEvent(event));
		vc_bell_finish(&one);
	}
	CALL(clReleaseMemObject(buffer));
}

/* Callbacks set after completion come at once; several on one event all come. */
static void late_and_many(void) {
	cl_event event = NULL;
	struct vc_bell many;
	vc_bell_init(&many);
	CALL(clEnqueueMarkerWithWaitList(rig.queue, 0, NULL, &event));
	CALL(clFinish(rig.queue));
	for (int i = 0; i < 10; i++)
		MUST(clSetEventCallback(event, CL_COMPLETE, event_reached, &many));
	CHECK(vc_bell_wait(&many, 10));
	vc_answer("rings", "%u, status %d", vc_bell_rings(&many), (int)many.last);
	CALL(clReleaseEvent(event));

	cl_event user = MAKE(clCreateUserEvent(rig.context, &error));
	CALL(clSetEventCallback(user, CL_COMPLETE, event_reached, &many));
	CALL(clSetUserEventStatus(user, CL_COMPLETE));
	CHECK(vc_bell_wait(&many, 11));
	vc_answer("rings", "%u, status %d", vc_bell_rings(&many), (int)many.last);
	CALL(clReleaseEvent(user));
	vc_bell_finish(&many);
}

static void CL_CALLBACK enqueue_more(cl_event event, cl_int status, void *user) {
	(void)event, (void)status;
	cl_uint pattern = 0x0b0b0b0b;
	cl_mem buffer = user;
	cl_event next = NULL;
	clEnqueueFillBuffer(rig.queue, buffer, &pattern, 4, 0, 4096, 0, NULL, &next);
	clSetEventCallback(next, CL_COMPLETE, event_reached, &bell);
	clFlush(rig.queue);
	clReleaseEvent(next);
}

static void enqueue_in_callback(void) {
	cl_mem buffer = vc_buffer_counting(4096, 0);
	cl_event event = NULL;
	unsigned before = vc_bell_rings(&bell);
	CALL(clEnqueueMarkerWithWaitList(rig.queue, 0, NULL, &event));
	CALL(clSetEventCallback(event, CL_COMPLETE, enqueue_more, buffer));
	CALL(clFlush(rig.queue));
	CHECK(vc_bell_wait(&bell, before + 1));
	vc_answer_buffer("filled", buffer, 4096);
	CALL(clReleaseEvent(event));
	CALL(clReleaseMemObject(buffer));
}

static void memory(void) {
	struct vc_bell gone;
	vc_bell_init(&gone);
	cl_mem buffer = vc_buffer(0, 4096);
	cl_buffer_region region = {0, 1024};
	cl_mem sub = clCreateSubBuffer(buffer, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &error);
	CALL(clSetMemObjectDestructorCallback(buffer, memory_gone, &gone));
	CALL(clSetMemObjectDestructorCallback(buffer, memory_gone, &gone));
	CALL(clReleaseMemObject(buffer));
	vc_answer("rings", "%u", vc_bell_rings(&gone));
	CALL(clReleaseMemObject(sub));
	CHECK(vc_bell_wait(&gone, 2));
	vc_answer("rings", "%u", vc_bell_rings(&gone));
	CALL(clSetMemObjectDestructorCallback(NULL, memory_gone, &gone));
	buffer = vc_buffer(0, 4096);
	CALL(clSetMemObjectDestructorCallback(buffer, NULL, &gone));
	CALL(clReleaseMemObject(buffer));
	vc_bell_finish(&gone);
}

static void *set_complete(void *event) {
	clSetUserEventStatus(event, CL_COMPLETE);
	return NULL;
}

struct hold {
	struct vc_bell begun, end;
	bool ended;
};

static void CL_CALLBACK hold(cl_event event, cl_int status, void *user) {
	(void)event, (void)status;
	struct hold *h = user;
	vc_bell_ring(&h->begun);
	h->ended = vc_bell_wait(&h->end, 1);
	vc_bell_ring(&h->begun);
}

/* While a callback takes its time, thousands of objects go and large ones come: neither waits for the callback. */
static void release_during_callback(void) {
	enum { MANY = 6000 };
	static cl_mem buffers[MANY];
	struct hold held = {0};
	vc_bell_init(&held.begun);
	vc_bell_init(&held.end);
	for (int i = 0; i < MANY; i++)
		buffers[i] = vc_buffer(0, 64);
	cl_event event = clCreateUserEvent(rig.context, &error);
	MUST(error);
	CALL(clSetEventCallback(event, CL_COMPLETE, hold, &held));
	/* It may come on this thread, natively. */
	pthread_t setter;
	pthread_create(&setter, NULL, set_complete, event);
	CHECK(vc_bell_wait(&held.begun, 1));
	for (int i = 0; i < MANY; i++)
		MUST(clReleaseMemObject(buffers[i]));
	cl_mem large[8];
	for (int i = 0; i < 8; i++)
		large[i] = vc_buffer(0, 24 << 20);
	vc_bell_ring(&held.end);
	CHECK(vc_bell_wait(&held.begun, 2));
	CHECK(held.ended);
	pthread_join(setter, NULL);
	for (int i = 0; i < 8; i++)
		CALL(clReleaseMemObject(large[i]));
	CALL(clReleaseEvent(event));
	vc_bell_finish(&held.begun);
	vc_bell_finish(&held.end);
}

int main(void) {
	vc_rig_init();
	vc_bell_init(&bell);
	statuses();
	late_and_many();
	enqueue_in_callback();
	memory();
	release_during_callback();
	cl_event event = NULL;
	CALL(clEnqueueMarkerWithWaitList(rig.queue, 0, NULL, &event));
	CALL(clSetEventCallback(event, 77, event_reached, &bell));
	CALL(clSetEventCallback(event, CL_QUEUED, event_reached, &bell));
	CALL(clSetEventCallback(event, CL_COMPLETE, NULL, &bell));
	CALL(clSetEventCallback(NULL, CL_COMPLETE, event_reached, &bell));
	CALL(clReleaseEvent(event));
	return vc_rig_finish();
}
