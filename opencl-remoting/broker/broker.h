/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker never touches a client's connection: for each that comes in it forks a keeper, which takes it, hears its hello and the
 * descriptors that come with it, and asks the broker whether the client may have a worker. It then starts the worker, reads what
 * that writes to its standard error, and stays until the last process behind the client has ended. So nothing that a client sends,
 * and no way in which it keeps silent or holds on, reaches further than its own keeper:
 *
 *   broker   decides who may, counts, knows all clients; never loads OpenCL
 *    └ keeper    one for each connection; reads one hello of fixed size and lines for the log
 *       ├ worker     the client's: a user, a directory and a control group of its own, and what it starts
 *       └ warden     can end all of that; see home.h
 *
 * Running clients outlive the broker: keepers don't need it once the worker runs.
 *
 * The broker is one thread with a fixed table. A keeper is the broker's image, so it has a copy of that table as it was.
 */
#ifndef VC_CL_BROKER_H
#define VC_CL_BROKER_H

#include "config.h"
#include "wire.h"

#include <stdbool.h>
#include <sys/types.h>

enum {
	VC_CL_CLIENTS_MAX = 1024 + 128,
	VC_CL_SILENT_MAX = 32,     /* connections that have not said hello */
	VC_CL_SILENT_USER_MAX = 8, /* of one user */
};

enum vc_cl_state {
	VC_CL_FREE,
	VC_CL_COMING,  /* the keeper is about to take it */
	VC_CL_SILENT,  /* until it has a worker; ends by the deadline */
	VC_CL_SERVED,  /* until the last process has ended */
	VC_CL_LEAVING, /* the keeper was told to end */
};

/* A connection, from its coming until its keeper has ended. */
struct vc_cl_client {
	enum vc_cl_state state;
	pid_t keeper;
	int pidfd, talk; /* of the keeper, to it */
	pid_t pid, worker;
	uid_t uid;
	gid_t gid;
	int64_t since_ns;          /* it came */
	unsigned place;            /* of the worker, see home.h */
	struct vc_cl_stats *stats; /* shared with the worker, which may write anything */
	char name[32];
};

struct vc_cl_broker {
	struct vc_cl_config config;
	const char *worker_path;
	bool debug;
	bool separate;                        /* workers have users of their own */
	char cache[160];                      /* the directory in use */
	char cgroups[256];                    /* where workers' control groups go, "": nowhere */
	bool bounds_memory, bounds_processes; /* these groups do */
	int listener;
	struct vc_cl_client clients[VC_CL_CLIENTS_MAX];
	uint64_t served, refused, failed; /* clients so far; workers that ended badly */
};

/* Serves until SIGTERM. Returns an exit code. */
int vc_cl_broker_run(struct vc_cl_broker *broker);

/* What a keeper tells the broker, in this order, each once. */
struct vc_cl_report {
	enum { VC_CL_PEER, VC_CL_ASK, VC_CL_STARTED } kind;
	pid_t pid; /* PEER: the client; STARTED: the worker */
	uid_t uid;
	gid_t gid;
	unsigned place;
	char name[32];
};

/* What the broker says to PEER and to ASK. */
struct vc_cl_verdict {
	int error; /* 0: go on */
	char why[120];
};

/* How a keeper ends. */
enum { VC_CL_KEEPER_GOOD = 0, VC_CL_KEEPER_FAILED = 1, VC_CL_KEEPER_REFUSED = 3 };

/* The keeper of the next connection at the listener. @talk: the broker. @stats: the page of figures, a descriptor. */
_Noreturn void vc_cl_keeper_run(struct vc_cl_broker *broker, int talk, int stats);

/* status.c: the status as JSON, for @uid in @groups: all of it, or of that user's clients. NULL: no memory; else to be freed. */
char *vc_cl_status_write(const struct vc_cl_broker *broker, uid_t uid, const gid_t *groups, unsigned ngroups);

#endif
