/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of bulk data. One core moves less than a GPU's bus does, so long copies are shared by a few threads where there are cores. */
#ifndef VC_CL_COPY_H
#define VC_CL_COPY_H

#include <stddef.h>

/* memcpy() by as many threads as pays. Any thread. */
void vc_copy(void *to, const void *from, size_t size);

/* Likewise, and counted for the status. */
void vc_copy_counted(void *to, const void *from, size_t size);
void vc_copy_count(size_t bytes);

/* In a forked child, which has none of the threads. */
void vc_copy_after_fork(void);

#endif
