/* SPDX-License-Identifier: Apache-2.0 */
#include "ring.h"

#include "clock.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ROOM_MS = 50, TELL = 8 };

void vc_ring_init(struct vc_ring *ring, struct vc_ring_shared *shared, uint8_t *bytes, uint32_t size) {
	*ring = (struct vc_ring){.shared = shared, .bytes = bytes, .size = size};
}

void vc_futex_wait(_Atomic uint32_t *word, uint32_t value, int ms) {
	struct timespec limit = vc_clock_timespec((int64_t)ms * VC_NS_PER_MS);
	syscall(SYS_futex, word, FUTEX_WAIT, value, ms < 0 ? NULL : &limit, NULL, 0);
}

void vc_futex_wake(_Atomic uint32_t *word, int count) {
	syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

static uint32_t position_of(const struct vc_ring *ring) {
	return atomic_load_explicit(&ring->position, memory_order_relaxed);
}

static uint32_t room_of(const struct vc_ring *ring) {
	uint32_t used = position_of(ring) - atomic_load(&ring->shared->tail);
	return used <= ring->size ? ring->size - used : 0;
}

/* Copies @size bytes into or out of the ring at @position, around its end. */
static void copy_in(const struct vc_ring *ring, uint32_t position, const void *from, uint32_t size) {
	uint32_t at = position & (ring->size - 1), first = ring->size - at < size ? ring->size - at : size;
	memcpy(ring->bytes + at, from, first);
	memcpy(ring->bytes, (const uint8_t *)from + first, size - first);
}

static void copy_out(const struct vc_ring *ring, uint32_t position, void *to, uint32_t size) {
	uint32_t at = position & (ring->size - 1), first = ring->size - at < size ? ring->size - at : size;
	memcpy(to, ring->bytes + at, first);
	memcpy((uint8_t *)to + first, ring->bytes, size - first);
}

bool vc_ring_push(struct vc_ring *ring, const struct iovec *pieces, int count) {
	size_t total = 0;
	for (int i = 0; i < count; i++)
		total += pieces[i].iov_len;
	uint32_t at = position_of(ring);
	if (total > ring->size - (at - ring->other)) {
		uint32_t tail = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
		if (at - tail > ring->size || total > ring->size - (at - tail))
			return false;
		ring->other = tail;
	}
	for (int i = 0; i < count; i++) {
		copy_in(ring, at, pieces[i].iov_base, (uint32_t)pieces[i].iov_len);
		at += (uint32_t)pieces[i].iov_len;
	}
	atomic_store_explicit(&ring->position, at, memory_order_relaxed);
	atomic_store_explicit(&ring->shared->head, at, memory_order_release);
	return true;
}

bool vc_ring_call(struct vc_ring *ring) {
	/* In one order with the consumer's "rest, then look once more": one of both sees the other. */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&ring->shared->resting, memory_order_relaxed) == 0 ||
	    atomic_exchange(&ring->shared->resting, 0) == 0)
		return false;
	atomic_fetch_add(&ring->shared->bell, 1);
	vc_futex_wake(&ring->shared->bell, 1);
	return true;
}

void vc_ring_wait_room(struct vc_ring *ring, uint32_t size) {
	atomic_store(&ring->shared->starved, 1);
	if (room_of(ring) < size)
		vc_futex_wait(&ring->shared->starved, 1, ROOM_MS);
}

/* Lets the producer have what was consumed, when there is enough of it. @more: of what was looked at, not all is consumed. */
static void tell_tail(struct vc_ring *ring, uint32_t tail, bool more) {
	if (more && tail - ring->told < ring->size / TELL)
		return;
	ring->told = tail;
	atomic_store_explicit(&ring->shared->tail, tail, memory_order_seq_cst);
	/* Woken for each record, a producer that is faster would sleep for each. */
	if (atomic_load_explicit(&ring->shared->starved, memory_order_relaxed) != 0 &&
	    atomic_load_explicit(&ring->shared->head, memory_order_relaxed) - tail <= ring->size / 2 &&
	    atomic_exchange(&ring->shared->starved, 0) != 0)
		vc_futex_wake(&ring->shared->starved, INT_MAX);
}

/* Bytes that wait; -EPROTO: that many can't. */
static int64_t waiting_in(struct vc_ring *ring, uint32_t at) {
	if (ring->other != at)
		return ring->other - at;
	uint32_t head = atomic_load_explicit(&ring->shared->head, memory_order_acquire), waiting = head - at;
	if (waiting > ring->size || waiting % VC_RING_ALIGN != 0)
		return -EPROTO;
	ring->other = head;
	return waiting;
}

int vc_ring_pop(struct vc_ring *ring, void *to, uint32_t room, uint32_t least) {
	uint32_t at = position_of(ring), size;
	int64_t waiting = waiting_in(ring, at);
	if (waiting <= 0)
		return (int)waiting;
	copy_out(ring, at, &size, sizeof(size));
	if (size < least || size > waiting || size > room || size % VC_RING_ALIGN != 0 || size > INT_MAX)
		return -EPROTO;
	copy_out(ring, at, to, size);
	/* The size within the record may have changed under our hands: the checked one counts. */
	memcpy(to, &size, sizeof(size));
	atomic_store_explicit(&ring->position, at + size, memory_order_relaxed);
	tell_tail(ring, at + size, size < waiting);
	return (int)size;
}

bool vc_ring_ready(const struct vc_ring *ring) {
	return atomic_load_explicit(&ring->shared->head, memory_order_acquire) != position_of(ring);
}

void vc_ring_rest(struct vc_ring *ring, bool resting) {
	atomic_store(&ring->shared->resting, resting);
}
