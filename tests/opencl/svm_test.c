// SPDX-License-Identifier: Apache-2.0
// Shared virtual memory, coarse-grained: maps, copies, fills, migration, pointers in structures, freeing; bad arguments.
#include "answers.h"
#include "bell.h"

#define SIZE ((size_t)65536)

static void answer(const char *what, void *svm, size_t size) {
	MUST(clEnqueueSVMMap(rig.queue, CL_TRUE, CL_MAP_READ, svm, size, 0, NULL, NULL));
	vc_answer_bytes(what, svm, size);
	MUST(clEnqueueSVMUnmap(rig.queue, svm, 0, NULL, NULL));
	MUST(clFinish(rig.queue));
}

static void commands(void) {
	unsigned char *a = clSVMAlloc(rig.context, CL_MEM_READ_WRITE, SIZE, 0),
		      *b = clSVMAlloc(rig.context, 0, SIZE, 64), bytes[256];
	CHECK(a && b && (uintptr_t)a % 128 == 0);
	cl_uint pattern = 0x12345678;
	CALL(clEnqueueSVMMemFill(rig.queue, a, &pattern, 4, SIZE, 0, NULL, NULL));
	answer("filled", a, SIZE);
	CALL(clEnqueueSVMMap(rig.queue, CL_TRUE, CL_MAP_WRITE, a + 1024, 4096, 0, NULL, NULL));
	for (int i = 0; i < 4096; i++)
		a[1024 + i] = (unsigned char)i;
	CALL(clEnqueueSVMUnmap(rig.queue, a + 1024, 0, NULL, NULL));
	CALL(clEnqueueSVMMemcpy(rig.queue, CL_TRUE, b, a, SIZE, 0, NULL, NULL));
	answer("copied", b, SIZE);
	memset(bytes, 0x3c, sizeof(bytes));
	CALL(clEnqueueSVMMemcpy(rig.queue, CL_TRUE, b + 100, bytes, sizeof(bytes), 0, NULL, NULL));
	answer("from the program's memory", b, SIZE);
	CALL(clEnqueueSVMMemcpy(rig.queue, CL_TRUE, bytes, b + 90, sizeof(bytes), 0, NULL, NULL));
	vc_answer_bytes("to the program's memory", bytes, sizeof(bytes));
	cl_event event = NULL;
	CALL(clEnqueueSVMMemFill(rig.queue, b, &pattern, 2, 512, 0, NULL, &event));
	cl_command_type type = 0;
	CALL(clGetEventInfo(event, CL_EVENT_COMMAND_TYPE, sizeof(type), &type, NULL));
	vc_answer("type", "%#x", type);
	CALL(clWaitForEvents(1, &event));
	CALL(clReleaseEvent(event));
	const void *both[] = {a, b};
	size_t sizes[] = {SIZE, 0};
	CALL(clEnqueueSVMMigrateMem(rig.queue, 2, both, sizes, 0, 0, NULL, NULL));
	CALL(clEnqueueSVMMigrateMem(rig.queue, 2, both, NULL, CL_MIGRATE_MEM_OBJECT_HOST, 0, NULL, NULL));
	CALL(clFinish(rig.queue));
	answer("migrated", b, SIZE);

	CALL(clEnqueueSVMMemFill(rig.queue, a, &pattern, 3, 9, 0, NULL, NULL));
	CALL(clEnqueueSVMMemFill(rig.queue, a, NULL, 4, 64, 0, NULL, NULL));
	CALL(clEnqueueSVMMemFill(rig.queue, a, &pattern, 4, 63, 0, NULL, NULL));
	CALL(clEnqueueSVMMemFill(rig.queue, NULL, &pattern, 4, 64, 0, NULL, NULL));
	CALL(clEnqueueSVMMemFill(NULL, a, &pattern, 4, 64, 0, NULL, NULL));
	CALL(clEnqueueSVMMemcpy(rig.queue, CL_TRUE, NULL, a, 64, 0, NULL, NULL));
	CALL(clEnqueueSVMMemcpy(rig.queue, CL_TRUE, a, NULL, 64, 0, NULL, NULL));
	CALL(clEnqueueSVMMemcpy(rig.queue, CL_TRUE, a, a + 10, 64, 0, NULL, NULL));
	CALL(clEnqueueSVMMap(rig.queue, CL_TRUE, CL_MAP_READ, NULL, 64, 0, NULL, NULL));
	CALL(clEnqueueSVMMap(rig.queue, CL_TRUE, CL_MAP_READ, a, 0, 0, NULL, NULL));
	CALL(clEnqueueSVMMap(rig.queue, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE_INVALIDATE_REGION, a, 64, 0, NULL, NULL));
	CALL(clEnqueueSVMUnmap(rig.queue, NULL, 0, NULL, NULL));
	CALL(clEnqueueSVMUnmap(NULL, a, 0, NULL, NULL));
	clSVMFree(rig.context, a);
	clSVMFree(rig.context, b);
	clSVMFree(rig.context, NULL);
}

/* The same addresses on both sides: a list that the program links is walked by a kernel. */
static void pointers(void) {
	struct node {
		struct node *next;
		cl_ulong value;
	};
	cl_program program =
		vc_build("struct node { global struct node *next; ulong value; };"
			 "kernel void walk(global struct node *list, global ulong *sum) {"
			 " ulong total = 0; for (; list; list = list->next) { total += list->value; list->value *= 2; }"
			 " *sum = total; }",
			 "");
	cl_kernel kernel = vc_kernel(program, "walk");
	struct node *one = clSVMAlloc(rig.context, 0, 16 * sizeof(*one), 0),
		    *two = clSVMAlloc(rig.context, 0, 16 * sizeof(*two), 0);
	cl_ulong *sum = clSVMAlloc(rig.context, 0, sizeof(*sum), 0);
	MUST(clEnqueueSVMMap(rig.queue, CL_TRUE, CL_MAP_WRITE, one, 16 * sizeof(*one), 0, NULL, NULL));
	MUST(clEnqueueSVMMap(rig.queue, CL_TRUE, CL_MAP_WRITE, two, 16 * sizeof(*two), 0, NULL, NULL));
	for (cl_ulong i = 0; i < 16; i++) {
		one[i] = (struct node){&two[15 - i], i};
		two[15 - i] = (struct node){i < 15 ? &one[i + 1] : NULL, 100 * i};
	}
	MUST(clEnqueueSVMUnmap(rig.queue, one, 0, NULL, NULL));
	MUST(clEnqueueSVMUnmap(rig.queue, two, 0, NULL, NULL));
	CALL(clSetKernelArgSVMPointer(kernel, 0, one));
	CALL(clSetKernelArgSVMPointer(kernel, 1, sum));
	void *used[] = {two};
	CALL(clSetKernelExecInfo(kernel, CL_KERNEL_EXEC_INFO_SVM_PTRS, sizeof(used), used));
	size_t global = 1;
	for (int i = 0; i < 3; i++) {
		MUST(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &global, NULL, 0, NULL, NULL));
		MUST(clEnqueueSVMMap(rig.queue, CL_TRUE, CL_MAP_READ, sum, sizeof(*sum), 0, NULL, NULL));
		vc_answer("sum", "%llu", (unsigned long long)*sum);
		MUST(clEnqueueSVMUnmap(rig.queue, sum, 0, NULL, NULL));
	}
	/* A pointer into the middle is an argument too. */
	CALL(clSetKernelArgSVMPointer(kernel, 0, &two[3]));
	MUST(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &global, NULL, 0, NULL, NULL));
	MUST(clEnqueueSVMMap(rig.queue, CL_TRUE, CL_MAP_READ, sum, sizeof(*sum), 0, NULL, NULL));
	vc_answer("sum", "%llu", (unsigned long long)*sum);
	MUST(clEnqueueSVMUnmap(rig.queue, sum, 0, NULL, NULL));
	MUST(clFinish(rig.queue));

	CALL(clSetKernelArgSVMPointer(kernel, 2, one));
	CALL(clSetKernelArgSVMPointer(NULL, 0, one));
	CALL(clSetKernelExecInfo(kernel, 0xdead, sizeof(used), used));
	CALL(clSetKernelExecInfo(kernel, CL_KERNEL_EXEC_INFO_SVM_PTRS, 0, used));
	CALL(clSetKernelExecInfo(kernel, CL_KERNEL_EXEC_INFO_SVM_PTRS, sizeof(used), NULL));
	CALL(clReleaseKernel(kernel));
	CALL(clReleaseProgram(program));
	clSVMFree(rig.context, one);
	clSVMFree(rig.context, two);
	clSVMFree(rig.context, sum);
}

static void CL_CALLBACK freed(cl_command_queue queue, cl_uint count, void *pointers[], void *user) {
	(void)queue;
	for (cl_uint i = 0; i < count; i++)
		clSVMFree(rig.context, pointers[i]);
	vc_bell_tell(user, count);
}

static void frees(void) {
	struct vc_bell bell;
	vc_bell_init(&bell);
	void *two[] = {clSVMAlloc(rig.context, 0, 4096, 0), clSVMAlloc(rig.context, 0, 4096, 0)};
	CALL(clEnqueueSVMFree(rig.queue, 2, two, NULL, NULL, 0, NULL, NULL));
	CALL(clFinish(rig.queue));
	two[0] = clSVMAlloc(rig.context, 0, 4096, 0), two[1] = clSVMAlloc(rig.context, 0, 4096, 0);
	CALL(clEnqueueSVMFree(rig.queue, 2, two, freed, &bell, 0, NULL, NULL));
	CALL(clFlush(rig.queue));
	CHECK(vc_bell_wait(&bell, 1) && bell.last == 2);
	CALL(clEnqueueSVMFree(rig.queue, 0, two, NULL, NULL, 0, NULL, NULL));
	CALL(clEnqueueSVMFree(rig.queue, 1, NULL, NULL, NULL, 0, NULL, NULL));
	vc_bell_finish(&bell);
}

/* A buffer over shared memory. */
static void buffers(void) {
	unsigned char *svm = clSVMAlloc(rig.context, 0, SIZE, 0);
	cl_uint pattern = 0x51525354;
	MUST(clEnqueueSVMMemFill(rig.queue, svm, &pattern, 4, SIZE, 0, NULL, NULL));
	MUST(clFinish(rig.queue));
	cl_mem buffer = MAKE(clCreateBuffer(rig.context, CL_MEM_USE_HOST_PTR, SIZE, svm, &error));
	cl_bool uses = 9;
	CALL(clGetMemObjectInfo(buffer, CL_MEM_USES_SVM_POINTER, sizeof(uses), &uses, NULL));
	vc_answer("uses SVM", "%u", uses);
	vc_answer_buffer("buffer", buffer, SIZE);
	pattern = 0x61626364;
	CALL(clEnqueueFillBuffer(rig.queue, buffer, &pattern, 4, 4096, 4096, 0, NULL, NULL));
	CALL(clFinish(rig.queue));
	vc_answer_buffer("buffer", buffer, SIZE);
	void *map = clEnqueueMapBuffer(rig.queue, buffer, CL_TRUE, CL_MAP_READ, 0, SIZE, 0, NULL, NULL, &error);
	CHECK(map == svm);
	vc_answer_bytes("mapped", map, SIZE);
	CALL(clEnqueueUnmapMemObject(rig.queue, buffer, map, 0, NULL, NULL));
	CALL(clFinish(rig.queue));
	CALL(clReleaseMemObject(buffer));
	answer("shared memory", svm, SIZE);
	MAKE(clCreateBuffer(rig.context, CL_MEM_USE_HOST_PTR, 2 * SIZE, svm, &error));
	clSVMFree(rig.context, svm);
}

/* Where no device offers it, every function says so, whatever its other arguments are. */
static void not_offered(void) {
	vc_answer_not_offered("SVM");
	void *bogus = (void *)(uintptr_t)0xdead0000, *other = (void *)(uintptr_t)0xbeef0000;
	const void *migrated = bogus;
	cl_uint pattern = 0;
	cl_kernel kernel = vc_kernel(vc_build("kernel void one(global uint *x) { *x = 1; }", ""), "one");
	CHECK(!clSVMAlloc(rig.context, CL_MEM_READ_WRITE, SIZE, 0));
	CHECK(CALL(clEnqueueSVMMemFill(rig.queue, bogus, &pattern, 4, 64, 0, NULL, NULL)) == CL_INVALID_OPERATION);
	CHECK(CALL(clEnqueueSVMMemcpy(rig.queue, CL_TRUE, other, bogus, 64, 0, NULL, NULL)) == CL_INVALID_OPERATION);
	CHECK(CALL(clEnqueueSVMMap(rig.queue, CL_TRUE, CL_MAP_READ, bogus, 64, 0, NULL, NULL)) == CL_INVALID_OPERATION);
	CHECK(CALL(clEnqueueSVMUnmap(rig.queue, bogus, 0, NULL, NULL)) == CL_INVALID_OPERATION);
	CHECK(CALL(clEnqueueSVMMigrateMem(rig.queue, 1, &migrated, NULL, 0, 0, NULL, NULL)) == CL_INVALID_OPERATION);
	CHECK(CALL(clEnqueueSVMFree(rig.queue, 1, &bogus, NULL, NULL, 0, NULL, NULL)) == CL_INVALID_OPERATION);
	CHECK(CALL(clSetKernelArgSVMPointer(kernel, 0, NULL)) == CL_INVALID_OPERATION);
	CHECK(CALL(clSetKernelExecInfo(kernel, CL_KERNEL_EXEC_INFO_SVM_PTRS, 0, NULL)) == CL_INVALID_OPERATION);
	clSVMFree(rig.context, bogus);
	CHECK(CALL(clSetKernelArgSVMPointer(NULL, 0, NULL)) == CL_INVALID_KERNEL);
	MUST(clReleaseKernel(kernel));
}

int main(int argc, char **argv) {
	vc_rig_init();
	bool offered = vc_device_number(CL_DEVICE_SVM_CAPABILITIES) & CL_DEVICE_SVM_COARSE_GRAIN_BUFFER;
	if (argc > 1 && strcmp(argv[1], "none") == 0)
		CHECK(!offered);
	if (!offered) {
		not_offered();
		return vc_rig_finish();
	}
	commands();
	pointers();
	frees();
	buffers();
	vc_answer("too large", "%s", clSVMAlloc(rig.context, 0, (size_t)1 << 50, 0) ? "given" : "refused");
	vc_answer("of no size", "%s", clSVMAlloc(rig.context, 0, 0, 0) ? "given" : "refused");
	vc_answer("odd alignment", "%s", clSVMAlloc(rig.context, 0, 64, 3) ? "given" : "refused");
	vc_answer("contradicting flags", "%s",
		  clSVMAlloc(rig.context, CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY, 64, 0) ? "given" : "refused");
	vc_answer("of no context", "%s", clSVMAlloc(NULL, 0, 64, 0) ? "given" : "refused");
	return vc_rig_finish();
}
