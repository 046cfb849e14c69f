/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile client against the worker's half: requests of any operation with any bytes. The input is records of operation (16
 * bits), flags (8 bits: 1 an answer is wanted, 2 arguments in shared memory, 4 room for the answer there), length (16 bits) and
 * arguments. The ring in front of it is fuzzed too: the input's bytes are also put into a ring with an index of their choice.
 */
#include "request.h"
#include "state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *arena;
enum { ARENA = 1 << 20 };

static void set_up(void) {
	vc_worker.channel = aligned_alloc(4096, (sizeof(*vc_worker.channel) + 4095) & ~(size_t)4095);
	vc_worker.stats = calloc(1, sizeof(*vc_worker.stats));
	vc_worker.sock = -1;
	vc_worker.arena_limit = UINT64_MAX;
	vc_worker.size = UINT64_C(1) << 30;
	void *range = mmap(NULL, vc_worker.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	vc_worker.base = (uint64_t)(uintptr_t)range;
	int fd = memfd_create("fuzz", MFD_ALLOW_SEALING);
	if (!vc_worker.channel || !vc_worker.stats || range == MAP_FAILED || fd < 0 || ftruncate(fd, ARENA) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0 || vc_arena_add(vc_worker.base, ARENA, fd) < 0)
		abort();
	memset(vc_worker.channel, 0, sizeof(*vc_worker.channel));
	vc_ring_init(&vc_worker.notes, &vc_worker.channel->notes, vc_worker.channel->note_bytes, VC_CL_NOTES_SIZE);
	arena = range;
}

/* The client's other half: else the ring of notes fills up, and the worker waits for room. */
static void read_notes(void) {
	static struct vc_ring notes;
	static uint8_t note[2048];
	if (!notes.shared)
		vc_ring_init(&notes, &vc_worker.channel->notes, vc_worker.channel->note_bytes, VC_CL_NOTES_SIZE);
	while (vc_ring_pop(&notes, note, sizeof(note), sizeof(struct vc_cl_note)) > 0) {
	}
}

static void serve(uint16_t op, uint8_t flags, const uint8_t *bytes, size_t size) {
	static _Alignas(64) uint8_t record[VC_CL_INLINE_BYTES];
	struct vc_cl_request head = {.op = op, .slot = flags & 1 ? 3 : VC_CL_NO_SLOT};
	size &= ~(size_t)7;
	if (size > sizeof(record) - sizeof(head))
		size = sizeof(record) - sizeof(head);
	if (op == VC_OP_vcDropArena)
		return; /* it may: then there is nothing to test with */
	if (flags & 2) {
		memcpy(arena, bytes, size);
		head.address = (uint64_t)(uintptr_t)arena;
		head.length = size;
		size = 0;
	} else {
		memcpy(record + sizeof(head), bytes, size);
	}
	if (flags & 4) {
		head.room_address = (uint64_t)(uintptr_t)arena + ARENA / 2;
		head.room = ARENA / 2;
	}
	head.size = (uint32_t)(sizeof(head) + size);
	memcpy(record, &head, sizeof(head));
	vc_request_serve(record, head.size);
	read_notes();
}

static void fuzz_ring(const uint8_t *data, size_t size) {
	static struct vc_ring_shared shared;
	static uint8_t bytes[4096], out[1024];
	struct vc_ring ring;
	memset(&shared, 0, sizeof(shared));
	uint32_t head = 0;
	memcpy(&head, data, size < 4 ? size : 4);
	atomic_store(&shared.head, head % 5000);
	memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
	vc_ring_init(&ring, &shared, bytes, sizeof(bytes));
	for (int i = 0; i < 600 && vc_ring_pop(&ring, out, sizeof(out), 8) > 0; i++) {
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	if (!arena)
		set_up();
	fuzz_ring(data, size);
	while (size >= 5) {
		uint16_t op, length;
		uint8_t flags = data[2];
		memcpy(&op, data, 2);
		memcpy(&length, data + 3, 2);
		data += 5;
		size -= 5;
		size_t n = length < size ? length : size;
		serve(op % (VC_OPS + 2), flags, data, n);
		data += n;
		size -= n;
	}
	return 0;
}
