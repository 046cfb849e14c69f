/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VC_GPU_SANDBOX_H
#define VC_GPU_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

/* Limits address space and descriptors, forbids core dumps and new privileges. Call it first. */
bool vc_sandbox_limit(uint32_t memory_mb, uint32_t files);

/* From here on only the system calls that drawing needs; any other kills the process. Call it when everything is open. */
bool vc_sandbox_enter(void);

#endif
