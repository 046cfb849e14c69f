/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include "clock.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { LONG_NAP_MS = 100 };

/* The slot that a thread has on the newest link it used. */
struct place {
	struct vc_link *link;
	unsigned slot;
};

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local struct place place;

static void leave_place(void *data) {
	struct place *p = data;
	if (p->link)
		atomic_fetch_and(&p->link->slots_taken, ~(UINT64_C(1) << p->slot));
	p->link = NULL;
}

static void make_key(void) {
	pthread_key_create(&key, leave_place);
}

struct vc_link *vc_link_open(const struct vc_link_transport *transport, uint32_t epoch, char *why, size_t size) {
	pthread_once(&once, make_key);
	struct vc_link *link = calloc(1, sizeof(*link));
	if (!link)
		return NULL;
	link->transport = transport;
	link->epoch = epoch;
	atomic_init(&link->output, -1);
	pthread_mutex_init(&link->send_lock, NULL);
	pthread_mutex_init(&link->output_lock, NULL);
	if (transport->open(link, why, size) < 0) {
		free(link);
		return NULL;
	}
	vc_ring_init(&link->commands, &link->channel->commands, link->channel->command_bytes, VC_CL_COMMANDS_SIZE);
	vc_ring_init(&link->notes, &link->channel->notes, link->channel->note_bytes, VC_CL_NOTES_SIZE);
	return link;
}

/* Looks whether the worker is still there, for who has waited in vain. */
static void check_life(struct vc_link *link) {
	if (link->transport->alive && !link->transport->alive(link))
		vc_link_bury(link);
}

bool vc_link_send(struct vc_link *link, struct vc_cl_request *head, const void *arguments) {
	struct iovec pieces[] = {{head, sizeof(*head)}, {(void *)(uintptr_t)arguments, head->size - sizeof(*head)}};
	pthread_mutex_lock(&link->send_lock);
	while (!atomic_load_explicit(&link->dead, memory_order_relaxed) && !vc_ring_push(&link->commands, pieces, 2)) {
		vc_ring_call(&link->commands);
		vc_ring_wait_room(&link->commands, head->size);
		check_life(link);
	}
	pthread_mutex_unlock(&link->send_lock);
	if (atomic_load_explicit(&link->dead, memory_order_relaxed))
		return false;
	if (vc_ring_call(&link->commands) && link->transport->kick)
		link->transport->kick(link);
	return true;
}

static unsigned take_slot(struct vc_link *link) {
	for (;;) {
		uint64_t taken = atomic_load(&link->slots_taken);
		if (taken == UINT64_MAX) {
			/* More threads than slots: one that ends makes room. */
			struct timespec nap = {.tv_nsec = VC_NS_PER_MS};
			nanosleep(&nap, NULL);
			continue;
		}
		unsigned slot = (unsigned)__builtin_ctzll(~taken);
		if (atomic_compare_exchange_weak(&link->slots_taken, &taken, taken | UINT64_C(1) << slot))
			return slot;
	}
}

unsigned vc_link_slot(struct vc_link *link) {
	if (place.link != link) {
		leave_place(&place);
		place = (struct place){.link = link, .slot = take_slot(link)};
		pthread_setspecific(key, &place);
	}
	atomic_store(&link->channel->slots[place.slot].state, VC_CL_SLOT_WAITING);
	return place.slot;
}

static bool answered(struct vc_cl_slot *slot) {
	return atomic_load_explicit(&slot->state, memory_order_acquire) != VC_CL_SLOT_WAITING;
}

bool vc_link_await(struct vc_link *link, unsigned index, struct vc_spin *spin) {
	struct vc_cl_slot *slot = &link->channel->slots[index];
	struct vc_spinning s;
	int64_t most = vc_spin_most(VC_SPIN_CLIENT);
	vc_spin_begin(&s, vc_spin_for(spin, most));
	while (!answered(slot) && vc_spin_on(&s)) {
	}
	if (!answered(slot)) {
		uint32_t waiting = VC_CL_SLOT_WAITING;
		if (atomic_compare_exchange_strong(&slot->state, &waiting, VC_CL_SLOT_SLEEPING))
			/* A time limit guards against a worker that answers without waking, and a death that was noticed
			 * before we slept, or that nobody notices while the thread that would is in a callback. */
			while (atomic_load(&slot->state) == VC_CL_SLOT_SLEEPING && !atomic_load(&link->dead)) {
				vc_futex_wait(&slot->state, VC_CL_SLOT_SLEEPING, LONG_NAP_MS);
				if (atomic_load(&slot->state) == VC_CL_SLOT_SLEEPING)
					check_life(link);
			}
	}
	vc_spin_learn(spin, vc_clock_now() - s.began, most);
	bool done = atomic_load_explicit(&slot->state, memory_order_acquire) == VC_CL_SLOT_DONE;
	/* What has ended has printed: the program sees it before it hears of the end. */
	if (atomic_load_explicit(&link->prints, memory_order_relaxed) && link->transport->print)
		link->transport->print(link);
	return done;
}

void vc_link_bury(struct vc_link *link) {
	atomic_store(&link->dead, true);
	for (unsigned i = 0; i < VC_CL_SLOTS; i++) {
		_Atomic uint32_t *state = &link->channel->slots[i].state;
		uint32_t now = atomic_load(state);
		while ((now == VC_CL_SLOT_WAITING || now == VC_CL_SLOT_SLEEPING) &&
		       !atomic_compare_exchange_weak(state, &now, VC_CL_SLOT_DEAD)) {
		}
		vc_futex_wake(state, INT_MAX);
	}
}
