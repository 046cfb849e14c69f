/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands from a hostile guest, against a worker that says yes to everything. The input is records of: action byte, length
 * (16 bits), bytes. Actions: a control command, a cursor command, a command cut into pieces, raw bytes over the rings, the worker
 * dies and comes back (3D or 2D), it answers or falls silent, the display keeps a frame, the driver starts anew, guest memory can be
 * shown as it is or not any more.
 */
#include "gpu_guest.h"

#include <stdlib.h>
#include <string.h>

enum action {
	CONTROL,
	CURSOR,
	PIECES,
	RAW,
	DIE,
	DIE_2D,
	SILENT,
	LOUD,
	HOLD,
	LET_GO,
	FRESH,
	MOVE,
	REFUSE,
	DIRECT,
	ACTIONS
};

static void put_pieces(struct guest *g, const uint8_t *bytes, size_t size) {
	struct vring_desc *table = (void *)(g->ram + 0x200000);
	size_t step = size / 7 + 1;
	uint32_t n = 0;
	memcpy(g->ram + GUEST_DATA, bytes, size);
	for (size_t at = 0; at < size; at += step, n++)
		table[n] = (struct vring_desc){.addr = GUEST_GPA + GUEST_DATA + at,
					       .len = (uint32_t)(size - at < step ? size - at : step),
					       .flags = VRING_DESC_F_NEXT,
					       .next = (uint16_t)(n + 1)};
	for (uint32_t i = 0; i < 5; i++, n++)
		table[n] =
			(struct vring_desc){.addr = GUEST_GPA + 0x180000 + i * 512,
					    .len = i == 4 ? 2048 : 9,
					    .flags = (uint16_t)(VRING_DESC_F_WRITE | (i < 4 ? VRING_DESC_F_NEXT : 0)),
					    .next = (uint16_t)(n + 1)};
	*guest_desc(g, 0, 9) = (struct vring_desc){
		.addr = GUEST_GPA + 0x200000, .len = n * (uint32_t)sizeof(*table), .flags = VRING_DESC_F_INDIRECT};
	guest_offer(g, 0, 9);
}

static void die(struct guest *g, bool virgl) {
	vc_gpu_worker_died(&g->gpu);
	guest_worker_ready(g, virgl);
}

static void act(struct guest *g, enum action action, const uint8_t *bytes, size_t size) {
	switch (action) {
	case CONTROL:
	case CURSOR:
		guest_put(g, action == CURSOR, 0, bytes, size, 0x1000);
		break;
	case PIECES:
		if (size > 0)
			put_pieces(g, bytes, size);
		break;
	case RAW:
		if (size > 2) {
			size_t at = (bytes[0] | (size_t)bytes[1] << 8) & 0x7fff;
			memcpy(g->ram + at, bytes + 2, size - 2);
		}
		break;
	case DIE:
	case DIE_2D:
		die(g, action == DIE);
		break;
	case SILENT:
	case LOUD:
		g->silent = action == SILENT;
		break;
	case HOLD:
	case LET_GO:
		g->paced = action == LET_GO;
		break;
	case FRESH:
		vc_gpu_settle(&g->gpu);
		vc_gpu_driver_fresh(&g->gpu);
		die(g, true);
		break;
	case MOVE:
		vc_gpu_settle(&g->gpu);
		vc_gpu_memory_changed(&g->gpu);
		break;
	case REFUSE:
		g->response = g->response ? 0 : VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
		break;
	case DIRECT:
		g->direct = !g->direct;
		break;
	default:
		break;
	}
	guest_run(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static struct guest g;
	guest_init(&g);
	guest_worker_ready(&g, true);
	while (size >= 3) {
		size_t length = (size_t)data[1] | (size_t)data[2] << 8;
		if (length > size - 3)
			length = size - 3;
		act(&g, data[0] % ACTIONS, data + 3, length < 0x3000 ? length : 0x3000);
		data += 3 + length;
		size -= 3 + length;
	}
	guest_finish(&g);
	return 0;
}
