/* SPDX-License-Identifier: Apache-2.0 */
/* References, what the ICD loader wants of us, and info queries that need no worker. */
#include "call.h"
#include "entry.h"
#include "transfer.h"

#include <CL/cl_ext.h>
#include <stdlib.h>
#include <string.h>

cl_int CL_API_CALL vc_entry_clGetPlatformIDs(cl_uint num_entries, cl_platform_id *platforms, cl_uint *num_platforms) {
	/* Within a worker: the host's other ICDs are meant. */
	if (getenv("VCOCKPIT_CL_WORKER") || !vc_call_link()) {
		if (num_platforms)
			*num_platforms = 0;
		return CL_PLATFORM_NOT_FOUND_KHR;
	}
	return vc_call_clGetPlatformIDs(num_entries, platforms, num_platforms);
}

static cl_int retain(void *handle, enum vc_cl_kind kind, cl_int invalid) {
	if (!vc_object_is(handle, kind))
		return invalid;
	atomic_fetch_add_explicit(&VC_OBJECT(handle)->refs, 1, memory_order_relaxed);
	return CL_SUCCESS;
}

static cl_int release(void *handle, enum vc_cl_kind kind, cl_int invalid) {
	if (!vc_object_is(handle, kind))
		return invalid;
	if (atomic_fetch_sub(&VC_OBJECT(handle)->refs, 1) == 1)
		vc_object_unuse(VC_OBJECT(handle));
	return CL_SUCCESS;
}

#define REFERENCES(name, type, kind, invalid)                                                                          \
	cl_int CL_API_CALL vc_entry_clRetain##name(type handle) {                                                      \
		return retain(handle, kind, invalid);                                                                  \
	}                                                                                                              \
	cl_int CL_API_CALL vc_entry_clRelease##name(type handle) {                                                     \
		return release(handle, kind, invalid);                                                                 \
	}

REFERENCES(Context, cl_context, VC_CL_CONTEXT, CL_INVALID_CONTEXT)
REFERENCES(CommandQueue, cl_command_queue, VC_CL_QUEUE, CL_INVALID_COMMAND_QUEUE)
REFERENCES(MemObject, cl_mem, VC_CL_MEM, CL_INVALID_MEM_OBJECT)
REFERENCES(Sampler, cl_sampler, VC_CL_SAMPLER, CL_INVALID_SAMPLER)
REFERENCES(Program, cl_program, VC_CL_PROGRAM, CL_INVALID_PROGRAM)
REFERENCES(Kernel, cl_kernel, VC_CL_KERNEL, CL_INVALID_KERNEL)
REFERENCES(Event, cl_event, VC_CL_EVENT, CL_INVALID_EVENT)

/* Root devices are not counted (section 4.3); partitions are. */
static bool is_root(cl_device_id device) {
	cl_device_id parent = NULL;
	return vc_call_clGetDeviceInfo(device, CL_DEVICE_PARENT_DEVICE, sizeof(parent), &parent, NULL) != CL_SUCCESS ||
	       !parent;
}

cl_int CL_API_CALL vc_entry_clRetainDevice(cl_device_id device) {
	if (vc_object_is(device, VC_CL_DEVICE) && is_root(device))
		return CL_SUCCESS;
	return retain(device, VC_CL_DEVICE, CL_INVALID_DEVICE);
}

cl_int CL_API_CALL vc_entry_clReleaseDevice(cl_device_id device) {
	if (vc_object_is(device, VC_CL_DEVICE) && is_root(device))
		return CL_SUCCESS;
	return release(device, VC_CL_DEVICE, CL_INVALID_DEVICE);
}

cl_int CL_API_CALL vc_entry_clUnloadCompiler(void) {
	return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clIcdGetPlatformIDsKHR(cl_uint num_entries, cl_platform_id *platforms,
						       cl_uint *num_platforms) {
	return vc_entry_clGetPlatformIDs(num_entries, platforms, num_platforms);
}

void *CL_API_CALL vc_entry_clGetExtensionFunctionAddress(const char *name) {
	static const struct {
		const char *name;
		void (*function)(void);
	} functions[] = {
		{"clIcdGetPlatformIDsKHR", (void (*)(void))clIcdGetPlatformIDsKHR},
		{"clGetPlatformInfo", (void (*)(void))vc_call_clGetPlatformInfo},
		{"clCreateProgramWithILKHR", (void (*)(void))vc_call_clCreateProgramWithIL},
		{"clGetKernelSubGroupInfoKHR", (void (*)(void))vc_call_clGetKernelSubGroupInfo},
	};
	for (size_t i = 0; name && i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strcmp(name, functions[i].name) == 0) {
			void *address;
			memcpy(&address, &functions[i].function, sizeof(address));
			return address;
		}
	return NULL;
}

void *CL_API_CALL vc_entry_clGetExtensionFunctionAddressForPlatform(cl_platform_id platform, const char *name) {
	return vc_object_is(platform, VC_CL_PLATFORM) ? vc_entry_clGetExtensionFunctionAddress(name) : NULL;
}

/* What loaders look up by name in an ICD: these two and the one above (cl_khr_icd, section 3 of its specification). */
CL_API_ENTRY void *CL_API_CALL clGetExtensionFunctionAddress(const char *name) {
	return vc_entry_clGetExtensionFunctionAddress(name);
}

CL_API_ENTRY cl_int CL_API_CALL clGetPlatformInfo(cl_platform_id platform, cl_platform_info param, size_t size,
						  void *value, size_t *size_ret) {
	return vc_call_clGetPlatformInfo(platform, param, size, value, size_ret);
}

static const void *a_handle(void *handle, union vc_info_value *room, size_t *n) {
	room->handle = handle;
	*n = sizeof(room->handle);
	return room;
}

static const void *a_number(cl_uint number, union vc_info_value *room, size_t *n) {
	room->number = number;
	*n = sizeof(room->number);
	return room;
}

static struct vc_object *parent_of_kind(struct vc_object *object, enum vc_cl_kind kind) {
	return object->parent && atomic_load(&object->parent->kind) == kind ? object->parent : NULL;
}

static const void *about_mem(struct vc_object *o, cl_uint param, union vc_info_value *room, size_t *n) {
	bool sub = o->parent && atomic_load(&o->parent->kind) == VC_CL_MEM;
	switch (param) {
	case CL_MEM_FLAGS:
		room->bits = o->mem.flags;
		*n = sizeof(room->bits);
		return room;
	case CL_MEM_MAP_COUNT:
		return a_number(vc_map_count(o), room, n);
	case CL_MEM_HOST_PTR:
		return a_handle(o->mem.host_ptr, room, n);
	case CL_MEM_USES_SVM_POINTER:
		return a_number(o->mem.host_ptr && !o->mem.shadow && !o->mem.alias, room, n);
	case CL_MEM_ASSOCIATED_MEMOBJECT:
		return a_handle(sub ? o->parent : NULL, room, n);
	case CL_IMAGE_BUFFER:
		return a_handle(sub && o->mem.type != CL_MEM_OBJECT_BUFFER ? o->parent : NULL, room, n);
	default:
		return NULL;
	}
}

const void *vc_info_local(enum vc_info_table table, struct vc_object *o, cl_uint param, union vc_info_value *room,
			  size_t *n) {
	static const enum vc_cl_kind kinds[] = {
		[VC_INFO_device] = VC_CL_DEVICE,   [VC_INFO_context] = VC_CL_CONTEXT, [VC_INFO_queue] = VC_CL_QUEUE,
		[VC_INFO_mem] = VC_CL_MEM,         [VC_INFO_image] = VC_CL_MEM,       [VC_INFO_sampler] = VC_CL_SAMPLER,
		[VC_INFO_program] = VC_CL_PROGRAM, [VC_INFO_kernel] = VC_CL_KERNEL,   [VC_INFO_event] = VC_CL_EVENT,
		[VC_INFO_profiling] = VC_CL_NONE};
	if (kinds[table] == VC_CL_NONE || !vc_object_is(o, kinds[table]))
		return NULL;
	switch (param) {
	case CL_DEVICE_REFERENCE_COUNT:
	case CL_CONTEXT_REFERENCE_COUNT:
	case CL_QUEUE_REFERENCE_COUNT:
	case CL_SAMPLER_REFERENCE_COUNT:
	case CL_PROGRAM_REFERENCE_COUNT:
	case CL_KERNEL_REFERENCE_COUNT:
	case CL_EVENT_REFERENCE_COUNT:
		return a_number(atomic_load(&o->refs), room, n);
	case CL_MEM_REFERENCE_COUNT: /* what is made of it counts too */
		return a_number(atomic_load(&o->refs) + atomic_load(&o->uses) - 1, room, n);
	case CL_QUEUE_CONTEXT:
	case CL_MEM_CONTEXT:
	case CL_SAMPLER_CONTEXT:
	case CL_PROGRAM_CONTEXT:
	case CL_KERNEL_CONTEXT:
	case CL_EVENT_CONTEXT:
		return a_handle(vc_object_context(o), room, n);
	case CL_CONTEXT_PROPERTIES:
		*n = o->context.nproperties * sizeof(cl_context_properties);
		return o->context.properties ? (const void *)o->context.properties : room;
	case CL_QUEUE_DEVICE_DEFAULT:
		return table == VC_INFO_queue ? a_handle(NULL, room, n) : NULL;
	case CL_KERNEL_PROGRAM:
		return a_handle(o->parent && atomic_load(&o->parent->kind) == VC_CL_KERNEL ? o->parent->parent
											   : o->parent,
				room, n);
	case CL_EVENT_COMMAND_QUEUE:
		return a_handle(parent_of_kind(o, VC_CL_QUEUE), room, n);
	case CL_EVENT_COMMAND_TYPE:
		return o->event.type ? a_number(o->event.type, room, n) : NULL;
	case CL_EVENT_COMMAND_EXECUTION_STATUS:
		return atomic_load(&o->event.status) <= CL_COMPLETE
			       ? a_number((cl_uint)atomic_load(&o->event.status), room, n)
			       : NULL;
	default:
		return table == VC_INFO_mem || table == VC_INFO_image ? about_mem(o, param, room, n) : NULL;
	}
}
