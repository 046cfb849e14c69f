/* SPDX-License-Identifier: Apache-2.0 */
/* The device process: its parts on one event loop. */
#ifndef VC_GPU_DEVICE_H
#define VC_GPU_DEVICE_H

#include "config.h"
#include "events.h"
#include "gpu.h"
#include "requests.h"
#include "scanout.h"
#include "vhost.h"
#include "worker.h"

#include <systemd/sd-event.h>

struct vc_device {
	struct vc_gpu_config config;
	sd_event *event;
	struct vc_vhost vhost;
	struct vc_gpu gpu;
	struct vc_worker worker;
	struct vc_scanout scanout;
	struct vc_events events;
	struct vc_requests requests;
	int udmabuf;       /* -1: guest memory can't be shown as it is */
	uint64_t directs;  /* numbers given to dma-bufs of it */
	bool tell_allowed; /* the guest, once the next worker is ready */
	const char *vhost_path, *events_path, *status_path;
	sd_event_source *listener, *connection, *kick[VC_VHOST_RINGS], *pump, *again;
	int exit_code;
};

/* Runs until SIGTERM or SIGINT. device->config and the paths must be set. Returns an exit code. */
int vc_device_run(struct vc_device *device, const char *worker_path);

#endif
