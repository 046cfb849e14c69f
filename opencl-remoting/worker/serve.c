/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring of requests and the threads that serve it.
 *
 * Threads take turns: one leads, that is, takes requests in order and serves them. Before a call of the host that may block it
 * gives up the lead, and the next ring of the bell wakes one of those that sleep there: so a program's threads don't wait for
 * each other's waiting, and giving up the lead costs no system call. There is always one thread that doesn't block.
 *
 * Another thread watches the socket, to end with the client, and the clock, to end calls that last too long.
 */
#include "clock.h"
#include "log.h"
#include "request.h"
#include "spin.h"
#include "state.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS_MAX = VC_CL_SLOTS + 2, WATCH_MS = 250 };

struct vc_worker vc_worker = {.notes_lock = PTHREAD_MUTEX_INITIALIZER};

static atomic_flag lead = ATOMIC_FLAG_INIT;
static _Thread_local bool leading;
static _Thread_local bool away; /* in a call that may block */
static _Thread_local unsigned block_place;
static _Atomic unsigned threads, threads_away;

/* When each blocking call began, 0: none. */
static _Atomic int64_t blocked_since[THREADS_MAX];
static _Atomic bool watch_sleeps;
static int watch_event = -1;

void vc_worker_fail(const char *format, ...) {
	char why[256];
	va_list args;
	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	vc_error("%s", why);
	_exit(1);
}

unsigned vc_worker_block_begin(void) {
	int64_t now = vc_clock_now();
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		int64_t none = 0;
		if (atomic_compare_exchange_strong(&blocked_since[i], &none, now)) {
			uint64_t one = 1;
			if (atomic_load(&watch_sleeps) && atomic_exchange(&watch_sleeps, false) &&
			    write(watch_event, &one, sizeof(one)) < 0)
				vc_warn("the watch can't be woken: %s", strerror(errno));
			return i + 1;
		}
	}
	return 0;
}

void vc_worker_block_end(unsigned place) {
	if (place > 0)
		atomic_store(&blocked_since[place - 1], 0);
}

static void *run(void *unused);

static void start_thread(void) {
	pthread_t thread;
	if (atomic_fetch_add(&threads, 1) >= THREADS_MAX)
		vc_worker_fail("more than %d threads of the client wait at once", THREADS_MAX);
	if (pthread_create(&thread, NULL, run, NULL) != 0)
		vc_worker_fail("no more threads");
	pthread_detach(thread);
}

bool vc_worker_leave(void) {
	if (vc_worker.command_ms > 0)
		block_place = vc_worker_block_begin();
	if (!leading)
		return false;
	leading = false;
	/* A thread that is not away sleeps at the bell or is on its way there. Decided before anybody else can lead. */
	away = true;
	if (atomic_fetch_add(&threads_away, 1) + 1 >= atomic_load(&threads))
		start_thread();
	atomic_flag_clear(&lead);
	/* From here on the bell wakes somebody; what came before is for us to announce. */
	vc_ring_rest(&vc_worker.commands, true);
	if (vc_ring_ready(&vc_worker.commands))
		vc_ring_call(&vc_worker.commands);
	return true;
}

void vc_worker_join(void) {
	if (leading || atomic_flag_test_and_set(&lead))
		return;
	/* Before the answer goes: the client's next request then wakes nobody. */
	leading = true;
	vc_ring_rest(&vc_worker.commands, false);
}

bool vc_worker_leads(void) {
	return leading;
}

/* What people see in the status: copied when there is nothing better to do. */
static void publish(void) {
	struct vc_cl_counters *from = &vc_worker.channel->counters;
	struct vc_cl_stats *to = vc_worker.stats;
	_Atomic uint64_t *pairs[][2] = {{&to->copies, &from->copies},
					{&to->bytes_copied, &from->bytes_copied},
					{&to->bytes_mapped, &from->bytes_mapped},
					{&to->one_way, &from->one_way},
					{&to->waited, &from->waited},
					{&to->local, &from->local}};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		atomic_store_explicit(pairs[i][0], atomic_load_explicit(pairs[i][1], memory_order_relaxed),
				      memory_order_relaxed);
}

/* The client's pauses: after an answer it may compute, or use what it got and go on at once; after a command that it doesn't wait for, it
 * most often enqueues more. */
static struct vc_spin after_answer, after_command;
static struct vc_spin *pause_kind; /* of the last request; by who leads, as is the next */
static int64_t pause_began;

static void end_pause(int64_t now) {
	if (pause_kind)
		vc_spin_learn(pause_kind, now - pause_began, vc_spin_most(VC_SPIN_WORKER));
	pause_kind = NULL;
}

/* Waits a little for the next request. */
static bool spin_for_request(void) {
	struct vc_spinning s;
	vc_spin_begin(&s, pause_kind ? vc_spin_for(pause_kind, vc_spin_most(VC_SPIN_WORKER)) : 0);
	while (!vc_ring_ready(&vc_worker.commands))
		if (!vc_spin_on(&s))
			return false;
	return true;
}

static void serve_one(uint8_t *record, int size) {
	if (size < 0)
		vc_worker_fail("the client's ring is broken");
	if (!vc_request_serve(record, (size_t)size))
		vc_worker_fail("the client's request is broken (operation %u)", ((struct vc_cl_request *)record)->op);
	if (away) {
		away = false;
		atomic_fetch_sub(&threads_away, 1);
	}
	if (block_place > 0) {
		vc_worker_block_end(block_place);
		block_place = 0;
	}
}

/* Takes requests until there are none or this thread has lost the lead. */
static void lead_on(uint8_t *record) {
	struct vc_ring *ring = &vc_worker.commands;
	vc_ring_rest(ring, false);
	while (leading) {
		int64_t start = vc_clock_now();
		int size;
		while (leading &&
		       (size = vc_ring_pop(ring, record, VC_CL_INLINE_BYTES, sizeof(struct vc_cl_request))) != 0) {
			end_pause(start);
			serve_one(record, size);
		}
		int64_t now = vc_clock_now();
		atomic_fetch_add_explicit(&vc_worker.stats->busy_ns, (uint64_t)(now - start), memory_order_relaxed);
		if (!leading)
			continue;
		if (!pause_kind) {
			bool waited = ((struct vc_cl_request *)record)->slot != VC_CL_NO_SLOT;
			pause_kind = waited ? &after_answer : &after_command;
			pause_began = now;
		}
		if (spin_for_request())
			continue;
		publish();
		vc_ring_rest(ring, true);
		if (!vc_ring_ready(ring))
			break;
		vc_ring_rest(ring, false);
	}
}

static void *run(void *unused) {
	(void)unused;
	uint8_t *record = aligned_alloc(64, VC_CL_INLINE_BYTES);
	if (!record)
		vc_worker_fail("no memory for a thread");
	memset(record, 0, sizeof(struct vc_cl_request));
	for (;;) {
		_Atomic uint32_t *bell = &vc_worker.commands.shared->bell;
		uint32_t heard = atomic_load(bell);
		if (!atomic_flag_test_and_set(&lead)) {
			leading = true;
			lead_on(record);
			if (!leading)
				continue;
			leading = false;
			atomic_flag_clear(&lead);
			if (vc_ring_ready(&vc_worker.commands))
				continue;
		}
		vc_futex_wait(bell, heard, -1);
	}
	return NULL;
}

/* Notes for which the ring had no room, oldest first. A request's thread never waits for room: who should make it, the client's
 * thread for notes, may itself be waiting for a request. */
struct late_note {
	struct late_note *next;
	struct vc_cl_note note;
	uint8_t tail[];
};

enum { LATE_BYTES = 64 << 20 };

static struct late_note *late, **late_end = &late;
static size_t late_bytes;
static bool late_runs; /* there is a thread for them */
static pthread_cond_t late_came = PTHREAD_COND_INITIALIZER;

static bool push_note(const struct vc_cl_note *note, const uint8_t *tail) {
	struct iovec pieces[] = {{(void *)(uintptr_t)note, sizeof(*note)},
				 {(void *)(uintptr_t)tail, note->size - sizeof(*note)}};
	return vc_ring_push(&vc_worker.notes, pieces, 2);
}

static void call_client(void) {
	char bell = 0;
	if (vc_ring_call(&vc_worker.notes) && send(vc_worker.sock, &bell, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
	    errno != EAGAIN)
		_exit(0); /* the client is gone */
}

static void *push_late(void *unused) {
	(void)unused;
	pthread_mutex_lock(&vc_worker.notes_lock);
	for (;;) {
		while (!late)
			pthread_cond_wait(&late_came, &vc_worker.notes_lock);
		struct late_note *first = late;
		if (!push_note(&first->note, first->tail)) {
			pthread_mutex_unlock(&vc_worker.notes_lock);
			call_client();
			vc_ring_wait_room(&vc_worker.notes, first->note.size);
			pthread_mutex_lock(&vc_worker.notes_lock);
			continue;
		}
		late = first->next;
		if (!late)
			late_end = &late;
		late_bytes -= sizeof(*first) + first->note.size;
		free(first);
		if (!late)
			call_client();
	}
	return NULL;
}

/* With the lock: @note waits for room. */
static void keep_note(const struct vc_cl_note *note, const uint8_t *tail) {
	struct late_note *last = malloc(sizeof(*last) + note->size);
	pthread_t thread;
	late_bytes += sizeof(*last) + note->size;
	if (!last || late_bytes > LATE_BYTES)
		vc_worker_fail("the client does not take its notes");
	last->next = NULL;
	last->note = *note;
	memcpy(last->tail, tail, note->size - sizeof(*note));
	*late_end = last;
	late_end = &last->next;
	if (late_runs) {
		pthread_cond_signal(&late_came);
		return;
	}
	if (pthread_create(&thread, NULL, push_late, NULL) != 0)
		vc_worker_fail("no more threads");
	pthread_detach(thread);
	late_runs = true;
}

void vc_worker_note(enum vc_cl_note_kind kind, uint64_t cookie, int64_t status, const void *private_info,
		    uint32_t private_size, const char *text) {
	uint8_t tail[1024] = {0};
	uint32_t length = text ? (uint32_t)strnlen(text, 511) + 1 : 0;
	if (private_size > 256)
		private_size = 256;
	if (private_info)
		memcpy(tail, private_info, private_size);
	if (length > 0)
		memcpy(tail + private_size, text, length - 1);
	struct vc_cl_note note = {.kind = kind, .cookie = cookie, .status = status, .private_size = private_size};
	note.size = (uint32_t)sizeof(note) + ((private_size + length + 7) & ~7u);
	pthread_mutex_lock(&vc_worker.notes_lock);
	if (late || !push_note(&note, tail))
		keep_note(&note, tail);
	pthread_mutex_unlock(&vc_worker.notes_lock);
	call_client();
}

/* Ends the process when a call has lasted too long. Returns true while any lasts. */
static bool check_blocked(void) {
	bool any = false;
	int64_t now = vc_clock_now();
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		int64_t since = atomic_load(&blocked_since[i]);
		any |= since != 0;
		if (since != 0 && now - since > (int64_t)vc_worker.command_ms * VC_NS_PER_MS)
			vc_worker_fail("a call has lasted longer than %llu ms (command_ms)",
				       (unsigned long long)vc_worker.command_ms);
	}
	return any;
}

void vc_worker_run(void) {
	watch_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (watch_event < 0)
		vc_worker_fail("eventfd: %s", strerror(errno));
	start_thread();
	start_thread();
	struct pollfd fds[] = {{.fd = vc_worker.sock, .events = POLLRDHUP}, {.fd = watch_event, .events = POLLIN}};
	for (;;) {
		bool any = check_blocked();
		if (!any) {
			atomic_store(&watch_sleeps, true);
			any = check_blocked();
		}
		int n = poll(fds, 2, any ? WATCH_MS : -1);
		if (n > 0 && fds[0].revents != 0)
			_exit(0); /* the client is gone: the kernel frees everything */
		uint64_t count;
		if (n > 0 && fds[1].revents != 0 && read(watch_event, &count, sizeof(count)) < 0)
			vc_debug("watch: %s", strerror(errno));
	}
}
