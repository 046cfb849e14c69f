/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.ini, read once at start. Each key is told in vcockpit-cluster.ini(5). */
#ifndef VC_CONFIG_H
#define VC_CONFIG_H

#include "display-proto.h"
#include "vehicle.h"

#include <net/if.h>

#define VC_CLUSTER_CONFIG "/etc/vcockpit/cluster.ini"
#define VC_CLUSTER_STATS "/run/vcockpit-cluster/stats"
#define VC_PATH_MAX 104 /* what a Unix socket's address holds */

struct vc_config {
	char socket[VC_PATH_MAX];
	char layer[VC_DISPLAY_NAME_MAX];
	char stats[VC_PATH_MAX];
	char fonts[128];
	char can[IFNAMSIZ];
	int64_t priority; /* SCHED_FIFO's; 0: an ordinary process, pages not locked */
	int64_t lamp_check_ms, needle_ms;
	int64_t reconnect_ms, refused_ms, welcome_ms, heartbeat_ms;
	int64_t can_retry_ms;
	struct vc_vehicle_rules rules;
};

/* What holds where the file says nothing. */
void vc_config_defaults(struct vc_config *config);

/* Reads @path over the defaults. Returns false with one line in @error that names file, line, value and remedy. */
bool vc_config_read(struct vc_config *config, const char *path, char *error, size_t size);

#endif
