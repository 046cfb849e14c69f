// SPDX-License-Identifier: Apache-2.0
// Contexts: properties, lifetimes, destructor callbacks, bad arguments.
#include "answers.h"
#include "bell.h"

static void CL_CALLBACK notify(const char *text, const void *info, size_t size, void *user) {
	(void)text, (void)info, (void)size, (void)user;
}

static void info(void) {
	cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)rig.platform, 0};
	cl_context_properties got[8] = {0};
	size_t size = 0;
	cl_uint count = 0;
	cl_device_id device = NULL;
	cl_context context = MAKE(clCreateContext(properties, 1, &rig.device, notify, NULL, &error));
	CALL(clGetContextInfo(context, CL_CONTEXT_NUM_DEVICES, sizeof(count), &count, &size));
	vc_answer("devices", "%u, %zu bytes", count, size);
	CALL(clGetContextInfo(context, CL_CONTEXT_DEVICES, sizeof(device), &device, &size));
	CHECK(device == rig.device && size == sizeof(device));
	CALL(clGetContextInfo(context, CL_CONTEXT_PROPERTIES, sizeof(got), got, &size));
	CHECK(size == sizeof(properties) && memcmp(got, properties, size) == 0);
	CALL(clGetContextInfo(context, 0xdead, sizeof(got), got, &size));
	CALL(clGetContextInfo(context, CL_CONTEXT_NUM_DEVICES, 1, got, &size));
	CALL(clRetainContext(context));
	vc_answer("references", "%u", REFERENCES(clGetContextInfo, context, CL_CONTEXT_REFERENCE_COUNT));
	CALL(clReleaseContext(context));
	vc_answer("references", "%u", REFERENCES(clGetContextInfo, context, CL_CONTEXT_REFERENCE_COUNT));
	CALL(clReleaseContext(context));

	context = MAKE(clCreateContext(NULL, 1, &rig.device, NULL, NULL, &error));
	CALL(clGetContextInfo(context, CL_CONTEXT_PROPERTIES, sizeof(got), got, &size));
	vc_answer("properties of a context without", "%zu bytes", size);
	CALL(clReleaseContext(context));
}

static void from_type(void) {
	cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)rig.platform, 0};
	cl_context context = MAKE(clCreateContextFromType(properties, CL_DEVICE_TYPE_ALL, NULL, NULL, &error));
	CALL(clReleaseContext(context));
	context = MAKE(clCreateContextFromType(properties, CL_DEVICE_TYPE_DEFAULT, NULL, NULL, &error));
	CALL(clReleaseContext(context));
	MAKE(clCreateContextFromType(properties, CL_DEVICE_TYPE_CUSTOM, NULL, NULL, &error));
	MAKE(clCreateContextFromType(properties, 1u << 20, NULL, NULL, &error));
	/* A device twice is one device. */
	cl_device_id twice[] = {rig.device, rig.device};
	cl_uint count = 0;
	context = MAKE(clCreateContext(NULL, 2, twice, NULL, NULL, &error));
	if (context) {
		CALL(clGetContextInfo(context, CL_CONTEXT_NUM_DEVICES, sizeof(count), &count, NULL));
		vc_answer("devices", "%u", count);
		CALL(clReleaseContext(context));
	}
}

static void bad_arguments(void) {
	cl_context_properties unknown[] = {0xdead, 0, 0};
	cl_context_properties bad_platform[] = {CL_CONTEXT_PLATFORM, 0, 0};
	cl_context_properties repeated[] = {CL_CONTEXT_INTEROP_USER_SYNC, 1, CL_CONTEXT_INTEROP_USER_SYNC, 1, 0};
	int data = 0;
	MAKE(clCreateContext(unknown, 1, &rig.device, NULL, NULL, &error));
	MAKE(clCreateContext(bad_platform, 1, &rig.device, NULL, NULL, &error));
	cl_context context = MAKE(clCreateContext(repeated, 1, &rig.device, NULL, NULL, &error));
	if (context)
		CALL(clReleaseContext(context));
	MAKE(clCreateContext(NULL, 1, &rig.device, NULL, &data, &error));
	CALL(clRetainContext(NULL));
	CALL(clReleaseContext(NULL));
	CALL(clGetContextInfo(NULL, CL_CONTEXT_DEVICES, 0, NULL, NULL));
}

static void CL_CALLBACK destroyed(cl_context context, void *bell) {
	(void)context;
	vc_bell_ring(bell);
}

/* The callback comes when the last object lets go of the context, not before. */
static void destructor(void) {
	struct vc_bell bell;
	vc_bell_init(&bell);
	cl_context context = MAKE(clCreateContext(NULL, 1, &rig.device, NULL, NULL, &error));
	if (CALL(clSetContextDestructorCallback(context, destroyed, &bell)) == CL_SUCCESS) {
		CALL(clSetContextDestructorCallback(context, NULL, NULL));
		cl_mem buffer = MAKE(clCreateBuffer(context, 0, 64, NULL, &error));
		CALL(clReleaseContext(context));
		CHECK(vc_bell_rings(&bell) == 0);
		CALL(clReleaseMemObject(buffer));
		CHECK(vc_bell_wait(&bell, 1));
	} else {
		CALL(clReleaseContext(context));
	}
	vc_bell_finish(&bell);
}

int main(void) {
	vc_rig_init();
	info();
	from_type();
	bad_arguments();
	destructor();
	return vc_rig_finish();
}
