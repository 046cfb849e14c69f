/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.ini, read once at start. Each key is told in vcockpit-monitor.ini(5). */
#ifndef VC_MONITOR_CONFIG_H
#define VC_MONITOR_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VC_MONITOR_CONFIG "/etc/vcockpit/monitor.ini"

struct vc_monitor_config {
	char socket[104];     /* the compositor's control socket */
	char references[104]; /* the folder with a file WIDTHxHEIGHT for each size of zone */
	int64_t priority;     /* SCHED_FIFO's; 0: an ordinary process */
	int64_t output_ms, capture_ms, heartbeat_ms, reconnect_ms;
};

/* Checks one time or priority that the command line gives instead of the file: as the file's key would be. */
const char *vc_monitor_config_set(struct vc_monitor_config *config, const char *key, const char *value);

/* Reads @path over the defaults. Returns false with one line in @error that names file, line, value and remedy. */
bool vc_monitor_config_read(struct vc_monitor_config *config, const char *path, char *error, size_t size);

#endif
