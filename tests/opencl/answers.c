// SPDX-License-Identifier: Apache-2.0
#include "answers.h"

#include <stdarg.h>
#include <unistd.h>

cl_int error;
struct vc_rig rig;
static bool failed;

#define NAME(code)                                                                                                     \
	case code:                                                                                                     \
		return #code

const char *vc_code_name(cl_int code) {
	static char other[32];
	switch (code) {
		NAME(CL_SUCCESS);
		NAME(CL_DEVICE_NOT_FOUND);
		NAME(CL_DEVICE_NOT_AVAILABLE);
		NAME(CL_COMPILER_NOT_AVAILABLE);
		NAME(CL_MEM_OBJECT_ALLOCATION_FAILURE);
		NAME(CL_OUT_OF_RESOURCES);
		NAME(CL_OUT_OF_HOST_MEMORY);
		NAME(CL_PROFILING_INFO_NOT_AVAILABLE);
		NAME(CL_MEM_COPY_OVERLAP);
		NAME(CL_IMAGE_FORMAT_MISMATCH);
		NAME(CL_IMAGE_FORMAT_NOT_SUPPORTED);
		NAME(CL_BUILD_PROGRAM_FAILURE);
		NAME(CL_MAP_FAILURE);
		NAME(CL_MISALIGNED_SUB_BUFFER_OFFSET);
		NAME(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
		NAME(CL_COMPILE_PROGRAM_FAILURE);
		NAME(CL_LINKER_NOT_AVAILABLE);
		NAME(CL_LINK_PROGRAM_FAILURE);
		NAME(CL_DEVICE_PARTITION_FAILED);
		NAME(CL_KERNEL_ARG_INFO_NOT_AVAILABLE);
		NAME(CL_INVALID_VALUE);
		NAME(CL_INVALID_DEVICE_TYPE);
		NAME(CL_INVALID_PLATFORM);
		NAME(CL_INVALID_DEVICE);
		NAME(CL_INVALID_CONTEXT);
		NAME(CL_INVALID_QUEUE_PROPERTIES);
		NAME(CL_INVALID_COMMAND_QUEUE);
		NAME(CL_INVALID_HOST_PTR);
		NAME(CL_INVALID_MEM_OBJECT);
		NAME(CL_INVALID_IMAGE_FORMAT_DESCRIPTOR);
		NAME(CL_INVALID_IMAGE_SIZE);
		NAME(CL_INVALID_SAMPLER);
		NAME(CL_INVALID_BINARY);
		NAME(CL_INVALID_BUILD_OPTIONS);
		NAME(CL_INVALID_PROGRAM);
		NAME(CL_INVALID_PROGRAM_EXECUTABLE);
		NAME(CL_INVALID_KERNEL_NAME);
		NAME(CL_INVALID_KERNEL_DEFINITION);
		NAME(CL_INVALID_KERNEL);
		NAME(CL_INVALID_ARG_INDEX);
		NAME(CL_INVALID_ARG_VALUE);
		NAME(CL_INVALID_ARG_SIZE);
		NAME(CL_INVALID_KERNEL_ARGS);
		NAME(CL_INVALID_WORK_DIMENSION);
		NAME(CL_INVALID_WORK_GROUP_SIZE);
		NAME(CL_INVALID_WORK_ITEM_SIZE);
		NAME(CL_INVALID_GLOBAL_OFFSET);
		NAME(CL_INVALID_EVENT_WAIT_LIST);
		NAME(CL_INVALID_EVENT);
		NAME(CL_INVALID_OPERATION);
		NAME(CL_INVALID_GL_OBJECT);
		NAME(CL_INVALID_BUFFER_SIZE);
		NAME(CL_INVALID_MIP_LEVEL);
		NAME(CL_INVALID_GLOBAL_WORK_SIZE);
		NAME(CL_INVALID_PROPERTY);
		NAME(CL_INVALID_IMAGE_DESCRIPTOR);
		NAME(CL_INVALID_COMPILER_OPTIONS);
		NAME(CL_INVALID_LINKER_OPTIONS);
		NAME(CL_INVALID_DEVICE_PARTITION_COUNT);
		NAME(CL_INVALID_PIPE_SIZE);
		NAME(CL_INVALID_DEVICE_QUEUE);
		NAME(CL_INVALID_SPEC_ID);
		NAME(CL_MAX_SIZE_RESTRICTION_EXCEEDED);
	}
	snprintf(other, sizeof(other), "code %d", code);
	return other;
}

/* Prints a call as one line: its source may span several. */
static void print_call(const char *call) {
	for (bool space = false; *call; call++) {
		bool blank = *call == ' ' || *call == '\t' || *call == '\n';
		if (!blank || !space)
			putchar(blank ? ' ' : *call);
		space = blank;
	}
}

cl_int vc_answer_call(const char *call, cl_int code) {
	print_call(call);
	printf(": %s\n", vc_code_name(code));
	return code;
}

void *vc_answer_make(const char *call, void *object) {
	vc_answer_call(call, error);
	CHECK(object || error != CL_SUCCESS);
	/* PoCL gives some contexts an address along with an error. */
	return error == CL_SUCCESS ? object : NULL;
}

void vc_answer(const char *what, const char *format, ...) {
	printf("%s: ", what);
	va_list args;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void vc_answer_bytes(const char *what, const void *bytes, size_t size) {
	/* FNV-1a */
	uint64_t hash = 0xcbf29ce484222325;
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3;
	vc_answer(what, "%zu bytes, %016llx", size, (unsigned long long)hash);
}

void vc_answer_not_offered(const char *what) {
	vc_answer(what, "not offered");
}

void vc_check(bool holds, const char *condition, const char *file, int line) {
	if (holds)
		return;
	printf("FAIL: %s:%d: %s\n", strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line, condition);
	failed = true;
}

void vc_must(const char *call, cl_int code, const char *file, int line) {
	if (code == CL_SUCCESS)
		return;
	print_call(call);
	printf(": %s; %s:%d cannot go on\n", vc_code_name(code), file, line);
	exit(1);
}

void vc_alive(void) {
	alarm(60);
}

void vc_rig_init(void) {
	/* A crash must not lose the answers before it, nor mix them with the kernels' printf. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	vc_alive();
	cl_uint count = 0;
	if (clGetPlatformIDs(1, &rig.platform, &count) != CL_SUCCESS || count == 0) {
		fprintf(stderr, "there is no OpenCL platform here\n");
		exit(77);
	}
	MUST(clGetDeviceIDs(rig.platform, CL_DEVICE_TYPE_ALL, 1, &rig.device, NULL));
	rig.context = clCreateContext(NULL, 1, &rig.device, NULL, NULL, &error);
	MUST(error);
	cl_queue_properties properties[] = {CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE, 0};
	rig.queue = clCreateCommandQueueWithProperties(rig.context, rig.device, properties, &error);
	MUST(error);
}

int vc_rig_finish(void) {
	MUST(clFinish(rig.queue));
	MUST(clReleaseCommandQueue(rig.queue));
	MUST(clReleaseContext(rig.context));
	return failed;
}

cl_program vc_build(const char *source, const char *options) {
	cl_program program = clCreateProgramWithSource(rig.context, 1, &source, NULL, &error);
	MUST(error);
	if (clBuildProgram(program, 1, &rig.device, options, NULL, NULL) != CL_SUCCESS) {
		char log[16384] = "";
		clGetProgramBuildInfo(program, rig.device, CL_PROGRAM_BUILD_LOG, sizeof(log), log, NULL);
		printf("FAIL: the program does not build:\n%s\n", log);
		exit(1);
	}
	return program;
}

cl_kernel vc_kernel(cl_program program, const char *name) {
	cl_kernel kernel = clCreateKernel(program, name, &error);
	MUST(error);
	return kernel;
}

cl_mem vc_buffer(cl_mem_flags flags, size_t size) {
	cl_mem buffer = clCreateBuffer(rig.context, flags, size, NULL, &error);
	MUST(error);
	return buffer;
}

cl_mem vc_buffer_counting(size_t size, unsigned first) {
	unsigned char *bytes = malloc(size);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(first + i);
	cl_mem buffer = clCreateBuffer(rig.context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, size, bytes, &error);
	MUST(error);
	free(bytes);
	return buffer;
}

void vc_read(cl_mem buffer, void *bytes, size_t size) {
	MUST(clEnqueueReadBuffer(rig.queue, buffer, CL_TRUE, 0, size, bytes, 0, NULL, NULL));
}

void vc_answer_buffer(const char *what, cl_mem buffer, size_t size) {
	void *bytes = malloc(size);
	vc_read(buffer, bytes, size);
	vc_answer_bytes(what, bytes, size);
	free(bytes);
}

void vc_answer_maps(cl_mem memory, cl_uint settled) {
	cl_uint maps = REFERENCES(clGetMemObjectInfo, memory, CL_MEM_MAP_COUNT);
	for (int i = 0; i < 2000 && maps != settled; i++) {
		usleep(1000);
		maps = REFERENCES(clGetMemObjectInfo, memory, CL_MEM_MAP_COUNT);
	}
	vc_answer("maps", "%u", maps);
}

size_t vc_device_size(cl_device_info name) {
	size_t size = 0;
	clGetDeviceInfo(rig.device, name, sizeof(size), &size, NULL);
	return size;
}

cl_ulong vc_device_number(cl_device_info name) {
	cl_ulong number = 0;
	clGetDeviceInfo(rig.device, name, sizeof(number), &number, NULL);
	return number;
}

char *vc_device_text(cl_device_info name) {
	size_t size = 0;
	clGetDeviceInfo(rig.device, name, 0, NULL, &size);
	char *text = calloc(1, size + 1);
	clGetDeviceInfo(rig.device, name, size, text, NULL);
	return text;
}

bool vc_device_extension(const char *name) {
	char *list = vc_device_text(CL_DEVICE_EXTENSIONS), *rest = NULL;
	bool found = false;
	for (char *word = strtok_r(list, " ", &rest); word && !found; word = strtok_r(NULL, " ", &rest))
		found = strcmp(word, name) == 0;
	free(list);
	return found;
}
