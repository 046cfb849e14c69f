/* SPDX-License-Identifier: Apache-2.0 */
#include "cl_fake_worker.h"

#include "call.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

static fake_answer answerer;
static struct vc_link *now;
static struct vc_ring requests;
static unsigned counts[VC_OPS];
static int end_event = -1;

static int fake_open(struct vc_link *link, char *why, size_t size) {
	(void)why, (void)size;
	link->size = UINT64_C(1) << 30;
	void *range = mmap(NULL, link->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	link->channel = aligned_alloc(4096, (sizeof(*link->channel) + 4095) & ~(size_t)4095);
	if (range == MAP_FAILED || !link->channel)
		return -ENOMEM;
	memset(link->channel, 0, sizeof(*link->channel));
	link->base = (uint64_t)(uintptr_t)range;
	vc_ring_init(&requests, &link->channel->commands, link->channel->command_bytes, VC_CL_COMMANDS_SIZE);
	vc_ring_rest(&requests, true);
	end_event = eventfd(0, EFD_CLOEXEC);
	now = link;
	return 0;
}

static int fake_share(struct vc_link *link, int fd) {
	(void)link, (void)fd;
	return 0;
}

/* Runs where the client has just put a request into the ring. */
static void fake_kick(struct vc_link *link) {
	static uint8_t record[VC_CL_INLINE_BYTES], answer[VC_CL_SLOT_BYTES];
	int size = vc_ring_pop(&requests, record, sizeof(record), sizeof(struct vc_cl_request));
	vc_ring_rest(&requests, true);
	if (size <= 0)
		abort();
	struct vc_cl_request head;
	memcpy(&head, record, sizeof(head));
	if (head.op < VC_OPS)
		counts[head.op]++;
	if (head.slot == VC_CL_NO_SLOT)
		return;
	memset(answer, 0, sizeof(answer));
	struct vc_cl_slot *slot = &link->channel->slots[head.slot];
	slot->size = answerer(head.op, record + sizeof(head), (size_t)size - sizeof(head), answer);
	memcpy(slot->bytes, answer, sizeof(answer));
	atomic_store(&slot->state, VC_CL_SLOT_DONE);
}

static bool fake_wait(struct vc_link *link) {
	(void)link;
	uint64_t count;
	/* Nobody rings but for the end. */
	return read(end_event, &count, sizeof(count)) < 0 && errno == EINTR;
}

static const struct vc_link_transport fake = {
	.open = fake_open, .share = fake_share, .kick = fake_kick, .wait = fake_wait};

void fake_worker_start(fake_answer answer) {
	answerer = answer;
	vc_call_transport = &fake;
}

unsigned fake_worker_count(enum vc_cl_op op) {
	return counts[op];
}

struct vc_link *fake_worker_link(void) {
	return now;
}

void fake_worker_die(void) {
	uint64_t one = 1;
	if (write(end_event, &one, sizeof(one)) < 0)
		abort();
	while (!atomic_load(&now->dead))
		sched_yield();
}

uint32_t fake_worker_yes(enum vc_cl_op op, const uint8_t *arguments, size_t size, uint8_t *answer) {
	(void)arguments, (void)size;
	uint64_t one = 1;
	switch (op) {
	case VC_OP_clGetPlatformIDs: /* of 16, one */
		memcpy(answer + 8, &(uint64_t){VC_CL_ID(1, 1)}, 8);
		memcpy(answer + 8 + 16 * 8, &one, 4);
		return 8 + 17 * 8;
	case VC_OP_clGetDeviceIDs: /* of 64 */
		memcpy(answer + 8, &(uint64_t){VC_CL_ID(1, 1)}, 8);
		memcpy(answer + 8 + 64 * 8, &one, 4);
		return 8 + 65 * 8;
	case VC_OP_clCreateContext: /* in place, there */
		memcpy(answer + 8, &one, 8);
		memcpy(answer + 16, &one, 8);
		return 24;
	default: /* "there", for those that make something */
		memcpy(answer + 8, &one, 8);
		return 16;
	}
}
