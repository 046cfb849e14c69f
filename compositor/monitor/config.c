/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "conf.h"
#include "control-proto.h"

#include <string.h>

const char *vc_monitor_config_set(struct vc_monitor_config *c, const char *key, const char *value) {
	const struct {
		const char *key;
		int64_t min, max;
		int64_t *value;
	} numbers[] = {
		{"priority", 0, 98, &c->priority},
		{"output_ms", 0, 3600000, &c->output_ms},
		{"capture_ms", 50, 60000, &c->capture_ms},
		{"heartbeat_ms", 10, 5000, &c->heartbeat_ms},
		{"reconnect_ms", 10, 60000, &c->reconnect_ms},
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(key, numbers[i].key) == 0)
			return vc_conf_int(value, numbers[i].min, numbers[i].max, numbers[i].value);
	return "unknown key; see vcockpit-monitor.ini(5)";
}

static const char *on_entry(void *data, const struct vc_conf_entry *e) {
	struct vc_monitor_config *c = data;
	if (strcmp(e->kind, "monitor") != 0 || e->name[0] != '\0')
		return "unknown section; use [monitor]";
	if (strcmp(e->key, "control_socket") == 0)
		return vc_conf_string(e->value, c->socket, sizeof(c->socket));
	if (strcmp(e->key, "references") == 0)
		return vc_conf_string(e->value, c->references, sizeof(c->references));
	return vc_monitor_config_set(c, e->key, e->value);
}

bool vc_monitor_config_read(struct vc_monitor_config *c, const char *path, char *error, size_t size) {
	*c = (struct vc_monitor_config){.socket = VC_CONTROL_SOCKET,
					.references = "/usr/share/vcockpit/telltales",
					.priority = 60,
					.output_ms = 1000,
					.capture_ms = 5000,
					.heartbeat_ms = 50,
					.reconnect_ms = 100};
	return vc_conf_read(path, on_entry, c, error, size);
}
