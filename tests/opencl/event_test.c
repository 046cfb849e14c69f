// SPDX-License-Identifier: Apache-2.0
// Events: wait lists within and across queues, markers, barriers, user events, properties, failures, bad arguments.
#include "answers.h"

static cl_command_queue other, loose; /* in order and out of order, both of the rig's context */

static cl_int state(cl_event event) {
	cl_int is = 99;
	MUST(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(is), &is, NULL));
	return is;
}

static void describe(cl_event event) {
	cl_command_type type = 0;
	cl_command_queue queue = NULL;
	cl_context context = NULL;
	size_t size = 0;
	CALL(clGetEventInfo(event, CL_EVENT_COMMAND_TYPE, sizeof(type), &type, &size));
	CALL(clGetEventInfo(event, CL_EVENT_COMMAND_QUEUE, sizeof(queue), &queue, NULL));
	CALL(clGetEventInfo(event, CL_EVENT_CONTEXT, sizeof(context), &context, NULL));
	CHECK(context == rig.context);
	vc_answer("event", "type %#x, %s, state %d", type, queue ? "of a queue" : "of no queue", state(event));
	CALL(clGetEventInfo(event, 0xdead, sizeof(type), &type, NULL));
	CALL(clGetEventInfo(event, CL_EVENT_COMMAND_TYPE, 1, &type, NULL));
}

/* What each kind of command calls itself. */
static void types(void) {
	cl_mem a = vc_buffer_counting(4096, 0), b = vc_buffer_counting(4096, 0);
	char bytes[64];
	size_t zero[3] = {0}, some[3] = {4, 4, 1};
	cl_event events[10] = {NULL};
	MUST(clEnqueueReadBuffer(rig.queue, a, CL_TRUE, 0, 64, bytes, 0, NULL, &events[0]));
	MUST(clEnqueueWriteBuffer(rig.queue, a, CL_TRUE, 0, 64, bytes, 0, NULL, &events[1]));
	MUST(clEnqueueCopyBuffer(rig.queue, a, b, 0, 0, 64, 0, NULL, &events[2]));
	MUST(clEnqueueFillBuffer(rig.queue, a, bytes, 4, 0, 64, 0, NULL, &events[3]));
	MUST(clEnqueueReadBufferRect(rig.queue, a, CL_TRUE, zero, zero, some, 0, 0, 0, 0, bytes, 0, NULL, &events[4]));
	void *map = clEnqueueMapBuffer(rig.queue, a, CL_TRUE, CL_MAP_READ, 0, 64, 0, NULL, &events[5], &error);
	MUST(clEnqueueUnmapMemObject(rig.queue, a, map, 0, NULL, &events[6]));
	MUST(clEnqueueMarkerWithWaitList(rig.queue, 0, NULL, &events[7]));
	MUST(clEnqueueBarrierWithWaitList(rig.queue, 0, NULL, &events[8]));
	MUST(clEnqueueMigrateMemObjects(rig.queue, 1, &a, 0, 0, NULL, &events[9]));
	CALL(clWaitForEvents(10, events));
	for (int i = 0; i < 10; i++) {
		describe(events[i]);
		CALL(clReleaseEvent(events[i]));
	}
	CALL(clReleaseMemObject(a));
	CALL(clReleaseMemObject(b));
}

static void across_queues(void) {
	cl_mem a = vc_buffer_counting(65536, 0), b = vc_buffer_counting(65536, 1), c = vc_buffer_counting(65536, 2);
	cl_command_queue queues[3] = {rig.queue, other, loose};
	cl_mem buffers[3] = {a, b, c};
	cl_event last = NULL;
	for (size_t i = 0; i < 300; i++) {
		cl_event next = NULL;
		MUST(clEnqueueCopyBuffer(queues[i % 3], buffers[i % 3], buffers[(i + 1) % 3], i * 16, i * 16 + 64, 4096,
					 last ? 1 : 0, last ? &last : NULL, &next));
		if (last)
			MUST(clReleaseEvent(last));
		last = next;
	}
	for (int i = 0; i < 3; i++)
		MUST(clFlush(queues[i]));
	CALL(clWaitForEvents(1, &last));
	CALL(clReleaseEvent(last));
	vc_answer_buffer("a", a, 65536);
	vc_answer_buffer("b", b, 65536);
	vc_answer_buffer("c", c, 65536);
	CALL(clReleaseMemObject(a));
	CALL(clReleaseMemObject(b));
	CALL(clReleaseMemObject(c));
}

static void user_events(void) {
	cl_mem buffer = vc_buffer_counting(64, 0);
	cl_uint pattern = 0x11111111;
	cl_event user = MAKE(clCreateUserEvent(rig.context, &error)), fill = NULL, marker = NULL;
	vc_answer("state", "%d", state(user));
	describe(user);
	CALL(clEnqueueFillBuffer(rig.queue, buffer, &pattern, 4, 0, 64, 1, &user, &fill));
	CALL(clEnqueueMarkerWithWaitList(other, 1, &fill, &marker));
	CALL(clFlush(rig.queue));
	CALL(clFlush(other));
	/* Nothing of it may run yet. */
	CHECK(state(fill) > CL_RUNNING && state(marker) > CL_RUNNING);
	CALL(clSetUserEventStatus(user, CL_RUNNING));
	CALL(clSetUserEventStatus(user, CL_COMPLETE));
	CALL(clSetUserEventStatus(user, CL_COMPLETE));
	CALL(clWaitForEvents(1, &marker));
	vc_answer("states", "%d %d %d", state(user), state(fill), state(marker));
	vc_answer_buffer("filled", buffer, 64);
	CALL(clSetUserEventStatus(fill, CL_COMPLETE));
	CALL(clReleaseEvent(user));
	CALL(clReleaseEvent(fill));
	CALL(clReleaseEvent(marker));
	CALL(clReleaseMemObject(buffer));
	CALL(clSetUserEventStatus(NULL, CL_COMPLETE));
}

/* A command that waits for one that failed fails too. */
static void failing(void) {
	cl_mem buffer = vc_buffer_counting(64, 0);
	cl_uint pattern = 0x22222222;
	cl_event user = MAKE(clCreateUserEvent(rig.context, &error)), fill = NULL;
	CALL(clEnqueueFillBuffer(loose, buffer, &pattern, 4, 0, 64, 1, &user, &fill));
	CALL(clFlush(loose));
	CALL(clSetUserEventStatus(user, -77));
	CALL(clWaitForEvents(1, &fill));
	vc_answer("states", "%d %s", state(user), state(fill) < 0 ? "failed" : "not failed");
	CALL(clWaitForEvents(1, &user));
	vc_answer_buffer("not filled", buffer, 64);
	CALL(clReleaseEvent(user));
	CALL(clReleaseEvent(fill));
	CALL(clReleaseMemObject(buffer));
}

static void out_of_order(void) {
	cl_program program = vc_build("kernel void add(global uint *x, uint n) { atomic_add(x, n); }"
				      "kernel void twice(global uint *x) { x[0] *= 2; }",
				      "");
	cl_kernel add = vc_kernel(program, "add"), twice = vc_kernel(program, "twice");
	cl_uint value = 0;
	cl_mem buffer = clCreateBuffer(rig.context, CL_MEM_COPY_HOST_PTR, 4, &value, &error);
	size_t one = 1;
	cl_event events[64];
	MUST(clSetKernelArg(add, 0, sizeof(buffer), &buffer));
	MUST(clSetKernelArg(twice, 0, sizeof(buffer), &buffer));
	for (cl_uint i = 0; i < 64; i++) {
		MUST(clSetKernelArg(add, 1, sizeof(i), &i));
		MUST(clEnqueueNDRangeKernel(loose, add, 1, NULL, &one, NULL, 0, NULL, &events[i]));
	}
	cl_event all = NULL;
	CALL(clEnqueueMarkerWithWaitList(loose, 64, events, &all));
	CALL(clEnqueueNDRangeKernel(loose, twice, 1, NULL, &one, NULL, 1, &all, NULL));
	/* A barrier without a list waits for all before it. */
	CALL(clEnqueueBarrierWithWaitList(loose, 0, NULL, NULL));
	CALL(clEnqueueNDRangeKernel(loose, twice, 1, NULL, &one, NULL, 0, NULL, NULL));
	CALL(clFinish(loose));
	vc_read(buffer, &value, sizeof(value));
	vc_answer("sum", "%u", value);
	for (int i = 0; i < 64; i++)
		MUST(clReleaseEvent(events[i]));
	CALL(clReleaseEvent(all));
	CALL(clReleaseMemObject(buffer));
	CALL(clReleaseKernel(add));
	CALL(clReleaseKernel(twice));
	CALL(clReleaseProgram(program));
}

static void old_functions(void) {
	cl_event event = NULL;
	CALL(clEnqueueMarker(rig.queue, &event));
	CALL(clEnqueueBarrier(rig.queue));
	CALL(clFinish(rig.queue));
	vc_answer("state", "%d", state(event));
	CALL(clReleaseEvent(event));
	CALL(clEnqueueMarker(rig.queue, NULL));
	CALL(clEnqueueBarrier(NULL));
}

static void bad_arguments(void) {
	cl_event none = NULL, event = NULL, foreign = NULL;
	char bytes[16];
	CALL(clWaitForEvents(0, NULL));
	CALL(clWaitForEvents(1, NULL));
	CALL(clWaitForEvents(1, &none));
	CALL(clRetainEvent(NULL));
	CALL(clReleaseEvent(NULL));
	CALL(clGetEventInfo(NULL, CL_EVENT_CONTEXT, 0, NULL, NULL));
	CALL(clEnqueueMarkerWithWaitList(NULL, 0, NULL, NULL));
	CALL(clEnqueueBarrierWithWaitList(NULL, 0, NULL, NULL));
	CALL(clEnqueueMarkerWithWaitList(rig.queue, 1, NULL, NULL));
	CALL(clEnqueueMarkerWithWaitList(rig.queue, 0, &none, NULL));
	CALL(clEnqueueMarkerWithWaitList(rig.queue, 1, &none, NULL));
	cl_context stranger = clCreateContext(NULL, 1, &rig.device, NULL, NULL, &error);
	foreign = MAKE(clCreateUserEvent(stranger, &error));
	CALL(clEnqueueMarkerWithWaitList(rig.queue, 1, &foreign, NULL));
	event = MAKE(clCreateUserEvent(rig.context, &error));
	cl_event mixed[] = {event, foreign};
	CALL(clSetUserEventStatus(event, CL_COMPLETE));
	CALL(clSetUserEventStatus(foreign, CL_COMPLETE));
	CALL(clWaitForEvents(2, mixed));
	CALL(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof(bytes), bytes, NULL));
	CALL(clReleaseEvent(event));
	CALL(clReleaseEvent(foreign));
	CALL(clReleaseContext(stranger));
	CALL(clEnqueueMarkerWithWaitList(rig.queue, 0, NULL, &event));
	CALL(clRetainEvent(event));
	CALL(clReleaseEvent(event));
	CALL(clWaitForEvents(1, &event));
	CALL(clReleaseEvent(event));
}

int main(void) {
	vc_rig_init();
	cl_queue_properties out[] = {CL_QUEUE_PROPERTIES, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, 0};
	other = clCreateCommandQueueWithProperties(rig.context, rig.device, NULL, &error);
	MUST(error);
	loose = clCreateCommandQueueWithProperties(rig.context, rig.device, out, &error);
	MUST(error);
	types();
	across_queues();
	user_events();
	failing();
	out_of_order();
	old_functions();
	bad_arguments();
	CALL(clReleaseCommandQueue(other));
	CALL(clReleaseCommandQueue(loose));
	return vc_rig_finish();
}
