/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as memory of devices' own. The host is the fuzzers', but for what matters here. */
#include "served.h"
#include "state.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { OBJECTS = 16, MIB = 1 << 20 };

static cl_device_type type;
static struct {
	size_t size;
	void(CL_CALLBACK *gone)(cl_mem, void *);
	void *data;
} objects[OBJECTS];
static unsigned count;

static cl_mem make(size_t size, cl_int *err) {
	assert_true(count + 1 < OBJECTS);
	objects[++count].size = size;
	*err = CL_SUCCESS;
	return (cl_mem)(uintptr_t)count;
}

cl_mem __wrap_clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *err);
cl_mem __wrap_clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *err) {
	(void)context, (void)flags, (void)host;
	return make(size, err);
}

cl_mem __wrap_clCreatePipe(cl_context context, cl_mem_flags flags, cl_uint packet, cl_uint most,
			   const cl_pipe_properties *properties, cl_int *err);
cl_mem __wrap_clCreatePipe(cl_context context, cl_mem_flags flags, cl_uint packet, cl_uint most,
			   const cl_pipe_properties *properties, cl_int *err) {
	(void)context, (void)flags, (void)properties;
	return make((size_t)packet * most, err);
}

cl_int __wrap_clGetMemObjectInfo(cl_mem mem, cl_mem_info param, size_t size, void *value, size_t *size_ret);
cl_int __wrap_clGetMemObjectInfo(cl_mem mem, cl_mem_info param, size_t size, void *value, size_t *size_ret) {
	(void)size_ret;
	assert_int_equal(param, CL_MEM_SIZE);
	memcpy(value, &objects[(uintptr_t)mem].size, size);
	return CL_SUCCESS;
}

cl_int __wrap_clSetMemObjectDestructorCallback(cl_mem mem, void(CL_CALLBACK *gone)(cl_mem, void *), void *data);
cl_int __wrap_clSetMemObjectDestructorCallback(cl_mem mem, void(CL_CALLBACK *gone)(cl_mem, void *), void *data) {
	objects[(uintptr_t)mem].gone = gone;
	objects[(uintptr_t)mem].data = data;
	return CL_SUCCESS;
}

cl_int __wrap_clReleaseMemObject(cl_mem mem);
cl_int __wrap_clReleaseMemObject(cl_mem mem) {
	objects[(uintptr_t)mem].gone(mem, objects[(uintptr_t)mem].data);
	return CL_SUCCESS;
}

cl_int __wrap_clGetContextInfo(cl_context context, cl_context_info param, size_t size, void *value, size_t *size_ret);
cl_int __wrap_clGetContextInfo(cl_context context, cl_context_info param, size_t size, void *value, size_t *size_ret) {
	(void)context, (void)size;
	assert_int_equal(param, CL_CONTEXT_DEVICES);
	memset(value, 0, sizeof(cl_device_id));
	*size_ret = sizeof(cl_device_id);
	return CL_SUCCESS;
}

cl_int __wrap_clGetDeviceInfo(cl_device_id device, cl_device_info param, size_t size, void *value, size_t *size_ret);
cl_int __wrap_clGetDeviceInfo(cl_device_id device, cl_device_info param, size_t size, void *value, size_t *size_ret) {
	(void)device, (void)size, (void)size_ret;
	const cl_device_svm_capabilities svm = CL_DEVICE_SVM_FINE_GRAIN_SYSTEM;
	const cl_bool yes = CL_TRUE;
	if (param == CL_DEVICE_TYPE)
		memcpy(value, &type, sizeof(type));
	else if (param == CL_DEVICE_SVM_CAPABILITIES)
		memcpy(value, &svm, sizeof(svm));
	else
		memcpy(value, &yes, sizeof(yes));
	return CL_SUCCESS;
}

static int set_up(void **state) {
	static struct vc_cl_stats stats;
	(void)state;
	vc_worker.stats = &stats;
	vc_worker.arena_limit = UINT64_MAX;
	vc_worker.device_limit = MIB;
	vc_worker.size = 16 * MIB;
	void *range = mmap(NULL, vc_worker.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	vc_worker.base = (uint64_t)(uintptr_t)range;
	int fd = memfd_create("quota", MFD_ALLOW_SEALING);
	return fd < 0 || ftruncate(fd, 4 * MIB) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0 ||
	       vc_arena_add(vc_worker.base, 4 * MIB, fd) < 0;
}

static cl_mem over_host_memory(size_t size, cl_int *err) {
	struct vc_request q = {0};
	return vc_serve_clCreateBuffer(&q, NULL, CL_MEM_USE_HOST_PTR, size, vc_worker.base, 1, err);
}

static void test_gpu(void **state) {
	(void)state;
	cl_int err;
	type = CL_DEVICE_TYPE_GPU;
	cl_mem first = over_host_memory(600 << 10, &err);
	assert_non_null(first);
	assert_null(over_host_memory(600 << 10, &err));
	assert_int_equal(err, CL_MEM_OBJECT_ALLOCATION_FAILURE);
	__wrap_clReleaseMemObject(first);
	first = over_host_memory(600 << 10, &err);
	assert_non_null(first);
	__wrap_clReleaseMemObject(first);
}

static void test_in_place(void **state) {
	(void)state;
	cl_int err;
	type = CL_DEVICE_TYPE_CPU;
	assert_non_null(over_host_memory(600 << 10, &err));
	assert_non_null(over_host_memory(600 << 10, &err));
}

static void test_pipe(void **state) {
	(void)state;
	struct vc_request q = {0};
	cl_int err;
	type = CL_DEVICE_TYPE_CPU;
	cl_mem first = vc_serve_clCreatePipe(&q, NULL, 0, 1024, 600, NULL, &err);
	assert_non_null(first);
	assert_null(vc_serve_clCreatePipe(&q, NULL, 0, 1024, 600, NULL, &err));
	assert_int_equal(err, CL_MEM_OBJECT_ALLOCATION_FAILURE);
	__wrap_clReleaseMemObject(first);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_gpu), cmocka_unit_test(test_in_place),
					   cmocka_unit_test(test_pipe)};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
