/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

static const struct vc_command_type control[] = {
	{VIRTIO_GPU_CMD_GET_DISPLAY_INFO, sizeof(struct virtio_gpu_ctrl_hdr), false, vc_command_display_info},
	{VIRTIO_GPU_CMD_GET_EDID, sizeof(struct virtio_gpu_cmd_get_edid), false, vc_command_edid},
	{VIRTIO_GPU_CMD_RESOURCE_CREATE_2D, sizeof(struct virtio_gpu_resource_create_2d), false, vc_command_create_2d},
	{VIRTIO_GPU_CMD_RESOURCE_UNREF, sizeof(struct virtio_gpu_resource_unref), false, vc_command_unref},
	{VIRTIO_GPU_CMD_SET_SCANOUT, sizeof(struct virtio_gpu_set_scanout), false, vc_command_set_scanout},
	{VIRTIO_GPU_CMD_RESOURCE_FLUSH, sizeof(struct virtio_gpu_resource_flush), false, vc_command_flush},
	{VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D, sizeof(struct virtio_gpu_transfer_to_host_2d), false,
	 vc_command_transfer_2d},
	{VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, sizeof(struct virtio_gpu_resource_attach_backing), false,
	 vc_command_attach},
	{VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING, sizeof(struct virtio_gpu_resource_detach_backing), false,
	 vc_command_detach},
	{VIRTIO_GPU_CMD_GET_CAPSET_INFO, sizeof(struct virtio_gpu_get_capset_info), true, vc_command_capset_info},
	{VIRTIO_GPU_CMD_GET_CAPSET, sizeof(struct virtio_gpu_get_capset), true, vc_command_capset},
	{VIRTIO_GPU_CMD_CTX_CREATE, sizeof(struct virtio_gpu_ctx_create), true, vc_command_ctx_create},
	{VIRTIO_GPU_CMD_CTX_DESTROY, sizeof(struct virtio_gpu_ctx_destroy), true, vc_command_ctx_destroy},
	{VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, sizeof(struct virtio_gpu_ctx_resource), true, vc_command_ctx_attach},
	{VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE, sizeof(struct virtio_gpu_ctx_resource), true, vc_command_ctx_detach},
	{VIRTIO_GPU_CMD_RESOURCE_CREATE_3D, sizeof(struct virtio_gpu_resource_create_3d), true, vc_command_create_3d},
	{VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, sizeof(struct virtio_gpu_transfer_host_3d), true,
	 vc_command_transfer_to_3d},
	{VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D, sizeof(struct virtio_gpu_transfer_host_3d), true,
	 vc_command_transfer_from_3d},
	{VIRTIO_GPU_CMD_SUBMIT_3D, sizeof(struct virtio_gpu_cmd_submit), true, vc_command_submit},
};

static const struct vc_command_type cursor[] = {
	{VIRTIO_GPU_CMD_UPDATE_CURSOR, sizeof(struct virtio_gpu_update_cursor), false, vc_command_cursor},
	{VIRTIO_GPU_CMD_MOVE_CURSOR, sizeof(struct virtio_gpu_update_cursor), false, vc_command_cursor},
};

const struct vc_command_type *vc_command_type(uint32_t type, bool cursor_ring) {
	const struct vc_command_type *table = cursor_ring ? cursor : control;
	size_t n = cursor_ring ? sizeof(cursor) / sizeof(cursor[0]) : sizeof(control) / sizeof(control[0]);
	for (size_t i = 0; i < n; i++)
		if (table[i].type == type)
			return &table[i];
	return NULL;
}
