// SPDX-License-Identifier: Apache-2.0
// Command queues: kinds, properties, lifetimes, bad arguments.
#include "answers.h"

static void describe(cl_command_queue queue) {
	cl_command_queue_properties flags = 0;
	cl_queue_properties array[8] = {0};
	cl_context context = NULL;
	cl_device_id device = NULL;
	cl_uint number = 0;
	size_t size = 0;
	CALL(clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES, sizeof(flags), &flags, &size));
	vc_answer("properties", "%#llx, %zu bytes", (unsigned long long)flags, size);
	CALL(clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES_ARRAY, sizeof(array), array, &size));
	vc_answer_bytes("array", array, size);
	CALL(clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof(context), &context, &size));
	CALL(clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof(device), &device, &size));
	CHECK(context == rig.context && device == rig.device);
	CALL(clGetCommandQueueInfo(queue, CL_QUEUE_SIZE, sizeof(number), &number, &size));
	CALL(clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE_DEFAULT, sizeof(device), &device, &size));
	CALL(clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES, 1, &flags, &size));
	CALL(clGetCommandQueueInfo(queue, 0xdead, sizeof(flags), &flags, &size));
	vc_answer("references", "%u", REFERENCES(clGetCommandQueueInfo, queue, CL_QUEUE_REFERENCE_COUNT));
	CALL(clFlush(queue));
	CALL(clFinish(queue));
}

static void with(const char *what, const cl_queue_properties *properties) {
	vc_answer("queue", "%s", what);
	cl_command_queue queue = MAKE(clCreateCommandQueueWithProperties(rig.context, rig.device, properties, &error));
	if (!queue)
		return;
	describe(queue);
	CALL(clRetainCommandQueue(queue));
	vc_answer("references", "%u", REFERENCES(clGetCommandQueueInfo, queue, CL_QUEUE_REFERENCE_COUNT));
	CALL(clReleaseCommandQueue(queue));
	CALL(clReleaseCommandQueue(queue));
}

#define Q(...) (const cl_queue_properties[]){__VA_ARGS__, 0}

int main(void) {
	vc_rig_init();
	with("no properties", NULL);
	with("an empty list", (const cl_queue_properties[]){0});
	with("in order", Q(CL_QUEUE_PROPERTIES, 0));
	with("out of order", Q(CL_QUEUE_PROPERTIES, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE));
	with("profiling", Q(CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE));
	with("both", Q(CL_QUEUE_PROPERTIES, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE | CL_QUEUE_PROFILING_ENABLE));
	if (vc_device_number(CL_DEVICE_QUEUE_ON_DEVICE_PROPERTIES)) {
		with("on the device",
		     Q(CL_QUEUE_PROPERTIES, CL_QUEUE_ON_DEVICE | CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE));
		with("on the device, in order", Q(CL_QUEUE_PROPERTIES, CL_QUEUE_ON_DEVICE));
	} else {
		/* PoCL ends the whole process when it is asked for one. */
		vc_answer_not_offered("queues on the device");
	}
	with("with a size", Q(CL_QUEUE_PROPERTIES, 0, CL_QUEUE_SIZE, 4096));
	with("unknown flags", Q(CL_QUEUE_PROPERTIES, 1u << 20));
	with("unknown property", Q(0xdead, 1));
	with("low priority", Q(CL_QUEUE_PRIORITY_KHR, CL_QUEUE_PRIORITY_LOW_KHR));
	with("low throttle", Q(CL_QUEUE_THROTTLE_KHR, CL_QUEUE_THROTTLE_LOW_KHR));

	cl_command_queue queue = MAKE(clCreateCommandQueue(rig.context, rig.device, 0, &error));
	CALL(clReleaseCommandQueue(queue));
	queue = MAKE(clCreateCommandQueue(rig.context, rig.device, CL_QUEUE_PROFILING_ENABLE, &error));
	CALL(clReleaseCommandQueue(queue));
	MAKE(clCreateCommandQueue(rig.context, rig.device, 1u << 20, &error));
	MAKE(clCreateCommandQueue(rig.context, NULL, 0, &error));
	MAKE(clCreateCommandQueueWithProperties(rig.context, NULL, NULL, &error));
	CALL(clSetDefaultDeviceCommandQueue(rig.context, rig.device, rig.queue));
	CALL(clRetainCommandQueue(NULL));
	CALL(clReleaseCommandQueue(NULL));
	CALL(clFlush(NULL));
	CALL(clFinish(NULL));
	CALL(clGetCommandQueueInfo(NULL, CL_QUEUE_DEVICE, 0, NULL, NULL));

	/* A queue that is released with work in it still does the work. */
	cl_mem buffer = vc_buffer(0, 1 << 20);
	cl_uint pattern = 0x5a5aa5a5;
	cl_event event = NULL;
	queue = MAKE(clCreateCommandQueueWithProperties(rig.context, rig.device, NULL, &error));
	CALL(clEnqueueFillBuffer(queue, buffer, &pattern, sizeof(pattern), 0, 1 << 20, 0, NULL, &event));
	CALL(clReleaseCommandQueue(queue));
	CALL(clWaitForEvents(1, &event));
	CALL(clReleaseEvent(event));
	vc_answer_buffer("filled", buffer, 1 << 20);
	CALL(clReleaseMemObject(buffer));
	return vc_rig_finish();
}
