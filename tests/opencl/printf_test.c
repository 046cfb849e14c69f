// SPDX-License-Identifier: Apache-2.0
// printf in kernels comes out on this process's stdout, in the order of the kernels and before clFinish() returns.
#include "answers.h"

#include <unistd.h>

/* It goes where standard output goes when the kernel runs, not when the program began. */
static void redirected(cl_kernel part) {
	char text[64] = "";
	size_t one = 1;
	FILE *file = tmpfile();
	fflush(stdout);
	int kept = dup(STDOUT_FILENO);
	if (!file || kept < 0)
		exit(1);
	dup2(fileno(file), STDOUT_FILENO);
	cl_int code = clEnqueueNDRangeKernel(rig.queue, part, 1, NULL, &one, NULL, 0, NULL, NULL);
	cl_int finished = clFinish(rig.queue);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	MUST(code);
	MUST(finished);
	rewind(file);
	vc_answer("redirected", "\"%s\"", fgets(text, sizeof(text), file) ? text : "nothing");
	fclose(file);
}

int main(void) {
	vc_rig_init();
	cl_program program =
		vc_build("kernel void say(int n, float f, constant char *text) {"
			 " printf(\"kernel %d %5.2f %x %c %v4hld %s\\n\", n, f, n * 255, 'q', (int4)(1, 2, 3, n), "
			 "\"literal\"); }"
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
	redirected(part);
	CALL(clReleaseMemObject(text));
	CALL(clReleaseKernel(say));
	CALL(clReleaseKernel(many));
	CALL(clReleaseKernel(part));
	CALL(clReleaseProgram(program));
	return vc_rig_finish();
}
