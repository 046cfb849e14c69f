// SPDX-License-Identifier: Apache-2.0
// Lifetimes: objects live as long as the last reference, their own or another object's, and no longer.
#include "answers.h"
#include "bell.h"

static void CL_CALLBACK gone(cl_mem memory, void *user) {
	(void)memory;
	vc_bell_ring(user);
}

/* A kernel's arguments are not owned by it; what is enqueued holds them until it is done. */
static void released_while_used(void) {
	cl_program program = vc_build("kernel void add(global uint *x, uint n) { x[get_global_id(0)] += n; }", "");
	cl_kernel kernel = vc_kernel(program, "add");
	struct vc_bell bell;
	vc_bell_init(&bell);
	cl_mem buffer = vc_buffer_counting(65536, 0), copy = vc_buffer(0, 65536);
	cl_uint n = 5;
	size_t global = 16384;
	MUST(clSetMemObjectDestructorCallback(buffer, gone, &bell));
	MUST(clSetKernelArg(kernel, 0, sizeof(buffer), &buffer));
	MUST(clSetKernelArg(kernel, 1, sizeof(n), &n));
	cl_event user = clCreateUserEvent(rig.context, &error);
	CALL(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &global, NULL, 1, &user, NULL));
	CALL(clEnqueueCopyBuffer(rig.queue, buffer, copy, 0, 0, 65536, 0, NULL, NULL));
	CALL(clReleaseMemObject(buffer));
	CALL(clReleaseKernel(kernel));
	CALL(clReleaseProgram(program));
	CHECK(vc_bell_rings(&bell) == 0);
	CALL(clSetUserEventStatus(user, CL_COMPLETE));
	CALL(clReleaseEvent(user));
	CALL(clFinish(rig.queue));
	vc_answer_buffer("copied", copy, 65536);
	CHECK(vc_bell_wait(&bell, 1));
	CALL(clReleaseMemObject(copy));
	vc_bell_finish(&bell);
}

/* Everything of a context, released in the order that looks wrong. */
static void wrong_order(void) {
	cl_context context = MAKE(clCreateContext(NULL, 1, &rig.device, NULL, NULL, &error));
	cl_command_queue queue = MAKE(clCreateCommandQueueWithProperties(context, rig.device, NULL, &error));
	cl_mem buffer = MAKE(clCreateBuffer(context, 0, 4096, NULL, &error));
	const char *source = "kernel void one(global uint *x) { x[get_global_id(0)] = 1; }";
	cl_program program = MAKE(clCreateProgramWithSource(context, 1, &source, NULL, &error));
	CALL(clReleaseContext(context));
	CALL(clBuildProgram(program, 0, NULL, "", NULL, NULL));
	cl_kernel kernel = MAKE(clCreateKernel(program, "one", &error));
	CALL(clReleaseProgram(program));
	CALL(clSetKernelArg(kernel, 0, sizeof(buffer), &buffer));
	size_t global = 1024;
	cl_event event = NULL;
	CALL(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &global, NULL, 0, NULL, &event));
	CALL(clReleaseKernel(kernel));
	cl_uint *bytes = malloc(4096);
	CALL(clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, 4096, bytes, 0, NULL, NULL));
	vc_answer_bytes("read", bytes, 4096);
	free(bytes);
	CALL(clReleaseMemObject(buffer));
	CALL(clReleaseCommandQueue(queue));
	CALL(clWaitForEvents(1, &event));
	CALL(clReleaseEvent(event));
}

/* Thousands of short-lived objects: nothing may pile up until it fails. */
static void many(void) {
	cl_event last = NULL;
	for (int i = 0; i < 3000; i++) {
		cl_mem buffer = clCreateBuffer(rig.context, 0, 1 << 20, NULL, &error);
		MUST(error);
		cl_uint pattern = (cl_uint)i;
		cl_event event = NULL;
		MUST(clEnqueueFillBuffer(rig.queue, buffer, &pattern, 4, 0, 64, last ? 1 : 0, last ? &last : NULL,
					 &event));
		MUST(clReleaseMemObject(buffer));
		if (last)
			MUST(clReleaseEvent(last));
		last = event;
	}
	CALL(clWaitForEvents(1, &last));
	CALL(clReleaseEvent(last));
	vc_alive();
	for (int i = 0; i < 300; i++) {
		cl_context context = clCreateContext(NULL, 1, &rig.device, NULL, NULL, &error);
		MUST(error);
		cl_command_queue queue = clCreateCommandQueueWithProperties(context, rig.device, NULL, &error);
		MUST(error);
		MUST(clReleaseCommandQueue(queue));
		MUST(clReleaseContext(context));
	}
	vc_answer("short-lived objects", "%s", "done");
}

int main(void) {
	vc_rig_init();
	released_while_used();
	wrong_order();
	many();
	return vc_rig_finish();
}
