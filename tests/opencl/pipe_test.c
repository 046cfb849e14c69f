// SPDX-License-Identifier: Apache-2.0
// Pipes: from one kernel to the next, their properties; where the device has none, what it says.
#include "answers.h"

static void through(cl_mem pipe) {
	cl_program program =
		vc_build("kernel void put(write_only pipe uint p) { uint x = 3 * get_global_id(0); write_pipe(p, &x); }"
			 "kernel void take(read_only pipe uint p, global uint *sum) {"
			 " uint x = 0; if (read_pipe(p, &x) == 0) atomic_add(sum, x); }",
			 "-cl-std=CL3.0");
	cl_kernel put = vc_kernel(program, "put"), take = vc_kernel(program, "take");
	cl_uint sum = 0;
	cl_mem out = clCreateBuffer(rig.context, CL_MEM_COPY_HOST_PTR, sizeof(sum), &sum, &error);
	size_t global = 16;
	CALL(clSetKernelArg(put, 0, sizeof(pipe), &pipe));
	CALL(clSetKernelArg(take, 0, sizeof(pipe), &pipe));
	CALL(clSetKernelArg(take, 1, sizeof(out), &out));
	CALL(clEnqueueNDRangeKernel(rig.queue, put, 1, NULL, &global, NULL, 0, NULL, NULL));
	CALL(clEnqueueNDRangeKernel(rig.queue, take, 1, NULL, &global, NULL, 0, NULL, NULL));
	vc_read(out, &sum, sizeof(sum));
	vc_answer("sum", "%u", sum);
	CALL(clReleaseMemObject(out));
	CALL(clReleaseKernel(put));
	CALL(clReleaseKernel(take));
	CALL(clReleaseProgram(program));
}

int main(void) {
	vc_rig_init();
	bool offered = vc_device_number(CL_DEVICE_PIPE_SUPPORT) != 0;
	if (!offered)
		vc_answer_not_offered("pipes");
	cl_mem pipe = MAKE(clCreatePipe(rig.context, 0, 4, 16, NULL, &error));
	CHECK(offered == (pipe != NULL));
	if (pipe) {
		cl_uint packet = 0, most = 0;
		CALL(clGetPipeInfo(pipe, CL_PIPE_PACKET_SIZE, sizeof(packet), &packet, NULL));
		CALL(clGetPipeInfo(pipe, CL_PIPE_MAX_PACKETS, sizeof(most), &most, NULL));
		vc_answer("pipe", "%u packets of %u bytes", most, packet);
		through(pipe);
		CALL(clGetPipeInfo(pipe, 0xdead, sizeof(most), &most, NULL));
		CALL(clReleaseMemObject(pipe));
	}
	MAKE(clCreatePipe(rig.context, 0, 0, 16, NULL, &error));
	MAKE(clCreatePipe(rig.context, CL_MEM_USE_HOST_PTR, 4, 16, NULL, &error));
	return vc_rig_finish();
}
