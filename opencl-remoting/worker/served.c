/* SPDX-License-Identifier: Apache-2.0 */
#include "served.h"

#include "ipc.h"
#include "log.h"
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Callbacks: the client's cookie is our user_data. Each writes a note; they may run on any thread of the host's. */

static void *cookie_data(cl_ulong cookie) {
	return (void *)(uintptr_t)cookie;
}

static void CL_CALLBACK on_context_notify(const char *text, const void *private_info, size_t size, void *data) {
	vc_worker_note(VC_CL_NOTE_CONTEXT, (uintptr_t)data, 0, private_info, (uint32_t)(size > 256 ? 256 : size), text);
}

static void CL_CALLBACK on_context_destroyed(cl_context context, void *data) {
	(void)context;
	vc_worker_note(VC_CL_NOTE_CALLBACK, (uintptr_t)data, 0, NULL, 0, NULL);
}

static void CL_CALLBACK on_mem_destroyed(cl_mem mem, void *data) {
	(void)mem;
	vc_worker_note(VC_CL_NOTE_CALLBACK, (uintptr_t)data, 0, NULL, 0, NULL);
}

static void CL_CALLBACK on_memory_unused(cl_mem mem, void *data) {
	(void)mem;
	vc_worker_note(VC_CL_NOTE_FREE, (uintptr_t)data, 0, NULL, 0, NULL);
}

static void CL_CALLBACK on_program_released(cl_program program, void *data) {
	(void)program;
	vc_worker_note(VC_CL_NOTE_CALLBACK, (uintptr_t)data, 0, NULL, 0, NULL);
}

static void CL_CALLBACK on_event(cl_event event, cl_int status, void *data) {
	(void)event;
	vc_worker_note(VC_CL_NOTE_CALLBACK, (uintptr_t)data, status, NULL, 0, NULL);
}

/* Contexts. */

/* A device works in place when its kernels use the memory behind CL_MEM_USE_HOST_PTR itself, so that what the client writes
 * there needs no command. A CPU that shares memory with the host (that is, with us) does. */
static bool is_in_place(cl_device_id device) {
	cl_device_type type = 0;
	cl_bool unified = CL_FALSE;
	cl_device_svm_capabilities svm = 0;
	clGetDeviceInfo(device, CL_DEVICE_TYPE, sizeof(type), &type, NULL);
	clGetDeviceInfo(device, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof(unified), &unified, NULL);
	clGetDeviceInfo(device, CL_DEVICE_SVM_CAPABILITIES, sizeof(svm), &svm, NULL);
	return (type & CL_DEVICE_TYPE_CPU) && unified && (svm & CL_DEVICE_SVM_FINE_GRAIN_SYSTEM);
}

static bool context_in_place(cl_context context) {
	cl_device_id devices[64];
	size_t size = 0;
	if (clGetContextInfo(context, CL_CONTEXT_DEVICES, sizeof(devices), devices, &size) != CL_SUCCESS)
		return false;
	for (size_t i = 0; i < size / sizeof(devices[0]); i++)
		if (!is_in_place(devices[i]))
			return false;
	return true;
}

/* The one property whose value is a handle. */
static const cl_context_properties *translate_properties(const cl_context_properties *list) {
	cl_context_properties *p = (cl_context_properties *)(uintptr_t)list; /* the request's private copy */
	for (size_t i = 0; p && p[i] != 0; i += 2)
		if (p[i] == CL_CONTEXT_PLATFORM)
			p[i + 1] = (cl_context_properties)(uintptr_t)vc_table_find(VC_CL_PLATFORM, (uint64_t)p[i + 1]);
	return list;
}

cl_context vc_serve_clCreateContext(struct vc_request *q, const cl_context_properties *properties, cl_uint num_devices,
				    const cl_device_id *devices, cl_ulong notify, cl_uint *in_place, cl_int *errcode) {
	(void)q;
	cl_context context = clCreateContext(translate_properties(properties), num_devices, devices,
					     notify ? on_context_notify : NULL, cookie_data(notify), errcode);
	if (in_place)
		*in_place = context && context_in_place(context);
	return context;
}

cl_context vc_serve_clCreateContextFromType(struct vc_request *q, const cl_context_properties *properties,
					    cl_device_type type, cl_ulong notify, cl_uint *in_place, cl_int *errcode) {
	(void)q;
	cl_context context = clCreateContextFromType(translate_properties(properties), type,
						     notify ? on_context_notify : NULL, cookie_data(notify), errcode);
	if (in_place)
		*in_place = context && context_in_place(context);
	return context;
}

cl_int vc_serve_clSetContextDestructorCallback(struct vc_request *q, cl_context context, cl_ulong notify) {
	(void)q;
	return clSetContextDestructorCallback(context, on_context_destroyed, cookie_data(notify));
}

cl_int vc_serve_vcReleaseObject(struct vc_request *q, cl_uint kind, cl_ulong id) {
	void *handle = kind < VC_CL_KINDS ? vc_table_remove((enum vc_cl_kind)kind, id) : NULL;
	vc_need(q, kind < VC_CL_KINDS);
	if (kind != VC_CL_EVENT)
		vc_linger_drop();
	if (kind == VC_CL_QUEUE)
		vc_linger_forget_queue();
	if (!handle)
		return CL_SUCCESS;
	switch ((enum vc_cl_kind)kind) {
	case VC_CL_DEVICE:
		return clReleaseDevice(handle);
	case VC_CL_CONTEXT:
		return clReleaseContext(handle);
	case VC_CL_QUEUE:
		return clReleaseCommandQueue(handle);
	case VC_CL_MEM:
		return clReleaseMemObject(handle);
	case VC_CL_SAMPLER:
		return clReleaseSampler(handle);
	case VC_CL_PROGRAM:
		return clReleaseProgram(handle);
	case VC_CL_KERNEL:
		return clReleaseKernel(handle);
	case VC_CL_EVENT:
		return clReleaseEvent(handle);
	default:
		return CL_SUCCESS;
	}
}

/* Queues. */

static bool queue_allowed(cl_int *errcode) {
	bool allowed = vc_worker.queue_limit == 0 ||
		       atomic_load(&vc_worker.stats->objects[VC_CL_QUEUE]) < vc_worker.queue_limit;
	if (!allowed) {
		vc_warn("no more than %llu queues (max_queues)", (unsigned long long)vc_worker.queue_limit);
		*errcode = CL_OUT_OF_RESOURCES;
	}
	return allowed;
}

cl_command_queue vc_serve_clCreateCommandQueue(struct vc_request *q, cl_context context, cl_device_id device,
					       cl_command_queue_properties properties, cl_int *errcode) {
	(void)q;
	return queue_allowed(errcode) ? clCreateCommandQueue(context, device, properties, errcode) : NULL;
}

cl_command_queue vc_serve_clCreateCommandQueueWithProperties(struct vc_request *q, cl_context context,
							     cl_device_id device, const cl_queue_properties *properties,
							     cl_int *errcode) {
	(void)q;
	return queue_allowed(errcode) ? clCreateCommandQueueWithProperties(context, device, properties, errcode) : NULL;
}

cl_int vc_serve_clFinish(struct vc_request *q, cl_command_queue queue) {
	int64_t began = vc_linger_for_queue(queue);
	vc_request_leave(q);
	cl_int result = clFinish(queue);
	vc_linger_learn(began);
	cl_int late = vc_table_take_error(queue);
	return result != CL_SUCCESS ? result : late;
}

/* Memory. */

static void *memory_at(struct vc_request *q, cl_ulong address, size_t size) {
	void *memory = (void *)(uintptr_t)address;
	vc_need(q, !memory || vc_arena_holds(memory, size));
	return q->bad ? NULL : memory;
}

/* The client may use the memory again when the host is done with it, and not before. */
static void tell_when_unused(struct vc_request *q, cl_mem mem, cl_ulong address) {
	if (mem && address)
		vc_need(q, clSetMemObjectDestructorCallback(mem, on_memory_unused, cookie_data(address)) == CL_SUCCESS);
}

/* Memory of the devices' own, as far as the client's objects ask for it. */
static _Atomic uint64_t device_bytes;

static void CL_CALLBACK on_device_memory_free(cl_mem mem, void *data) {
	(void)mem;
	atomic_fetch_sub(&device_bytes, (uintptr_t)data);
}

/* Books @mem's memory, or takes it back when that is too much. What lies in shared memory only is limited by arenas; devices with
 * memory of their own have a copy besides. */
static cl_mem book_device_memory(cl_mem mem, cl_context context, cl_mem_flags flags, cl_int *errcode) {
	size_t size = 0;
	if (!mem || vc_worker.device_limit == 0 || ((flags & CL_MEM_USE_HOST_PTR) && context_in_place(context)) ||
	    clGetMemObjectInfo(mem, CL_MEM_SIZE, sizeof(size), &size, NULL) != CL_SUCCESS)
		return mem;
	uint64_t now = atomic_fetch_add(&device_bytes, size) + size;
	if (clSetMemObjectDestructorCallback(mem, on_device_memory_free, (void *)(uintptr_t)size) != CL_SUCCESS)
		atomic_fetch_sub(&device_bytes, size);
	if (now <= vc_worker.device_limit)
		return mem;
	vc_warn("no more than %llu bytes of devices' memory (device_mb)", (unsigned long long)vc_worker.device_limit);
	clReleaseMemObject(mem);
	*errcode = CL_MEM_OBJECT_ALLOCATION_FAILURE;
	return NULL;
}

cl_mem vc_serve_clCreateBuffer(struct vc_request *q, cl_context context, cl_mem_flags flags, size_t size,
			       cl_ulong address, cl_uint keep, cl_int *errcode) {
	cl_mem mem = clCreateBuffer(context, flags, size, memory_at(q, address, size), errcode);
	tell_when_unused(q, mem, keep ? 0 : address);
	return book_device_memory(mem, context, flags, errcode);
}

cl_mem vc_serve_clCreateBufferWithProperties(struct vc_request *q, cl_context context,
					     const cl_mem_properties *properties, cl_mem_flags flags, size_t size,
					     cl_ulong address, cl_uint keep, cl_int *errcode) {
	cl_mem mem =
		clCreateBufferWithProperties(context, properties, flags, size, memory_at(q, address, size), errcode);
	tell_when_unused(q, mem, keep ? 0 : address);
	return book_device_memory(mem, context, flags, errcode);
}

/* Bytes that an image with pitches of the client's occupies; UINT64_MAX if a product overflows. */
static uint64_t image_size(const cl_image_desc *d) {
	uint64_t rows = 1, slices = 1, size;
	switch (d->image_type) {
	case CL_MEM_OBJECT_IMAGE1D_ARRAY:
		slices = d->image_array_size;
		break;
	case CL_MEM_OBJECT_IMAGE2D:
		rows = d->image_height;
		break;
	case CL_MEM_OBJECT_IMAGE2D_ARRAY:
		slices = d->image_array_size;
		break;
	case CL_MEM_OBJECT_IMAGE3D:
		slices = d->image_depth;
		break;
	default:
		break;
	}
	uint64_t pitch = d->image_type == CL_MEM_OBJECT_IMAGE1D || d->image_type == CL_MEM_OBJECT_IMAGE2D ||
					 d->image_type == CL_MEM_OBJECT_IMAGE1D_BUFFER
				 ? d->image_row_pitch
				 : d->image_slice_pitch;
	if (pitch == 0 || __builtin_mul_overflow(pitch, rows, &size) || __builtin_mul_overflow(size, slices, &size))
		return UINT64_MAX;
	return size;
}

cl_mem vc_serve_clCreateImageWithProperties(struct vc_request *q, cl_context context,
					    const cl_mem_properties *properties, cl_mem_flags flags,
					    const cl_image_format *format, const cl_image_desc *desc, cl_mem source,
					    cl_ulong address, size_t size, cl_uint keep, cl_int *errcode) {
	cl_image_desc own;
	if (desc) {
		own = *desc;
		own.mem_object = source;
		vc_need(q, address == 0 || image_size(&own) <= size);
		desc = &own;
	}
	void *memory = memory_at(q, address, size);
	if (q->bad)
		return NULL;
	cl_mem mem = properties ? clCreateImageWithProperties(context, properties, flags, format, desc, memory, errcode)
				: clCreateImage(context, flags, format, desc, memory, errcode);
	tell_when_unused(q, mem, keep ? 0 : address);
	return book_device_memory(mem, context, flags, errcode);
}

/* A pipe's packets are the device's; what it needs for itself besides is the implementation's secret. */
cl_mem vc_serve_clCreatePipe(struct vc_request *q, cl_context context, cl_mem_flags flags, cl_uint packet_size,
			     cl_uint max_packets, const cl_pipe_properties *properties, cl_int *errcode) {
	(void)q;
	cl_mem pipe = clCreatePipe(context, flags, packet_size, max_packets, properties, errcode);
	return book_device_memory(pipe, context, flags, errcode);
}

cl_int vc_serve_clSetMemObjectDestructorCallback(struct vc_request *q, cl_mem memobj, cl_ulong notify) {
	(void)q;
	return clSetMemObjectDestructorCallback(memobj, on_mem_destroyed, cookie_data(notify));
}

uint64_t vc_serve_image_bytes(cl_mem image, const size_t *region, size_t row_pitch, size_t slice_pitch) {
	size_t element = 0;
	uint64_t row, slice, all;
	if (!region || clGetImageInfo(image, CL_IMAGE_ELEMENT_SIZE, sizeof(element), &element, NULL) != CL_SUCCESS)
		return 0; /* the host refuses the command, and touches nothing */
	/* The client packs what it sends; what a pitch means depends on the kind of image. */
	if (row_pitch || slice_pitch || __builtin_mul_overflow(element, region[0], &row) ||
	    __builtin_mul_overflow(row, region[1], &slice) || __builtin_mul_overflow(slice, region[2], &all))
		return UINT64_MAX;
	return all;
}

uint64_t vc_serve_rect_bytes(const size_t *origin, const size_t *region, size_t row_pitch, size_t slice_pitch) {
	uint64_t bytes;
	if (!origin || !region)
		return 0;
	if (origin[0] || origin[1] || origin[2] || row_pitch || slice_pitch ||
	    __builtin_mul_overflow(region[0], region[1], &bytes) || __builtin_mul_overflow(bytes, region[2], &bytes))
		return UINT64_MAX;
	return bytes;
}

/* Programs: the client calls back by itself when these return. */

cl_int vc_serve_clBuildProgram(struct vc_request *q, cl_program program, cl_uint num_devices,
			       const cl_device_id *devices, const char *options) {
	(void)q;
	return clBuildProgram(program, num_devices, devices, options, NULL, NULL);
}

cl_int vc_serve_clCompileProgram(struct vc_request *q, cl_program program, cl_uint num_devices,
				 const cl_device_id *devices, const char *options, cl_uint num_headers,
				 const cl_program *headers, const char **names) {
	(void)q;
	return clCompileProgram(program, num_devices, devices, options, num_headers, headers, names, NULL, NULL);
}

cl_program vc_serve_clLinkProgram(struct vc_request *q, cl_context context, cl_uint num_devices,
				  const cl_device_id *devices, const char *options, cl_uint num_programs,
				  const cl_program *programs, cl_int *errcode) {
	(void)q;
	return clLinkProgram(context, num_devices, devices, options, num_programs, programs, NULL, NULL, errcode);
}

cl_int vc_serve_clSetProgramReleaseCallback(struct vc_request *q, cl_program program, cl_ulong notify) {
	(void)q;
	return clSetProgramReleaseCallback(program, on_program_released, cookie_data(notify));
}

/* One device's binary: the host gives all at once, into a list of pointers of which the others are NULL. */
cl_int vc_serve_vcGetProgramBinary(struct vc_request *q, cl_program program, cl_uint index, size_t size,
				   uint8_t *binary) {
	cl_uint count = 0;
	cl_int err = clGetProgramInfo(program, CL_PROGRAM_NUM_DEVICES, sizeof(count), &count, NULL);
	if (err != CL_SUCCESS || index >= count || !binary)
		return err != CL_SUCCESS ? err : CL_INVALID_VALUE;
	size_t *sizes = vc_request_alloc(q, count, sizeof(*sizes));
	unsigned char **binaries = vc_request_alloc(q, count, sizeof(*binaries));
	if (q->bad)
		return CL_OUT_OF_HOST_MEMORY;
	err = clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof(*sizes) * count, sizes, NULL);
	if (err != CL_SUCCESS || sizes[index] > size)
		return err != CL_SUCCESS ? err : CL_INVALID_VALUE;
	binaries[index] = binary;
	return clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof(*binaries) * count, binaries, NULL);
}

cl_int vc_serve_clSetKernelArg(struct vc_request *q, cl_kernel kernel, cl_uint index, size_t size, cl_uint kind,
			       const void *value) {
	void *handle;
	if (kind != VC_CL_NONE && value) {
		uint64_t id = 0;
		vc_need(q, kind < VC_CL_KINDS && size == sizeof(id));
		if (q->bad)
			return CL_INVALID_VALUE;
		memcpy(&id, value, sizeof(id));
		handle = vc_table_find((enum vc_cl_kind)kind, id);
		value = &handle;
	} else if (value && size == sizeof(handle)) {
		/* Bytes where the kernel wants a memory object would be followed as a pointer. */
		cl_kernel_arg_address_qualifier where = CL_KERNEL_ARG_ADDRESS_PRIVATE;
		memcpy(&handle, value, sizeof(handle));
		clGetKernelArgInfo(kernel, index, CL_KERNEL_ARG_ADDRESS_QUALIFIER, sizeof(where), &where, NULL);
		if (handle && (where == CL_KERNEL_ARG_ADDRESS_GLOBAL || where == CL_KERNEL_ARG_ADDRESS_CONSTANT))
			return CL_INVALID_MEM_OBJECT;
	}
	return clSetKernelArg(kernel, index, size, value);
}

cl_int vc_serve_clWaitForEvents(struct vc_request *q, cl_uint num_events, const cl_event *events) {
	int64_t began = vc_linger_for_events(num_events, events);
	vc_request_leave(q);
	cl_int result = clWaitForEvents(num_events, events);
	vc_linger_learn(began);
	return result;
}

/* See watch.c. The variable is for tests on a machine that has only a CPU. */
static bool is_to_be_watched(cl_event event) {
	cl_context context = NULL;
	return clGetEventInfo(event, CL_EVENT_CONTEXT, sizeof(context), &context, NULL) == CL_SUCCESS &&
	       (!context_in_place(context) || getenv("VCOCKPIT_CL_STAGED"));
}

cl_int vc_serve_clSetEventCallback(struct vc_request *q, cl_event event, cl_int type, cl_ulong notify) {
	(void)q;
	cl_int err = is_to_be_watched(event) ? vc_watch_event(event, type, notify)
					     : clSetEventCallback(event, type, on_event, cookie_data(notify));
	/* Nobody waits for this answer: who waits for the callback must hear of the failure. */
	if (err != CL_SUCCESS)
		vc_worker_note(VC_CL_NOTE_CALLBACK, notify, err, NULL, 0, NULL);
	return err;
}

/* Arenas. */

cl_int vc_serve_vcAddArena(struct vc_request *q, cl_ulong address, cl_ulong size) {
	int fd = -1;
	unsigned n = 1;
	char byte;
	ssize_t got = vc_ipc_recv(vc_worker.sock, &byte, sizeof(byte), &fd, &n);
	vc_need(q, got == 1 && n == 1);
	if (q->bad)
		return CL_INVALID_VALUE;
	int err = vc_arena_add(address, size, fd);
	if (err == -EPROTO)
		q->bad = true;
	if (err < 0)
		vc_warn("%llu bytes of shared memory refused: %s", (unsigned long long)size, strerror(-err));
	return err < 0 ? CL_MEM_OBJECT_ALLOCATION_FAILURE : CL_SUCCESS;
}

cl_int vc_serve_vcDropArena(struct vc_request *q, cl_ulong address) {
	vc_need(q, vc_arena_drop(address));
	return CL_SUCCESS;
}
