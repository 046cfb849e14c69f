// SPDX-License-Identifier: Apache-2.0
// Maps of buffers: blocking or not, all flags, several at once, overlapping, their counts; bad arguments.
#include "answers.h"

#define SIZE ((size_t)1 << 20)

static void each_flag(cl_mem_flags memory) {
	static const cl_map_flags flags[] = {CL_MAP_READ, CL_MAP_WRITE, CL_MAP_READ | CL_MAP_WRITE,
					     CL_MAP_WRITE_INVALIDATE_REGION};
	for (int blocking = 0; blocking < 2; blocking++)
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
			cl_mem buffer = vc_buffer(memory, SIZE);
			cl_uint pattern = 0x31323334;
			MUST(clEnqueueFillBuffer(rig.queue, buffer, &pattern, 4, 0, SIZE, 0, NULL, NULL));
			cl_event event = NULL;
			unsigned char *map = clEnqueueMapBuffer(rig.queue, buffer, (cl_bool)blocking, flags[i], 4096,
								8192, 0, NULL, &event, &error);
			vc_answer("map", "memory %#llx, flags %#llx, blocking %d: %s", (unsigned long long)memory,
				  (unsigned long long)flags[i], blocking, vc_code_name(error));
			MUST(error);
			MUST(clWaitForEvents(1, &event));
			MUST(clReleaseEvent(event));
			if (flags[i] & CL_MAP_READ)
				vc_answer_bytes("mapped", map, 8192);
			if (flags[i] & (CL_MAP_WRITE | CL_MAP_WRITE_INVALIDATE_REGION))
				memset(map, 0x40 + (int)i, 8192);
			vc_answer_maps(buffer, 1);
			CALL(clEnqueueUnmapMemObject(rig.queue, buffer, map, 0, NULL, &event));
			MUST(clFinish(rig.queue));
			MUST(clReleaseEvent(event));
			vc_answer_maps(buffer, 0);
			vc_answer_buffer("unmapped", buffer, SIZE);
			MUST(clReleaseMemObject(buffer));
		}
}

static void several(void) {
	cl_mem buffer = vc_buffer_counting(SIZE, 1);
	unsigned char *map[4];
	for (size_t i = 0; i < 4; i++) {
		map[i] = clEnqueueMapBuffer(rig.queue, buffer, CL_TRUE, CL_MAP_READ, i * 1000, 5000, 0, NULL, NULL,
					    &error);
		MUST(error);
		vc_answer_bytes("map", map[i], 5000);
	}
	vc_answer_maps(buffer, 4);
	for (size_t i = 0; i < 4; i++)
		CALL(clEnqueueUnmapMemObject(rig.queue, buffer, map[i], 0, NULL, NULL));
	CALL(clFinish(rig.queue));
	vc_answer_maps(buffer, 0);
	/* The same range mapped twice has the same address, and counts twice. */
	map[0] = clEnqueueMapBuffer(rig.queue, buffer, CL_TRUE, CL_MAP_READ, 0, 64, 0, NULL, NULL, &error);
	map[1] = clEnqueueMapBuffer(rig.queue, buffer, CL_TRUE, CL_MAP_READ, 0, 64, 0, NULL, NULL, &error);
	CHECK(map[0] == map[1]);
	vc_answer_maps(buffer, 2);
	CALL(clEnqueueUnmapMemObject(rig.queue, buffer, map[0], 0, NULL, NULL));
	CALL(clEnqueueUnmapMemObject(rig.queue, buffer, map[1], 0, NULL, NULL));
	CALL(clFinish(rig.queue));
	vc_answer_maps(buffer, 0);
	CALL(clEnqueueUnmapMemObject(rig.queue, buffer, map[0], 0, NULL, NULL));
	MUST(clReleaseMemObject(buffer));
}

/* What a kernel writes shows in the next map, what a map writes reaches the kernel. */
static void with_kernels(void) {
	cl_program program = vc_build("kernel void add(global uint *x, uint n) { x[get_global_id(0)] += n; }", "");
	cl_kernel kernel = vc_kernel(program, "add");
	cl_mem buffer = vc_buffer(CL_MEM_ALLOC_HOST_PTR, SIZE);
	cl_uint *map = clEnqueueMapBuffer(rig.queue, buffer, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION, 0, SIZE, 0, NULL,
					  NULL, &error);
	MUST(error);
	size_t count = SIZE / 4;
	for (cl_uint i = 0; i < count; i++)
		map[i] = i;
	MUST(clEnqueueUnmapMemObject(rig.queue, buffer, map, 0, NULL, NULL));
	for (cl_uint round = 1; round <= 5; round++) {
		MUST(clSetKernelArg(kernel, 0, sizeof(buffer), &buffer));
		MUST(clSetKernelArg(kernel, 1, sizeof(round), &round));
		MUST(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &count, NULL, 0, NULL, NULL));
		map = clEnqueueMapBuffer(rig.queue, buffer, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, SIZE, 0, NULL, NULL,
					 &error);
		MUST(error);
		vc_answer_bytes("after the kernel", map, SIZE);
		map[round] = 1000 * round;
		MUST(clEnqueueUnmapMemObject(rig.queue, buffer, map, 0, NULL, NULL));
	}
	vc_answer_buffer("at last", buffer, SIZE);
	MUST(clReleaseMemObject(buffer));
	MUST(clReleaseKernel(kernel));
	MUST(clReleaseProgram(program));
}

static void *map(cl_mem buffer, cl_map_flags flags, size_t offset, size_t size) {
	return clEnqueueMapBuffer(rig.queue, buffer, CL_TRUE, flags, offset, size, 0, NULL, NULL, &error);
}

static void bad_arguments(void) {
	cl_mem buffer = vc_buffer(0, SIZE), other = vc_buffer(0, SIZE);
	int stranger = 0;
	MAKE(map(buffer, CL_MAP_READ, SIZE, 1));
	MAKE(map(buffer, CL_MAP_READ, 0, SIZE + 1));
	MAKE(map(buffer, CL_MAP_READ, 0, 0));
	MAKE(map(buffer, 1u << 20, 0, 64));
	MAKE(map(buffer, CL_MAP_READ | CL_MAP_WRITE_INVALIDATE_REGION, 0, 64));
	MAKE(map(NULL, CL_MAP_READ, 0, 64));
	MAKE(clEnqueueMapBuffer(NULL, buffer, CL_TRUE, CL_MAP_READ, 0, 64, 0, NULL, NULL, &error));
	MAKE(clEnqueueMapBuffer(rig.queue, buffer, CL_TRUE, CL_MAP_READ, 0, 64, 1, NULL, NULL, &error));
	CALL(clEnqueueUnmapMemObject(rig.queue, buffer, &stranger, 0, NULL, NULL));
	CALL(clEnqueueUnmapMemObject(rig.queue, buffer, NULL, 0, NULL, NULL));
	CALL(clEnqueueUnmapMemObject(rig.queue, NULL, &stranger, 0, NULL, NULL));
	void *bytes = MAKE(map(buffer, CL_MAP_READ, 0, 64));
	CALL(clEnqueueUnmapMemObject(rig.queue, other, bytes, 0, NULL, NULL));
	CALL(clEnqueueUnmapMemObject(rig.queue, buffer, bytes, 0, NULL, NULL));
	CALL(clFinish(rig.queue));
	MUST(clReleaseMemObject(buffer));
	MUST(clReleaseMemObject(other));
}

int main(void) {
	vc_rig_init();
	each_flag(0);
	each_flag(CL_MEM_ALLOC_HOST_PTR);
	several();
	with_kernels();
	bad_arguments();
	return vc_rig_finish();
}
