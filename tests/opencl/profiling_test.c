// SPDX-License-Identifier: Apache-2.0
// Profiling: the four times of a command are in order and belong together; where there are none.
#include "answers.h"

static cl_ulong when(cl_event event, cl_profiling_info name) {
	cl_ulong at = 0;
	MUST(clGetEventProfilingInfo(event, name, sizeof(at), &at, NULL));
	return at;
}

static void times(cl_event event) {
	MUST(clWaitForEvents(1, &event));
	cl_ulong queued = when(event, CL_PROFILING_COMMAND_QUEUED),
		 submitted = when(event, CL_PROFILING_COMMAND_SUBMIT);
	cl_ulong started = when(event, CL_PROFILING_COMMAND_START), ended = when(event, CL_PROFILING_COMMAND_END);
	CHECK(queued > 0);
	CHECK(queued <= submitted && submitted <= started && started <= ended);
	CHECK(ended - queued < 60ull * 1000 * 1000 * 1000);
	cl_ulong complete = 0;
	CALL(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_COMPLETE, sizeof(complete), &complete, NULL));
	if (complete)
		CHECK(complete >= ended);
	CALL(clGetEventProfilingInfo(event, 0xdead, sizeof(complete), &complete, NULL));
	CALL(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, 1, &complete, NULL));
	MUST(clReleaseEvent(event));
}

int main(void) {
	vc_rig_init();
	cl_mem buffer = vc_buffer_counting(1 << 20, 0);
	cl_program program = vc_build(
		"kernel void spin(global uint *x) { for (int i = 0; i < 1000; i++) x[get_global_id(0)] += i; }", "");
	cl_kernel kernel = vc_kernel(program, "spin");
	cl_event first = NULL, second = NULL;
	size_t global = 1 << 16;
	char *bytes = malloc(1 << 20);
	MUST(clSetKernelArg(kernel, 0, sizeof(buffer), &buffer));
	CALL(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &global, NULL, 0, NULL, &first));
	CALL(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &global, NULL, 0, NULL, &second));
	CALL(clFinish(rig.queue));
	CHECK(when(first, CL_PROFILING_COMMAND_END) <= when(second, CL_PROFILING_COMMAND_END));
	times(first);
	times(second);
	CALL(clEnqueueReadBuffer(rig.queue, buffer, CL_TRUE, 0, 1 << 20, bytes, 0, NULL, &first));
	times(first);
	CALL(clEnqueueWriteBuffer(rig.queue, buffer, CL_FALSE, 0, 1 << 20, bytes, 0, NULL, &first));
	times(first);
	cl_uint pattern = 1;
	CALL(clEnqueueFillBuffer(rig.queue, buffer, &pattern, 4, 0, 1 << 20, 0, NULL, &first));
	times(first);
	void *map = clEnqueueMapBuffer(rig.queue, buffer, CL_TRUE, CL_MAP_READ, 0, 1 << 20, 0, NULL, &first, &error);
	times(first);
	CALL(clEnqueueUnmapMemObject(rig.queue, buffer, map, 0, NULL, &first));
	times(first);
	CALL(clEnqueueMarkerWithWaitList(rig.queue, 0, NULL, &first));
	times(first);

	/* Times come only with completion, and only from queues that were made for it. */
	cl_ulong at = 0;
	cl_event user = clCreateUserEvent(rig.context, &error);
	CALL(clEnqueueMarkerWithWaitList(rig.queue, 1, &user, &first));
	CALL(clGetEventProfilingInfo(first, CL_PROFILING_COMMAND_END, sizeof(at), &at, NULL));
	CALL(clGetEventProfilingInfo(user, CL_PROFILING_COMMAND_END, sizeof(at), &at, NULL));
	CALL(clSetUserEventStatus(user, CL_COMPLETE));
	CALL(clFinish(rig.queue));
	CALL(clReleaseEvent(user));
	CALL(clReleaseEvent(first));
	cl_command_queue plain = clCreateCommandQueueWithProperties(rig.context, rig.device, NULL, &error);
	CALL(clEnqueueMarkerWithWaitList(plain, 0, NULL, &first));
	CALL(clFinish(plain));
	CALL(clGetEventProfilingInfo(first, CL_PROFILING_COMMAND_END, sizeof(at), &at, NULL));
	CALL(clGetEventProfilingInfo(NULL, CL_PROFILING_COMMAND_END, sizeof(at), &at, NULL));
	CALL(clReleaseEvent(first));
	CALL(clReleaseCommandQueue(plain));
	CALL(clReleaseMemObject(buffer));
	CALL(clReleaseKernel(kernel));
	CALL(clReleaseProgram(program));
	free(bytes);
	return vc_rig_finish();
}
