/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Info queries by table: which parameters hold handles, which may change, and which the client knows by itself. Values
 * cross the wire as the host gives them, but for device and platform handles, which cross as their numbers.
 */
#ifndef VC_CL_INFO_H
#define VC_CL_INFO_H

#include "cl.h"

#include <stdbool.h>

enum vc_info_table {
	VC_INFO_platform,
	VC_INFO_device,
	VC_INFO_context,
	VC_INFO_queue,
	VC_INFO_mem,
	VC_INFO_image,
	VC_INFO_pipe,
	VC_INFO_sampler,
	VC_INFO_program,
	VC_INFO_build,
	VC_INFO_kernel,
	VC_INFO_argument,
	VC_INFO_workgroup,
	VC_INFO_subgroup,
	VC_INFO_event,
	VC_INFO_profiling,
};

enum vc_info_class {
	VC_INFO_FIXED,     /* never changes: asked once */
	VC_INFO_CHANGES,   /* asked each time */
	VC_INFO_DEVICES,   /* an array of devices; never changes */
	VC_INFO_PLATFORM_, /* a platform; never changes */
	VC_INFO_LOCAL, /* the client answers: reference counts, handles of its own objects, what it made different */
};

/* What kind of answer @param of @table has. Parameters that nobody here knows are asked each time. */
enum vc_info_class vc_info_class(enum vc_info_table table, cl_uint param);

#endif
