/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compositor's end of monitor-proto.h: shows the output monitor what goes to the screen, hears its verdicts, and tells
 * the policy which layers are not to be believed (policy.h, trust.h). All of it belongs to the main thread.
 *
 * Of each watched layer one frame at a time is with the monitor, and its buffer is kept from its source so long; nothing
 * else here waits for the monitor. A verdict counts only if it is about what the monitor was asked to look at last, and not about a
 * source's frame that has gone off the screen with its source. What else it says is counted and not heeded, and it can't say more between two ticks than a bounded number
 * of things.
 */
#ifndef VC_MONITOR_LINK_H
#define VC_MONITOR_LINK_H

#include "layer.h"
#include "loop.h"
#include "monitor-proto.h"

/* Something that the monitor was asked to look at, until its verdict is there. */
struct vc_monitor_question {
	uint64_t ticket; /* 0: none is open */
	uint64_t seq;
	uint32_t source;
	int64_t asked_ns;
};

struct vc_monitor_watched {
	struct vc_trust trust;
	struct vc_content held; /* the frame that is with the monitor, referenced */
	struct vc_monitor_question frame, capture;
	int64_t output_ns;                   /* when the output was checked last, 0: not yet */
	uint64_t kept;                       /* the frame that stays on the screen because the source brings no other */
	int64_t kept_ns;                     /* for how long */
	uint64_t skipped;                    /* the last frame that could not be sent because of that */
	uint64_t told[VC_LAYER_BUFFERS_MAX]; /* serials of the buffers that the monitor has, 0: none */
};

struct vc_monitor_link {
	const struct vc_config *config;
	struct vc_loop *loop;
	struct vc_watch watch; /* fd -1: no monitor */
	struct vc_layer *layers;
	unsigned count;
	uint32_t counter;                                 /* of its last verdict */
	unsigned verdicts;                                /* since the last tick */
	uint64_t ticket;                                  /* of the last frame that was sent, ever */
	struct vc_monitor_watched watched[VC_LAYERS_MAX]; /* used for layers with the role cluster */
	struct vc_control_monitor stats;
};

void vc_monitor_link_init(struct vc_monitor_link *link, const struct vc_config *config, struct vc_loop *loop,
			  struct vc_layer *layers, unsigned count, int64_t now_ns);

/* Somebody on @sock says that it is the monitor. Returns NULL and owns @sock from here on, or says why not. */
const char *vc_monitor_link_adopt(struct vc_monitor_link *link, int sock, int64_t now_ns);

/* Decides anew which layers are to be believed. Done at each tick, too. */
void vc_monitor_link_judge(struct vc_monitor_link *link, int64_t now_ns);

/* The monitor gets the capture @captured of output @output. */
void vc_monitor_link_captured(struct vc_monitor_link *link, unsigned output, const struct vc_control_captured *captured,
			      int64_t now_ns);

/* Call at each tick of an output, after its commit. */
void vc_monitor_link_tick(struct vc_monitor_link *link, int64_t now_ns);

#endif
