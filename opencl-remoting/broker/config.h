/* SPDX-License-Identifier: Apache-2.0 */
/* cld.ini: who may use OpenCL, and how much of it. See vcockpit-cld.ini(5). */
#ifndef VC_CL_CONFIG_H
#define VC_CL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { VC_CL_USERS_MAX = 64, VC_CL_GROUPS_MAX = 16 };

struct vc_cl_config {
	char cache[128];      /* where workers keep compiled kernels, a directory for each */
	bool keep_cache;      /* what a worker has compiled is there for the next one of the same client's user */
	uint32_t uid_base;    /* workers' users: two of these numbers for each, if the broker is root */
	uint32_t uid_count;   /* how many numbers there are */
	bool allow_same_user; /* workers run as the broker's user where they can't have one of their own */
	gid_t groups[VC_CL_GROUPS_MAX]; /* of workers: those that own the devices */
	unsigned ngroups;
	uid_t users[VC_CL_USERS_MAX]; /* who may connect; none: everybody who can open the socket */
	unsigned nusers;
	gid_t status_group; /* besides root and the broker's user, who is told of all clients; -1: nobody */
	uint32_t max_clients, max_clients_per_user;
	uint32_t shared_mb;  /* most shared memory of a client: buffers, SVM, transfers */
	uint32_t memory_mb;  /* most private memory of a worker; 0: no limit */
	uint32_t device_mb;  /* most memory of devices' own, and of what they pin; 0: no limit */
	uint32_t max_queues; /* of a client; 0: no limit */
	uint32_t files, processes;
	bool need_groups;   /* without control groups that bound memory and processes, nobody is served */
	int64_t command_ms; /* longest that a call may block; 0: for ever */
	int64_t hello_ms;   /* how long a client has to say who it is */
};

void vc_cl_config_defaults(struct vc_cl_config *config);

/* Reads @path over the defaults. Returns false with one complete line in @error. */
bool vc_cl_config_read(struct vc_cl_config *config, const char *path, char *error, size_t size);

#endif
