/* SPDX-License-Identifier: Apache-2.0 */
#include "info.h"

enum vc_info_class vc_info_class(enum vc_info_table table, cl_uint param) {
	switch (param) {
	case CL_DEVICE_PLATFORM:
		return VC_INFO_PLATFORM_;
	case CL_DEVICE_PARENT_DEVICE:
	case CL_CONTEXT_DEVICES:
	case CL_QUEUE_DEVICE:
	case CL_PROGRAM_DEVICES:
		return VC_INFO_DEVICES;
	case CL_CONTEXT_PROPERTIES: /* holds the platform's handle as the program gave it */
	case CL_DEVICE_REFERENCE_COUNT:
	case CL_CONTEXT_REFERENCE_COUNT:
	case CL_QUEUE_REFERENCE_COUNT:
	case CL_MEM_REFERENCE_COUNT:
	case CL_SAMPLER_REFERENCE_COUNT:
	case CL_PROGRAM_REFERENCE_COUNT:
	case CL_KERNEL_REFERENCE_COUNT:
	case CL_EVENT_REFERENCE_COUNT:
	case CL_QUEUE_CONTEXT:
	case CL_QUEUE_DEVICE_DEFAULT:
	case CL_MEM_CONTEXT:
	case CL_MEM_ASSOCIATED_MEMOBJECT:
	case CL_MEM_FLAGS:
	case CL_MEM_MAP_COUNT:
	case CL_MEM_HOST_PTR:
	case CL_MEM_USES_SVM_POINTER:
	case CL_IMAGE_BUFFER:
	case CL_SAMPLER_CONTEXT:
	case CL_PROGRAM_CONTEXT:
	case CL_KERNEL_CONTEXT:
	case CL_KERNEL_PROGRAM:
	case CL_EVENT_CONTEXT:
	case CL_EVENT_COMMAND_QUEUE:
	case CL_EVENT_COMMAND_TYPE:
		return VC_INFO_LOCAL;
	case CL_KERNEL_LOCAL_SIZE_FOR_SUB_GROUP_COUNT: /* the room for it is part of the question */
	case CL_DEVICE_AVAILABLE:
	case CL_QUEUE_PROPERTIES: /* clSetCommandQueueProperty() */
	case CL_QUEUE_SIZE:
		return VC_INFO_CHANGES;
	default:
		break;
	}
	switch (table) {
	case VC_INFO_program: /* a build changes nearly all of it */
	case VC_INFO_build:
	case VC_INFO_event:
	case VC_INFO_profiling:
		return VC_INFO_CHANGES;
	default:
		return VC_INFO_FIXED;
	}
}
