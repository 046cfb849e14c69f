/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker: takes connections, looks at who it is, starts a worker for each client and hands it the connection. From then
 * on it only watches the worker and reads a page of figures, so its death costs running clients nothing. It never loads
 * OpenCL and reads nothing of a client's but one hello of fixed size.
 *
 * One thread. Clients are in a fixed table.
 */
#ifndef VC_CL_BROKER_H
#define VC_CL_BROKER_H

#include "config.h"
#include "wire.h"

#include <sys/types.h>

enum { VC_CL_CLIENTS_MAX = 1024, VC_CL_PENDING_MAX = 32 };

/* A client with its worker. */
struct vc_cl_client {
	pid_t worker; /* 0: the place is free */
	int pidfd;
	pid_t pid;
	uid_t uid;
	gid_t gid;
	int64_t since_ns;
	struct vc_cl_stats *stats; /* shared with the worker, which may write anything */
	char name[32];
};

/* A connection that has not said hello yet. */
struct vc_cl_pending {
	int sock; /* -1: free */
	int64_t deadline_ns;
};

struct vc_cl_broker {
	struct vc_cl_config config;
	const char *worker_path;
	bool debug;
	int listener;
	struct vc_cl_client clients[VC_CL_CLIENTS_MAX];
	struct vc_cl_pending pending[VC_CL_PENDING_MAX];
	uint64_t served, refused, failed; /* clients so far; workers that ended badly */
};

/* Serves until SIGTERM. Returns an exit code. */
int vc_cl_broker_run(struct vc_cl_broker *broker);

/* Starts a worker for the client at @sock, which has said @hello and sent @channel and @output (-1: none). The descriptors stay the
 * caller's. Returns 0 or -errno. */
int vc_cl_client_start(struct vc_cl_broker *broker, struct vc_cl_client *client, int sock,
		       const struct vc_cl_hello *hello, int channel, int output);

/* The status as JSON, into @text. Returns its length, the NUL excluded. */
size_t vc_cl_status_write(const struct vc_cl_broker *broker, char *text, size_t size);

#endif
