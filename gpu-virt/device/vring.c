/* SPDX-License-Identifier: Apache-2.0 */
#include "vring.h"

#include <linux/virtio_ring.h>
#include <string.h>
#include <unistd.h>

void vc_vring_init(struct vc_vring *ring) {
	*ring = (struct vc_vring){.kick = -1, .call = -1, .err = -1};
}

void vc_vring_finish(struct vc_vring *ring) {
	int fds[] = {ring->kick, ring->call, ring->err};
	for (unsigned i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	vc_vring_init(ring);
}

const char *vc_vring_place(struct vc_vring *ring, const struct vc_memory *memory, uint64_t desc, uint64_t avail,
			   uint64_t used) {
	if (ring->size == 0)
		return "ring addresses came before the ring's size";
	/* Sizes and alignments: virtio 1.3, 2.7. The two event words are always there. */
	ring->desc = vc_memory_at_uva(memory, desc, sizeof(struct vring_desc) * ring->size);
	ring->avail = vc_memory_at_uva(memory, avail, 6 + 2 * (uint64_t)ring->size);
	ring->used = vc_memory_at_uva(memory, used, 6 + sizeof(struct vring_used_elem) * ring->size);
	if (!ring->desc || !ring->avail || !ring->used)
		return "a ring lies outside guest memory";
	if ((uintptr_t)ring->desc % 16 || (uintptr_t)ring->avail % 2 || (uintptr_t)ring->used % 4)
		return "a ring is not aligned";
	return NULL;
}

bool vc_vring_ready(const struct vc_vring *ring) {
	return ring->enabled && ring->size > 0 && ring->desc && ring->kick >= 0 && !ring->broken;
}

/* The words of avail and used that follow their rings: avail->used_event and used->avail_event. */
static uint16_t *used_event(const struct vc_vring *ring) {
	return &((struct vring_avail *)ring->avail)->ring[ring->size];
}

static uint16_t *avail_event(const struct vc_vring *ring) {
	return (uint16_t *)&((struct vring_used *)ring->used)->ring[ring->size];
}

static uint16_t load16(const uint16_t *p) {
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static bool add_piece(struct vc_chain *chain, const struct vc_memory *memory, const struct vring_desc *d) {
	bool write = (d->flags & VRING_DESC_F_WRITE) != 0;
	unsigned n = chain->reads + chain->writes;
	if (n == VC_CHAIN_MAX || d->len == 0 || (!write && chain->writes > 0))
		return false;
	void *at = vc_memory_at(memory, d->addr, d->len);
	if (!at)
		return false;
	chain->iov[n] = (struct iovec){.iov_base = at, .iov_len = d->len};
	if (write) {
		chain->writes++;
		chain->write_size += d->len;
	} else {
		chain->reads++;
		chain->read_size += d->len;
	}
	return true;
}

/* Follows the chain at @index through @table of @size entries. A loop shows by taking more steps than there are entries. */
static bool follow(struct vc_chain *chain, const struct vc_memory *memory, const struct vring_desc *table,
		   unsigned size, unsigned index, bool indirect) {
	for (unsigned steps = 0; steps < size; steps++) {
		if (index >= size)
			return false;
		struct vring_desc d;
		memcpy(&d, &table[index], sizeof(d));
		if (d.flags & VRING_DESC_F_INDIRECT) {
			/* 2.7.5.3.1: never nested, never together with NEXT; the whole chain may lie in the table */
			if (indirect || (d.flags & VRING_DESC_F_NEXT) || d.len == 0 || d.len % sizeof(d) != 0)
				return false;
			unsigned entries = d.len / (unsigned)sizeof(d);
			const void *inner = vc_memory_at(memory, d.addr, d.len);
			return inner && entries <= VC_CHAIN_MAX && follow(chain, memory, inner, entries, 0, true);
		}
		if (!add_piece(chain, memory, &d))
			return false;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return true;
		index = d.next;
	}
	return false;
}

enum vc_vring_result vc_vring_pop(struct vc_vring *ring, const struct vc_memory *memory, struct vc_chain *chain) {
	if (!vc_vring_ready(ring))
		return VC_VRING_EMPTY;
	struct vring_avail *avail = ring->avail;
	uint16_t filled = load16(&avail->idx);
	if (filled == ring->next_avail) {
		if (!ring->event_idx)
			return VC_VRING_EMPTY;
		__atomic_store_n(avail_event(ring), ring->next_avail, __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		filled = load16(&avail->idx);
		if (filled == ring->next_avail)
			return VC_VRING_EMPTY;
	}
	uint16_t head = __atomic_load_n(&avail->ring[ring->next_avail & (ring->size - 1)], __ATOMIC_RELAXED);
	if ((uint16_t)(filled - ring->next_avail) > ring->size || head >= ring->size) {
		ring->broken = true;
		return VC_VRING_BROKEN;
	}
	ring->next_avail++;
	chain->head = head;
	chain->reads = chain->writes = 0;
	chain->read_size = chain->write_size = 0;
	return follow(chain, memory, ring->desc, ring->size, head, false) ? VC_VRING_CHAIN : VC_VRING_BAD_CHAIN;
}

void vc_vring_push(struct vc_vring *ring, uint16_t head, uint32_t written) {
	struct vring_used *used = ring->used;
	if (!used || ring->size == 0)
		return;
	used->ring[ring->next_used & (ring->size - 1)] = (struct vring_used_elem){.id = head, .len = written};
	ring->next_used++;
	__atomic_store_n(&used->idx, ring->next_used, __ATOMIC_RELEASE);
}

void vc_vring_notify(struct vc_vring *ring) {
	if (!ring->used || (ring->told && ring->told_used == ring->next_used))
		return;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	bool wanted;
	if (ring->event_idx)
		wanted = !ring->told || vring_need_event(load16(used_event(ring)), ring->next_used, ring->told_used);
	else
		wanted = !(load16(&((struct vring_avail *)ring->avail)->flags) & VRING_AVAIL_F_NO_INTERRUPT);
	ring->told_used = ring->next_used;
	ring->told = true;
	uint64_t one = 1;
	/* A full eventfd counter is a signal too. */
	if (wanted && ring->call >= 0 && write(ring->call, &one, sizeof(one)) < 0) {
	}
}

size_t vc_chain_read(const struct vc_chain *chain, size_t offset, void *to, size_t size) {
	size_t done = 0;
	for (unsigned i = 0; i < chain->reads && done < size; i++) {
		size_t length = chain->iov[i].iov_len;
		if (offset >= length) {
			offset -= length;
			continue;
		}
		size_t n = length - offset < size - done ? length - offset : size - done;
		memcpy((uint8_t *)to + done, (uint8_t *)chain->iov[i].iov_base + offset, n);
		done += n;
		offset = 0;
	}
	return done;
}

size_t vc_iov_write(const struct iovec *iov, unsigned count, const void *from, size_t size) {
	size_t done = 0;
	for (unsigned i = 0; i < count && done < size; i++) {
		size_t n = iov[i].iov_len < size - done ? iov[i].iov_len : size - done;
		memcpy(iov[i].iov_base, (const uint8_t *)from + done, n);
		done += n;
	}
	return done;
}
