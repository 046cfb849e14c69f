/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling the guest about its GPU: lines of text on a virtio-serial port (org.vcockpit.gpu.0), which QEMU connects to our
 * socket. "gpu-reset N" says that for the N-th time all GL contexts were lost, so that GL programs are to be started again.
 */
#ifndef VC_GPU_EVENTS_H
#define VC_GPU_EVENTS_H

#include <stdint.h>
#include <systemd/sd-event.h>

#define VC_EVENTS_CLIENTS 4

struct vc_events {
	sd_event *event;
	sd_event_source *listener;
	struct vc_events_client {
		int sock; /* -1: free */
		sd_event_source *io;
	} client[VC_EVENTS_CLIENTS];
	uint32_t resets;
};

/* @sock: listening; the events' from now on. Returns 0 or -errno. */
int vc_events_init(struct vc_events *events, sd_event *event, int sock);
void vc_events_finish(struct vc_events *events);

void vc_events_reset(struct vc_events *events);

#endif
