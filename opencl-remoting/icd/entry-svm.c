/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared virtual memory: pieces of shared memory, which both sides have at the same address and devices in place use as it is
 * (fine-grained, section 5.6). So maps order commands and move nothing. Where a context is not in place, none of its devices offers
 * SVM, and all of this says CL_INVALID_OPERATION whatever else is wrong.
 */
#include "call.h"
#include "entry.h"
#include "memory.h"
#include "notes.h"
#include "transfer.h"

#include <stdlib.h>
#include <string.h>

void *CL_API_CALL vc_entry_clSVMAlloc(cl_context context, cl_svm_mem_flags flags, size_t size, cl_uint alignment) {
	const cl_svm_mem_flags access = CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY;
	const cl_svm_mem_flags all = access | CL_MEM_SVM_FINE_GRAIN_BUFFER | CL_MEM_SVM_ATOMICS;
	if (!vc_object_is(context, VC_CL_CONTEXT) || !VC_OBJECT(context)->context.in_place || size == 0)
		return NULL;
	if ((flags & ~all) || (flags & access & ((flags & access) - 1)) || (alignment & (alignment - 1)) ||
	    alignment > 4096 || ((flags & CL_MEM_SVM_ATOMICS) && !(flags & CL_MEM_SVM_FINE_GRAIN_BUFFER)))
		return NULL;
	cl_device_id devices[64];
	size_t have = 0;
	cl_ulong most = 0, largest = 0;
	vc_call_clGetContextInfo(context, CL_CONTEXT_DEVICES, sizeof(devices), devices, &have);
	for (size_t i = 0; i < have / sizeof(devices[0]); i++) {
		vc_call_clGetDeviceInfo(devices[i], CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof(most), &most, NULL);
		largest = most > largest ? most : largest;
	}
	if (size > largest)
		return NULL;
	struct vc_link *link = vc_call_link_alive();
	if (!link || link->epoch != VC_OBJECT(context)->epoch)
		return NULL;
	return vc_memory_alloc(link, size, alignment > 128 ? alignment : 128);
}

void CL_API_CALL vc_entry_clSVMFree(cl_context context, void *pointer) {
	if (vc_object_is(context, VC_CL_CONTEXT))
		vc_memory_free(pointer);
}

/* What is freed once the commands before are done, by us or the program. */
struct free_job {
	void(CL_CALLBACK *function)(cl_command_queue, cl_uint, void **, void *);
	void *data;
	cl_uint count;
	void *pointers[];
};

static void run_free(struct vc_callback *callback, cl_int status) {
	struct free_job *job = callback->more;
	(void)status;
	if (job->function)
		job->function((cl_command_queue)(void *)callback->object->parent, job->count, job->pointers, job->data);
	else
		for (cl_uint i = 0; i < job->count; i++)
			vc_memory_free(job->pointers[i]);
	free(job);
}

cl_int CL_API_CALL vc_entry_clEnqueueSVMFree(cl_command_queue queue, cl_uint n, void *pointers[],
					     void(CL_CALLBACK *function)(cl_command_queue, cl_uint, void *[], void *),
					     void *data, cl_uint count, const cl_event *list, cl_event *event) {
	if (!vc_object_is(queue, VC_CL_QUEUE))
		return CL_INVALID_COMMAND_QUEUE;
	if (!vc_context_in_place(VC_OBJECT(queue)))
		return CL_INVALID_OPERATION;
	if ((n > 0) != (pointers != NULL))
		return CL_INVALID_VALUE;
	for (cl_uint i = 0; i < n; i++)
		if (!pointers[i])
			return CL_INVALID_VALUE;
	struct free_job *job = malloc(sizeof(*job) + n * sizeof(void *));
	if (!job)
		return CL_OUT_OF_HOST_MEMORY;
	*job = (struct free_job){.function = function, .data = data, .count = n};
	if (n > 0)
		memcpy(job->pointers, pointers, n * sizeof(void *));
	cl_event done;
	cl_int err = vc_queue_mark(queue, CL_COMMAND_SVM_FREE, count, list, &done);
	if (err != CL_SUCCESS) {
		free(job);
		return err;
	}
	const struct vc_callback callback = {.run = run_free, .more = job, .object = VC_OBJECT(done), .always = true};
	uint64_t cookie = vc_notes_add(&callback);
	if (cookie)
		vc_call_clSetEventCallback(done, CL_COMPLETE, cookie);
	else
		free(job);
	if (event)
		*event = done;
	else
		vc_entry_clReleaseEvent(done);
	return CL_SUCCESS;
}

/* One side of a copy may be the program's own memory; the client copies then, and also when both are shared: the bytes are here. */
cl_int CL_API_CALL vc_entry_clEnqueueSVMMemcpy(cl_command_queue queue, cl_bool blocking, void *dst, const void *src,
					       size_t size, cl_uint count, const cl_event *list, cl_event *event) {
	if (!vc_object_is(queue, VC_CL_QUEUE))
		return CL_INVALID_COMMAND_QUEUE;
	if (!vc_context_in_place(VC_OBJECT(queue)))
		return CL_INVALID_OPERATION;
	uintptr_t a = (uintptr_t)dst, b = (uintptr_t)src;
	if (!dst || !src)
		return CL_INVALID_VALUE;
	if (a < b + size && b < a + size)
		return CL_MEM_COPY_OVERLAP;
	struct vc_move m = {.queue = VC_OBJECT(queue),
			    .type = CL_COMMAND_SVM_MEMCPY,
			    .blocking = blocking,
			    .write = true,
			    .memory = dst,
			    .user = (uint8_t *)(uintptr_t)src,
			    .row = size,
			    .slice = size,
			    .user_row = size,
			    .user_slice = size,
			    .bytes = size,
			    .rows = 1,
			    .slices = 1,
			    .nothing = size == 0};
	return vc_move(&m, count, list, event);
}

cl_int CL_API_CALL vc_entry_clEnqueueSVMMemFill(cl_command_queue queue, void *pointer, const void *pattern,
						size_t pattern_size, size_t size, cl_uint count, const cl_event *list,
						cl_event *event) {
	if (!vc_object_is(queue, VC_CL_QUEUE))
		return CL_INVALID_COMMAND_QUEUE;
	if (!vc_context_in_place(VC_OBJECT(queue)))
		return CL_INVALID_OPERATION;
	if (!pointer || !pattern || vc_memory_left(pointer) < size ||
	    (pattern_size > 0 && (uintptr_t)pointer % pattern_size != 0))
		return CL_INVALID_VALUE;
	/* As a buffer over the memory, which hosts fill whoever allocated it. It lives until the command is done. */
	cl_int err;
	cl_mem buffer = vc_call_clCreateBuffer((cl_context)(void *)vc_object_context(VC_OBJECT(queue)),
					       CL_MEM_USE_HOST_PTR, size, (cl_ulong)(uintptr_t)pointer, true, &err);
	if (!buffer)
		return err == CL_INVALID_BUFFER_SIZE ? CL_INVALID_VALUE : err;
	err = vc_call_clEnqueueFillBuffer(queue, buffer, pattern, pattern_size, 0, size, count, list, event);
	if (err == CL_SUCCESS && event)
		VC_OBJECT(*event)->event.type = CL_COMMAND_SVM_MEMFILL;
	vc_entry_clReleaseMemObject(buffer);
	return err;
}

static cl_int order(cl_command_queue queue, cl_command_type type, bool blocking, cl_uint count, const cl_event *list,
		    cl_event *event) {
	struct vc_move m = {.queue = VC_OBJECT(queue), .type = type, .blocking = blocking, .nothing = true};
	return vc_move(&m, count, list, event);
}

cl_int CL_API_CALL vc_entry_clEnqueueSVMMap(cl_command_queue queue, cl_bool blocking, cl_map_flags flags, void *pointer,
					    size_t size, cl_uint count, const cl_event *list, cl_event *event) {
	const cl_map_flags all = CL_MAP_READ | CL_MAP_WRITE | CL_MAP_WRITE_INVALIDATE_REGION;
	if (!vc_object_is(queue, VC_CL_QUEUE))
		return CL_INVALID_COMMAND_QUEUE;
	if (!vc_context_in_place(VC_OBJECT(queue)))
		return CL_INVALID_OPERATION;
	if (!pointer || size == 0 || (flags & ~all))
		return CL_INVALID_VALUE;
	return order(queue, CL_COMMAND_SVM_MAP, blocking, count, list, event);
}

cl_int CL_API_CALL vc_entry_clEnqueueSVMUnmap(cl_command_queue queue, void *pointer, cl_uint count,
					      const cl_event *list, cl_event *event) {
	if (!vc_object_is(queue, VC_CL_QUEUE))
		return CL_INVALID_COMMAND_QUEUE;
	if (!vc_context_in_place(VC_OBJECT(queue)))
		return CL_INVALID_OPERATION;
	if (!pointer)
		return CL_INVALID_VALUE;
	return order(queue, CL_COMMAND_SVM_UNMAP, false, count, list, event);
}

cl_int CL_API_CALL vc_entry_clEnqueueSVMMigrateMem(cl_command_queue queue, cl_uint n, const void **pointers,
						   const size_t *sizes, cl_mem_migration_flags flags, cl_uint count,
						   const cl_event *list, cl_event *event) {
	const cl_mem_migration_flags all = CL_MIGRATE_MEM_OBJECT_HOST | CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED;
	if (!vc_object_is(queue, VC_CL_QUEUE))
		return CL_INVALID_COMMAND_QUEUE;
	if (!vc_context_in_place(VC_OBJECT(queue)))
		return CL_INVALID_OPERATION;
	if (n == 0 || !pointers || (flags & ~all))
		return CL_INVALID_VALUE;
	for (cl_uint i = 0; i < n; i++)
		if (!pointers[i] || vc_memory_left(pointers[i]) < (sizes ? sizes[i] : 1))
			return CL_INVALID_VALUE;
	return order(queue, CL_COMMAND_SVM_MIGRATE_MEM, false, count, list, event);
}

cl_int CL_API_CALL vc_entry_clSetKernelArgSVMPointer(cl_kernel kernel, cl_uint index, const void *value) {
	if (vc_object_is(kernel, VC_CL_KERNEL) && !vc_context_in_place(VC_OBJECT(kernel)))
		return CL_INVALID_OPERATION;
	return vc_call_clSetKernelArgSVMPointer(kernel, index, value);
}

cl_int CL_API_CALL vc_entry_clSetKernelExecInfo(cl_kernel kernel, cl_kernel_exec_info name, size_t size,
						const void *value) {
	bool svm = name == CL_KERNEL_EXEC_INFO_SVM_PTRS || name == CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM;
	if (svm && vc_object_is(kernel, VC_CL_KERNEL) && !vc_context_in_place(VC_OBJECT(kernel)))
		return CL_INVALID_OPERATION;
	return vc_call_clSetKernelExecInfo(kernel, name, size, value);
}
