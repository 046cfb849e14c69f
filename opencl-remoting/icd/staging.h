/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared memory on the way to and from devices that don't work in place. The host knows it as a buffer made with
 * CL_MEM_USE_HOST_PTR, which makes GPUs' drivers pin it: transfers through it then run at the bus's speed.
 */
#ifndef VC_CL_STAGING_H
#define VC_CL_STAGING_H

#include "object.h"

enum { VC_STAGING_POOL = 8 << 20 };

/* The context's piece of VC_STAGING_POOL bytes, for one transfer at a time. NULL: somebody has it, or there is none. */
uint8_t *vc_staging_take(struct vc_object *context);
void vc_staging_give(struct vc_object *context);

/* Memory as large as @mem's contents, made at the first call: what maps of it show. NULL: no memory. */
uint8_t *vc_staging_of(struct vc_object *mem, size_t size);

/* With the object's last use. */
void vc_staging_finish(struct vc_object *object);

#endif
