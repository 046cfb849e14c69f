// SPDX-License-Identifier: Apache-2.0
// Devices: every property whose value cannot depend on the way to the device, size rules, bad questions.
#include "answers.h"

struct property {
	cl_device_info name;
	const char *text;
	enum { NUMBER, TEXT, SIZES, BYTES } kind;
};

#define P(name, kind) {CL_DEVICE_##name, #name, kind}

static const struct property properties[] = {
	P(TYPE, NUMBER),
	P(VENDOR_ID, NUMBER),
	P(MAX_COMPUTE_UNITS, NUMBER),
	P(MAX_WORK_ITEM_DIMENSIONS, NUMBER),
	P(MAX_WORK_ITEM_SIZES, SIZES),
	P(MAX_WORK_GROUP_SIZE, NUMBER),
	P(PREFERRED_VECTOR_WIDTH_CHAR, NUMBER),
	P(PREFERRED_VECTOR_WIDTH_SHORT, NUMBER),
	P(PREFERRED_VECTOR_WIDTH_INT, NUMBER),
	P(PREFERRED_VECTOR_WIDTH_LONG, NUMBER),
	P(PREFERRED_VECTOR_WIDTH_FLOAT, NUMBER),
	P(PREFERRED_VECTOR_WIDTH_DOUBLE, NUMBER),
	P(PREFERRED_VECTOR_WIDTH_HALF, NUMBER),
	P(NATIVE_VECTOR_WIDTH_CHAR, NUMBER),
	P(NATIVE_VECTOR_WIDTH_SHORT, NUMBER),
	P(NATIVE_VECTOR_WIDTH_INT, NUMBER),
	P(NATIVE_VECTOR_WIDTH_LONG, NUMBER),
	P(NATIVE_VECTOR_WIDTH_FLOAT, NUMBER),
	P(NATIVE_VECTOR_WIDTH_DOUBLE, NUMBER),
	P(NATIVE_VECTOR_WIDTH_HALF, NUMBER),
	P(MAX_CLOCK_FREQUENCY, NUMBER),
	P(ADDRESS_BITS, NUMBER),
	P(MAX_READ_IMAGE_ARGS, NUMBER),
	P(MAX_WRITE_IMAGE_ARGS, NUMBER),
	P(MAX_READ_WRITE_IMAGE_ARGS, NUMBER),
	P(IMAGE2D_MAX_WIDTH, NUMBER),
	P(IMAGE2D_MAX_HEIGHT, NUMBER),
	P(IMAGE3D_MAX_WIDTH, NUMBER),
	P(IMAGE3D_MAX_HEIGHT, NUMBER),
	P(IMAGE3D_MAX_DEPTH, NUMBER),
	P(IMAGE_MAX_BUFFER_SIZE, NUMBER),
	P(IMAGE_MAX_ARRAY_SIZE, NUMBER),
	P(IMAGE_PITCH_ALIGNMENT, NUMBER),
	P(IMAGE_BASE_ADDRESS_ALIGNMENT, NUMBER),
	P(IMAGE_SUPPORT, NUMBER),
	P(MAX_SAMPLERS, NUMBER),
	P(MAX_PIPE_ARGS, NUMBER),
	P(PIPE_MAX_ACTIVE_RESERVATIONS, NUMBER),
	P(PIPE_MAX_PACKET_SIZE, NUMBER),
	P(PIPE_SUPPORT, NUMBER),
	P(MAX_PARAMETER_SIZE, NUMBER),
	P(MEM_BASE_ADDR_ALIGN, NUMBER),
	P(MIN_DATA_TYPE_ALIGN_SIZE, NUMBER),
	P(SINGLE_FP_CONFIG, NUMBER),
	P(DOUBLE_FP_CONFIG, NUMBER),
	P(GLOBAL_MEM_CACHE_TYPE, NUMBER),
	P(GLOBAL_MEM_CACHELINE_SIZE, NUMBER),
	P(GLOBAL_MEM_CACHE_SIZE, NUMBER),
	P(MAX_CONSTANT_BUFFER_SIZE, NUMBER),
	P(MAX_CONSTANT_ARGS, NUMBER),
	P(MAX_GLOBAL_VARIABLE_SIZE, NUMBER),
	P(GLOBAL_VARIABLE_PREFERRED_TOTAL_SIZE, NUMBER),
	P(LOCAL_MEM_TYPE, NUMBER),
	P(LOCAL_MEM_SIZE, NUMBER),
	P(ERROR_CORRECTION_SUPPORT, NUMBER),
	P(HOST_UNIFIED_MEMORY, NUMBER),
	P(PROFILING_TIMER_RESOLUTION, NUMBER),
	P(ENDIAN_LITTLE, NUMBER),
	P(AVAILABLE, NUMBER),
	P(COMPILER_AVAILABLE, NUMBER),
	P(LINKER_AVAILABLE, NUMBER),
	P(QUEUE_ON_HOST_PROPERTIES, NUMBER),
	P(QUEUE_ON_DEVICE_PROPERTIES, NUMBER),
	P(QUEUE_ON_DEVICE_PREFERRED_SIZE, NUMBER),
	P(QUEUE_ON_DEVICE_MAX_SIZE, NUMBER),
	P(MAX_ON_DEVICE_QUEUES, NUMBER),
	P(MAX_ON_DEVICE_EVENTS, NUMBER),
	P(BUILT_IN_KERNELS, TEXT),
	P(BUILT_IN_KERNELS_WITH_VERSION, BYTES),
	P(VENDOR, TEXT),
	P(PROFILE, TEXT),
	P(OPENCL_C_VERSION, TEXT),
	P(OPENCL_C_ALL_VERSIONS, BYTES),
	P(OPENCL_C_FEATURES, BYTES),
	P(NUMERIC_VERSION, NUMBER),
	P(IL_VERSION, TEXT),
	P(ILS_WITH_VERSION, BYTES),
	P(LATEST_CONFORMANCE_VERSION_PASSED, TEXT),
	P(PRINTF_BUFFER_SIZE, NUMBER),
	P(PREFERRED_INTEROP_USER_SYNC, NUMBER),
	P(PARTITION_MAX_SUB_DEVICES, NUMBER),
	P(PARTITION_PROPERTIES, BYTES),
	P(PARTITION_AFFINITY_DOMAIN, NUMBER),
	P(PARTITION_TYPE, BYTES),
	P(REFERENCE_COUNT, NUMBER),
	P(PREFERRED_PLATFORM_ATOMIC_ALIGNMENT, NUMBER),
	P(PREFERRED_GLOBAL_ATOMIC_ALIGNMENT, NUMBER),
	P(PREFERRED_LOCAL_ATOMIC_ALIGNMENT, NUMBER),
	P(MAX_NUM_SUB_GROUPS, NUMBER),
	P(SUB_GROUP_INDEPENDENT_FORWARD_PROGRESS, NUMBER),
	P(ATOMIC_MEMORY_CAPABILITIES, NUMBER),
	P(ATOMIC_FENCE_CAPABILITIES, NUMBER),
	P(NON_UNIFORM_WORK_GROUP_SUPPORT, NUMBER),
	P(WORK_GROUP_COLLECTIVE_FUNCTIONS_SUPPORT, NUMBER),
	P(GENERIC_ADDRESS_SPACE_SUPPORT, NUMBER),
	P(DEVICE_ENQUEUE_CAPABILITIES, NUMBER),
	P(PREFERRED_WORK_GROUP_SIZE_MULTIPLE, NUMBER),
};

static void one(cl_device_id device, const struct property *property) {
	size_t size = 0;
	cl_int code = clGetDeviceInfo(device, property->name, 0, NULL, &size);
	if (code != CL_SUCCESS) {
		vc_answer(property->text, "%s", vc_code_name(code));
		return;
	}
	unsigned char *value = calloc(1, size + 9);
	value[size] = 0xa5;
	MUST(clGetDeviceInfo(device, property->name, size, value, NULL));
	CHECK(value[size] == 0xa5);
	value[size] = 0;
	cl_ulong number = 0;
	switch (property->kind) {
	case NUMBER:
		CHECK(size <= sizeof(number));
		memcpy(&number, value, size < sizeof(number) ? size : sizeof(number));
		vc_answer(property->text, "%zu bytes, %#llx", size, (unsigned long long)number);
		break;
	case TEXT:
		CHECK(size == strlen((char *)value) + 1);
		vc_answer(property->text, "%s", (char *)value);
		break;
	case SIZES:
		for (size_t i = 0; i < size / sizeof(size_t); i++)
			vc_answer(property->text, "%zu", ((size_t *)(void *)value)[i]);
		break;
	case BYTES:
		vc_answer_bytes(property->text, value, size);
	}
	if (size > 0)
		CHECK(clGetDeviceInfo(device, property->name, size - 1, value, NULL) == CL_INVALID_VALUE);
	CHECK(clGetDeviceInfo(device, property->name, size + 8, value, &size) == CL_SUCCESS);
	free(value);
}

/* What remoting may rightly report as less: memory sizes by quota, the kinds of SVM. Only bounds hold for both. */
static void bounded(void) {
	cl_ulong global = vc_device_number(CL_DEVICE_GLOBAL_MEM_SIZE),
		 most = vc_device_number(CL_DEVICE_MAX_MEM_ALLOC_SIZE);
	CHECK(most <= global && most >= global / 4 - global / 64);
	CHECK(most >= 128u << 20);
	cl_ulong svm = vc_device_number(CL_DEVICE_SVM_CAPABILITIES);
	vc_answer("coarse-grained SVM", "%s", svm & CL_DEVICE_SVM_COARSE_GRAIN_BUFFER ? "yes" : "no");
	if (svm & CL_DEVICE_SVM_ATOMICS)
		CHECK(svm & CL_DEVICE_SVM_FINE_GRAIN_BUFFER);
	cl_platform_id platform = NULL;
	CALL(clGetDeviceInfo(rig.device, CL_DEVICE_PLATFORM, sizeof(platform), &platform, NULL));
	CHECK(platform == rig.platform);
	cl_device_id parent = rig.device;
	CALL(clGetDeviceInfo(rig.device, CL_DEVICE_PARENT_DEVICE, sizeof(parent), &parent, NULL));
	CHECK(parent == NULL);
	char *version = vc_device_text(CL_DEVICE_VERSION);
	vc_answer("version", "%.10s", version);
	free(version);
	cl_ulong device_time = 0, host_time = 0, later = 0;
	if (CALL(clGetDeviceAndHostTimer(rig.device, &device_time, &host_time)) == CL_SUCCESS) {
		CALL(clGetHostTimer(rig.device, &later));
		CHECK(later >= host_time);
		CHECK(device_time > 0);
	}
	CALL(clGetDeviceAndHostTimer(rig.device, NULL, &host_time));
	CALL(clGetHostTimer(rig.device, NULL));
}

static void bad_questions(void) {
	char text[8];
	size_t size = 0;
	CALL(clGetDeviceInfo(rig.device, 0xdead, sizeof(text), text, &size));
	CALL(clGetDeviceInfo(rig.device, CL_DEVICE_VENDOR, 0, text, NULL));
	CALL(clGetDeviceInfo(rig.device, CL_DEVICE_VENDOR, 1, text, NULL));
	CALL(clGetDeviceInfo(rig.device, CL_DEVICE_VENDOR, 0, NULL, NULL));
	CALL(clGetDeviceInfo(NULL, CL_DEVICE_VENDOR, 0, NULL, &size));
	CALL(clRetainDevice(rig.device));
	CALL(clReleaseDevice(rig.device));
	CALL(clRetainDevice(NULL));
	CALL(clReleaseDevice(NULL));
}

int main(void) {
	vc_rig_init();
	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
		one(rig.device, &properties[i]);
	bounded();
	bad_questions();
	return vc_rig_finish();
}
