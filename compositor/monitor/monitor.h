/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output monitor as a whole. The main thread is told of each frame of the cluster (monitor-proto.h), checks its pixels and
 * sends a verdict; the other thread checks the output (output-check.h), and its verdicts go the same way.
 */
#ifndef VC_MONITOR_H
#define VC_MONITOR_H

#include "notify.h"
#include "output-check.h"

/* Memory of the cluster's, mapped for reading. */
struct vc_monitor_memory {
	const void *map;
	size_t size;
	struct vc_monitor_buffer info;
};

struct vc_monitor_source {
	struct vc_monitor_memory memory[VC_MONITOR_BUFFERS_MAX];
	enum vc_monitor_finding told, told_output; /* the last findings, so that each is logged once */
};

struct vc_monitor {
	const struct vc_monitor_config *config;
	int stop_fd; /* readable when it's time to end; the owner's */
	int sock;    /* to the compositor, -1: none */
	uint32_t counter;
	int64_t retry_ns, sent_ns;
	char told[128]; /* why there is no connection, so that each reason is logged once */
	struct vc_watched watched;
	struct vc_output_check output;
	struct vc_monitor_source source[VC_CONTROL_LAYERS_MAX];
	struct vc_notify notify;
};

/* Returns false after telling why. */
bool vc_monitor_init(struct vc_monitor *monitor, const struct vc_monitor_config *config, int stop_fd);
void vc_monitor_finish(struct vc_monitor *monitor);

enum vc_monitor_round { VC_MONITOR_GOES_ON, VC_MONITOR_STOPPED, VC_MONITOR_MISCONFIGURED };

/* Waits for something to do, and does it. */
enum vc_monitor_round vc_monitor_run(struct vc_monitor *monitor);

#endif
