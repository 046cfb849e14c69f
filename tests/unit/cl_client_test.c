/* SPDX-License-Identifier: Apache-2.0 */
/* The client's half against a worker that says yes: handles, lifetimes, shared memory, which calls wait, and copies counted. */
#include "call.h"
#include "cl_fake_worker.h"
#include "entry.h"
#include "memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static cl_context context;
static cl_command_queue queue;

static int setup(void **state) {
	(void)state;
	fake_worker_start(fake_worker_yes);
	cl_platform_id platform;
	cl_device_id device;
	cl_int err = vc_entry_clGetPlatformIDs(1, &platform, NULL);
	if (err != CL_SUCCESS)
		return -1;
	device = (cl_device_id)(void *)vc_object_named(VC_CL_DEVICE, VC_CL_ID(1, 1));
	context = vc_entry_clCreateContext(NULL, 1, &device, NULL, NULL, &err);
	queue = vc_entry_clCreateCommandQueue(context, device, 0, &err);
	return err == CL_SUCCESS && queue ? 0 : -1;
}

static cl_mem buffer(cl_mem_flags flags, size_t size, void *host) {
	cl_int err = 1;
	cl_mem mem = vc_entry_clCreateBuffer(context, flags, size, host, &err);
	assert_int_equal(err, CL_SUCCESS);
	assert_non_null(mem);
	return mem;
}

static void test_any_pointer(void **state) {
	(void)state;
	int here;
	const void *pointers[] = {NULL,
				  &here,
				  (void *)1,
				  (void *)~(uintptr_t)0,
				  (char *)(void *)context + 8,
				  (char *)(void *)context + (1 << 20),
				  setup};
	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++)
		assert_int_equal(vc_object_kind(pointers[i]), VC_CL_NONE);
	assert_int_equal(vc_object_kind(context), VC_CL_CONTEXT);
	assert_int_equal(vc_entry_clRetainKernel((cl_kernel)(void *)context), CL_INVALID_KERNEL);
	assert_int_equal(vc_entry_clFinish((cl_command_queue)(void *)&here), CL_INVALID_COMMAND_QUEUE);
}

static void test_lifetimes(void **state) {
	(void)state;
	unsigned before = fake_worker_count(VC_OP_vcReleaseObject);
	cl_mem parent = buffer(0, 4096, NULL);
	const cl_buffer_region region = {0, 1024};
	cl_int err;
	cl_mem child = vc_entry_clCreateSubBuffer(parent, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &err);
	assert_non_null(child);
	assert_int_equal(vc_entry_clRetainMemObject(parent), CL_SUCCESS);
	assert_int_equal(vc_entry_clReleaseMemObject(parent), CL_SUCCESS);
	assert_int_equal(vc_entry_clReleaseMemObject(parent), CL_SUCCESS);
	/* The program has let go; the child has not. */
	assert_int_equal(vc_entry_clReleaseMemObject(parent), CL_INVALID_MEM_OBJECT);
	assert_int_equal(fake_worker_count(VC_OP_vcReleaseObject), before);
	assert_int_equal(vc_entry_clReleaseMemObject(child), CL_SUCCESS);
	assert_int_equal(fake_worker_count(VC_OP_vcReleaseObject), before + 2);
	/* A place that is used again is another object. */
	uint64_t id = VC_OBJECT(child)->id;
	cl_mem again = buffer(0, 64, NULL);
	assert_true(VC_OBJECT(again)->id != id);
	assert_int_equal(vc_entry_clReleaseMemObject(again), CL_SUCCESS);
}

static uint64_t copied(void) {
	return atomic_load(&fake_worker_link()->channel->counters.bytes_copied);
}

static void test_copies(void **state) {
	(void)state;
	char data[1000], back[1000];
	memset(data, 'x', sizeof(data));
	cl_mem mem = buffer(CL_MEM_ALLOC_HOST_PTR, 4096, NULL);
	uint64_t start = copied();
	unsigned finishes = fake_worker_count(VC_OP_clFinish);
	/* Nothing is under way: a write and a read are a copy each, and nobody is asked. */
	assert_int_equal(vc_entry_clEnqueueWriteBuffer(queue, mem, CL_TRUE, 8, 1000, data, 0, NULL, NULL), CL_SUCCESS);
	assert_int_equal(copied() - start, 1000);
	assert_int_equal(vc_entry_clEnqueueReadBuffer(queue, mem, CL_FALSE, 8, 1000, back, 0, NULL, NULL), CL_SUCCESS);
	assert_memory_equal(data, back, 1000);
	assert_int_equal(copied() - start, 2000);
	/* A map is none at all, and is the memory itself. */
	cl_int err;
	char *map = vc_entry_clEnqueueMapBuffer(queue, mem, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, 4096, 0, NULL, NULL,
						&err);
	assert_int_equal(err, CL_SUCCESS);
	assert_memory_equal(map + 8, data, 1000);
	assert_ptr_equal(map, VC_OBJECT(mem)->mem.memory);
	assert_int_equal(vc_entry_clEnqueueUnmapMemObject(queue, mem, map, 0, NULL, NULL), CL_SUCCESS);
	assert_int_equal(vc_entry_clEnqueueUnmapMemObject(queue, mem, map, 0, NULL, NULL), CL_INVALID_VALUE);
	assert_int_equal(copied() - start, 2000);
	assert_int_equal(fake_worker_count(VC_OP_clFinish), finishes);
	/* With a command under way a blocking read waits for it first, once. */
	assert_int_equal(vc_call_clEnqueueBarrierWithWaitList(queue, 0, NULL, NULL), CL_SUCCESS);
	assert_int_equal(vc_entry_clEnqueueReadBuffer(queue, mem, CL_TRUE, 0, 1000, back, 0, NULL, NULL), CL_SUCCESS);
	assert_int_equal(fake_worker_count(VC_OP_clFinish), finishes + 1);
	assert_int_equal(vc_entry_clReleaseMemObject(mem), CL_SUCCESS);
}

static char *private_memory(size_t size, int fill) {
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	memset(memory, fill, size);
	return memory;
}

enum { ADOPTED = 256 << 10 };

/* Whole pages of the program's are the object's contents: a copy when it is made, one when it goes, none between. */
static void test_adoption(void **state) {
	(void)state;
	char *memory = private_memory(ADOPTED, 3);
	uint64_t start = copied();
	cl_mem mem = buffer(CL_MEM_USE_HOST_PTR, ADOPTED, memory);
	char *contents = (char *)VC_OBJECT(mem)->mem.memory;
	assert_int_equal(copied() - start, ADOPTED);
	assert_ptr_not_equal(contents, memory);
	assert_memory_equal(contents, memory, ADOPTED);
	cl_int err;
	char *map = vc_entry_clEnqueueMapBuffer(queue, mem, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 4096, 4096, 0, NULL,
						NULL, &err);
	assert_int_equal(err, CL_SUCCESS);
	assert_ptr_equal(map, memory + 4096);
	map[7] = 9;
	assert_int_equal(contents[4096 + 7], 9);
	contents[4096 + 8] = 10;
	assert_int_equal(map[8], 10);
	assert_int_equal(vc_entry_clEnqueueUnmapMemObject(queue, mem, map, 0, NULL, NULL), CL_SUCCESS);
	assert_int_equal(copied() - start, ADOPTED);
	/* A child has its own, as it would have. */
	pid_t child = fork();
	if (child == 0) {
		memory[0] = 77;
		_exit(memory[4096 + 7] == 9 && contents[0] == 3 ? 0 : 1);
	}
	int status = 1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(memory[0], 3);
	/* In the end it is the program's alone. */
	assert_int_equal(vc_entry_clReleaseMemObject(mem), CL_SUCCESS);
	assert_int_equal(memory[4096 + 8], 10);
	memory[0] = 5;
	assert_int_equal(contents[0], 3);
	assert_int_equal(munmap(memory, ADOPTED), 0);
}

/* What must not be adopted is copied, as is what already is. */
static void test_no_adoption(void **state) {
	(void)state;
	char *memory = private_memory(2 * ADOPTED, 3);
	char *shared = mmap(NULL, ADOPTED, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(shared, MAP_FAILED);
	assert_int_equal(mprotect(memory + ADOPTED, 4096, PROT_READ), 0);
	_Alignas(4096) char stack[64 << 10] = {0};
	cl_mem first = buffer(CL_MEM_USE_HOST_PTR, ADOPTED, memory);
	assert_true(VC_OBJECT(first)->mem.alias);
	struct {
		char *at;
		size_t size;
	} bad[] = {{memory, ADOPTED},
		   {memory + 4096, 64 << 10},
		   {shared, ADOPTED},
		   {stack, sizeof(stack)},
		   {memory + ADOPTED, 65536},
		   {memory + ADOPTED + 4097, 65536},
		   {memory + ADOPTED + 8192, 65537}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cl_mem mem = buffer(CL_MEM_USE_HOST_PTR, bad[i].size, bad[i].at);
		assert_false(VC_OBJECT(mem)->mem.alias);
		assert_true(VC_OBJECT(mem)->mem.shadow);
		assert_int_equal(vc_entry_clReleaseMemObject(mem), CL_SUCCESS);
	}
	assert_int_equal(vc_entry_clReleaseMemObject(first), CL_SUCCESS);
	munmap(memory, 2 * ADOPTED);
	munmap(shared, ADOPTED);
}

static void test_bounds(void **state) {
	(void)state;
	char data[16];
	cl_mem mem = buffer(0, 16, NULL);
	const size_t bad[][2] = {{0, 17}, {16, 1}, {17, 0}, {(size_t)-1, 2}, {8, (size_t)-4}, {0, 0}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
			vc_entry_clEnqueueReadBuffer(queue, mem, CL_TRUE, bad[i][0], bad[i][1], data, 0, NULL, NULL),
			CL_INVALID_VALUE);
	const size_t zero[3] = {0}, wide[3] = {8, 3, 1}, huge[3] = {1, (size_t)1 << 62, 8};
	assert_int_equal(vc_entry_clEnqueueReadBufferRect(queue, mem, CL_TRUE, zero, zero, wide, 0, 0, 0, 0, data, 0,
							  NULL, NULL),
			 CL_INVALID_VALUE);
	assert_int_equal(vc_entry_clEnqueueReadBufferRect(queue, mem, CL_TRUE, zero, zero, huge, 8, 0, 8, 0, data, 0,
							  NULL, NULL),
			 CL_INVALID_VALUE);
	assert_int_equal(vc_entry_clReleaseMemObject(mem), CL_SUCCESS);
}

/* The first call of a shape waits, later ones don't; another shape waits again. */
static void test_shapes(void **state) {
	(void)state;
	cl_mem a = buffer(0, 4096, NULL), b = buffer(0, 4096, NULL);
	struct vc_cl_counters *counters = &fake_worker_link()->channel->counters;
	uint64_t waited = atomic_load(&counters->waited);
	for (int i = 0; i < 10; i++)
		assert_int_equal(vc_call_clEnqueueCopyBuffer(queue, a, b, 0, 0, 64, 0, NULL, NULL), CL_SUCCESS);
	assert_int_equal(atomic_load(&counters->waited), waited + 1);
	assert_int_equal(vc_call_clEnqueueCopyBuffer(queue, a, b, 0, 0, 65, 0, NULL, NULL), CL_SUCCESS);
	assert_int_equal(atomic_load(&counters->waited), waited + 2);
	/* A buffer at the same place is another one. */
	vc_entry_clReleaseMemObject(a);
	a = buffer(0, 4096, NULL);
	waited = atomic_load(&counters->waited);
	assert_int_equal(vc_call_clEnqueueCopyBuffer(queue, a, b, 0, 0, 64, 0, NULL, NULL), CL_SUCCESS);
	assert_int_equal(atomic_load(&counters->waited), waited + 1);
	vc_entry_clReleaseMemObject(a);
	vc_entry_clReleaseMemObject(b);
}

static void test_memory(void **state) {
	(void)state;
	struct vc_link *link = fake_worker_link();
	unsigned arenas = fake_worker_count(VC_OP_vcAddArena), drops = fake_worker_count(VC_OP_vcDropArena);
	char *pieces[64];
	for (int i = 0; i < 64; i++) {
		pieces[i] = vc_memory_alloc(link, 1000 + (size_t)i * 500, i % 2 ? 4096 : 1);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % (i % 2 ? 4096 : 256), 0);
		assert_true(vc_memory_left(pieces[i]) >= 1000 + (size_t)i * 500);
		memset(pieces[i], i, 1000 + (size_t)i * 500);
	}
	for (int i = 0; i < 64; i++)
		for (size_t k = 0; k < 1000 + (size_t)i * 500; k++)
			assert_int_equal(pieces[i][k], i);
	for (int i = 0; i < 64; i += 2)
		vc_memory_free(pieces[i]);
	for (int i = 1; i < 64; i += 2)
		vc_memory_free(pieces[i]);
	assert_int_equal(vc_memory_left(pieces[7]), 0);
	vc_memory_free(pieces[7]); /* twice, and others' pointers: nothing happens */
	vc_memory_free(&arenas);
	assert_true(fake_worker_count(VC_OP_vcAddArena) <= arenas + 1);
	/* A large piece has an arena of its own, which goes with it. */
	arenas = fake_worker_count(VC_OP_vcAddArena);
	char *large = vc_memory_alloc(link, 100 << 20, 4096);
	assert_non_null(large);
	large[(100 << 20) - 1] = 1;
	assert_int_equal(fake_worker_count(VC_OP_vcAddArena), arenas + 1);
	vc_memory_free(large);
	assert_int_equal(fake_worker_count(VC_OP_vcDropArena), drops + 1);
	assert_null(vc_memory_alloc(link, link->size + 1, 1));
	assert_null(vc_memory_alloc(link, SIZE_MAX, 1));
}

/* Last: what lived on the dead worker gives errors, a new context works. */
/* Whose times were asked for. */
static uint64_t asked_for;

static uint32_t answer_times(enum vc_cl_op op, const uint8_t *arguments, size_t size, uint8_t *answer) {
	if (op != VC_OP_clGetEventInfo && op != VC_OP_clGetEventProfilingInfo)
		return fake_worker_yes(op, arguments, size, answer);
	/* Complete, and a time. */
	uint64_t bytes = op == VC_OP_clGetEventInfo ? sizeof(cl_int) : sizeof(cl_ulong);
	if (op == VC_OP_clGetEventProfilingInfo)
		memcpy(&asked_for, arguments, sizeof(asked_for));
	memcpy(answer + 8, &bytes, sizeof(bytes));
	memcpy(answer + 16, &bytes, sizeof(bytes));
	return 32;
}

static uint64_t whose(cl_event event, cl_profiling_info name) {
	cl_ulong at = 1;
	assert_int_equal(vc_entry_clGetEventProfilingInfo(event, name, sizeof(at), &at, NULL), CL_SUCCESS);
	return asked_for;
}

/* Elsewhere than in place, the times of a transfer are its commands', also where its event is a marker's. */
static void test_times(void **state) {
	(void)state;
	cl_device_id device = (cl_device_id)(void *)vc_object_named(VC_CL_DEVICE, VC_CL_ID(1, 1));
	cl_int err;
	setenv("VCOCKPIT_CL_STAGED", "1", 1);
	cl_context staged = vc_entry_clCreateContext(NULL, 1, &device, NULL, NULL, &err);
	unsetenv("VCOCKPIT_CL_STAGED");
	cl_command_queue its = vc_entry_clCreateCommandQueue(staged, device, CL_QUEUE_PROFILING_ENABLE, &err);
	enum { SIZE = 4 << 20 };
	cl_mem mem = vc_entry_clCreateBuffer(staged, 0, SIZE, NULL, &err);
	assert_non_null(mem);
	static char data[SIZE]; /* a read into it is under way to the end */
	cl_event event = NULL;
	fake_worker_start(answer_times);
	assert_int_equal(vc_entry_clEnqueueReadBuffer(its, mem, CL_FALSE, 0, 64, data, 0, NULL, &event), CL_SUCCESS);
	assert_true(whose(event, CL_PROFILING_COMMAND_START) != VC_OBJECT(event)->id);
	assert_int_equal(whose(event, CL_PROFILING_COMMAND_START), whose(event, CL_PROFILING_COMMAND_END));
	assert_int_equal(vc_entry_clReleaseEvent(event), CL_SUCCESS);
	/* In chunks: from the first one's beginning to the last one's end. */
	assert_int_equal(vc_entry_clEnqueueReadBuffer(its, mem, CL_TRUE, 0, SIZE, data, 0, NULL, &event), CL_SUCCESS);
	assert_true(whose(event, CL_PROFILING_COMMAND_QUEUED) != VC_OBJECT(event)->id);
	assert_true(whose(event, CL_PROFILING_COMMAND_START) < whose(event, CL_PROFILING_COMMAND_END));
	assert_int_equal(vc_entry_clReleaseEvent(event), CL_SUCCESS);
	assert_int_equal(vc_entry_clReleaseMemObject(mem), CL_SUCCESS);
	fake_worker_start(fake_worker_yes);
}

static void test_death(void **state) {
	(void)state;
	cl_mem mem = buffer(0, 64, NULL);
	cl_context old = context;
	cl_command_queue old_queue = queue;
	char byte;
	fake_worker_die();
	assert_int_equal(vc_entry_clEnqueueReadBuffer(old_queue, mem, CL_TRUE, 0, 1, &byte, 0, NULL, NULL),
			 CL_OUT_OF_RESOURCES);
	assert_int_equal(setup(NULL), 0);
	assert_ptr_not_equal(context, old);
	assert_int_equal(vc_entry_clEnqueueReadBuffer(old_queue, mem, CL_TRUE, 0, 1, &byte, 0, NULL, NULL),
			 CL_OUT_OF_RESOURCES);
	cl_int err;
	assert_null(vc_entry_clCreateBuffer(old, 0, 64, NULL, &err));
	assert_int_equal(err, CL_OUT_OF_RESOURCES);
	cl_mem fresh = buffer(0, 64, NULL);
	assert_int_equal(vc_entry_clEnqueueWriteBuffer(queue, fresh, CL_TRUE, 0, 1, "y", 0, NULL, NULL), CL_SUCCESS);
	assert_int_equal(vc_entry_clReleaseMemObject(mem), CL_SUCCESS);
	assert_int_equal(vc_entry_clReleaseMemObject(fresh), CL_SUCCESS);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_pointer), cmocka_unit_test(test_lifetimes),   cmocka_unit_test(test_copies),
		cmocka_unit_test(test_adoption),    cmocka_unit_test(test_no_adoption), cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_shapes),      cmocka_unit_test(test_memory),      cmocka_unit_test(test_times),
		cmocka_unit_test(test_death),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
