/* SPDX-License-Identifier: Apache-2.0 */
/* The control protocol's server (control-proto.h): status, captures, frame logs. */
#ifndef VC_CONTROL_H
#define VC_CONTROL_H

#include "monitor-link.h"
#include "output.h"

#define VC_TOOLS_MAX VC_CAPTURE_QUEUE
#define VC_MONITOR_PLACES                                                                                              \
	2 /* of those, nobody's but the output monitor's: it connects for its verdicts and for its captures */

struct vc_control;

/* A connected tool. */
struct vc_tool {
	struct vc_capture_ticket ticket; /* first: done() gets it */
	struct vc_watch watch;           /* fd -1: the place is free */
	struct vc_control *control;
	struct vc_output *output; /* of its capture */
	int64_t held_ns;          /* since when it holds one */
	uid_t uid;
	struct vc_bucket requests;
};

struct vc_control {
	struct vc_loop *loop;
	const struct vc_config *config;
	struct vc_watch listener;
	struct vc_bucket connects, requests; /* of all tools */
	struct vc_output *outputs;
	struct vc_layer *layers;
	struct vc_monitor_link *monitor;
	struct vc_importer *importer; /* closes tools' sockets, and what they send */
	unsigned output_count, layer_count;
	int64_t start_ns, turned_away_ns; /* the latter: when that was logged last */
	struct vc_control_status status;  /* filled anew for each answer */
	struct vc_tool tool[VC_TOOLS_MAX];
};

/* Starts to serve on @listener, which stays the caller's. Returns 0 or -errno. */
int vc_control_init(struct vc_control *control, struct vc_loop *loop, int listener, const struct vc_config *config,
		    struct vc_output *outputs, struct vc_layer *layers, struct vc_monitor_link *monitor,
		    struct vc_importer *importer, int64_t start_ns);

/* Disconnects tools that hold a capture too long, and lets those go on that asked too much. Call now and then. */
void vc_control_check(struct vc_control *control, int64_t now_ns);

#endif
