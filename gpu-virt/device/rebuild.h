/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VC_GPU_REBUILD_H
#define VC_GPU_REBUILD_H

#include "gpu.h"

/* Starts at @stage. @remap: guest memory has moved under a living worker, so only backings are attached anew. */
void vc_rebuild_begin(struct vc_gpu *gpu, enum vc_rebuild_stage stage, bool remap);

/* Writes the next command that makes the worker like the tables, or moves on a stage and leaves @command->op 0. Needs
 * arena room for the largest backing. */
void vc_rebuild_step(struct vc_gpu *gpu, struct vc_worker_command *command);

#endif
