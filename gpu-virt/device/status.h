/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VC_GPU_STATUS_H
#define VC_GPU_STATUS_H

#include "gpu-proto.h"

/* Asks the device process behind @path and prints its status as JSON. Returns an exit code. */
int vc_status_print(const char *path);

/* The same for the times of its last frames. */
int vc_status_print_frames(const char *path);

#endif
