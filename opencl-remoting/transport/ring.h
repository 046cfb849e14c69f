/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of records in memory that two processes share, with one producer and one consumer, neither of which trusts the
 * other. Each side keeps its own position in private memory; of the shared indices it only reads the other's, once, and
 * checks it. Records are copied out whole before anybody looks at them, so nothing is fetched twice.
 *
 * A consumer with nothing to do says so (vc_ring_rest), looks once more, and sleeps on the bell; a producer rings only
 * then. Several threads may share a side if they take turns.
 */
#ifndef VC_RING_H
#define VC_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* In shared memory. Zeroed is empty. */
struct vc_ring_shared {
	_Alignas(64) _Atomic uint32_t head;    /* bytes produced so far, modulo 2^32 */
	_Alignas(64) _Atomic uint32_t tail;    /* bytes consumed so far */
	_Alignas(64) _Atomic uint32_t resting; /* the consumer wants the bell */
	_Atomic uint32_t bell;                 /* futex; counts up */
	_Alignas(64) _Atomic uint32_t starved; /* futex; the producer waits for room */
};

/* One side's view, in private memory. */
struct vc_ring {
	struct vc_ring_shared *shared;
	uint8_t *bytes;
	uint32_t size; /* of bytes[], a power of two */
	_Atomic uint32_t
		position; /* the producer's head or the consumer's tail; written by who has the turn, read by others too */
	/* By who has the turn. To look at the other's index for each record costs the cache line's way between two cores. */
	uint32_t other; /* the other's index when last looked at */
	uint32_t told;  /* the consumer's tail as the producer knows it */
};

enum { VC_RING_ALIGN = 8 };

void vc_ring_init(struct vc_ring *ring, struct vc_ring_shared *shared, uint8_t *bytes, uint32_t size);

/* Producer: appends one record made of @pieces; the first piece begins with the record's size, a multiple of VC_RING_ALIGN,
 * as uint32_t. Returns false when there is no room, or when the consumer's index is out of its mind (nothing more fits
 * then, ever). */
bool vc_ring_push(struct vc_ring *ring, const struct iovec *pieces, int count);

/* Producer: wakes the consumer if it rests. Returns true if it did, for a consumer that sleeps elsewhere than on the bell. */
bool vc_ring_call(struct vc_ring *ring);

/* Producer: sleeps until there may be room for @size bytes, or some milliseconds have passed. */
void vc_ring_wait_room(struct vc_ring *ring, uint32_t size);

/* Consumer: copies the next record to @to. Returns its size; 0: the ring is empty; -EPROTO: the producer's index or the
 * record's size can't be, or the record is longer than @room or shorter than @least. */
int vc_ring_pop(struct vc_ring *ring, void *to, uint32_t room, uint32_t least);

/* Consumer: true if a record waits. */
bool vc_ring_ready(const struct vc_ring *ring);

/* Consumer: says that it needs the bell from now on, or no more. */
void vc_ring_rest(struct vc_ring *ring, bool resting);

/* Sleeps while *word is @value, at most @ms milliseconds (negative: for ever). Shared between processes. */
void vc_futex_wait(_Atomic uint32_t *word, uint32_t value, int ms);
void vc_futex_wake(_Atomic uint32_t *word, int count);

#endif
