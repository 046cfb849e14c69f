/* SPDX-License-Identifier: Apache-2.0 */
#include "kms-request.h"

#include <errno.h>
#include <xf86drm.h>

void vc_request_init(struct vc_request *request) {
	request->objects = request->props = 0;
	request->failed = false;
}

void vc_request_object(struct vc_request *request, uint32_t id) {
	if (id == 0 || request->objects == VC_REQUEST_OBJECTS_MAX) {
		request->failed = true;
		return;
	}
	request->object[request->objects] = id;
	request->object_props[request->objects] = 0;
	request->objects++;
}

void vc_request_set(struct vc_request *request, uint32_t prop, uint64_t value) {
	if (prop == 0 || request->objects == 0 || request->props == VC_REQUEST_PROPS_MAX) {
		request->failed = true;
		return;
	}
	request->prop[request->props] = prop;
	request->value[request->props] = value;
	request->props++;
	request->object_props[request->objects - 1]++;
}

int vc_request_commit(const struct vc_request *request, int fd, uint32_t flags, uint64_t user_data) {
	if (request->failed)
		return -EINVAL;
	struct drm_mode_atomic atomic = {
		.flags = flags,
		.count_objs = request->objects,
		.objs_ptr = (uintptr_t)request->object,
		.count_props_ptr = (uintptr_t)request->object_props,
		.props_ptr = (uintptr_t)request->prop,
		.prop_values_ptr = (uintptr_t)request->value,
		.user_data = user_data,
	};
	return drmIoctl(fd, DRM_IOCTL_MODE_ATOMIC, &atomic) == 0 ? 0 : -errno;
}
