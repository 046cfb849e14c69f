/* SPDX-License-Identifier: Apache-2.0 */
/* The status socket: what tools ask of the device (gpu-proto.h). Nobody at it is ever waited for. */
#ifndef VC_GPU_REQUESTS_H
#define VC_GPU_REQUESTS_H

#include "gpu-proto.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

#define VC_REQUESTS_CLIENTS 4

struct vc_requests_ops {
	/* Returns a descriptor that goes along and stays the callee's, or -1. */
	int (*status)(void *data, struct vc_gpu_status *status);
	/* False: there is no ban. */
	bool (*allow)(void *data);
};

struct vc_requests {
	sd_event *event;
	sd_event_source *listener;
	const struct vc_requests_ops *ops;
	void *data;
	/* Those who have their status and may still ask; a fifth takes the place of the one that has been there longest. */
	struct vc_requests_client {
		struct vc_requests *requests;
		int sock; /* -1: free */
		sd_event_source *io;
	} client[VC_REQUESTS_CLIENTS];
	unsigned next;
};

/* Listens at @path. Returns 0 or -errno. */
int vc_requests_init(struct vc_requests *requests, sd_event *event, const char *path, const struct vc_requests_ops *ops,
		     void *data);
void vc_requests_finish(struct vc_requests *requests);

#endif
