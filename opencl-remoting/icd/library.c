/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libvcockpit-opencl.so: an OpenCL ICD that has no OpenCL but a worker's. The layers, from the program down:
 *
 *   entry-*.c   entry points that are more than a call    opencl-calls.c (made)   all others
 *   transfer.c  bytes in and out     info.c  queries     notes.c  callbacks
 *   object.c    handles              memory.c  shared memory
 *   call.c      one call: encode, send, wait, decode
 *   ../transport  the link to the worker
 */
#include "call.h"

/* The library's version, for people who look into it. */
extern const char vc_opencl_version[];
const char vc_opencl_version[] = "vcockpit-opencl " VC_VERSION;
