/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's screen at the compositor. The device process owns the connection, not the worker: the worker needs no socket
 * but its own, a restarted worker leaves the layer's source in place, and what a worker sends is checked before the
 * compositor sees it.
 *
 * Buffers are offered once per export and kept (ids 0 … 7, the least recently shown one goes first). A lost compositor is
 * tried again by timer; then all buffers are offered anew and the last picture is shown again.
 */
#ifndef VC_GPU_SCANOUT_H
#define VC_GPU_SCANOUT_H

#include "config.h"
#include "display-client.h"
#include "frame-times.h"
#include "worker-proto.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

/* In an export's number: the device's own, of guest memory, rather than a worker's. */
#define VC_SCANOUT_DIRECT (UINT64_C(1) << 63)

/* A buffer may be presented, or removed, only once the compositor has said that it took it. */
enum vc_scanout_state {
	VC_SCANOUT_FREE,
	VC_SCANOUT_IDLE,    /* not offered: no compositor, or it was too busy */
	VC_SCANOUT_OFFERED, /* no answer yet */
	VC_SCANOUT_READY,
	VC_SCANOUT_REJECTED, /* the compositor can't show it */
	VC_SCANOUT_DROPPED,  /* offered, and no more wanted: removed once there's an answer */
};

struct vc_scanout_buffer {
	enum vc_scanout_state state;
	int fd;
	uint64_t export;
	uint32_t worker;   /* which worker's export */
	uint32_t resource; /* whose memory it is, 0: a slot's */
	bool held;         /* by the compositor */
	uint64_t seq;      /* of its last PRESENT */
	struct vc_display_buffer_add add;
};

struct vc_scanout {
	sd_event *event;
	const struct vc_gpu_config *config;
	struct vc_display_client client;
	sd_event_source *io, *reconnect, *pace, *heartbeat;
	uint32_t width, height, refresh_mhz; /* of the zone: as the compositor last said, or the config's */
	struct vc_scanout_buffer buffer[VC_DISPLAY_BUFFERS_MAX];
	uint32_t worker; /* counts workers */
	uint64_t slot_export[VC_WORKER_SLOTS];
	uint32_t slot;                  /* planned last */
	uint64_t seq;                   /* of the last PRESENT */
	struct vc_display_present last; /* what is shown; width 0: nothing */
	bool pending;                   /* it is to be presented once its buffer is ready */
	bool framed;                    /* FRAME has come for it */
	int64_t paced_ns;               /* or waits no longer than this */
	int64_t beat_ns;                /* when the last heartbeat was due and could be sent */
	uint64_t connections;
	bool complained;
	struct vc_frame_watch watch;
	bool (*alive)(void *data); /* does the guest's picture still live? */
	void *data;
};

int vc_scanout_init(struct vc_scanout *scanout, sd_event *event, const struct vc_gpu_config *config,
		    bool (*alive)(void *data), void *data);
void vc_scanout_finish(struct vc_scanout *scanout);

/* See vc_gpu_ops. */
bool vc_scanout_show(struct vc_scanout *scanout, const struct vc_worker_frame *frame, uint32_t resource, uint32_t width,
		     uint32_t height, int fd);
void vc_scanout_forget(struct vc_scanout *scanout, uint32_t resource);
void vc_scanout_plan(struct vc_scanout *scanout, uint32_t resource, struct vc_worker_flush *flush);
/* Is there a buffer of this number; has the compositor refused it? */
bool vc_scanout_knows(struct vc_scanout *scanout, uint64_t export);
bool vc_scanout_refused(struct vc_scanout *scanout, uint64_t export);
bool vc_scanout_paced(const struct vc_scanout *scanout);

/* Exports are numbered anew from here on. */
void vc_scanout_next_worker(struct vc_scanout *scanout);

#endif
