/* SPDX-License-Identifier: Apache-2.0 */
/* opencl-sha256: prints the SHA-256 of files as sha256sum(1) does, hashed by the first OpenCL device, one file a work item. */
#define CL_TARGET_OPENCL_VERSION 300
#include "sha256.h"

#include <CL/cl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(const char *what, cl_int code) {
	if (code == CL_SUCCESS)
		return;
	fprintf(stderr, "opencl-sha256: %s gave %d\n", what, code);
	exit(1);
}
#define MUST(call) must(#call, (call))

struct input {
	uint8_t *bytes;
	size_t size, room;
};

static void read_file(struct input *input, const char *name) {
	FILE *file = fopen(name, "rb");
	if (!file) {
		fprintf(stderr, "opencl-sha256: %s: %s\n", name, strerror(errno));
		exit(1);
	}
	for (;;) {
		if (input->size == input->room) {
			input->room = input->room ? 2 * input->room : 65536;
			input->bytes = realloc(input->bytes, input->room);
			if (!input->bytes)
				abort();
		}
		size_t got = fread(input->bytes + input->size, 1, input->room - input->size, file);
		if (got == 0)
			break;
		input->size += got;
	}
	if (ferror(file)) {
		fprintf(stderr, "opencl-sha256: %s: cannot be read\n", name);
		exit(1);
	}
	fclose(file);
}

static uint32_t *hash(const struct input *input, const cl_ulong *ends, size_t count) {
	cl_platform_id platform;
	cl_device_id device;
	cl_int code;
	cl_uint rounds = 1;
	const char *source = vc_sha256_source;
	MUST(clGetPlatformIDs(1, &platform, NULL));
	MUST(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL));
	cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, &code);
	MUST(code);
	cl_command_queue queue = clCreateCommandQueueWithProperties(context, device, NULL, &code);
	MUST(code);
	cl_program program = clCreateProgramWithSource(context, 1, &source, NULL, &code);
	MUST(code);
	MUST(clBuildProgram(program, 1, &device, "", NULL, NULL));
	cl_kernel kernel = clCreateKernel(program, "sha256", &code);
	MUST(code);
	/* A buffer cannot be empty, a list of empty files is. */
	cl_mem bytes = clCreateBuffer(context, CL_MEM_READ_ONLY, input->size ? input->size : 1, NULL, &code);
	MUST(code);
	cl_mem list = clCreateBuffer(context, CL_MEM_READ_ONLY, count * sizeof(*ends), NULL, &code);
	MUST(code);
	cl_mem out = clCreateBuffer(context, CL_MEM_WRITE_ONLY, count * 32, NULL, &code);
	MUST(code);
	uint32_t *digests = malloc(count * 32);
	if (!digests)
		abort();
	if (input->size)
		MUST(clEnqueueWriteBuffer(queue, bytes, CL_FALSE, 0, input->size, input->bytes, 0, NULL, NULL));
	MUST(clEnqueueWriteBuffer(queue, list, CL_FALSE, 0, count * sizeof(*ends), ends, 0, NULL, NULL));
	MUST(clSetKernelArg(kernel, 0, sizeof(bytes), &bytes));
	MUST(clSetKernelArg(kernel, 1, sizeof(list), &list));
	MUST(clSetKernelArg(kernel, 2, sizeof(out), &out));
	MUST(clSetKernelArg(kernel, 3, sizeof(rounds), &rounds));
	MUST(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &count, NULL, 0, NULL, NULL));
	MUST(clEnqueueReadBuffer(queue, out, CL_TRUE, 0, count * 32, digests, 0, NULL, NULL));
	MUST(clReleaseMemObject(bytes));
	MUST(clReleaseMemObject(list));
	MUST(clReleaseMemObject(out));
	MUST(clReleaseKernel(kernel));
	MUST(clReleaseProgram(program));
	MUST(clReleaseCommandQueue(queue));
	MUST(clReleaseContext(context));
	return digests;
}

int main(int argc, char **argv) {
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("opencl-sha256 " VC_VERSION);
		return 0;
	}
	if (argc < 2 || argv[1][0] == '-') {
		fprintf(argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr,
			"Usage: opencl-sha256 FILE...\n\nPrints the SHA-256 of each file, hashed by the first OpenCL "
			"device.\n");
		return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
	}
	size_t count = (size_t)argc - 1;
	struct input input = {0};
	cl_ulong *ends = malloc(count * sizeof(*ends));
	if (!ends)
		abort();
	for (size_t i = 0; i < count; i++) {
		read_file(&input, argv[i + 1]);
		ends[i] = input.size;
	}
	uint32_t *digests = hash(&input, ends, count);
	for (size_t i = 0; i < count; i++) {
		uint8_t bytes[32];
		vc_sha256_bytes(digests + 8 * i, bytes);
		for (int k = 0; k < 32; k++)
			printf("%02x", bytes[k]);
		printf("  %s\n", argv[i + 1]);
	}
	free(digests);
	free(ends);
	free(input.bytes);
	return 0;
}
