// SPDX-License-Identifier: Apache-2.0
// Sub-devices: partitioning, their properties and lifetimes, work on them.
#include "answers.h"

static void describe(cl_device_id device) {
	cl_device_id parent = NULL;
	cl_uint units = 0;
	cl_device_partition_property type[8] = {0};
	size_t size = 0;
	CALL(clGetDeviceInfo(device, CL_DEVICE_PARENT_DEVICE, sizeof(parent), &parent, NULL));
	CHECK(parent == rig.device);
	CALL(clGetDeviceInfo(device, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(units), &units, NULL));
	CALL(clGetDeviceInfo(device, CL_DEVICE_PARTITION_TYPE, sizeof(type), type, &size));
	vc_answer("compute units", "%u", units);
	vc_answer_bytes("partition type", type, size);
	vc_answer("references", "%u", REFERENCES(clGetDeviceInfo, device, CL_DEVICE_REFERENCE_COUNT));
}

static void work_on(cl_device_id device) {
	cl_context context = MAKE(clCreateContext(NULL, 1, &device, NULL, NULL, &error));
	if (!context)
		return;
	cl_command_queue queue = MAKE(clCreateCommandQueueWithProperties(context, device, NULL, &error));
	const char *source = "kernel void twice(global uint *x) { x[get_global_id(0)] *= 2; }";
	cl_program program = MAKE(clCreateProgramWithSource(context, 1, &source, NULL, &error));
	CALL(clBuildProgram(program, 1, &device, "", NULL, NULL));
	cl_kernel kernel = MAKE(clCreateKernel(program, "twice", &error));
	cl_uint values[64];
	for (cl_uint i = 0; i < 64; i++)
		values[i] = i;
	cl_mem buffer = MAKE(clCreateBuffer(context, CL_MEM_COPY_HOST_PTR, sizeof(values), values, &error));
	CALL(clSetKernelArg(kernel, 0, sizeof(buffer), &buffer));
	size_t global = 64;
	CALL(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &global, NULL, 0, NULL, NULL));
	CALL(clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, sizeof(values), values, 0, NULL, NULL));
	vc_answer_bytes("doubled", values, sizeof(values));
	CALL(clReleaseKernel(kernel));
	CALL(clReleaseProgram(program));
	CALL(clReleaseMemObject(buffer));
	CALL(clReleaseCommandQueue(queue));
	CALL(clReleaseContext(context));
}

static void partition(const char *what, const cl_device_partition_property *properties) {
	cl_device_id devices[16];
	cl_uint count = 0;
	vc_answer("partition", "%s", what);
	if (CALL(clCreateSubDevices(rig.device, properties, 0, NULL, &count)) != CL_SUCCESS)
		return;
	vc_answer("sub-devices", "%u", count);
	if (CALL(clCreateSubDevices(rig.device, properties, 16, devices, NULL)) != CL_SUCCESS)
		return;
	for (cl_uint i = 0; i < count && i < 16; i++)
		describe(devices[i]);
	work_on(devices[0]);
	CALL(clRetainDevice(devices[0]));
	vc_answer("references", "%u", REFERENCES(clGetDeviceInfo, devices[0], CL_DEVICE_REFERENCE_COUNT));
	CALL(clReleaseDevice(devices[0]));
	for (cl_uint i = 0; i < count && i < 16; i++)
		CALL(clReleaseDevice(devices[i]));
}

int main(void) {
	vc_rig_init();
	partition("equally", (cl_device_partition_property[]){CL_DEVICE_PARTITION_EQUALLY, 1, 0});
	partition("by counts", (cl_device_partition_property[]){CL_DEVICE_PARTITION_BY_COUNTS, 1,
								CL_DEVICE_PARTITION_BY_COUNTS_LIST_END, 0});
	partition("by affinity", (cl_device_partition_property[]){CL_DEVICE_PARTITION_BY_AFFINITY_DOMAIN,
								  CL_DEVICE_AFFINITY_DOMAIN_NEXT_PARTITIONABLE, 0});
	partition("too many", (cl_device_partition_property[]){CL_DEVICE_PARTITION_EQUALLY, 100000, 0});
	partition("unknown", (cl_device_partition_property[]){0xdead, 1, 0});
	partition("nothing", NULL);

	cl_device_id device;
	cl_uint count = 0;
	cl_device_partition_property equally[] = {CL_DEVICE_PARTITION_EQUALLY, 1, 0};
	CALL(clCreateSubDevices(rig.device, equally, 0, &device, &count));
	CALL(clCreateSubDevices(NULL, equally, 0, NULL, &count));
	return vc_rig_finish();
}
