/* SPDX-License-Identifier: Apache-2.0 */
/* Counts every allocation of the process, those of libraries and of libc itself included. */
#ifndef VC_CLUSTER_ALLOC_COUNT_H
#define VC_CLUSTER_ALLOC_COUNT_H

#include <stdint.h>

uint64_t alloc_count(void);

#endif
