/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An atomic request in fixed memory. libdrm's own builder allocates; this one fills the arrays of struct drm_mode_atomic
 * itself. An error (too much, or a property that the driver lacks) sticks and comes out at the commit.
 */
#ifndef VC_KMS_REQUEST_H
#define VC_KMS_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#define VC_REQUEST_OBJECTS_MAX 64
#define VC_REQUEST_PROPS_MAX 256

struct vc_request {
	unsigned objects, props;
	bool failed;
	uint32_t object[VC_REQUEST_OBJECTS_MAX], object_props[VC_REQUEST_OBJECTS_MAX];
	uint32_t prop[VC_REQUEST_PROPS_MAX];
	uint64_t value[VC_REQUEST_PROPS_MAX];
};

void vc_request_init(struct vc_request *request);

/* What is set from here on belongs to KMS object @id. An object may come once only. */
void vc_request_object(struct vc_request *request, uint32_t id);

/* @prop: the property's id; 0 is an error. */
void vc_request_set(struct vc_request *request, uint32_t prop, uint64_t value);

/* Hands the request to the kernel. @flags: DRM_MODE_ATOMIC_* and DRM_MODE_PAGE_FLIP_EVENT. Returns 0 or -errno. */
int vc_request_commit(const struct vc_request *request, int fd, uint32_t flags, uint64_t user_data);

#endif
