/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "conf.h"
#include "display-proto.h"

#include <string.h>

void vc_gpu_config_defaults(struct vc_gpu_config *config) {
	*config = (struct vc_gpu_config){
		.layer = "ivi",
		.display = VC_DISPLAY_SOCKET,
		.virgl = true,
		.direct = true,
		.width = 960,
		.height = 720,
		.refresh_mhz = 60000,
		.command_ms = 2000,
		.start_ms = 30000,
		.kill_ms = 1000,
		.respawn_ms = 500,
		.respawn_max_ms = 10000,
		.fault_window_ms = 60000,
		.readmit_ms = 0,
		.heartbeat_ms = 100,
		.reconnect_ms = 500,
		.connect_ms = 250,
		.max_faults = 5,
		.max_resources = 16384,
		.max_resource_mb = 1024,
		.max_contexts = 64,
		.max_submit_kb = 4096,
		.max_backing_entries = 65536,
		.max_backing_total = 1048576,
		.worker_memory_mb = 4096,
		.worker_files = 256,
		.threads = 1,
	};
}

struct number {
	const char *key;
	void *value;
	bool wide; /* int64_t, else uint32_t */
	int64_t min, max;
};

static const char *set_number(const struct number *n, const char *text) {
	int64_t value;
	const char *why = vc_conf_int(text, n->min, n->max, &value);
	if (why)
		return why;
	if (n->wide)
		*(int64_t *)n->value = value;
	else
		*(uint32_t *)n->value = (uint32_t)value;
	return NULL;
}

static const char *on_entry(void *data, const struct vc_conf_entry *entry) {
	struct vc_gpu_config *c = data;
	if (strcmp(entry->kind, "gpu") != 0)
		return NULL; /* the file has other readers too */
	if (strcmp(entry->key, "layer") == 0)
		return vc_conf_string(entry->value, c->layer, sizeof(c->layer));
	if (strcmp(entry->key, "display") == 0)
		return vc_conf_string(entry->value, c->display, sizeof(c->display));
	if (strcmp(entry->key, "virgl") == 0)
		return vc_conf_bool(entry->value, &c->virgl);
	if (strcmp(entry->key, "direct") == 0)
		return vc_conf_bool(entry->value, &c->direct);
	const struct number numbers[] = {
		{"width", &c->width, false, 16, VC_DISPLAY_SIZE_MAX / 2},
		{"height", &c->height, false, 16, VC_DISPLAY_SIZE_MAX / 2},
		{"refresh_mhz", &c->refresh_mhz, false, 1000, 240000},
		{"command_ms", &c->command_ms, true, 10, 600000},
		{"start_ms", &c->start_ms, true, 100, 600000},
		{"kill_ms", &c->kill_ms, true, 10, 60000},
		{"respawn_ms", &c->respawn_ms, true, 1, 60000},
		{"respawn_max_ms", &c->respawn_max_ms, true, 1, 600000},
		{"fault_window_ms", &c->fault_window_ms, true, 0, 86400000},
		{"readmit_ms", &c->readmit_ms, true, 0, 86400000},
		{"heartbeat_ms", &c->heartbeat_ms, true, 10, 60000},
		{"reconnect_ms", &c->reconnect_ms, true, 50, 60000},
		{"connect_ms", &c->connect_ms, true, 10, 5000},
		{"max_faults", &c->max_faults, false, 1, 1000},
		{"max_resources", &c->max_resources, false, 16, 65536},
		{"max_resource_mb", &c->max_resource_mb, false, 16, 65536},
		{"max_contexts", &c->max_contexts, false, 1, 1024},
		{"max_submit_kb", &c->max_submit_kb, false, 64, 8192},
		{"max_backing_entries", &c->max_backing_entries, false, 256, 262144},
		{"max_backing_total", &c->max_backing_total, false, 256, 16777216},
		{"worker_memory_mb", &c->worker_memory_mb, false, 512, 1048576},
		{"worker_files", &c->worker_files, false, 64, 4096},
		{"threads", &c->threads, false, 1, 64},
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(entry->key, numbers[i].key) == 0)
			return set_number(&numbers[i], entry->value);
	return "no such key; vcockpit-vm.ini(5) lists them";
}

bool vc_gpu_config_read(struct vc_gpu_config *config, const char *path, char *error, size_t size) {
	vc_gpu_config_defaults(config);
	return vc_conf_read(path, on_entry, config, error, size);
}
