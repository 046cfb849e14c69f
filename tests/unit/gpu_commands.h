/* SPDX-License-Identifier: Apache-2.0 */
/* The guest of the model's tests, and its commands: each puts one in the control ring, runs the device, and returns the answer's
 * type (0: none yet). */
#ifndef VC_GPU_COMMANDS_H
#define VC_GPU_COMMANDS_H

#include "gpu_guest.h"

extern struct guest g;

#define DO(command) guest_do(&g, &(command), sizeof(command))
#define OK VIRTIO_GPU_RESP_OK_NODATA
#define BAD_ID VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID
#define BAD_PARAMETER VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER
#define BAD_CONTEXT VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID
#define NO_MEMORY VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY
#define UNSPEC VIRTIO_GPU_RESP_ERR_UNSPEC
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

struct submit {
	struct virtio_gpu_cmd_submit c;
	uint32_t stream[4];
};

int setup(void **state);
int teardown(void **state);
uint32_t create_2d(uint32_t id, uint32_t format, uint32_t width, uint32_t height);
uint32_t create_3d(uint32_t id, uint32_t target, uint32_t width, uint32_t height);
uint32_t attach(uint32_t id, uint64_t gpa, uint32_t length);
uint32_t unref(uint32_t id);
uint32_t scanout(uint32_t id, uint32_t x, uint32_t width, uint32_t height);
uint32_t transfer_2d(uint32_t id, uint32_t width, uint32_t height, uint64_t offset);
uint32_t flush(uint32_t id);
uint32_t context(uint32_t type, uint32_t id);
uint32_t context_resource(uint32_t type, uint32_t id, uint32_t resource);
struct submit submit_of(uint32_t id, uint32_t size);
uint32_t submit(uint32_t id, uint32_t size);
const struct vc_worker_command *last(void);

#endif
