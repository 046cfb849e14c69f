/* SPDX-License-Identifier: Apache-2.0 */
/* What a keeper's children do first. */
#ifndef VC_CL_LAUNCH_H
#define VC_CL_LAUNCH_H

#include "home.h"

enum { VC_CL_WORKER_FDS = 6 };

/* Gives the @n descriptors @fds the numbers from 0 on, and closes all others. At most VC_CL_WORKER_FDS. */
bool vc_cl_keep_descriptors(const int *fds, int n);

/* Becomes the worker at @home whose descriptors are @fds, in the order of worker/main.c. In a child of @keeper; what it says goes to
 * its standard error. */
_Noreturn void vc_cl_worker_become(const struct vc_cl_home *home, pid_t keeper, const struct vc_cl_hello *hello,
				   const int *fds);

#endif
