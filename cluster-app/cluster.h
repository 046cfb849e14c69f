/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster as a whole: one thread, one loop. A round waits for the compositor, takes in CAN, draws the frame that is due
 * and presents it. After vc_cluster_start() rounds neither allocate nor block nor fault, except where the compositor
 * comes back with another zone size.
 */
#ifndef VC_CLUSTER_H
#define VC_CLUSTER_H

#include "can.h"
#include "config.h"
#include "instruments.h"
#include "latency.h"
#include "link.h"
#include "notify.h"
#include "scene.h"
#include "stalls.h"
#include "stats.h"

struct vc_cluster {
	const struct vc_config *config;
	struct vc_vehicle vehicle;
	struct vc_instruments instruments;
	struct vc_can can;
	struct vc_link link;
	struct vc_scene *scene; /* for link's size; NULL before the first connection */
	struct vc_stats *stats;
	struct vc_latency latency;
	struct vc_notify notify;
	struct vc_stalls stalls;
	int stop_fd;  /* readable when it's time to end; -1: never. The owner's. */
	bool started; /* READY has been said */
};

/* Returns false after telling why. */
bool vc_cluster_init(struct vc_cluster *cluster, const struct vc_config *config, int stop_fd);
void vc_cluster_finish(struct vc_cluster *cluster);

/* Waits for the compositor, draws all that is drawn only once, and becomes real time as the config says. Returns false when told
 * to stop, or after telling why it can't go on. */
bool vc_cluster_start(struct vc_cluster *cluster);

/* One round; sleeps until there is something to do, 50 ms at most. Returns false when told to stop or out of memory. */
bool vc_cluster_round(struct vc_cluster *cluster);

#endif
