/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile worker against the client's half: it answers every call with any bytes, of any length that it claims. Then a hostile
 * ring of notes. The input: each call takes 2 bytes of claimed length and 64 bytes of answer.
 */
#include "call.h"
#include "cl_fake_worker.h"
#include "entry.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input;
static size_t left;
static bool lie;

static uint32_t answer(enum vc_cl_op op, const uint8_t *arguments, size_t size, uint8_t *to) {
	if (!lie)
		return fake_worker_yes(op, arguments, size, to);
	uint16_t claimed = 0;
	size_t n = left < 2 ? left : 2;
	memcpy(&claimed, input, n);
	input += n;
	left -= n;
	n = left < 64 ? left : 64;
	memcpy(to, input, n);
	input += n;
	left -= n;
	/* Mostly what fits, sometimes more than there is room for anywhere. */
	return claimed > 60000 ? (uint32_t)claimed << 16 : claimed % (VC_CL_SLOT_BYTES + 64);
}

static cl_context context;
static cl_device_id device;

static void set_up(void) {
	cl_int err;
	fake_worker_start(answer);
	vc_entry_clGetPlatformIDs(0, NULL, NULL);
	device = (cl_device_id)(void *)vc_object_named(VC_CL_DEVICE, VC_CL_ID(1, 1));
	context = vc_entry_clCreateContext(NULL, 1, &device, NULL, NULL, &err);
	if (!context)
		abort();
}

static void query(cl_program program, cl_kernel kernel) {
	char small[16], large[9000];
	size_t n;
	vc_call_clGetDeviceInfo(device, CL_DEVICE_NAME, sizeof(small), small, &n);
	vc_call_clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, sizeof(large), large, &n);
	vc_call_clGetProgramInfo(program, CL_PROGRAM_SOURCE, sizeof(large), large, &n);
	vc_call_clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, NULL, &n);
	vc_call_clGetContextInfo(context, CL_CONTEXT_DEVICES, sizeof(large), large, &n);
	vc_call_clGetKernelWorkGroupInfo(kernel, device, CL_KERNEL_WORK_GROUP_SIZE, sizeof(small), small, &n);
	cl_uint count;
	cl_image_format formats[8];
	vc_call_clGetSupportedImageFormats(context, 0, CL_MEM_OBJECT_IMAGE2D, 8, formats, &count);
	cl_device_id devices[4];
	vc_call_clGetDeviceIDs(NULL, CL_DEVICE_TYPE_ALL, 4, devices, &count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	if (!context) {
		lie = false;
		set_up();
	}
	lie = true;
	input = data;
	left = size;
	cl_int err;
	const char *text = "kernel void a(void) {}";
	cl_program program = vc_entry_clCreateProgramWithSource(context, 1, &text, NULL, &err);
	vc_entry_clBuildProgram(program, 0, NULL, "", NULL, NULL);
	cl_kernel kernel = vc_call_clCreateKernel(program, "a", &err), kernels[4] = {0};
	cl_uint made = 0;
	query(program, kernel);
	if (vc_call_clCreateKernelsInProgram(program, 4, kernels, &made) == CL_SUCCESS)
		for (int i = 0; i < 4; i++)
			vc_entry_clReleaseKernel(kernels[i]);
	cl_mem mem = vc_entry_clCreateBuffer(context, 0, 4096, NULL, &err);
	vc_entry_clReleaseMemObject(mem);
	vc_entry_clReleaseKernel(kernel);
	vc_entry_clReleaseProgram(program);
	return 0;
}
