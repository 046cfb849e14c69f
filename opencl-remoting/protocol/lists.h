/* SPDX-License-Identifier: Apache-2.0 */
/* How many elements the zero-terminated lists of the API have, terminator included. NULL has none. */
#ifndef VC_CL_LISTS_H
#define VC_CL_LISTS_H

#include "cl.h"

/* Pairs of a property and its value, as in contexts, queues, memory objects, samplers and pipes. All are 64 bits wide. */
static inline size_t vc_list_long(const void *list) {
	const cl_ulong *p = list;
	size_t n = 0;
	while (p && p[n] != 0)
		n += 2;
	return p ? n + 1 : 0;
}

/* clCreateSubDevices(): a kind of partition and its value or values (OpenCL 3.0, section 4.3). */
static inline size_t vc_list_partition(const cl_device_partition_property *p) {
	size_t n = 0;
	while (p && p[n] != 0) {
		if (p[n++] == CL_DEVICE_PARTITION_BY_COUNTS)
			while (p[n] != CL_DEVICE_PARTITION_BY_COUNTS_LIST_END)
				n++;
		n++;
	}
	return p ? n + 1 : 0;
}

/* Elements of a range's lists; a bad number of dimensions has none, and the host says what is wrong. */
static inline size_t vc_list_dims(cl_uint dims) {
	return dims <= 3 ? dims : 0;
}

#endif
