/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker process as the device sees it: started, spoken to, timed, killed, reaped, started again. Its death is an
 * ordinary event, told by @died once the process is really gone (or won't go, stuck in a GPU driver, for kill_ms).
 *
 * One that lived for respawn_max_ms is replaced at once. Each that dies sooner makes the next wait twice as long as the last one,
 * from respawn_ms to respawn_max_ms, whoever asked for its death: a guest that resets its driver in a loop costs no more than
 * one that breaks GL in a loop. max_faults faults within fault_window_ms ban the guest from 3D, until readmit_ms are over or
 * somebody allows it.
 */
#ifndef VC_GPU_WORKER_H
#define VC_GPU_WORKER_H

#include "config.h"
#include "worker-proto.h"

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct vc_worker_events {
	void (*ready)(void *data, const struct vc_worker_ready *ready);
	/* @fd is the callee's, or -1. */
	void (*answer)(void *data, const union vc_worker_answer *answer, size_t size, int fd);
	/* @why: NULL if it was asked for, else the fault. A new worker has been or will be started. */
	void (*died)(void *data, const char *why);
	/* The ban is over: the next worker has 3D again. */
	void (*allowed)(void *data);
	/* The loop wakes for deadlines: when must the worker have made progress? INT64_MAX: never. */
	int64_t (*deadline)(void *data);
};

#define VC_WORKER_FAULTS_MAX 1000

struct vc_worker {
	sd_event *event;
	const struct vc_gpu_config *config;
	const char *path; /* of the executable */
	const struct vc_worker_events *events;
	void *data;

	int arena_fd;
	uint8_t *arena; /* [VC_WORKER_ARENA_SIZE] */

	int sock;
	pid_t pid; /* 0: none */
	bool ready, killed, asked;
	bool banned; /* from 3D: it has broken the GPU too often */
	int64_t started_ns, banned_ns;
	int64_t delay_ms; /* before the last start */
	char why[128];
	int64_t fault_ns[VC_WORKER_FAULTS_MAX]; /* ring of the last config->max_faults */
	unsigned faults;
	uint64_t bans;
	sd_event_source *io, *child, *timer, *readmit;
};

/* Makes the arena. Returns 0 or -errno. */
int vc_worker_init(struct vc_worker *worker, sd_event *event, const struct vc_gpu_config *config, const char *path,
		   const struct vc_worker_events *events, void *data);
void vc_worker_finish(struct vc_worker *worker);

/* Starts one. Returns 0 or -errno. */
int vc_worker_start(struct vc_worker *worker);

bool vc_worker_send(struct vc_worker *worker, const struct vc_worker_command *command, const int *fds, unsigned nfds);

/* Kills it; @why as died() tells it. */
void vc_worker_kill(struct vc_worker *worker, const char *why);

/* Ends a ban: the worker is replaced by one with 3D, and allowed() is called. False: there is none. */
bool vc_worker_allow(struct vc_worker *worker);

/* Until a ban ends by itself; -1: no ban, or it doesn't. */
int64_t vc_worker_readmit_in_ms(const struct vc_worker *worker);

/* Faults within the window that ends now. */
unsigned vc_worker_recent_faults(const struct vc_worker *worker);

/* Looks at the deadline again. Call it when commands were sent or answered. */
void vc_worker_watch(struct vc_worker *worker);

#endif
