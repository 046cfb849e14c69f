/* SPDX-License-Identifier: Apache-2.0 */
/* The [gpu] section of a guest's file, vcockpit-vm.ini(5). */
#ifndef VC_GPU_CONFIG_H
#define VC_GPU_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vc_gpu_config {
	char layer[32];
	char display[108]; /* the compositor's socket */
	bool virgl;
	bool direct; /* show what the guest draws by itself from its own memory */
	/* used until the compositor has told the layer's size */
	uint32_t width, height, refresh_mhz;
	/* times, ms */
	int64_t command_ms, start_ms, kill_ms, respawn_ms, respawn_max_ms, fault_window_ms, readmit_ms;
	int64_t heartbeat_ms, reconnect_ms, connect_ms;
	uint32_t max_faults;
	/* what a guest may use */
	uint32_t max_resources, max_resource_mb, max_contexts, max_submit_kb, max_backing_entries, max_backing_total;
	/* what a worker may use */
	uint32_t worker_memory_mb, worker_files, threads;
};

void vc_gpu_config_defaults(struct vc_gpu_config *config);

/* Reads @path over the defaults. Returns false with one line in @error. */
bool vc_gpu_config_read(struct vc_gpu_config *config, const char *path, char *error, size_t size);

#endif
