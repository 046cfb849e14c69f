// SPDX-License-Identifier: Apache-2.0
// printf in kernels comes out on this process's stdout, in the order of the kernels and before clFinish() returns.
#include "answers.h"

int main(void) {
	vc_rig_init();
	cl_program program = vc_build(
		"kernel void say(int n, float f, constant char *text) {"
		" printf(\"kernel %d %5.2f %x %c %v4hld %s\\n\", n, f, n * 255, 'q', (int4)(1, 2, 3, n), \"literal\"); }"
		"kernel void many(void) { for (int i = 0; i < 500; i++) printf(\"line %d of 500\\n\", i); }"
		"kernel void part(void) { printf(\"no newline \"); }",
		"");
	cl_kernel say = vc_kernel(program, "say"), many = vc_kernel(program, "many"), part = vc_kernel(program, "part");
	cl_mem text = vc_buffer_counting(16, 'a');
	size_t one = 1;
	for (cl_int i = 0; i < 3; i++) {
		float f = (float)i * 1.25f;
		MUST(clSetKernelArg(say, 0, sizeof(i), &i));
		MUST(clSetKernelArg(say, 1, sizeof(f), &f));
		MUST(clSetKernelArg(say, 2, sizeof(text), &text));
		MUST(clEnqueueNDRangeKernel(rig.queue, say, 1, NULL, &one, NULL, 0, NULL, NULL));
		CALL(clFinish(rig.queue));
		vc_answer("after kernel", "%d", i);
	}
	MUST(clEnqueueNDRangeKernel(rig.queue, many, 1, NULL, &one, NULL, 0, NULL, NULL));
	MUST(clFinish(rig.queue));
	vc_answer("after", "many lines");
	MUST(clEnqueueNDRangeKernel(rig.queue, part, 1, NULL, &one, NULL, 0, NULL, NULL));
	MUST(clFinish(rig.queue));
	vc_answer("after", "a part of a line");
	CALL(clReleaseMemObject(text));
	CALL(clReleaseKernel(say));
	CALL(clReleaseKernel(many));
	CALL(clReleaseKernel(part));
	CALL(clReleaseProgram(program));
	return vc_rig_finish();
}
