// SPDX-License-Identifier: Apache-2.0
// Running kernels: ranges of all dimensions, offsets, local sizes, tasks, native kernels; bad ranges.
#include "answers.h"

static const char source[] =
	"kernel void ids(global uint *out) {\n"
	"  size_t w = get_global_size(0), h = get_global_size(1);\n"
	"  size_t x = get_global_id(0) - get_global_offset(0), y = get_global_id(1) - get_global_offset(1);\n"
	"  size_t z = get_global_id(2) - get_global_offset(2);\n"
	"  out[(z * h + y) * w + x] = get_work_dim() + 10 * get_global_id(0) + 1000 * get_global_id(1) + 100000 * "
	"get_global_id(2)\n"
	"    + 10000000 * (get_local_size(0) * get_local_size(1) * get_local_size(2) == 0); }\n"
	"kernel void locals(global uint *out) {\n"
	"  out[get_global_id(0)] = get_local_id(0) + 100 * get_group_id(0) + 10000 * get_local_size(0) + 1000000 * "
	"get_num_groups(0); }\n"
	"kernel __attribute__((reqd_work_group_size(8, 1, 1))) void fixed(global uint *out) { out[get_global_id(0)] = "
	"get_local_id(0); }\n"
	"kernel void chain(global uint *x) { x[0] = x[0] * 3 + 1; }\n";

static cl_mem out;

static cl_int range(cl_kernel kernel, cl_uint dimensions, const size_t *offset, const size_t *global,
		    const size_t *local) {
	cl_uint zero = 0;
	MUST(clEnqueueFillBuffer(rig.queue, out, &zero, 4, 0, 65536, 0, NULL, NULL));
	cl_int code = clEnqueueNDRangeKernel(rig.queue, kernel, dimensions, offset, global, local, 0, NULL, NULL);
	if (code == CL_SUCCESS)
		vc_answer_buffer("out", out, 65536);
	return code;
}

#define N(...) ((size_t[3]){__VA_ARGS__})

static void ranges(cl_program program) {
	cl_kernel ids = vc_kernel(program, "ids"), locals = vc_kernel(program, "locals"),
		  fixed = vc_kernel(program, "fixed");
	CALL(range(ids, 1, NULL, N(16), NULL)); /* without its argument */
	MUST(clSetKernelArg(ids, 0, sizeof(out), &out));
	MUST(clSetKernelArg(locals, 0, sizeof(out), &out));
	MUST(clSetKernelArg(fixed, 0, sizeof(out), &out));
	CALL(range(ids, 1, NULL, N(1), NULL));
	CALL(range(ids, 1, NULL, N(1000), NULL));
	CALL(range(ids, 1, N(7), N(100), NULL));
	CALL(range(ids, 1, N(7), N(100), N(10)));
	CALL(range(ids, 2, NULL, N(30, 20), NULL));
	CALL(range(ids, 2, N(3, 5), N(32, 16), N(8, 4)));
	CALL(range(ids, 3, NULL, N(10, 9, 8), NULL));
	CALL(range(ids, 3, N(1, 2, 3), N(16, 8, 4), N(4, 4, 2)));
	CALL(range(ids, 3, NULL, N(16, 1, 1), N(16, 1, 1)));
	CALL(range(locals, 1, NULL, N(64), N(16)));
	CALL(range(locals, 1, NULL, N(64), N(1)));
	CALL(range(locals, 1, NULL, N(64), N(64)));
	CALL(range(fixed, 1, NULL, N(64), NULL));
	CALL(range(fixed, 1, NULL, N(64), N(8)));
	CALL(range(fixed, 1, NULL, N(64), N(16)));
	CALL(range(fixed, 1, NULL, N(60), NULL));

	CALL(range(ids, 0, NULL, N(1), NULL));
	CALL(range(ids, 4, NULL, N(1), NULL));
	CALL(range(ids, 1, NULL, N(100), N(33)));
	CALL(range(ids, 1, NULL, N(1 << 20), N(1 << 20)));
	CALL(range(ids, 1, N((size_t)-10), N(100), NULL));
	CALL(range(ids, 1, NULL, N(0), NULL));
	CALL(range(ids, 1, NULL, NULL, NULL));
	CALL(clEnqueueNDRangeKernel(NULL, ids, 1, NULL, N(1), NULL, 0, NULL, NULL));
	CALL(clEnqueueTask(rig.queue, ids, 0, NULL, NULL));
	vc_answer_buffer("task", out, 64);
	cl_context stranger = clCreateContext(NULL, 1, &rig.device, NULL, NULL, &error);
	cl_command_queue foreign = clCreateCommandQueueWithProperties(stranger, rig.device, NULL, &error);
	CALL(clEnqueueNDRangeKernel(foreign, ids, 1, NULL, N(1), NULL, 0, NULL, NULL));
	CALL(clReleaseCommandQueue(foreign));
	CALL(clReleaseContext(stranger));
	CALL(clReleaseKernel(ids));
	CALL(clReleaseKernel(locals));
	CALL(clReleaseKernel(fixed));
}

/* Many commands in a row, more than any ring can hold, must come in order. */
static void chain(cl_program program) {
	cl_kernel kernel = vc_kernel(program, "chain");
	cl_uint expected = 0, value = 0;
	size_t one = 1;
	MUST(clEnqueueFillBuffer(rig.queue, out, &value, 4, 0, 4, 0, NULL, NULL));
	MUST(clSetKernelArg(kernel, 0, sizeof(out), &out));
	for (int i = 0; i < 20000; i++) {
		MUST(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL));
		expected = expected * 3 + 1;
	}
	vc_read(out, &value, sizeof(value));
	CHECK(value == expected);
	vc_answer("chain", "%u", value);
	CALL(clReleaseKernel(kernel));
}

static void CL_CALLBACK native(void *args) {
	**(int **)args = 42;
}

/* Native kernels run in the program's own process: a remote device rightly has none. Whatever it says, it must keep to it. */
static void natives(void) {
	bool offered = vc_device_number(CL_DEVICE_EXECUTION_CAPABILITIES) & CL_EXEC_NATIVE_KERNEL;
	int answer = 0, *args = &answer;
	cl_int code = clEnqueueNativeKernel(rig.queue, native, &args, sizeof(args), 0, NULL, NULL, 0, NULL, NULL);
	MUST(clFinish(rig.queue));
	if (offered)
		CHECK(code == CL_SUCCESS && answer == 42);
	else
		CHECK(code == CL_INVALID_OPERATION && answer == 0);
	CHECK(vc_device_number(CL_DEVICE_EXECUTION_CAPABILITIES) & CL_EXEC_KERNEL);
}

int main(void) {
	vc_rig_init();
	cl_program program = vc_build(source, "");
	out = vc_buffer(0, 65536);
	ranges(program);
	chain(program);
	natives();
	CALL(clReleaseMemObject(out));
	CALL(clReleaseProgram(program));
	return vc_rig_finish();
}
