/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker holds for its client: the channel, the arenas, and a table of objects for each kind. One client, one
 * process, so there is one of each.
 *
 * Threads: those that serve take turns at the ring (serve.c); one watches the socket. Tables may be read by all and are
 * written by whoever serves; a place is published with release order.
 */
#ifndef VC_CL_STATE_H
#define VC_CL_STATE_H

#include "cl.h"
#include "wire.h"

#include <pthread.h>
#include <stdbool.h>

struct vc_worker {
	int sock;
	struct vc_cl_channel *channel;
	struct vc_cl_stats *stats;
	uint64_t base, size;   /* addresses for arenas */
	uint64_t arena_limit;  /* bytes */
	uint64_t device_limit; /* bytes of devices' own memory; 0: no limit */
	uint64_t queue_limit;  /* 0: no limit */
	uint64_t command_ms;   /* longest that a call may block; 0: no limit */
	struct vc_ring commands, notes;
	pthread_mutex_t notes_lock;
};

extern struct vc_worker vc_worker;

/* Ends the process: the client broke the protocol, or a limit. Says why. */
_Noreturn void vc_worker_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* table.c: numbers and handles. */
void *vc_table_find(enum vc_cl_kind kind, uint64_t id); /* NULL: no such object */
bool vc_table_add(enum vc_cl_kind kind, uint64_t id, void *handle);
void *vc_table_remove(enum vc_cl_kind kind, uint64_t id);
/* The number of a device or platform; the same for the same handle. */
uint64_t vc_table_name(enum vc_cl_kind kind, void *handle);
/* What a queue's one-way commands have failed with and nobody was told; clears it. */
cl_int vc_table_take_error(cl_command_queue queue);
void vc_table_set_error(cl_command_queue queue, cl_int error);

/* arena.c: shared memory. */
int vc_arena_add(uint64_t address, uint64_t size, int fd); /* takes @fd; 0 or -errno */
bool vc_arena_drop(uint64_t address);
bool vc_arena_holds(const void *address, uint64_t size);

/* serve.c */
void vc_worker_run(void);   /* serves until the client goes */
bool vc_worker_leave(void); /* this thread is about to block; true: it had the turn at the ring, which ends */
void vc_worker_join(void);  /* it has blocked, and takes its turn again if nobody else has */
bool vc_worker_leads(void); /* this thread has the turn */
void vc_worker_note(enum vc_cl_note_kind kind, uint64_t cookie, int64_t status, const void *private_info,
		    uint32_t private_size, const char *text);
/* A call of the host that may block begins or has ended, for the time limit. */
unsigned vc_worker_block_begin(void);
void vc_worker_block_end(unsigned place);

/* linger.c: waiting awake for commands that end soon */
bool vc_linger_wants_event(void); /* the next command's event is of use */
/* A command of @queue was enqueued; its event, or NULL. @ours: a reference passes. */
void vc_linger_note(cl_command_queue queue, cl_event event, bool ours);
void vc_linger_drop(void);         /* no event is held: what hangs on it may go */
void vc_linger_forget_queue(void); /* a queue is released */
/* Waits a while for all commands of @queue, or for @events. Returns when it began, for vc_linger_learn() once the wait is over. */
int64_t vc_linger_for_queue(cl_command_queue queue);
int64_t vc_linger_for_events(cl_uint count, const cl_event *events);
void vc_linger_learn(int64_t began);

/* watch.c: has the client told by @cookie when @event has come to @type, or failed. Needs no callback of the host's. */
cl_int vc_watch_event(cl_event event, cl_int type, uint64_t cookie);

/* sandbox.c */
bool vc_sandbox_enter(void);

#endif
